"""The Prefect flows: thin tasks over the plain steps, which run just as well without Prefect."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from features.errors import ForewarnError
from pipelines import jobs, publishing
from pipelines.console import note, progress
from pipelines.quiet import hush_at_exit, quiet
from pipelines.settings import load_settings
from pipelines.tasks import TaskJournal
from pipelines.week import choose_as_of

quiet()

from prefect import flow  # noqa: E402  telemetry must be off first
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Failed  # noqa: E402


def _run_name() -> str:
    """Name a run by its flow and its week."""
    given = flow_run.parameters
    week = given.get("as_of")
    try:
        week = week or choose_as_of(load_settings(Path(given["config"])).calendar, None)
    except ForewarnError:
        week = "without settings"
    return f"{flow_run.flow_name} {week}"


def _run(job: Callable[..., dict[str, Any]], config: str, as_of: str | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Run a job in tasks; our own errors fail the run with their message, without a traceback."""
    hush_at_exit()
    try:
        settings = load_settings(Path(config))
        week = choose_as_of(settings.calendar, date.fromisoformat(as_of) if as_of else None)
        return job(settings, week, TaskJournal(say=note), **more)
    except ForewarnError as error:
        failed: Any = Failed(message=str(error), data=error)
        return failed  # type: ignore[no-any-return]


@flow(name="weekly", flow_run_name=_run_name, persist_result=False)
def weekly(config: str, as_of: str | None = None, retrain: bool = False) -> dict[str, Any]:
    """Check, snapshot, train or reuse the champion, score, publish, keep what happened, report."""
    with progress("folds") as moved:
        return _run(jobs.weekly, config, as_of, retrain=retrain, progress=moved)


@flow(name="train", flow_run_name=_run_name, persist_result=False)
def train(config: str, as_of: str | None = None, trials: int = 0, claims: list[str] | None = None) -> dict[str, Any]:
    """Train a challenger, backtest it, record both and promote it if the evidence allows."""
    with progress("folds") as moved:
        return _run(jobs.train, config, as_of, trials=trials, claims=tuple(claims or ()), progress=moved)


@flow(name="score", flow_run_name=_run_name, persist_result=False)
def score(config: str, as_of: str | None = None, since: str | None = None) -> dict[str, Any]:
    """Score and publish a week, or every week since a date that has no list, with the champion as it is."""
    if since is None:
        return _run(jobs.score, config, as_of)
    return _run(publishing.score_since, config, as_of, since=date.fromisoformat(since))


@flow(name="backtest", flow_run_name=_run_name, persist_result=False)
def backtest(
    config: str,
    as_of: str | None = None,
    models: list[str] | None = None,
    name: str | None = None,
    record: bool = True,
    predictions: str | None = None,
) -> dict[str, Any]:
    """Replay past weeks, record that as a run and return its figures."""
    target = None if predictions is None else Path(predictions)
    more = {"models": tuple(models or ()), "name": name, "record": record, "predictions": target}
    with progress("folds") as moved:
        return _run(jobs.backtest, config, as_of, progress=moved, **more)
