"""forewarn init: a settings file and a mapping to start from."""

import argparse
from pathlib import Path

from pipelines.console import note

HELP = "write forewarn.toml and a mapping for your own tables, every key commented"
EXAMPLE = "forewarn init --data exports"

REFERENCE = Path(__file__).resolve().parents[2] / "configs" / "forewarn.toml"
SETTINGS = Path("forewarn.toml")
MAPPING = Path("configs/sources/mine.toml")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="FOLDER", help="your data folder (data)")
    parser.add_argument("--force", action="store_true", help="write over files that are there")


def run(args: argparse.Namespace) -> None:
    """Write both files; none is written over without --force."""
    from features.errors import UsageError
    from pipelines.starter import mapping_text
    from pipelines.state import write_text

    there = [str(path) for path in (SETTINGS, MAPPING) if path.exists()]
    if there and not args.force:
        raise UsageError(f"{' and '.join(there)} already there: edit, or use --force to write anew")
    settings = REFERENCE.read_text(encoding="utf-8").replace('data = "data"', f'data = "{args.data.as_posix()}"')
    write_text(SETTINGS, settings)
    write_text(MAPPING, mapping_text(args.data))
    note(f"Wrote {SETTINGS} and {MAPPING}.")
    note(f"Next: say in {MAPPING} where your tables are, then run `forewarn check`.")
