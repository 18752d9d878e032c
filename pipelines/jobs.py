"""The jobs: which steps run in which order. Each takes a journal, so it runs with Prefect's tasks or without."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ForewarnError, PromotionRefusedError
from pipelines import experiments, intake, replays, signals, steps, training
from pipelines.champion import Champion
from pipelines.journal import Journal
from pipelines.publishing import publish_week
from pipelines.state import State, replacing
from pipelines.week import reach, training_weeks

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.promotion import Verdict
    from pipelines.settings import Settings


@dataclass(frozen=True)
class Challenged:
    """What came of a challenge: who serves now, who was tried, and the verdict."""

    serving: Champion
    challenger: Champion
    verdict: "Verdict"
    tuned: dict[str, Any] | None


def weekly(
    settings: "Settings", as_of: date, journal: Journal, *, retrain: bool = False, progress: steps.Say | None = None
) -> dict[str, Any]:
    """Check, snapshot, train or reuse the champion, score, publish, report."""
    state = State(settings.store.path)
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, state)
    why = "asked for" if retrain else steps.why_train(champion, book, as_of, settings)
    said: dict[str, Any] = {"verdict": "The champion was reused: it is young enough and fits the data."}
    verdict = None
    if why:
        journal.say(f"  training a challenger: {why}")
        taken = _history(settings, as_of, book, journal)
        came = _challenge(settings, as_of, book, taken, champion, journal, progress)
        champion, verdict, said = _of_its_time(came, as_of), came.verdict.to_json(), _said(came)
    else:
        taken = journal.do("snapshot", intake.snapshot, book, [as_of], settings)
    made = publish_week(settings, as_of, book, taken, champion, verdict, journal)
    return {**made, "promoted": False, "refused": False, **said, "why_trained": why or None}


def train(
    settings: "Settings",
    as_of: date,
    journal: Journal,
    *,
    trials: int = 0,
    claims: Sequence[str] = (),
    progress: steps.Say | None = None,
) -> dict[str, Any]:
    """Train a challenger, backtest it, record both and promote it if the evidence allows.

    With `trials` better settings are searched for first; `claims` are metrics that must be shown to be better.
    """
    if claims:
        asked = settings.promotion.model_copy(update={"claims": (*settings.promotion.claims, *claims)})
        settings = settings.model_copy(
            update={"promotion": type(settings.promotion).model_validate(asked.model_dump())}
        )
    state = State(settings.store.path)
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, state)
    taken = _history(settings, as_of, book, journal)
    came = _challenge(settings, as_of, book, taken, champion, journal, progress, trials=trials)
    return {
        "as_of": as_of.isoformat(),
        "steps": journal.to_json(),
        **_said(came),
        "tuning": came.tuned,
        "model": came.serving.id,
        "run_id": came.serving.run_id,
        "challenger": came.challenger.id,
        "challenger_run_id": came.challenger.run_id,
    }


def score(settings: "Settings", as_of: date, journal: Journal) -> dict[str, Any]:
    """Score and publish a week with the champion as it is."""
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, State(settings.store.path))
    taken = journal.do("snapshot", intake.snapshot, book, [as_of], settings)
    return publish_week(settings, as_of, book, taken, champion, None, journal)


def backtest(
    settings: "Settings",
    as_of: date,
    journal: Journal,
    *,
    models: Sequence[str] = (),
    name: str | None = None,
    record: bool = True,
    predictions: Path | None = None,
    progress: steps.Say | None = None,
) -> dict[str, Any]:
    """Replay past weeks, record that as a run and return its figures.

    `models` names kinds, the first of them judged; `predictions` names a file for the single test rows.
    """
    state = State(settings.store.path)
    book = journal.do("check", intake.check, settings, as_of)
    taken = _history(settings, as_of, book, journal)
    made = journal.do("backtest", replays.replay, book, taken, as_of, settings, state, models, None, progress)
    if predictions is not None:
        with replacing(predictions) as temporary:
            made.predictions.to_parquet(temporary, index=False)
    simulated = steps.is_simulated(book, settings)
    run_id = None
    if record:
        try:
            run_id = journal.do("record", experiments.record_backtest, made, taken, as_of, name, simulated, settings)
        except ForewarnError:
            raise
        except Exception as error:  # noqa: BLE001  whatever a tracking server does, the figures stand
            journal.say(f"  not recorded: {type(error).__name__}: {error}")
    return made.to_json() | {"run_id": run_id, "as_of": as_of.isoformat(), "simulated": simulated}


def protocol_lab(
    settings: "Settings", as_of: date, journal: Journal, protocols: Sequence[str], *, progress: steps.Say | None = None
) -> dict[str, Any]:
    """Run evaluation protocols beside ours and say what each would have claimed and what came true."""
    book = journal.do("check", intake.check, settings, as_of)
    taken = _history(settings, as_of, book, journal)
    return journal.do("protocols", experiments.protocols, book, taken, as_of, settings, protocols, progress)


def reproduce(settings: "Settings", run: str, journal: Journal, *, progress: steps.Say | None = None) -> dict[str, Any]:
    """Make a recorded run again from what it recorded, and say whether data, figures and model are the same."""
    run_id, stored, then = experiments.stored_settings(settings, run)
    as_of, state = date.fromisoformat(stored["as_of"]), State(then.store.path)
    book = journal.do("check", intake.check, then, as_of)
    weeks = training_weeks(as_of, reach(book.report)[0], then.calendar)
    # Computed anew: a kept snapshot would only be compared with itself.
    taken = journal.do("snapshot", intake.fresh_snapshot, book, weeks, then)
    return journal.do("reproduce", replays.reproduce, book, taken, as_of, then, state, run_id, stored, progress)


def _history(settings: "Settings", as_of: date, book: "Book", journal: Journal) -> "Snapshot":
    weeks = training_weeks(as_of, reach(book.report)[0], settings.calendar)
    return journal.do("snapshot", intake.snapshot, book, weeks, settings)


def _challenge(
    settings: "Settings",
    as_of: date,
    book: "Book",
    taken: "Snapshot",
    champion: Champion | None,
    journal: Journal,
    progress: steps.Say | None,
    *,
    trials: int = 0,
) -> Challenged:
    """Tune if asked, replay, train, judge, record, and promote if the verdict says so."""
    state = State(settings.store.path)
    tuned = None
    if trials:
        tuned = journal.do("tune", replays.tune, book, taken, as_of, trials, settings, state, progress)
        journal.say(f"  {tuned.sentence}")
        settings = settings.model_copy(update={"model": tuned.settings})
    rival = journal.do("rival", replays.find_rival, book, champion, taken, settings, state)
    replayed = journal.do("backtest", replays.replay, book, taken, as_of, settings, state, (), rival, progress)
    challenger = journal.do("train", training.train_challenger, book, taken, replayed, as_of, settings, state)
    verdict = journal.do("judge", training.judge, challenger, rival, taken, settings, state)
    simulated = steps.is_simulated(book, settings)
    challenger = journal.do(
        "register", training.register, challenger, taken, verdict, tuned, simulated, settings, state
    )
    journal.do("signals", signals.record_signals, book, taken, challenger, settings, state)
    serving = journal.do("promote", training.promote_challenger, challenger, verdict, champion, state)
    return Challenged(serving, challenger.champion, verdict, None if tuned is None else tuned.to_json())


def _of_its_time(came: Challenged, as_of: date) -> Champion:
    """Return who scores the week: a champion of a later week would look ahead, so the challenger does, uncrowned.

    Raises PromotionRefusedError when the challenger fails by more than being older than the champion.
    """
    if came.serving.known_by <= as_of:
        return came.serving
    if any(check.outcome == "failed" and check.name != "fresh" for check in came.verdict.checks):
        raise PromotionRefusedError(
            f"{came.verdict.why} Champion {came.serving.id} is of a later week, so no list is made"
        )
    return came.challenger


def _said(came: Challenged) -> dict[str, Any]:
    return {
        "promoted": came.verdict.promote,
        "refused": came.verdict.outcome == "refuse" and came.serving.known_by <= came.challenger.known_by,
        "verdict": came.verdict.why,
        "checks": came.verdict.to_json()["checks"],
    }
