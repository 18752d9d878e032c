"""The steps of a training: fit, store, test the explanations, judge, record, promote."""

import json
import tempfile
from collections.abc import Mapping
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
)
from pipelines.experiments import git_root, settings_text, snapshot_digests, tracking
from pipelines.journal import Done
from pipelines.state import State
from pipelines.week import reach

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.backtest import Backtest
    from models.bundle import Bundle
    from models.case import Rival
    from models.hazard import FittedHazards
    from models.promotion import Verdict
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
        try:
            load_bundle(home, expected_id=bundle.id)
        except ContractError:
            # Not there, or damaged: the same training puts it back.
            if home.exists():
                home.rename(Path(folder) / "damaged")
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
