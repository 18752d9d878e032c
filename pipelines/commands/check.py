"""forewarn check: what the sources hold and what is wrong with it."""

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.console import emit, emit_json, find_settings, note, table

if TYPE_CHECKING:
    from features.book import Book
    from features.trust.coverage import Covered
    from features.trust.verdicts import Examination
    from pipelines.settings import Settings

HELP = "check the source tables against the contract and say what is there, wrong and missing"
EXAMPLE = "forewarn check --config configs/ravenstack.toml --html check.html"
COVERED_WEEKS = (52, 39, 26, 13, 0)
"""Weeks before the as-of date whose cohorts the page's coverage is counted over."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write one page that can be sent around")


def run(args: argparse.Namespace) -> int:
    """Open the book whatever is wrong with it, print its report, and fail when a weekly run would stop."""
    from features.sources.files import survey_book
    from features.sources.mapping import read_mapping
    from pipelines.signals import sufficiency

    settings, _ = find_settings(args.config)
    mapping = read_mapping(settings.sources.mapping)
    book = survey_book(mapping, settings.sources.data, settings.limits)
    as_of, made = judged(book, settings)
    report = {**book.report, "sufficiency": sufficiency(book, settings)}
    if args.html:
        _write(args.html, book, report, as_of, made, settings)
    if args.json:
        emit_json(report)
    else:
        _show(report)
    stops = sum(problem["severity"] == "error" for problem in report["problems"])
    if stops:
        note(f"{stops} of the things above stop a weekly run.")
    return 3 if stops else 0


def judged(book: "Book", settings: "Settings") -> tuple[date, "Examination | None"]:
    """Hold every table against its own history and add to the book's report what leaves it; say as of when."""
    from features.calendar import WeekGrid
    from features.errors import ContractError
    from features.trust.profile import weekly_profile
    from features.trust.verdicts import examine, sight, verdict
    from pipelines.week import choose_as_of, reach

    as_of = choose_as_of(settings.calendar, None)
    try:
        first, last = reach(book.report)
    except ContractError:
        return as_of, None
    as_of = reached(as_of, last, settings)
    if first >= as_of:
        return as_of, None
    profile = weekly_profile(book, WeekGrid.ending(as_of, first))
    made = examine(profile, as_of, settings.trust)
    book.report["problems"] += [problem.to_json() for problem in verdict(made)]
    for name, weeks in sight(made).items():
        book.report["tables"][name]["trust"] = {"halving_seen_within_weeks": weeks}
    return as_of, made


def reached(as_of: date, last: date, settings: "Settings") -> date:
    """Return the as-of date, or the last one that usage reaches when it ends long before."""
    from datetime import timedelta

    from features.calendar import latest_as_of

    if last >= as_of - timedelta(days=settings.calendar.stale_days):
        return as_of
    return latest_as_of(last + timedelta(days=1), settings.calendar.weekday)


def _write(
    path: Path,
    book: "Book",
    report: Mapping[str, Any],
    as_of: date,
    made: "Examination | None",
    settings: "Settings",
) -> None:
    """Write the page."""
    from pipelines.state import write_text
    from serving.check_page import Quarantined, render_check

    found = book.con.execute("SELECT table_name, rule, key, row_json FROM quarantine ORDER BY 1, 2, 3, 4").fetchall()
    page = render_check(
        report,
        as_of,
        name=settings.project.name,
        simulated=book.simulated or settings.project.simulated,
        trust=made,
        covered=_coverage(book, as_of, settings),
        quarantine=[Quarantined(*row) for row in found],
    )
    write_text(path, page)
    note(f"Wrote {path}.")


def _coverage(book: "Book", as_of: date, settings: "Settings") -> "Covered | None":
    """Return how much of the features the last year's cohorts have; None where no snapshot can be taken."""
    from features.calendar import WEEK
    from features.errors import ForewarnError
    from features.trust.coverage import coverage
    from pipelines.week import reach

    try:
        first, _ = reach(book.report)
        weeks = [as_of - weeks * WEEK for weeks in COVERED_WEEKS if as_of - weeks * WEEK > first]
        return coverage(book, weeks, settings.outcome) if weeks else None
    except ForewarnError:
        return None


def _show(report: Mapping[str, Any]) -> None:
    head = ["table", "rows", "first", "last", "quarantined"]
    emit(table(head, [_line(name, found) for name, found in report["tables"].items()], right=frozenset({1, 4})))
    for name, found in report["tables"].items():
        if found.get("missing"):
            emit(f"without {name}: {found['cost']}")
    for problem in report["problems"]:
        emit(f"{problem['severity']}: {problem['text']}")
    for text in report["sufficiency"]["sentences"]:
        emit(text)
    count = len(report["problems"])
    note(f"{count} thing{'' if count == 1 else 's'} to know." if count else "Nothing to complain about.")


def _line(name: str, found: Mapping[str, Any]) -> list[str]:
    if not found.get("rows"):
        return [name, "absent" if found.get("missing") else "0", "", "", ""]
    bad = sum(found.get("quarantined", {}).values())
    return [name, f"{found['rows']:,}", str(found["first"] or "")[:10], str(found["last"] or "")[:10], f"{bad:,}"]
