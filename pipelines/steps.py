"""The steps of a run as plain functions; each returns what the next one needs and how many rows it made."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ContractError, UsageError
from pipelines.champion import (
    EVIDENCE,
    VERDICT,
    Champion,
    load_champion,
    read_beside,
    read_champion,
    stored_bundle,
)
from pipelines.journal import Done
from pipelines.older_catalogue import for_champion
from pipelines.state import State, write_text

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.bundle import Bundle
    from pipelines.settings import Settings
    from serving.scoring import ScoredList

Say = Callable[[int, int, str], None]


def current_champion(state: State) -> Done[Champion | None]:
    """Return the model that serves, None when there is none."""
    found = read_champion(state)
    return Done(found, 0 if found is None else 1)


def why_train(champion: Champion | None, book: "Book", as_of: date, settings: "Settings") -> str:
    """Return why a new model is due, or nothing."""
    from features.catalogue import catalogue_digest
    from features.snapshot import available

    if champion is None:
        return "there is no champion yet"
    weeks = (as_of - champion.known_by).days // 7
    if weeks < 0:
        return f"the champion was trained for a later week ({champion.known_by})"
    if weeks >= settings.schedule.retrain_every_weeks:
        return f"the champion is {weeks} weeks old"
    if champion.outcome_digest != settings.outcome.digest:
        return "the outcome contract has changed"
    if champion.catalogue_digest != catalogue_digest(available(book)[0]):
        return "the feature catalogue has changed"
    return ""


def require_champion(champion: Champion | None) -> Champion:
    """Return the champion; raises UsageError when there is none."""
    if champion is None:
        raise UsageError("there is no champion to score with: run `forewarn train` or `forewarn weekly` first")
    return champion


def require_of_its_time(champion: Champion, as_of: date) -> None:
    """Raise ContractError when the champion learnt from what was known only after the week."""
    if champion.known_by > as_of:
        raise ContractError(
            f"model {champion.id} learnt from what was known by {champion.known_by}, after the week {as_of}, and a "
            "list must not look ahead: run `forewarn weekly` for that week, which trains a model of its own"
        )


def is_simulated(book: "Book", settings: "Settings") -> bool:
    """Say whether the settings or the mapping call the data simulated."""
    return book.simulated or settings.project.simulated


def score(
    book: "Book", taken: "Snapshot", champion: Champion, settings: "Settings", state: State
) -> "Done[ScoredList]":
    """Score the cohort of the last as-of date with the champion, beside the list published before it."""
    from serving.risk_list import previous_list
    from serving.scoring import score as score_rows
    from serving.store import open_database

    last = taken.frame.index.get_level_values("as_of").max().date()
    previous = previous_list(open_database(settings.database_url), last)
    require_of_its_time(champion, last)
    before = None if previous is None else _former(state, previous.model)
    bundle = load_champion(state, champion)
    taken = for_champion(book, taken, champion, bundle.hazards.columns, settings)
    scored = score_rows(taken, bundle, settings.risk_list, previous, before)
    return Done(scored, len(scored.rows))


def _former(state: State, model: str) -> "Bundle | None":
    """Return the model of the list before, None when it is gone or damaged: it only tells a change's parts."""
    try:
        return stored_bundle(state, model)
    except ContractError:
        return None


def publish(
    scored: "ScoredList", champion: Champion, simulated: bool, book: "Book", settings: "Settings"
) -> Done[bool]:
    """Publish the list in one transaction; False when the week was already published and stays as it is."""
    from pipelines.happened import table_reach
    from serving.publish import publish as publish_list
    from serving.store import open_database

    new = publish_list(
        open_database(settings.database_url),
        scored,
        at=datetime.now(UTC).replace(tzinfo=None),
        by="forewarn",
        simulated=simulated,
        run_id=champion.run_id,
        reach=table_reach(book, scored.as_of),
    )
    return Done(new, len(scored.rows) if new else 0)


def report(
    as_of: date,
    book: "Book",
    champion: Champion,
    verdict: Mapping[str, Any] | None,
    settings: "Settings",
    state: State,
) -> Done[Path]:
    """Write the HTML page of the week and return where; `verdict` is this week's, else the champion's own is shown."""
    from pipelines.signals import read_signals
    from serving.store import open_database
    from serving.week_page import render_week

    page = render_week(
        open_database(settings.database_url),
        as_of,
        backtest=read_beside(state, champion.id, EVIDENCE),
        check=book.report,
        signals=read_signals(state, champion.id),
        verdict=verdict or read_beside(state, champion.id, VERDICT),
    )
    write_text(state.report(as_of), page)
    return Done(state.report(as_of), 1)
