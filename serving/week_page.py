"""The report of the week: one HTML file that needs nothing else, in both themes and on a phone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from serving import charts, formats
from serving.account import risk_history
from serving.explanation import Explanation, read_explanations
from serving.list_row import ListRow
from serving.risk_list import PublishedList, find_list, read_list
from serving.templating import environment
from serving.week_backtest import backtest_section
from serving.week_data import data_section
from serving.week_signals import signals_section
from serving.week_verdict import verdict_section

if TYPE_CHECKING:
    from jinja2 import Environment

DETAILED = 250
"""Accounts that the page shows; the exports always have them all."""
REASONS_IN_SIGHT = 3
NUMBERS_SHOWN = 10
UNSCORED_SHOWN = 200
SOON_DAYS = 30
RISK_NAMES = {
    "risk_30": "risk within 30 days",
    "risk_60": "risk within 60 days",
    "risk_90": "risk within 90 days",
    "risk_60_90": "risk in days 61 to 90",
}
LADDER = (
    ("risk_30", "Within 30 days"),
    ("risk_60", "Within 60 days"),
    ("risk_90", "Within 90 days"),
    ("risk_60_90", "In days 61 to 90"),
)


def render_week(
    engine: Engine,
    as_of: date | None = None,
    *,
    backtest: Mapping[str, Any] | None = None,
    check: Mapping[str, Any] | None = None,
    signals: Mapping[str, Any] | None = None,
    verdict: Mapping[str, Any] | None = None,
    detailed: int = DETAILED,
) -> str:
    """Return the report of the current list, or of `as_of`.

    `backtest`, `check` and `signals` are what those commands and `features --register` print with --json; a section
    whose numbers are absent says so. `verdict` is the last promotion's: outcome, why, checks (name, outcome, text),
    challenger, champion and as_of; its section is left out without one.
    """
    published = read_list(engine, as_of)
    shown = published.rows[:detailed]
    accounts = [row.account_id for row in shown]
    with engine.connect() as connection:
        explained = read_explanations(connection, find_list(connection, published.as_of), accounts)
        history = risk_history(connection, accounts, published.as_of)
    page = _environment(published).get_template("week.html.jinja")
    return page.render(
        published=published,
        headline=headline(published),
        bands=band_table(published),
        rows=[_entry(row, published, explained.get(row.account_id), history.get(row.account_id, [])) for row in shown],
        owners=sorted({row.owner for row in shown if row.owner}),
        distribution=_distribution(published),
        ranked_by=RISK_NAMES[published.settings.rank_by],
        backtest=backtest_section(backtest) if backtest else None,
        signals=signals_section(signals),
        verdict=verdict_section(verdict),
        data=data_section(check, published.left_out),
        unscored=_unscored(published),
        soon_days=SOON_DAYS,
        ladder=LADDER,
        intervals=any(row.risk_90_high is not None for row in shown),
        style=(Path(__file__).parent / "static" / "week.css").read_text(encoding="utf-8"),
        script=(Path(__file__).parent / "static" / "week.js").read_text(encoding="utf-8"),
    )


def headline(published: PublishedList) -> dict[str, Any]:
    """Return the numbers at the top of the page."""
    highest = published.settings.highest_band
    high = [row for row in published.rows if row.band == highest]
    worth_work = [row for row in published.rows if row.band != published.settings.band_names[-1]]
    left = [(row.notice_deadline - published.as_of).days for row in worth_work if row.notice_deadline is not None]
    return {
        "band": highest,
        "high": len(high),
        "new": len(published.newly(highest)),
        "arr": _sum(row.arr for row in published.rows),
        "at_risk": _sum(row.arr_at_risk for row in published.rows),
        "high_arr": _sum(row.arr for row in high),
        "high_at_risk": _sum(row.arr_at_risk for row in high),
        "deadlines": sum(0 <= days <= SOON_DAYS for days in left),
        "expected": sum(row.risk_90 for row in published.rows),
        "no_arr": sum(row.arr is None for row in published.rows),
    }


def band_table(published: PublishedList) -> list[dict[str, Any]]:
    """Return per band how many accounts and how much money it holds, and how many churns its risks add up to."""
    table = []
    for tone, band in _tones(published).items():
        rows = [row for row in published.rows if row.band == band]
        table.append(
            {
                "band": band,
                "tone": tone,
                "from": published.settings.bands.get(band),
                "accounts": len(rows),
                "arr": _sum(row.arr for row in rows),
                "at_risk": _sum(row.arr_at_risk for row in rows),
                "expected": sum(row.risk_90 for row in rows),
            }
        )
    return table


def _environment(published: PublishedList) -> Environment:
    currency = published.settings.currency
    return environment(
        quantity=partial(formats.quantity, currency=currency),
        money=partial(formats.money, currency=currency),
        short_money=partial(formats.short_money, currency=currency),
        days_left=partial(formats.days_left, as_of=published.as_of),
    )


def _entry(
    row: ListRow, published: PublishedList, explained: Explanation | None, history: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    tones = {band: tone for tone, band in _tones(published).items()}
    left = None if row.notice_deadline is None else (row.notice_deadline - published.as_of).days
    return {
        "row": row,
        "tone": tones.get(row.band, "low"),
        "new": published.is_new(row, published.settings.highest_band),
        "change": _change(row, published),
        "direction": "up" if (row.change or 0) > 0.0005 else "down" if (row.change or 0) < -0.0005 else "flat",
        "urgent": left is not None and 0 <= left <= SOON_DAYS,
        "reasons": row.reasons[:REASONS_IN_SIGHT],
        "drivers": _bars(explained),
        "numbers": explained.lines()[:NUMBERS_SHOWN] if explained else [],
        "spark": _spark(history),
        "weeks": len(history),
    }


def _change(row: ListRow, published: PublishedList) -> str:
    if published.previous_as_of is None:
        return formats.MISSING
    return "new on the list" if row.change is None else f"{formats.points(row.change)} pts"


def _bars(explained: Explanation | None) -> list[dict[str, Any]]:
    """Return each driver's share, with the bar's width in percent of half the track."""
    drivers = explained.by_driver() if explained else []
    longest = max((abs(near) for _, near, _ in drivers), default=0.0) or 1.0
    return [
        {"driver": driver, "near": near, "window": window, "width": round(100 * abs(near) / longest, 1)}
        for driver, near, window in drivers
    ]


def _spark(history: Sequence[Mapping[str, Any]]) -> str:
    risks = [week["risk_90"] for week in history[-26:]]
    said = f"Risk within 90 days over {len(risks)} published weeks"
    return charts.sparkline(risks, said)


def _distribution(published: PublishedList) -> str:
    ranked = published.settings.rank_by
    risks = {
        band: [getattr(row, ranked) for row in published.rows if row.band == band]
        for band in published.settings.band_names
    }
    label = RISK_NAMES[ranked].capitalize()
    return (
        charts.distribution(risks, published.settings.bands, label, "How the risks are spread")
        if any(risks.values())
        else ""
    )


def _unscored(published: PublishedList) -> dict[str, Any]:
    kinds = Counter(re.sub(r"[\d.,:-]*\d\.?", "…", account.why) for account in published.not_scored)
    return {
        "total": len(published.not_scored),
        "kinds": kinds.most_common(),
        "accounts": published.not_scored[:UNSCORED_SHOWN],
    }


def _tones(published: PublishedList) -> dict[str, str]:
    """Return the page's three tones for the highest band, the lowest, and whatever lies between."""
    names = published.settings.band_names
    tones = {"high": names[0], "low": names[-1]}
    for place, name in enumerate(names[1:-1]):
        tones["medium" if place == 0 else f"medium-{place}"] = name
    return {tone: tones[tone] for tone in sorted(tones, key=lambda tone: names.index(tones[tone]))}


def _sum(amounts: Iterable[float | None]) -> float:
    return float(sum(amount for amount in amounts if amount is not None))
