"""What signals are worth and what the history supports: the steps, and where their results lie."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.journal import Done
from pipelines.state import State, write_text

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.register import Register
    from pipelines.settings import Settings
    from pipelines.training import Challenger


COST_WEEKS = 26
"""As-of dates that the features' cost is measured on."""


def judge_signals(book: "Book", taken: "Snapshot", as_of: date, settings: "Settings") -> "Done[Register]":
    """Judge every feature and driver on what had matured by the as-of date."""
    from features.labels import outcomes
    from models.feature_cost import feature_seconds
    from models.register import register

    # Half a year of as-of dates cost in the same proportions as all of them.
    weeks = [stamp.date() for stamp in taken.frame.index.get_level_values("as_of").unique().sort_values()]
    seconds = feature_seconds(book, weeks[-COST_WEEKS:], settings.outcome)
    made = register(taken, outcomes(book, settings.outcome), settings.outcome, as_of, seconds=seconds)
    return Done(made, made.rows)


def record_signals(
    book: "Book", taken: "Snapshot", challenger: "Challenger", settings: "Settings", state: State
) -> "Done[Register]":
    """Judge the signals that a model learnt from; keep the register beside it and with its run in MLflow."""
    from pipelines.console import plain
    from pipelines.experiments import tracking

    model = challenger.champion
    made = judge_signals(book, taken, model.known_by, settings)
    write_text(state.models / f"{model.id}.signals.json", json.dumps(plain(made.value.to_json())) + "\n")
    if model.run_id is not None:
        tracking(settings).log_signals(model.run_id, made.value)
    return made


def read_signals(state: State, model: str) -> dict[str, Any] | None:
    """Return the register kept beside a model, None when it has none."""
    try:
        found: dict[str, Any] = json.loads((state.models / f"{model}.signals.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def sufficiency(book: "Book", settings: "Settings") -> dict[str, Any]:
    """Return what the history supports, or why that cannot be said."""
    from features.errors import ForewarnError
    from models.sufficiency import sufficiency as count
    from pipelines.week import choose_as_of, reach, training_weeks

    try:
        first, last = reach(book.report)
        as_of = choose_as_of(settings.calendar, None)
        weeks = training_weeks(as_of, first, settings.calendar)
        if not weeks:
            return {"sentences": [f"As-of {as_of} lies before all use: nothing can be learnt."]}
        least = settings.model.minimum_churns
        found = count(book, as_of, settings.outcome, weeks=weeks, backtest=settings.backtest, minimum_churns=least)
    except ForewarnError as error:
        return {"unknown": str(error), "sentences": [f"What the history supports cannot be said: {error}"]}
    return {"weeks_of_usage": (last - first).days // 7} | found
