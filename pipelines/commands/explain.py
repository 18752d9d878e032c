"""forewarn explain: one account's risk, taken apart."""

import argparse
from typing import Any

from pipelines.console import as_date, emit, emit_json, find_settings, note, table

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
    story: dict[str, Any] = account_story(open_database(settings.database_url), args.account, args.as_of)
    if args.json:
        emit_json(story)
    else:
        _show(story)


def _show(story: dict[str, Any]) -> None:
    note(f"{story.get('name') or story['account_id']} at {story['as_of']}")
    emit(
        f"risk within 90 days {story['risk_90']:.1%} (usual account {story['base_90']:.1%}), "
        f"in days 60–90 {story['risk_60_90']:.1%} ({story['base_60_90']:.1%})"
    )
    ordered = sorted(story["contributions"], key=lambda part: -abs(part["contribution_90"]))
    rows = [_line(part) for part in ordered if abs(part["contribution_90"]) >= 0.0005]
    emit(table(["feature", "driver", "value", "points", "in words"], rows, right=frozenset({2, 3})))
    note("Points are percentage points of the 90-day risk; they add up to its distance from the usual account's.")


def _line(part: dict[str, Any]) -> list[str]:
    value = "not known" if part["value"] is None else f"{part['value']:,.4g}"
    return [part["feature"], part["driver"], value, f"{100 * part['contribution_90']:+.1f}", part["text"] or ""]
