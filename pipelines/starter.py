"""The mapping that `forewarn init` writes: every canonical table, with the files that the data folder has."""

from pathlib import Path
from textwrap import wrap

from features.contract import TABLES, TERMS, Table

HEAD = """\
# Where your tables are and how their columns are called; see docs/data.md.
# Paths are relative to [sources] data and may be globs; Parquet and CSV are read. A column whose name is already the
# canonical one needs no line; every other is one SQL expression over the columns of the file.

# How times without a zone are read.
timezone = "UTC"
"""

SUFFIXES = (".parquet", ".csv")


def mapping_text(data: Path) -> str:
    """Return a mapping whose tables are switched on where the folder has a file or folder of their name."""
    return "\n".join([HEAD, *(_section(table, _find(data, table.name)) for table in TABLES.values())])


def _find(data: Path, table: str) -> str | None:
    for suffix in SUFFIXES:
        if (data / f"{table}{suffix}").is_file():
            return f"{table}{suffix}"
        if any((data / table).glob(f"*{suffix}")):
            return f"{table}/*{suffix}"
    return None


def _section(table: Table, found: str | None) -> str:
    wanted = found is not None or table.required or table.name == TERMS[0]
    off = "" if wanted else "# "
    lines = [f"# {line}" for line in wrap(f"{table.name}: {table.says}.", 116)]
    lines += [f"{off}[{table.name}]", f'{off}path = "{found or table.name + ".csv"}"']
    lines += [f'# {column.name} = "{column.name}"  # {column.says} ({column.need})' for column in table.columns]
    return "\n".join([*lines, ""])
