"""The steps of a training: tune, replay, fit, judge, record, promote."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ContractError, PromotionRefusedError
from pipelines.champion import (
    CARD,
    EVIDENCE,
    EXPLANATIONS,
    VERDICT,
    Champion,
    crown,
    keep_beside,
    rolled_back,
    stored_bundle,
)
from pipelines.experiments import differences, git_root, settings_text, snapshot_digests, tracking
from pipelines.journal import Done
from pipelines.state import State
from pipelines.steps import Say
from pipelines.week import reach

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.backtest import Backtest
    from models.bundle import Bundle
    from models.case import Rival
    from models.hazard import FittedHazards
    from models.promotion import Verdict
    from models.protocol import Model
    from models.tuning import Tuned
    from pipelines.settings import Settings


@dataclass(frozen=True)
class Challenger:
    """A newly trained model with its evidence, and what the champion file will hold if it is promoted."""

    bundle: "Bundle"
    fitted: "FittedHazards"
    """As it came out of training, before it was stored."""
    backtest: "Backtest"
    champion: Champion
    explanations: Mapping[str, Any]


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
    champion: Champion | None, taken: "Snapshot", settings: "Settings", state: State
) -> "Done[Rival | None]":
    """Return the champion as one to compare with: its recipe, or why it cannot be compared."""
    from models.case import Rival

    if champion is None:
        return Done(None, 0)
    rival = Rival(champion.id, champion.known_by)
    if champion.outcome_digest != taken.outcome_digest:
        said = f"first model of outcome contract {taken.outcome_digest}: the champion's is {champion.outcome_digest}"
        return Done(replace(rival, note=f"{said}, so the two cannot be compared"), 1)
    try:
        bundle = stored_bundle(state, champion.id)
    except ContractError as error:
        return Done(replace(rival, note=f"the champion cannot be read, so there is none to compare with: {error}"), 1)
    if bundle is None:
        return Done(replace(rival, note=f"champion {champion.id} is no longer in the store"), 1)
    columns, have = bundle.hazards.columns, [str(name) for name in taken.frame.columns]
    gone = [name for name in columns if name not in set(have)]
    if gone:
        said = f"the champion reads {len(gone)} features that are no longer computed (for example {gone[0]})"
        return Done(replace(rival, note=f"{said}, so its recipe cannot be replayed"), 1)
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


def fit(book: "Book", taken: "Snapshot", backtest: "Backtest", as_of: date, settings: "Settings") -> "FittedHazards":
    """Fit the final model on everything matured, with the calibrator and the intervals that the backtest gives."""
    from features.labels import outcomes, separate_outcomes
    from models.train import train

    raw = backtest.predictions if backtest.raw is None else backtest.raw
    return train(
        taken,
        outcomes(book, settings.outcome),
        settings.outcome,
        settings.model,
        as_of,
        predictions=raw,
        calibration=None if backtest.calibration is None else backtest.calibration.adopted,
        separate=separate_outcomes(book, settings.outcome),
    )


def train_challenger(
    book: "Book", taken: "Snapshot", backtest: "Backtest", as_of: date, settings: "Settings", state: State
) -> Done[Challenger]:
    """Fit the final model, store its bundle, and put its explanations to the test."""
    fitted = fit(book, taken, backtest, as_of, settings)
    bundle = store(fitted, state)
    champion = Champion(
        id=bundle.id,
        known_by=as_of,
        outcome_digest=taken.outcome_digest,
        catalogue_digest=taken.catalogue_digest,
        data_reach=reach(book.report)[1].isoformat(),
    )
    told = _explanations(book, taken, backtest, as_of, fitted, settings)
    return Done(Challenger(bundle, fitted, backtest, champion, told), int(bundle.about["rows"]))


def store(fitted: "FittedHazards", state: State) -> "Bundle":
    """Store a model under its id, whole or not at all, and return it as read back."""
    from models.bundle import load_bundle, save_bundle

    state.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state.models, prefix=".new-") as folder:
        bundle = save_bundle(fitted, Path(folder) / "bundle")
        home = state.models / bundle.id
        if not home.exists():
            bundle.folder.rename(home)
    return load_bundle(home, expected_id=bundle.id)


def _explanations(
    book: "Book",
    taken: "Snapshot",
    backtest: "Backtest",
    as_of: date,
    fitted: "FittedHazards",
    settings: "Settings",
) -> dict[str, Any]:
    """Test the explanations, beside those of the same training with another seed."""
    from models.faithfulness import faithfulness
    from models.protocol import Rows

    other = settings.model.model_copy(update={"seed": settings.model.seed + 1})
    plain = settings.outcome.model_copy(update={"separate": ()})
    reseeded = fit(book, taken, backtest, as_of, settings.model_copy(update={"model": other, "outcome": plain}))
    return faithfulness(fitted, reseeded, Rows(taken.frame, taken.standing), taken.features)


def judge(
    challenger: Challenger, rival: "Rival | None", taken: "Snapshot", settings: "Settings", state: State
) -> "Done[Verdict]":
    """Say whether the challenger serves from now on, by what is stored and what was replayed."""
    from models.case import Case
    from models.gate import judge as verdict_of
    from models.protocol import Rows

    case = Case(
        backtest=challenger.backtest,
        fitted=challenger.fitted,
        folder=challenger.bundle.folder,
        model_id=challenger.bundle.id,
        catalogue_digest=taken.catalogue_digest,
        outcome_digest=taken.outcome_digest,
        as_of=challenger.champion.known_by,
        rows=Rows(taken.frame, taken.standing),
        settings=settings.promotion,
        champion=rival,
        rolled_back=rolled_back(state),
    )
    found = verdict_of(case)
    return Done(found, len(found.checks))


def register(
    challenger: Challenger,
    taken: "Snapshot",
    verdict: "Verdict",
    tuned: "Tuned | None",
    simulated: bool,
    settings: "Settings",
    state: State,
) -> Done[Challenger]:
    """Keep the evidence beside the model, record the training in MLflow, and point `champion` at it when promoted."""
    from models.protocol import Rows
    from models.registry import CHAMPION, Training

    data, known_by = snapshot_digests(taken), challenger.champion.known_by
    files = _files(challenger, taken, verdict, simulated, settings)
    keep_beside(state, challenger.bundle.id, files)
    beside = {"settings.json": settings_text(settings, known_by, challenger.backtest.models, data)}
    if tuned is not None:
        beside["tuning.json"] = json.dumps(tuned.to_json(), indent=1) + "\n"
    training = Training(
        name=f"{settings.project.name} {known_by}",
        bundle=challenger.bundle,
        backtest=challenger.backtest,
        rows=Rows(taken.frame, taken.standing),
        params={**settings.model.model_dump(), **settings.calendar.model_dump(), **_counts(challenger.bundle.about)},
        tags={
            **git_root(),
            "kind": "training",
            "outcome": taken.outcome_digest,
            "catalogue": taken.catalogue_digest,
            "simulated": str(simulated).lower(),
            "verdict": verdict.outcome,
            "why": verdict.why[:5000],
            "trials": "0" if tuned is None else str(tuned.trials),
        },
        data=data,
        files={**files, **beside},
    )
    tracked = tracking(settings)
    made = tracked.log_training(training)
    if verdict.promote:
        tracked.set_alias(CHAMPION, made.version)
    return Done(replace(challenger, champion=replace(challenger.champion, run_id=made.run_id, version=made.version)), 1)


def _files(
    challenger: Challenger, taken: "Snapshot", verdict: "Verdict", simulated: bool, settings: "Settings"
) -> dict[str, str]:
    """Return what is kept beside a model and with its run: backtest, verdict, tested explanations, card."""
    from models.card import card
    from pipelines.console import plain

    replayed = plain(challenger.backtest.to_json())
    text = card(
        name=settings.project.name,
        about=challenger.bundle.about,
        columns=challenger.bundle.hazards.columns,
        backtest=replayed,
        verdict=verdict.to_json(),
        explanations=challenger.explanations,
        data=snapshot_digests(taken),
        simulated=simulated,
        features=taken.features,
    )
    return {
        EVIDENCE: json.dumps(replayed, default=str) + "\n",
        VERDICT: json.dumps(verdict.to_json(), indent=1) + "\n",
        "verdict.md": verdict.markdown(),
        EXPLANATIONS: json.dumps(plain(challenger.explanations), indent=1) + "\n",
        CARD: text,
    }


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
    recorded["baselines"].pop("champion", None)
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


def _without_champion(replayed: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a former champion's recipe did: it is not the run's own."""
    if isinstance(replayed, dict):
        return {key: _without_champion(value) for key, value in replayed.items() if key != "champion"}
    return replayed  # type: ignore[return-value]


def _counts(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bundle says of its training rows, as parameters of a run."""
    return {key: about[key] for key in ("known_by", "rows", "accounts", "churns")}


def promote_challenger(
    challenger: Challenger, verdict: "Verdict", champion: Champion | None, state: State
) -> Done[Champion]:
    """Make the challenger the champion if the verdict says so; return who serves.

    Raises PromotionRefusedError when it does not and nobody else can serve.
    """
    if verdict.promote:
        crown(state, challenger.champion)
        return Done(challenger.champion, 1)
    if champion is None:
        raise PromotionRefusedError(f"{verdict.why} There is no champion to go on with, so no list is made")
    return Done(champion, 0)
