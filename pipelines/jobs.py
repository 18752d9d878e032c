"""The jobs: which steps run in which order. Each takes a journal, so it runs with Prefect's tasks or without."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import intake, signals, steps
from pipelines.champion import Champion
from pipelines.journal import Journal
from pipelines.state import State, replacing
from pipelines.week import reach, training_weeks

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from pipelines.settings import Settings


def weekly(
    settings: "Settings", as_of: date, journal: Journal, *, retrain: bool = False, progress: steps.Say | None = None
) -> dict[str, Any]:
    """Check, snapshot, train or reuse the champion, score, publish, report."""
    state = State(settings.store.path)
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, state)
    why = "asked for" if retrain else steps.why_train(champion, book, as_of, settings)
    verdict = "The champion was reused: it is young enough and fits the data."
    promoted = False
    if why:
        journal.say(f"  training a challenger: {why}")
        taken = _history(settings, as_of, book, journal)
        champion, promoted, verdict = _challenge(settings, as_of, book, taken, champion, journal, progress)
    else:
        taken = journal.do("snapshot", intake.snapshot, book, [as_of], settings)
    made = _publish(settings, as_of, book, taken, champion, journal)
    return {
        **made,
        "promoted": promoted,
        "refused": bool(why) and not promoted,
        "verdict": verdict,
        "why_trained": why or None,
    }


def train(settings: "Settings", as_of: date, journal: Journal, *, progress: steps.Say | None = None) -> dict[str, Any]:
    """Train a challenger, backtest it, record both and promote it if the rule allows."""
    state = State(settings.store.path)
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, state)
    taken = _history(settings, as_of, book, journal)
    serving, promoted, verdict = _challenge(settings, as_of, book, taken, champion, journal, progress)
    return {
        "as_of": as_of.isoformat(),
        "steps": journal.to_json(),
        "promoted": promoted,
        "refused": not promoted,
        "verdict": verdict,
        "model": serving.id,
        "run_id": serving.run_id,
    }


def score(settings: "Settings", as_of: date, journal: Journal) -> dict[str, Any]:
    """Score and publish a week with the champion as it is."""
    book = journal.do("check", intake.check, settings, as_of)
    champion = journal.do("champion", steps.current_champion, State(settings.store.path))
    taken = journal.do("snapshot", intake.snapshot, book, [as_of], settings)
    return _publish(settings, as_of, book, taken, champion, journal)


def backtest(
    settings: "Settings",
    as_of: date,
    journal: Journal,
    *,
    predictions: Path | None = None,
    progress: steps.Say | None = None,
) -> dict[str, Any]:
    """Replay past weeks and return their figures; `predictions` names a file for the single test rows."""
    book = journal.do("check", intake.check, settings, as_of)
    taken = _history(settings, as_of, book, journal)
    made = journal.do("backtest", steps.replay, book, taken, as_of, settings, progress)
    if predictions is not None:
        with replacing(predictions) as temporary:
            made.predictions.to_parquet(temporary, index=False)
    return made.to_json()


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
) -> tuple[Champion, bool, str]:
    """Return who serves after the challenge, whether that is the challenger, and why."""
    state = State(settings.store.path)
    replayed = journal.do("backtest", steps.replay, book, taken, as_of, settings, progress)
    challenger = journal.do("train", steps.train_challenger, book, taken, replayed, as_of, settings, state)
    verdict = journal.do("judge", steps.judge, challenger, champion, state)
    simulated = steps.is_simulated(book, settings)
    challenger = journal.do("register", steps.register, challenger, taken, verdict, simulated, settings)
    journal.do("signals", signals.record_signals, book, taken, challenger, settings, state)
    serving = journal.do("promote", steps.promote_challenger, challenger, verdict, champion, state)
    return serving, verdict.promote, verdict.why


def _publish(
    settings: "Settings",
    as_of: date,
    book: "Book",
    taken: "Snapshot",
    champion: Champion | None,
    journal: Journal,
) -> dict[str, Any]:
    """Score, publish and report; return what `--json` prints."""
    state = State(settings.store.path)
    serving = steps.require_champion(champion)
    scored = journal.do("score", steps.score, taken, serving, settings, state)
    simulated = steps.is_simulated(book, settings)
    new = journal.do("publish", steps.publish, scored, serving, simulated, settings, state)
    page = journal.do("report", steps.report, as_of, book, serving, settings, state)
    return {
        "as_of": as_of.isoformat(),
        "steps": journal.to_json(),
        "list_rows": len(scored.rows),
        "published": new,
        "promoted": False,
        "model": serving.id,
        "run_id": serving.run_id,
        "report": str(page),
    }
