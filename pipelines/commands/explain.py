"""forewarn explain: one account's risk, taken apart."""

import argparse

from pipelines.console import as_date, emit_json, find_settings, terminal

HELP = "explain one account: its risk over time, what drives it and the facts behind it"
EXAMPLE = "forewarn explain A00042"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("account", help="account id, as the list shows it")
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="an earlier week (the current list)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Read the account's story and show it."""
    from serving.account import account_story
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    story = account_story(open_database(settings.database_url), args.account, args.as_of)
    if args.json:
        emit_json(story)
        return
    from serving.story_text import show_story

    show_story(story, terminal())
