"""Tuning: a search for better hazard settings on folds that end before the first week that judges them."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import ContractError, UsageError
from features.labels import interval_label, label
from features.outcome import INTERVALS, OutcomeContract
from models.backtest import Progress
from models.bootstrap import Accounts, ratio
from models.fold_cache import identity, labels_digest
from models.folds import HORIZON_DAYS, MINIMUM_FOLDS, BacktestSettings, Fold, fold_dates
from models.hazard import HazardModel
from models.metrics import TINY, Estimate, interval
from models.protocol import Rows
from models.protocol_lab import earliest_cut
from models.settings import TrainSettings

if TYPE_CHECKING:
    from optuna import Study, Trial

SPACE_VERSION = 1
"""Raised with every change of the search space or of the loss: older studies are left alone then."""
SPACE: dict[str, tuple[float, float, bool]] = {
    "trees": (50, 800, True),
    "leaves": (3, 12, False),
    "learning_rate": (0.01, 0.2, True),
    "min_data_in_leaf": (20, 1000, True),
    "feature_fraction": (0.15, 1.0, False),
    "lambda_l2": (0.0, 100.0, False),
}
"""Per setting: least, most, and whether it is drawn on a logarithmic scale; widened to hold the settings given."""
MOST_COST = 12_800
"""Greatest trees × leaves², to which the cost of explanations is proportional: four times the defaults'."""


@dataclass(frozen=True)
class Tuned:
    """What a search found, and whether it was adopted."""

    settings: TrainSettings
    """The settings to train with: those given, unless the best are shown to be better."""
    trials: int
    """Trials that have ended, those cut short included."""
    pruned: int
    best: dict[str, Any]
    """The settings with the least loss, and `loss`."""
    default: float
    """The loss of the settings given."""
    difference: Estimate
    """How much less the best lose per row; the interval is clustered by account and widened for the trials."""
    seconds: float
    """Wall time of all trials, of earlier calls too."""
    folds: list[str]
    """First tested as-of date of each fold that was tuned on."""
    adopted: bool

    @property
    def sentence(self) -> str:
        """What follows, with its numbers."""
        said = f"{self.trials} trials ({self.pruned} cut short, {self.seconds:,.0f} s) on {len(self.folds)} folds"
        gain = f"{self.difference.value:+.6f} ({self.difference.low:+.6f} to {self.difference.high:+.6f})"
        if self.adopted:
            return f"Tuning: {said} found settings that lose less per row by {gain}: they are used."
        if self.best["loss"] >= self.default:
            return f"Tuning: {said} found nothing better than the settings given: they are kept."
        return (
            f"Tuning: {said} found at best a gain per row of {gain}, which is not shown to be more than chance after "
            "so many trials: the settings given are kept."
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything that is recorded with a training."""
        plain = asdict(self) | {"settings": self.settings.model_dump(mode="json")}
        return plain | {"difference": self.difference.to_json(), "sentence": self.sentence}


@dataclass(frozen=True)
class Task:
    """What a trial is tried on."""

    rows: Rows
    outcomes: pd.DataFrame
    contract: OutcomeContract
    folds: list[Fold]
    first_tested: date

    def losses(self, settings: TrainSettings, fold: Fold) -> pd.Series:
        """Return per tested row −log P(what happened in the three intervals), by the hazards trained for the fold.

        It is the sum of the losses that the hazards are trained on, so it judges every risk at once; a loss of risk_90
        alone would not see when in the 90 days the outcome came.
        """
        as_of = self.rows.index.get_level_values("as_of")
        training = self.rows.take(np.asarray(as_of < pd.Timestamp(fold.known_by)))
        testing = self.rows.take(np.asarray(as_of.isin(pd.to_datetime(list(fold.tested)))))
        known = label(self.outcomes, training.index, self.contract, fold.known_by)
        hazards = HazardModel(settings).fit(training, known).hazards(testing.frame)
        came = label(self.outcomes, testing.index, self.contract, self.first_tested)
        happened = np.column_stack([interval_label(came, *each).to_numpy() for each in INTERVALS])
        sure = np.clip(np.where(happened == 1, hazards, 1 - hazards), TINY, 1.0)
        return pd.Series(-np.where(np.isnan(happened), 0.0, np.log(sure)).sum(axis=1), index=testing.index)


def tune(
    rows: Rows,
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    settings: TrainSettings,
    backtest: BacktestSettings,
    *,
    first_tested: date,
    trials: int,
    storage: Path,
    key: str,
    progress: Progress | None = None,
) -> Tuned:
    """Search until `trials` trials have ended, counting those that `storage` (a SQLite file) holds of earlier calls.

    The folds end before `first_tested`, so the backtest that begins there has not chosen what it judges. `key` names
    the data: digests of what was read and of the catalogue. Raises UsageError with fewer than one trial, ContractError
    with the number of weeks missing when history is too short.
    """
    if trials < 1:
        raise UsageError(f"tuning needs at least 1 trial, not {trials}")
    task = Task(rows, outcomes, contract, _folds(rows, contract, backtest, first_tested), first_tested)
    with _study(storage, _name(task, settings, backtest, key)) as study:
        _search(study, task, settings, trials, progress)
        return _judged(study, task, settings, backtest)


def _folds(rows: Rows, contract: OutcomeContract, backtest: BacktestSettings, first_tested: date) -> list[Fold]:
    known = sorted({stamp.date() for stamp in rows.index.get_level_values("as_of").unique()})
    before = [day for day in known if day < first_tested] or known[:1]
    try:
        return fold_dates(before, first_tested, contract, backtest)
    except ContractError as error:
        purge = timedelta(days=HORIZON_DAYS + contract.recording_lag_days)
        weeks = max(-(-(earliest_cut(known, backtest, purge) - first_tested).days // 7), 1)
        raise ContractError(
            f"tuning: history is {weeks} weeks too short: {MINIMUM_FOLDS} folds of {backtest.fold_weeks} weeks must "
            f"end before the first tested date {first_tested}, and as-of dates begin {known[0]}: add history "
            "([calendar] history_weeks), lower [backtest] folds or fold_weeks, or train without --tune"
        ) from error


def _name(task: Task, settings: TrainSettings, backtest: BacktestSettings, key: str) -> str:
    """Return the study's name: trials of other data, outcomes, features, code, folds or defaults do not compare."""
    parts = [
        key,
        task.contract.digest,
        labels_digest(label(task.outcomes, task.rows.index, task.contract, task.first_tested)),
        identity(HazardModel(settings)),
        list(task.rows.frame.columns),
        [[day.isoformat() for day in fold.tested] for fold in task.folds],
        settings.model_dump(mode="json", exclude={"threads"}),
        backtest.minimum_train_weeks,
        SPACE_VERSION,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@contextmanager
def _study(storage: Path, name: str) -> Iterator["Study"]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage.parent.mkdir(parents=True, exist_ok=True)
    kept = optuna.storages.RDBStorage(f"sqlite:///{storage}", engine_kwargs={"connect_args": {"timeout": 60}})
    # A median of fewer than three trials says little, and so does the first fold alone.
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1)
    try:
        yield optuna.create_study(storage=kept, study_name=name, pruner=pruner, load_if_exists=True)
    finally:
        kept.remove_session()
        kept.engine.dispose()


def _search(study: "Study", task: Task, settings: TrainSettings, trials: int, progress: Progress | None) -> None:
    """Run what is missing; an interrupted search goes on as if it had not been interrupted."""
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    def objective(trial: "Trial") -> float:
        return _try(trial, task, suggested(trial, settings))

    while (done := len(_ended(study))) < trials:
        if progress:
            progress(done, trials, f"tuning trial {done + 1} of {trials}")
        waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if done == 0 and not waiting:
            study.enqueue_trial({name: getattr(settings, name) for name in SPACE})
        # One seed per trial: with one for all, a search that goes on would draw its first trials again.
        study.sampler = TPESampler(seed=1000 * settings.seed + done, n_startup_trials=5)
        study.optimize(objective, n_trials=1)


def suggested(trial: "Trial", settings: TrainSettings) -> TrainSettings:
    """Return the settings of a trial; trees are cut where explanations would cost too much."""
    drawn: dict[str, Any] = {}
    for name, (least, most, log) in SPACE.items():
        own = getattr(settings, name)
        least, most = min(least, own), max(most, own)
        whole = isinstance(own, int)
        drawn[name] = (
            trial.suggest_int(name, int(least), int(most), log=log)
            if whole
            else trial.suggest_float(name, least, most, log=log)
        )
    most_cost = max(MOST_COST, settings.trees * settings.leaves**2)
    drawn["trees"] = min(drawn["trees"], max(1, most_cost // drawn["leaves"] ** 2))
    return settings.model_copy(update=drawn)


def _try(trial: "Trial", task: Task, settings: TrainSettings) -> float:
    """Return the mean loss per row over all folds; raises TrialPruned where the folds so far are worse than usual."""
    import optuna

    trial.set_user_attr("settings", {name: getattr(settings, name) for name in SPACE})
    total, rows = 0.0, 0
    for step, fold in enumerate(task.folds):
        losses = task.losses(settings, fold)
        total, rows = total + float(losses.sum()), rows + len(losses)
        trial.report(total / rows, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return total / rows


def _ended(study: "Study") -> list[Any]:
    """Return the trials that count: ended or cut short; failed and killed ones are tried again."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _judged(study: "Study", task: Task, settings: TrainSettings, backtest: BacktestSettings) -> Tuned:
    ended = _ended(study)
    best, first = study.best_trial, ended[0]
    chosen = settings.model_copy(update=best.user_attrs["settings"])
    gain = Estimate(0.0, 0.0, 0.0)
    if best.number != first.number:
        gain = _gain(task, settings, chosen, len(ended) - 1, backtest)
    adopted = gain.low > 0
    return Tuned(
        settings=chosen if adopted else settings,
        trials=len(ended),
        pruned=sum(trial.value is None or trial.state.name == "PRUNED" for trial in ended),
        best={**best.user_attrs["settings"], "loss": best.value},
        default=first.value,
        difference=gain,
        seconds=round(sum(trial.duration.total_seconds() for trial in ended), 1),
        folds=[fold.known_by.isoformat() for fold in task.folds],
        adopted=adopted,
    )


def _gain(task: Task, default: TrainSettings, best: TrainSettings, tried: int, backtest: BacktestSettings) -> Estimate:
    """Return how much less the best lose per row on the same rows, widened for having been chosen of `tried`."""
    from scipy.special import ndtri

    less = pd.concat([task.losses(default, fold) - task.losses(best, fold) for fold in task.folds])
    accounts = Accounts.draw(less.index.get_level_values("account_id").to_numpy(), backtest.resamples, backtest.seed)
    draws = ratio(accounts, less.to_numpy(), np.ones(len(less)))
    plain = interval(float(less.mean()), draws)
    # Bonferroni; by the normal quantile, because so many resamples do not reach so far into the tails.
    half = float(ndtri(1 - 0.025 / max(tried, 1)) * draws.std(ddof=1))
    return Estimate(plain.value, min(plain.low, plain.value - half), max(plain.high, plain.value + half))
