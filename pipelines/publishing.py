"""From a book and a champion to published weeks: score, publish, keep what happened, report."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from features.calendar import WEEK
from features.errors import UsageError
from pipelines import intake, steps
from pipelines.happened import happened
from pipelines.journal import Journal
from pipelines.state import State
from pipelines.week import require_reach

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from pipelines.champion import Champion
    from pipelines.settings import Settings


def publish_week(
    settings: "Settings",
    as_of: date,
    book: "Book",
    taken: "Snapshot",
    champion: "Champion | None",
    verdict: dict[str, Any] | None,
    journal: Journal,
) -> dict[str, Any]:
    """Score, publish, keep what happened and report; return what `--json` prints."""
    serving = steps.require_champion(champion)
    rows, new = _list(settings, book, taken, serving, journal)
    kept = keep_happened(settings, as_of, book, journal)
    page = journal.do("report", steps.report, as_of, book, serving, verdict, settings, State(settings.store.path))
    return {
        "as_of": as_of.isoformat(),
        "steps": journal.to_json(),
        "list_rows": rows,
        "published": new,
        "promoted": False,
        "model": serving.id,
        "run_id": serving.run_id,
        "happened": kept,
        "report": str(page),
    }


def score_since(settings: "Settings", as_of: date, journal: Journal, *, since: date) -> dict[str, Any]:
    """Publish every week from `since` to `as_of` that has no list yet, in order, with the champion as it is.

    The tables are read and checked once, up to the last of these weeks; each week sees only what was known before it.
    What happened is kept once, and the page is written of the last week alone. Raises UsageError when `since` lies
    after `as_of`, ContractError when the champion learnt from a later week than the first of them.
    """
    weeks, done = _weeks(since, as_of), _published(settings)
    missing, skipped = [week for week in weeks if week not in done], [week for week in weeks if week in done]
    if skipped:
        journal.say(f"  published already, and left as they are: {_named(skipped)}")
    said: dict[str, Any] = {
        "since": since.isoformat(),
        "as_of": as_of.isoformat(),
        "published": [week.isoformat() for week in missing],
        "skipped": [week.isoformat() for week in skipped],
    }
    if not missing:
        return {**said, "steps": [], "list_rows": 0, "model": None, "happened": None, "report": None}
    state, last = State(settings.store.path), missing[-1]
    champion = steps.require_champion(journal.do("champion", steps.current_champion, state))
    steps.require_of_its_time(champion, missing[0])
    book = journal.do("check", intake.check, settings, last)
    total = 0
    for week in missing:
        require_reach(book.report, week, settings.calendar)
        journal.say(f"  week {week}:")
        taken = journal.do("snapshot", intake.snapshot, book, [week], settings)
        total += _list(settings, book, taken, champion, journal)[0]
    kept = keep_happened(settings, last, book, journal)
    page = journal.do("report", steps.report, last, book, champion, None, settings, state)
    steps_taken = {"steps": journal.to_json(), "list_rows": total, "model": champion.id}
    return {**said, **steps_taken, "happened": kept, "report": str(page)}


def _weeks(since: date, as_of: date) -> list[date]:
    if since > as_of:
        raise UsageError(f"--since {since} lies after the week {as_of} up to which lists are asked for")
    return [since + k * WEEK for k in range((as_of - since) // WEEK + 1)]


def _published(settings: "Settings") -> set[date]:
    from serving.risk_list import published_weeks
    from serving.store import open_database

    return set(published_weeks(open_database(settings.database_url)))


def _named(weeks: Sequence[date]) -> str:
    shown = ", ".join(map(str, weeks[:3]))
    return shown if len(weeks) <= 3 else f"{shown} and {len(weeks) - 3} more"


def _list(
    settings: "Settings", book: "Book", taken: "Snapshot", champion: "Champion", journal: Journal
) -> tuple[int, bool]:
    """Score and publish; return how many accounts the list has and whether it is new."""
    state, simulated = State(settings.store.path), steps.is_simulated(book, settings)
    scored = journal.do("score", steps.score, book, taken, champion, settings, state)
    new = journal.do("publish", steps.publish, scored, champion, simulated, book, settings)
    return len(scored.rows), new


def keep_happened(settings: "Settings", as_of: date, book: "Book", journal: Journal) -> dict[str, Any]:
    """Keep what happened; the list is published by now and stays so, whatever comes of this."""
    try:
        kept = journal.do("happened", happened, book, as_of, settings)
    except Exception as error:  # noqa: BLE001  said, and made up for by the next run
        journal.say(f"  what happened could not be kept ({error}): the list is published, and the next run tries again")
        return {"error": str(error)}
    if kept.other_contract:
        journal.say(f"  {kept.other_contract} lists made under another outcome contract are not followed any more")
    return kept.to_json()
