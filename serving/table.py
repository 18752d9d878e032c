"""The list in a terminal: as many columns as its width holds, the most useful ones first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from serving.formats import MISSING, between, day, percent, plain, points, short_money
from serving.list_row import ListRow
from serving.risk_list import PublishedList

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

BAND_STYLES = ("bold red", "yellow", "green")
REASON_WIDTH = 40
"""Narrowest first reason for which other columns give way."""
LEAST_REASON = 24
INTERVAL = "90 d, 95%"


@dataclass(frozen=True)
class TerminalColumn:
    """One column: its header, its greatest width in characters and when it gives way (the highest number first)."""

    title: str
    widest: int
    gives_way: int
    justify: Literal["left", "right"]
    read: Callable[[ListRow, PublishedList], str]


def list_table(published: PublishedList, width: int) -> Table:
    """Return the list for a terminal of `width` characters."""
    from rich import box
    from rich.table import Table

    widths = _widths(published)
    shown = fitting(widths, width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.title, table.title_justify = _title(published), "left"
    for column in shown:
        table.add_column(column.title, justify=column.justify, no_wrap=True, width=widths[column], overflow="ellipsis")
    with_reason = width - _taken(shown, widths) >= LEAST_REASON
    if with_reason:
        table.add_column("First reason", overflow="fold", ratio=1)
    for row in published.rows:
        reason = [_text(row.reasons[0].text if row.reasons else MISSING)] if with_reason else []
        table.add_row(*(_cell(column, row, published) for column in shown), *reason)
    return table


def show_list(published: PublishedList, console: Console) -> None:
    """Print the list and, below it, what it leaves out."""
    console.print(list_table(published, console.width))
    console.print(_text(footer(published)))


def footer(published: PublishedList) -> str:
    """Return one line: how much of the list is shown, what was not scored, where it came from."""
    said = [f"{len(published.rows):,} of {published.accounts:,} accounts"]
    if published.not_scored:
        said.append(f"{len(published.not_scored):,} not scored (forewarn explain ACCOUNT says why)")
    said.append(f"model {published.model}, outcome contract {published.outcome}")
    return " · ".join([*said, *(["everything here is simulated"] if published.simulated else [])])


def fitting(widths: Mapping[TerminalColumn, int], width: int) -> list[TerminalColumn]:
    """Return the columns that a terminal of `width` characters holds beside a first reason."""
    shown = list(widths)
    while _taken(shown, widths) > width - (REASON_WIDTH if width >= 76 else 0):
        giving = max(shown, key=lambda column: column.gives_way)
        if giving.gives_way == 0:
            break
        shown.remove(giving)
    return shown


def _widths(published: PublishedList) -> dict[TerminalColumn, int]:
    from rich.cells import cell_len

    widths = {}
    for column in _with_something(published):
        cells = [column.title, *(plain(column.read(row, published)) for row in published.rows)]
        widths[column] = min(column.widest, max(map(cell_len, cells)))
    return widths


def _with_something(published: PublishedList) -> list[TerminalColumn]:
    """Return the columns without the interval where the list has none."""
    known = any(row.risk_90_high is not None for row in published.rows)
    return [column for column in COLUMNS if known or column.title != INTERVAL]


def _taken(columns: Sequence[TerminalColumn], widths: Mapping[TerminalColumn, int]) -> int:
    return sum(widths[column] + 1 for column in columns)


def _title(published: PublishedList) -> Text:
    simulated = " (simulated)" if published.simulated else ""
    return _text(f"Accounts at risk, as of {day(published.as_of)}{simulated}", "bold")


def _cell(column: TerminalColumn, row: ListRow, published: PublishedList) -> Text:
    styles = dict(zip(published.settings.band_names, BAND_STYLES, strict=False))
    return _text(column.read(row, published), styles.get(row.band, "") if column.title == "Band" else "")


def _text(text: str, style: str = "") -> Text:
    # Text instead of markup: a name such as "[red]" is only a name.
    from rich.text import Text

    return Text(plain(text), style=style)


def _account(row: ListRow, _published: PublishedList) -> str:
    return row.name or row.account_id


def _change(row: ListRow, published: PublishedList) -> str:
    if published.previous_as_of is None:
        return MISSING
    return "new" if row.change is None else points(row.change)


def _notice(row: ListRow, published: PublishedList) -> str:
    if row.notice_deadline is None:
        return MISSING
    left = (row.notice_deadline - published.as_of).days
    return f"{day(row.notice_deadline)} " + (f"({left:,} d)" if left >= 0 else "(passed)")


def _arr(row: ListRow, published: PublishedList) -> str:
    return short_money(row.arr, published.settings.currency)


def _arr_at_risk(row: ListRow, published: PublishedList) -> str:
    return short_money(row.arr_at_risk, published.settings.currency)


COLUMNS = (
    TerminalColumn("#", 6, 2, "right", lambda row, _: f"{row.rank:,}"),
    TerminalColumn("Account", 24, 0, "left", _account),
    TerminalColumn("Id", 14, 9, "left", lambda row, _: row.account_id),
    TerminalColumn("Owner", 16, 6, "left", lambda row, _: row.owner or MISSING),
    TerminalColumn("ARR", 10, 5, "right", _arr),
    TerminalColumn("At risk", 10, 8, "right", _arr_at_risk),
    TerminalColumn("Health", 6, 3, "right", lambda row, _: f"{row.health:.0f}"),
    TerminalColumn("60–90 d", 7, 2, "right", lambda row, _: percent(row.risk_60_90)),
    TerminalColumn("90 d", 6, 1, "right", lambda row, _: percent(row.risk_90)),
    TerminalColumn(INTERVAL, 9, 7, "left", lambda row, _: between(row.risk_90_low, row.risk_90_high) or MISSING),
    TerminalColumn("Band", 16, 1, "left", lambda row, _: row.band),
    TerminalColumn("Change", 6, 4, "right", _change),
    TerminalColumn("Renewal", 11, 8, "left", lambda row, _: day(row.renewal_date)),
    TerminalColumn("Notice deadline", 22, 4, "left", _notice),
)
