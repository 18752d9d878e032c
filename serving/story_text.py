"""One account's story in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from serving.formats import MISSING, between, day, days_left, money, outcome_window, percent, plain, points, quantity

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

LINES_SHOWN = 15
"""Contributions told one by one; the others are one line, and --json has them all."""


def show_story(story: Mapping[str, Any], console: Console) -> None:
    """Print what `account_story` returned: standing, risk, what moves it, and the weeks before."""
    from rich.text import Text

    for line in summary(story):
        console.print(Text(plain(line), style="bold" if line.startswith(_name(story)) else ""))
    if story["scored"]:
        console.print()
        console.print(_contributions(story))
        shown = [f"{_day(week['as_of'])} {percent(week['risk_90'])}" for week in story["history"][-8:]]
        console.print(Text("Risk within 90 days, week by week: " + ", ".join(shown)))


def summary(story: Mapping[str, Any]) -> list[str]:
    """Return the lines above the table."""
    first = f"{_name(story)} on {_day(story['as_of'])}" + (" (simulated)" if story["simulated"] else "")
    if not story["scored"]:
        return [first, f"Not scored: {story['why']}"]
    lines = [
        f"{story['band']}, rank {story['rank']:,} of {story['accounts']:,}, health {story['health']:.0f} of 100",
        f"Risk {_risk(story, 'risk_30')} within 30 days, {_risk(story, 'risk_60')} within 60, "
        f"{_risk(story, 'risk_90')} within 90; {_risk(story, 'risk_60_90')} in days 61 to 90",
        f"ARR {money(story['arr'], story['currency'])}, at risk {money(story['arr_at_risk'], story['currency'])}; "
        f"owner {story['owner'] or MISSING}; renewal {_day(story['renewal_date'])}; {_notice(story)}",
    ]
    reasons = [f"• {reason['text']}" for reason in story["reasons"]]
    return [first, *lines, *_separate(story), *filter(None, [story["change_text"]]), *reasons]


def _risk(story: Mapping[str, Any], risk: str) -> str:
    interval = between(story[f"{risk}_low"], story[f"{risk}_high"])
    return percent(story[risk]) + (f" ({interval})" if interval else "")


def _separate(story: Mapping[str, Any]) -> list[str]:
    """Return the risks of separate outcomes in one line, none where there are none."""
    risks = {outcome_window(name): risk for name, risk in (story["separate"] or {}).items()}
    said = [f"{name} {percent(risk)}" for name, risk in risks.items() if "90" in name]
    return [f"Separately: {', '.join(said)}"] if said else []


def _contributions(story: Mapping[str, Any]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Driver", no_wrap=True)
    table.add_column("90 d", justify="right", no_wrap=True)
    table.add_column("60–90 d", justify="right", no_wrap=True)
    table.add_column("What the account shows", ratio=1, overflow="fold")
    table.add_row("Starting point", percent(story["base_90"]), percent(story["base_60_90"]), "")
    for line in story["contributions"][:LINES_SHOWN]:
        value = quantity(line["value"], line["unit"], story["currency"])
        near, window = points(line["contribution_90"]), points(line["contribution_60_90"])
        table.add_row(_text(line["driver"]), near, window, _text(f"{line['title']}, {value}. {line['text']}"))
    if rest := story["contributions"][LINES_SHOWN:]:
        near, window = (points(sum(line[f"contribution_{name}"] for line in rest)) for name in ("90", "60_90"))
        table.add_row("Everything else", near, window, f"{len(rest)} more signals; --json has them all")
    table.add_row("This account", percent(story["risk_90"]), percent(story["risk_60_90"]), "")
    return table


def _name(story: Mapping[str, Any]) -> str:
    return f"{story['name']} ({story['account_id']})" if story["name"] else str(story["account_id"])


def _notice(story: Mapping[str, Any]) -> str:
    if not story["notice_deadline"]:
        return "no notice deadline on record"
    left = days_left(date.fromisoformat(story["notice_deadline"]), date.fromisoformat(story["as_of"]))
    return f"notice deadline {_day(story['notice_deadline'])}, {left}"


def _day(written: str | None) -> str:
    return day(date.fromisoformat(written) if written else None)


def _text(text: str) -> Text:
    from rich.text import Text

    return Text(plain(text))
