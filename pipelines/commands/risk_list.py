"""forewarn list: the published risk list."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.console import as_date, emit_json, find_settings, note, positive, terminal

if TYPE_CHECKING:
    from serving.risk_list import PublishedList

HELP = "show the published risk list, filtered, as a table or as a file"
EXAMPLE = "forewarn list --owner 'Ana Lind' --band High --top 20"

SORTING = ("rank", "risk_90", "risk_60_90", "arr_at_risk", "arr", "change", "notice_deadline", "renewal_date", "name")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="an earlier week (the current list)")
    parser.add_argument("--owner", action="append", default=[], metavar="NAME", help="accounts of this CSM; repeatable")
    parser.add_argument("--segment", action="append", default=[], metavar="NAME", help="this segment; repeatable")
    parser.add_argument("--band", action="append", default=[], metavar="NAME", help="this band; repeatable")
    parser.add_argument("--min-risk", type=float, metavar="P", help="at least this risk, 0 to 1")
    parser.add_argument("--search", metavar="TEXT", help="part of an account's id, name or owner")
    parser.add_argument("--sort", choices=SORTING, default="rank", help="order of the rows (rank)")
    parser.add_argument("--top", type=positive, metavar="N", help="the first N rows only")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    stdout, workbook = Path("-"), Path("risk-list.xlsx")
    shape.add_argument(
        "--csv", type=Path, nargs="?", const=stdout, metavar="FILE", help="write the rows as CSV (stdout without FILE)"
    )
    shape.add_argument(
        "--xlsx", type=Path, nargs="?", const=workbook, metavar="FILE", help=f"write an Excel file ({workbook})"
    )


def run(args: argparse.Namespace) -> None:
    """Read the list and show it in the asked form."""
    from serving.risk_list import Choice, read_list
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    choice = Choice(
        owner=tuple(args.owner),
        segment=tuple(args.segment),
        band=tuple(args.band),
        minimum_risk=args.min_risk,
        search=args.search,
        sort=args.sort,
        top=args.top,
    )
    published = read_list(open_database(settings.database_url), args.as_of, choice)
    if args.json:
        emit_json(published.to_json())
    elif args.csv or args.xlsx:
        _write(published, args.csv, args.xlsx)
    else:
        from serving.table import show_list

        show_list(published, terminal())


def _write(published: "PublishedList", csv: Path | None, xlsx: Path | None) -> None:
    from pipelines.state import replacing
    from serving.export import write_csv, write_xlsx

    if csv == Path("-"):
        write_csv(published, sys.stdout)
        return
    if csv is not None:
        with replacing(csv) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
            write_csv(published, stream)
    elif xlsx is not None:
        write_xlsx(published, xlsx)
    note(f"Wrote {len(published.rows):,} rows to {csv or xlsx}.")
