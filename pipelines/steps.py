"""The steps of a run as plain functions; each returns what the next one needs and how many rows it made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import PromotionRefusedError, UsageError
from pipelines.champion import Champion, crown, keep_evidence, load_champion, read_champion, read_evidence
from pipelines.journal import Done
from pipelines.state import State, write_text
from pipelines.week import reach

if TYPE_CHECKING:
    from features.book import Book
    from features.snapshot import Snapshot
    from models.backtest import Backtest
    from models.bundle import Bundle
    from models.promotion import Verdict
    from models.protocol import Model
    from models.registry import Tracking
    from pipelines.settings import Settings
    from serving.scoring import ScoredList

Say = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Challenger:
    """A newly trained model with its evidence, and what the champion file will hold if it is promoted."""

    bundle: "Bundle"
    backtest: "Backtest"
    champion: Champion


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


def replay(
    book: "Book", taken: "Snapshot", as_of: date, settings: "Settings", progress: Say | None = None
) -> "Done[Backtest]":
    """Backtest the model and its baselines on past weeks; raises ContractError with too few churns to learn from."""
    from features.labels import label, outcomes
    from models.backtest import backtest
    from models.hazard import HazardModel
    from models.logistic import LogisticModel
    from models.protocol import Rows
    from models.rules import last_login, renewal_calendar
    from models.train import require_churns

    models: list[Model] = [HazardModel(settings.model), LogisticModel(), renewal_calendar(), last_login()]
    known = outcomes(book, settings.outcome)
    rows = Rows(taken.frame, taken.standing)
    require_churns(label(known, rows.index, settings.outcome, as_of), settings.model.minimum_churns, as_of)
    made = backtest(taken, known, settings.outcome, models, settings.backtest, last=as_of, progress=progress)
    return Done(made, len(made.predictions))


def train_challenger(
    book: "Book", taken: "Snapshot", backtest: "Backtest", as_of: date, settings: "Settings", state: State
) -> Done[Challenger]:
    """Fit the final model on everything matured and store its bundle."""
    import tempfile

    from features.labels import outcomes
    from models.bundle import load_bundle, save_bundle
    from models.train import train

    known = outcomes(book, settings.outcome)
    reference = backtest.predictions["risk_90"].to_numpy()
    fitted = train(taken, known, settings.outcome, settings.model, as_of, reference=reference)
    state.models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=state.models, prefix=".new-") as folder:
        bundle = save_bundle(fitted, Path(folder) / "bundle")
        home = state.models / bundle.id
        if not home.exists():
            bundle.folder.rename(home)
    bundle = load_bundle(home, expected_id=bundle.id)
    keep_evidence(state, bundle.id, backtest.to_json())
    champion = Champion(
        id=bundle.id,
        known_by=as_of,
        outcome_digest=taken.outcome_digest,
        catalogue_digest=taken.catalogue_digest,
        data_reach=reach(book.report)[1].isoformat(),
    )
    return Done(Challenger(bundle, backtest, champion), int(bundle.about["rows"]))


def judge(challenger: Challenger, champion: Champion | None, state: State) -> "Done[Verdict]":
    """Say whether the challenger serves from now on."""
    from models.promotion import promote

    before = None if champion is None else read_evidence(state, champion.id)
    return Done(promote(challenger.backtest.to_json(), before), 1)


def register(
    challenger: Challenger, taken: "Snapshot", verdict: "Verdict", simulated: bool, settings: "Settings"
) -> Done[Challenger]:
    """Record the training in MLflow, and point the alias `champion` at it when it is promoted."""
    from models.protocol import Rows
    from models.provenance import frame_digest, git_state, lock_digest
    from models.registry import CHAMPION, Training

    root = Path(__file__).parents[1]
    known_by, about = challenger.champion.known_by, challenger.bundle.about
    training = Training(
        name=f"{settings.project.name} {known_by}",
        bundle=challenger.bundle,
        backtest=challenger.backtest,
        rows=Rows(taken.frame, taken.standing),
        params={**settings.model.model_dump(), **settings.calendar.model_dump(), **about_data(about)},
        tags={
            "outcome": taken.outcome_digest,
            "catalogue": taken.catalogue_digest,
            "lock": lock_digest(root),
            "simulated": str(simulated).lower(),
            "verdict": verdict.why[:5000],
            **git_state(root),
        },
        data={"snapshot": frame_digest(taken.frame), "standing": frame_digest(taken.standing)},
    )
    tracked = tracking(settings)
    made = tracked.log_training(training)
    if verdict.promote:
        tracked.set_alias(CHAMPION, made.version)
    return Done(replace(challenger, champion=replace(challenger.champion, run_id=made.run_id, version=made.version)), 1)


def about_data(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bundle says of its training rows, as parameters of a run."""
    return {key: about[key] for key in ("known_by", "rows", "accounts", "churns")}


def tracking(settings: "Settings") -> "Tracking":
    """Return the tracking store of the settings."""
    from models.registry import Tracking

    return Tracking(settings.tracking_uri, settings.mlflow.experiment, settings.mlflow.model_name)


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
        raise PromotionRefusedError(verdict.why)
    return Done(champion, 0)


def require_champion(champion: Champion | None) -> Champion:
    """Return the champion; raises UsageError when there is none."""
    if champion is None:
        raise UsageError("there is no champion to score with: run `forewarn train` or `forewarn weekly` first")
    return champion


def is_simulated(book: "Book", settings: "Settings") -> bool:
    """Say whether the settings or the mapping call the data simulated."""
    return book.simulated or settings.project.simulated


def score(taken: "Snapshot", champion: Champion, settings: "Settings", state: State) -> "Done[ScoredList]":
    """Score the cohort of the last as-of date with the champion, beside the list published before it."""
    from serving.risk_list import previous_list
    from serving.scoring import score as score_rows
    from serving.store import open_database

    last = taken.frame.index.get_level_values("as_of").max().date()
    previous = previous_list(open_database(settings.database_url), last)
    scored = score_rows(taken, load_champion(state, champion), settings.risk_list, previous)
    return Done(scored, len(scored.rows))


def publish(
    scored: "ScoredList", champion: Champion, simulated: bool, settings: "Settings", state: State
) -> Done[bool]:
    """Publish the list in one transaction; False when the week was already published and stays as it is."""
    from serving.publish import publish as publish_list
    from serving.store import open_database

    new = publish_list(
        open_database(settings.database_url),
        scored,
        at=datetime.now(UTC).replace(tzinfo=None),
        by="forewarn",
        simulated=simulated,
        run_id=champion.run_id,
    )
    return Done(new, len(scored.rows) if new else 0)


def report(as_of: date, book: "Book", champion: Champion, settings: "Settings", state: State) -> Done[Path]:
    """Write the HTML page of the week and return where."""
    from pipelines.signals import read_signals
    from serving.store import open_database
    from serving.week_page import render_week

    page = render_week(
        open_database(settings.database_url),
        as_of,
        backtest=read_evidence(state, champion.id),
        check=book.report,
        signals=read_signals(state, champion.id),
    )
    write_text(state.report(as_of), page)
    return Done(state.report(as_of), 1)
