"""forewarn report: where the HTML page of a week is."""

import argparse
import sys

from pipelines.console import as_date, emit, find_settings

HELP = "print where the HTML report of a week is, or the command that opens it"
EXAMPLE = "forewarn report --open"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="an earlier week (the current list)")
    parser.add_argument("--open", action="store_true", help="print the command that opens it in a browser")


def run(args: argparse.Namespace) -> None:
    """Find the page and print its path or the command."""
    from features.errors import UsageError
    from pipelines.state import State
    from serving.risk_list import Choice, read_list
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    as_of = read_list(open_database(settings.database_url), args.as_of, Choice(top=1)).as_of
    page = State(settings.store.path).report(as_of)
    if not page.is_file():
        raise UsageError(f"{page}: no report of {as_of}; run `forewarn weekly --as-of {as_of}` to write it")
    emit(f"{sys.executable} -m webbrowser {page.resolve().as_uri()}" if args.open else str(page))
