"""The steps of an experiment: tune, find whom to compare with, replay, and repeat a recorded run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from features.errors import ContractError
from pipelines.champion import EVIDENCE, Champion, read_beside, stored_bundle
from pipelines.experiments import differences, git_root, snapshot_digests, tracking
from pipelines.journal import Done
from pipelines.older_catalogue import features_changed
from pipelines.state import State
from pipelines.steps import Say
from pipelines.training import fit, store

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.backtest import Backtest
    from models.case import Rival
    from models.protocol import Model
    from models.tuning import Tuned
    from pipelines.settings import Settings


def tune(
    book: "Book",
    taken: "Snapshot",
    as_of: date,
    trials: int,
    settings: "Settings",
    state: State,
    progress: Say | None = None,
) -> "Done[Tuned]":
    """Search for better settings on folds that end before the backtest's first tested week."""
    from features.labels import outcomes
    from models.folds import fold_dates
    from models.protocol import Rows
    from models.tuning import tune as search

    rows, known = Rows(taken.frame, taken.standing), outcomes(book, settings.outcome)
    dates = [stamp.date() for stamp in taken.frame.index.get_level_values("as_of").unique()]
    first = fold_dates(dates, as_of, settings.outcome, settings.backtest)[0].known_by
    found = search(
        rows,
        known,
        settings.outcome,
        settings.model,
        settings.backtest,
        first_tested=first,
        trials=trials,
        storage=state.root / "tuning.db",
        key="\n".join([taken.catalogue_digest, *snapshot_digests(taken).values()]),
        progress=progress,
    )
    return Done(found, found.trials)


def find_rival(
    book: "Book", champion: Champion | None, taken: "Snapshot", settings: "Settings", state: State
) -> "Done[Rival | None]":
    """Return the champion as one to compare with: its recipe, or why it cannot be compared."""
    from models.case import Rival

    if champion is None:
        return Done(None, 0)
    rival = Rival(champion.id, champion.known_by)
    if champion.outcome_digest != taken.outcome_digest:
        said = f"first model of outcome contract {taken.outcome_digest}: the champion's is {champion.outcome_digest}"
        return Done(replace(rival, note=f"{said}, so the two cannot be compared"), 1)
    evidence = read_beside(state, champion.id, EVIDENCE) or {}
    rival = replace(rival, auc=((evidence.get("pooled") or {}).get("risk_90", {}).get("auc") or {}).get("value"))
    try:
        bundle = stored_bundle(state, champion.id)
    except ContractError as error:
        return Done(replace(rival, note=f"the champion cannot be read, so there is none to compare with: {error}"), 1)
    if bundle is None:
        return Done(replace(rival, note=f"champion {champion.id} is no longer in the store"), 1)
    columns, have = bundle.hazards.columns, [str(name) for name in taken.frame.columns]
    if changed := features_changed(book, taken, champion, columns, settings):
        return Done(replace(rival, note=f"the champion's features are not what they were ({changed})"), 1)
    mine = settings.model.model_dump(mode="json", exclude={"threads"})
    same = list(columns) == have and bundle.about["settings"] == mine
    return Done(replace(rival, bundle=bundle, peer=None if same else "champion"), 1)


def replay(
    book: "Book",
    taken: "Snapshot",
    as_of: date,
    settings: "Settings",
    state: State,
    models: Sequence[str] = (),
    rival: "Rival | None" = None,
    progress: Say | None = None,
    *,
    cached: bool = True,
) -> "Done[Backtest]":
    """Backtest the models on past weeks, the first beside the others; without names the risk model and its baselines.

    A rival with another recipe is replayed beside them. Raises UsageError for an unknown model, ContractError with too
    few churns to learn from.
    """
    from features.labels import acted_on, label, outcomes, separate_outcomes
    from models.backtest import backtest
    from models.fold_cache import FoldCache
    from models.kinds import BASELINES, make
    from models.protocol import Rows
    from models.recipe import RecipeModel
    from models.train import require_churns

    made_of: list[Model] = [make(name, settings.model) for name in models or ("hazard", *BASELINES)]
    if rival is not None and rival.peer and rival.bundle is not None:
        made_of.append(RecipeModel.of(rival.bundle.hazards.columns, rival.bundle.about, rival.peer))
    known = outcomes(book, settings.outcome)
    index = Rows(taken.frame, taken.standing).index
    require_churns(label(known, index, settings.outcome, as_of), settings.model.minimum_churns, as_of)
    made = backtest(
        taken,
        known,
        settings.outcome,
        made_of,
        settings.backtest,
        last=as_of,
        progress=progress,
        cache=FoldCache(state.folds) if cached else None,
        acted_on=acted_on(book, index, settings.outcome, as_of) if book.has("interventions") else None,
        separate=separate_outcomes(book, settings.outcome),
    )
    return Done(made, len(made.predictions))


def reproduce(
    book: "Book",
    taken: "Snapshot",
    as_of: date,
    settings: "Settings",
    state: State,
    run_id: str,
    stored: Mapping[str, Any],
    progress: Say | None = None,
) -> Done[dict[str, Any]]:
    """Make a run again without the fold cache, and say what differs: digests, figures, and a training's model."""
    from models.registry import BACKTEST
    from pipelines.console import plain

    store_of = tracking(settings)
    now = snapshot_digests(taken)
    found = [
        f"{name}: {stored['data'][name]} was read, {now[name]} is read now"
        for name in now
        if stored["data"][name] != now[name]
    ]
    kinds = [name for name in stored["models"] if name != "champion"]
    made = replay(book, taken, as_of, settings, state, kinds, None, progress, cached=False).value
    recorded = json.loads(store_of.read_text(run_id, BACKTEST))
    found += differences(_without_champion(recorded), _without_champion(plain(made.to_json())))
    tags = store_of.tags_of(run_id)
    model = None
    if tags.get("kind") == "training":
        model = store(fit(book, taken, made, as_of, settings), state).id
        if model != tags["bundle_id"]:
            found.append(f"model: {tags['bundle_id']} was trained, {model} came now")
    code = git_root()
    notes = [f"{key}: {tags.get(key)} then, {value} now" for key, value in code.items() if tags.get(key) != value]
    answer = {"run_id": run_id, "as_of": as_of.isoformat(), "same": not found, "differences": found, "code": notes}
    return Done(answer | {"model": model}, len(made.predictions))


def _without_champion(replayed: Any) -> Any:  # noqa: ANN401  any JSON value
    """Leave out what a former champion's recipe did: it is not the run's own."""
    if isinstance(replayed, dict):
        return {key: _without_champion(value) for key, value in replayed.items() if key != "champion"}
    return replayed
