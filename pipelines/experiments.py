"""Experiments: what a run needs to be made again, comparisons of recorded runs, and the repetition of one."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ContractError, UsageError
from pipelines.journal import Done

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.backtest import Backtest
    from models.recorded import Recorded
    from models.registry import Tracking
    from pipelines.champion import Champion
    from pipelines.settings import Settings
    from pipelines.steps import Say

SAME = 1e-9
"""What a metric of a repeated run may be off by."""


def tracking(settings: "Settings") -> "Tracking":
    """Return the tracking store of the settings."""
    from models.registry import Tracking

    return Tracking(settings.tracking_uri, settings.mlflow.experiment, settings.mlflow.model_name)


def settings_text(settings: "Settings", as_of: date, models: Sequence[str], data: dict[str, str]) -> str:
    """Return `settings.json`: with the code and the sources, all that a run was made from."""
    return (
        json.dumps(
            {
                "settings": settings.model_dump(mode="json", by_alias=True),
                "as_of": as_of.isoformat(),
                "models": list(models),
                "mapping": settings.sources.mapping.read_text(encoding="utf-8"),
                "data": data,
            },
            indent=1,
        )
        + "\n"
    )


def snapshot_digests(taken: "Snapshot") -> dict[str, str]:
    """Return the digests of the rows that a run reads."""
    from models.provenance import frame_digest

    return {"snapshot": frame_digest(taken.frame), "standing": frame_digest(taken.standing)}


def git_root() -> dict[str, str]:
    """Return what the code was: commit, changed files, lock."""
    from models.provenance import git_state, lock_digest

    root = Path(__file__).parents[1]
    return {"lock": lock_digest(root), **git_state(root)}


def record_backtest(
    made: "Backtest", taken: "Snapshot", as_of: date, name: str | None, simulated: bool, settings: "Settings"
) -> Done[str]:
    """Record a backtest as a run in MLflow, so that it can be compared and counts as a variant tried; return its id."""
    from models.registry import Experiment

    data = snapshot_digests(taken)
    experiment = Experiment(
        name=name or f"{settings.project.name} {as_of} backtest",
        backtest=made,
        params={**settings.model.model_dump(), **settings.backtest.model_dump(), "as_of": as_of},
        tags={
            **git_root(),
            "kind": "backtest",
            "outcome": taken.outcome_digest,
            "catalogue": taken.catalogue_digest,
            "simulated": str(simulated).lower(),
        },
        data=data,
        files={"settings.json": settings_text(settings, as_of, made.models, data)},
    )
    return Done(tracking(settings).log_backtest(experiment), 1)


def protocols(
    book: "Book",
    taken: "Snapshot",
    as_of: date,
    settings: "Settings",
    names: Sequence[str],
    progress: "Say | None" = None,
) -> Done[dict[str, Any]]:
    """Run the protocol lab; its JSON with a sentence per protocol."""
    from features.labels import outcomes
    from models.protocol_lab import PROTOCOLS, lab, sentences

    chosen = list(dict.fromkeys([PROTOCOLS[0], *(names or PROTOCOLS)]))
    known = outcomes(book, settings.outcome)
    found = lab(
        taken,
        known,
        settings.outcome,
        settings.model,
        settings.backtest,
        last=as_of,
        protocols=chosen,
        progress=progress,
    )
    return Done({"protocols": found, "sentences": sentences(found)}, len(chosen))


def compare_runs(settings: "Settings", names: Sequence[str]) -> dict[str, Any]:
    """Compare recorded runs with the first of them; a name may end in `:KIND` for a peer replayed beside it."""
    from models.compare import compare
    from models.kinds import BASELINES
    from models.recording import TEST_ROWS

    runs = [_recorded(settings, name) for name in names]
    if len(set(names)) < len(names):
        raise UsageError(f"the same run is named twice: {', '.join(names)}")
    store = tracking(settings)
    # By the digest that was recorded: rows that come back from a file have dates of another unit, and another digest.
    tried = store.runs_on(store.tags_of(str(runs[0].run_id))[TEST_ROWS]) - 1
    # Peers that were replayed beside a model are variants too, but for what runs beside every model.
    usual = {*BASELINES, "champion"}
    tried += len({(run.run_id, kind) for run in runs for kind in run.backtest["baselines"] if kind not in usual})
    return compare(runs, variants=max(tried, 1))


def _recorded(settings: "Settings", asked: str) -> "Recorded":
    from models.recorded import PEER, Recorded
    from models.registry import BACKTEST, DRIVERS, PREDICTIONS

    store = tracking(settings)
    named, _, peer = asked.partition(PEER)
    run_id = _serving(settings, named) or store.find_run(named)
    backtest = json.loads(store.read_text(run_id, BACKTEST))
    drivers = store.read_frame(run_id, DRIVERS) if store.holds(run_id, DRIVERS) else None
    return Recorded.of(asked, run_id, backtest, store.read_frame(run_id, PREDICTIONS), drivers, peer=peer or None)


def _serving(settings: "Settings", named: str) -> str | None:
    """Return the run of the model that serves when `champion` is asked for: the store says who that is, not MLflow."""
    from pipelines.champion import read_champion
    from pipelines.state import State

    champion = read_champion(State(settings.store.path)) if named == "champion" else None
    return None if champion is None else champion.run_id


def move_alias(settings: "Settings", champion: "Champion") -> str:
    """Point MLflow's `champion` at this model; return why that failed, or nothing. What serves does not wait for it."""
    if champion.version is None:
        return "this model was never registered"
    try:
        tracking(settings).set_alias("champion", champion.version)
    except Exception as error:  # noqa: BLE001  whatever a tracking server does, the rollback stands
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
    return ""


def differences(stored: dict[str, Any], made: dict[str, Any]) -> list[str]:
    """Say in which figures two backtests differ by more than 1e-9; the cost of a run is no figure of it."""
    skipped = {"costs", "seconds", "cached"}
    found: list[str] = []

    def walk(place: str, one: Any, two: Any) -> None:  # noqa: ANN401  any JSON value
        if isinstance(one, dict) and isinstance(two, dict):
            for key in sorted({*one, *two} - skipped):
                walk(f"{place}.{key}" if place else key, one.get(key), two.get(key))
        elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
            for number, (a, b) in enumerate(zip(one, two, strict=True)):
                walk(f"{place}[{number}]", a, b)
        elif isinstance(one, int | float) and isinstance(two, int | float):
            if abs(one - two) > SAME:
                found.append(f"{place}: {one} was recorded, {two} came now")
        elif one != two:
            found.append(f"{place}: {one!r} was recorded, {two!r} came now")

    walk("", stored, made)
    return found


def stored_settings(settings: "Settings", run: str) -> tuple[str, dict[str, Any], "Settings"]:
    """Return a run's id, its `settings.json` and the settings that it was made with.

    Raises UsageError when there is no such run, ContractError when its mapping is another one now.
    """
    from models.registry import SETTINGS
    from pipelines.settings import Settings

    store = tracking(settings)
    run_id = _serving(settings, run) or store.find_run(run)
    stored = json.loads(store.read_text(run_id, SETTINGS))
    try:
        then = Settings.model_validate(stored["settings"])
        mapping = then.sources.mapping.read_text(encoding="utf-8")
    except (ValueError, OSError) as error:
        raise ContractError(
            f"run {run_id}: its settings cannot be used by this version or on this machine: {error}"
        ) from error
    if mapping != stored["mapping"]:
        raise ContractError(
            f"{then.sources.mapping}: is not the mapping that run {run_id} was made with; put that one back "
            "(it stands in the run's settings.json)"
        )
    # Where a run was kept is not what it was made from.
    return run_id, stored, then.model_copy(update={"store": settings.store, "mlflow": settings.mlflow})
