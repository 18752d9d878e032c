"""Protocol lab: what common ways to evaluate would have claimed of a model, and what then came true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.calendar import WEEK
from features.errors import ContractError, UsageError
from features.labels import label, window_label
from features.outcome import OutcomeContract
from models.backtest import JUDGED, Progress, rows_of
from models.backtest import backtest as replayed
from models.bootstrap import Accounts, Ranking, ratio
from models.folds import HORIZON_DAYS, MINIMUM_FOLDS, BacktestSettings, Fold, fold_dates
from models.hazard import HazardModel, parse_booster, require_both_classes
from models.metrics import Estimate, RiskRows, interval, missing
from models.protocol import RISKS, WINDOWS, FittedModel, Rows
from models.settings import HazardSettings, TrainSettings

if TYPE_CHECKING:
    from lightgbm import Booster

    from features.snapshot import Snapshot

PROTOCOLS = ("matured", "random-split", "naive", "churn-date-features")
"""Names of all protocols, ours first."""
TRUE_WEEKS = 26
"""Weeks after the cut whose as-of dates say what was true."""
TEST_SHARE = 0.3
"""Share of the rows that a random split keeps for its claim."""

Judged = dict[str, RiskRows]
Claim = tuple[Judged, FittedModel]
"""The rows that a protocol judges itself by, per risk, and the model that it ends with."""


@dataclass(frozen=True)
class History:
    """A book cut at `at`: protocols see what was known then; `last` is the date by which the truth is known."""

    snapshot: "Snapshot"
    outcomes: pd.DataFrame
    contract: OutcomeContract
    settings: TrainSettings
    backtest: BacktestSettings
    at: date
    last: date

    @cached_property
    def rows(self) -> Rows:
        """All rows."""
        return Rows(self.snapshot.frame, self.snapshot.standing)

    @cached_property
    def past(self) -> Rows:
        """The rows before the cut."""
        return self.rows.take(np.asarray(self.rows.index.get_level_values("as_of") < pd.Timestamp(self.at)))

    @cached_property
    def labels(self) -> pd.DataFrame:
        """What was known of the rows before the cut at the cut."""
        return label(self.outcomes, self.past.index, self.contract, self.at)

    @cached_property
    def folds(self) -> list[Fold]:
        """The folds of a backtest made at the cut."""
        return fold_dates(_dates(self.past), self.at, self.contract, self.backtest)

    @cached_property
    def final(self) -> FittedModel:
        """The model trained on everything that had matured at the cut."""
        return HazardModel(self.settings).fit(self.past, self.labels)

    def truth(self, model: FittedModel) -> Judged:
        """Return the weeks from the cut on with the model's risks and what came of them."""
        as_of = self.rows.index.get_level_values("as_of")
        end = pd.Timestamp(self.at + TRUE_WEEKS * WEEK)
        later = self.rows.take(np.asarray((as_of >= pd.Timestamp(self.at)) & (as_of <= end)))
        return _judged(later, label(self.outcomes, later.index, self.contract, self.last), model.predict(later))


def lab(
    snapshot: "Snapshot",
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    settings: TrainSettings,
    backtest: BacktestSettings,
    *,
    last: date,
    protocols: Sequence[str] = PROTOCOLS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return per protocol what it would have claimed at the cut, and what came true in the 26 weeks after it.

    `last`: the date up to which outcomes count as known. Raises UsageError for an unknown protocol, ContractError with
    the number of weeks missing when history is too short.
    """
    unknown = [name for name in protocols if name not in WAYS]
    if unknown:
        raise UsageError(f"protocol {', '.join(unknown)} is not known: use {', '.join(PROTOCOLS)}")
    history = _cut(snapshot, outcomes, contract, settings, backtest, last)
    found = {}
    for done, name in enumerate(protocols):
        if progress:
            progress(done, len(protocols), f"protocol {name} at {history.at}")
        found[name] = _facts(history, name)
    return found


def sentences(found: dict[str, Any]) -> list[str]:
    """Return per protocol and risk what was claimed and what was true, in words."""
    return [_sentence(name, risk, facts) for name, facts in found.items() for risk in JUDGED]


def _cut(
    snapshot: "Snapshot",
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    settings: TrainSettings,
    backtest: BacktestSettings,
    last: date,
) -> History:
    purge = timedelta(days=HORIZON_DAYS + contract.recording_lag_days)
    newest = last - TRUE_WEEKS * WEEK - purge
    known = sorted(_dates(Rows(snapshot.frame, snapshot.standing)))
    at = max((day for day in known if day <= newest), default=known[0])
    history = History(snapshot, outcomes, contract, settings, backtest, at, last)
    try:
        fold_dates(_dates(history.past), at, contract, backtest)
    except (ContractError, IndexError) as error:
        weeks = max(-(-(earliest_cut(known, backtest, purge) - newest).days // 7), 1)
        raise ContractError(
            f"protocol lab: history is {weeks} weeks too short: as-of dates from {known[0]}, outcomes known by {last}; "
            f"the last {TRUE_WEEKS} weeks and {purge.days} days say what came true, and a backtest of {MINIMUM_FOLDS} "
            "folds must fit before them: add history ([calendar] history_weeks), or lower [backtest] fold_weeks or "
            "minimum_train_weeks"
        ) from error
    return history


def earliest_cut(known: list[date], backtest: BacktestSettings, purge: timedelta) -> date:
    """Return the first as-of date before which a backtest fits, if the grid went on as it began."""
    step = known[1] - known[0] if len(known) > 1 else WEEK

    def on_grid(day: date) -> date:
        return known[0] - (known[0] - day) // step * step

    weeks = backtest.minimum_train_weeks + MINIMUM_FOLDS * backtest.fold_weeks
    return on_grid(on_grid(known[0] + weeks * WEEK + purge - timedelta(days=1)) + purge)


def _matured(history: History) -> Claim:
    """Ours: each fold is trained on what had matured by its first tested date."""
    cut = replace(history.snapshot, frame=history.past.frame, standing=history.past.standing)
    model = HazardModel(history.settings)
    replay = replayed(cut, history.outcomes, history.contract, [model], history.backtest, last=history.at)
    return {risk: rows_of(replay.predictions, model.name, risk, model.name) for risk in JUDGED}, history.final


def _random_split(history: History) -> Claim:
    """All matured rows shuffled into training and test: an account stands on both sides."""
    matured = np.flatnonzero(window_label(history.labels, *WINDOWS["risk_90"]).notna())
    drawn = np.random.default_rng(history.backtest.seed).permutation(matured)
    tested = np.zeros(len(history.labels), dtype=bool)
    tested[drawn[: round(TEST_SHARE * len(drawn))]] = True
    model = HazardModel(history.settings).fit(history.past.take(~tested), history.labels[~tested])
    testing = history.past.take(tested)
    return _judged(testing, history.labels[tested], model.predict(testing)), history.final


def _naive(history: History) -> Claim:
    """A split by time without a purge: labels of the training rows look past the first tested date."""
    as_of, parts = history.past.index.get_level_values("as_of"), []
    for fold in history.folds:
        before = np.asarray(as_of < pd.Timestamp(fold.known_by))
        tested = np.asarray(as_of.isin(pd.to_datetime(list(fold.tested))))
        model = HazardModel(history.settings).fit(history.past.take(before), history.labels[before])
        testing = history.past.take(tested)
        parts.append(_judged(testing, history.labels[tested], model.predict(testing)))
    return {risk: _joined([part[risk] for part in parts]) for risk in JUDGED}, history.final


def _churn_date_features(history: History) -> Claim:
    """One row per account: churned ones at their last row before the churn, the others at their latest."""
    at = pd.Series(np.arange(len(history.labels)))
    account = history.past.index.get_level_values("account_id")
    gone = history.labels["days"].notna().to_numpy()
    latest = at.groupby(account).last().to_dict() | at[gone].groupby(account[gone]).last().to_dict()
    chosen = np.isin(at, list(latest.values()))
    cross, left = history.past.take(chosen), gone[chosen].astype(float)
    tested = np.random.default_rng(history.backtest.seed).random(len(left)) < TEST_SHARE
    model = Score.fit(cross.frame[~tested], left[~tested], history.settings)
    testing = cross.take(tested)
    claimed = _rows(testing, left[tested], model.predict(testing)["risk_90"])
    return dict.fromkeys(JUDGED, claimed), Score.fit(cross.frame, left, history.settings)


@dataclass(frozen=True)
class Score:
    """A classifier of churned or not whose score is used as every risk alike."""

    booster: "Booster"

    @classmethod
    def fit(cls, frame: pd.DataFrame, left: np.ndarray, settings: HazardSettings) -> "Score":
        """Fit one LightGBM with the hazards' settings; raises ContractError with one class only."""
        import lightgbm as lgb

        require_both_classes(left, WINDOWS["risk_90"])
        trained = lgb.train(settings.lightgbm(), lgb.Dataset(frame, left), num_boost_round=settings.trees)
        return cls(parse_booster(trained.model_to_string()))

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return the score as RISKS."""
        score = np.asarray(self.booster.predict(rows.frame, validate_features=True, num_threads=1))
        return pd.DataFrame(dict.fromkeys(RISKS, score), index=rows.index)


WAYS: dict[str, tuple[Callable[[History], Claim], str]] = {
    "matured": (_matured, "rolling origin; training rows matured by the first tested date"),
    "random-split": (_random_split, "rows shuffled into training and test; the same accounts in both"),
    "naive": (_naive, "split by time without a purge; training labels look past the first tested date"),
    "churn-date-features": (
        _churn_date_features,
        "one row per account: churned ones at their last date, the others at the latest; one score for all windows",
    ),
}


def _facts(history: History, name: str) -> dict[str, Any]:
    way, note = WAYS[name]
    claimed, model = way(history)
    true = history.truth(model)
    found = {risk: (_figures(claimed[risk], history), _figures(true[risk], history)) for risk in JUDGED}
    return {
        "claimed": {risk: _plain(claim) for risk, (claim, _) in found.items()},
        "true": {risk: _plain(came) for risk, (_, came) in found.items()},
        "overclaimed": {risk: _difference(one["auc"], other["auc"]).to_json() for risk, (one, other) in found.items()},
        "rows": len(claimed["risk_90"].risk),
        "accounts": len(np.unique(claimed["risk_90"].account_id)),
        "known_by": history.at.isoformat(),
        "true_until": (history.at + TRUE_WEEKS * WEEK).isoformat(),
        "note": note,
    }


def _figures(rows: RiskRows, history: History) -> dict[str, Estimate]:
    """Return AUC, mean risk, share that churned and the ratio of the two, with intervals clustered by account."""
    accounts = Accounts.draw(rows.account_id, history.backtest.resamples, history.backtest.seed)
    ones, churns = np.ones(len(rows.risk)), int(rows.churned.sum())
    found = {
        "mean_risk": interval(rows.risk.mean(), ratio(accounts, rows.risk, ones)),
        "churned": interval(rows.churned.mean(), ratio(accounts, rows.churned, ones)),
    }
    if churns in (0, len(rows.churned)):
        note = f"only one class: {churns} of {len(rows.churned)} rows churned"
        return {"auc": missing(note), **found, "risk_to_churned": missing(note)}
    against = interval(rows.risk.sum() / churns, ratio(accounts, rows.risk, rows.churned))
    return {"auc": _auc(rows, accounts), **found, "risk_to_churned": against}


def _auc(rows: RiskRows, accounts: Accounts) -> Estimate:
    from sklearn.metrics import roc_auc_score

    return interval(roc_auc_score(rows.churned, rows.risk), Ranking(accounts, rows.churned == 1, rows.risk).auc())


def _difference(claimed: Estimate, true: Estimate) -> Estimate:
    """Return claimed − true; its interval adds the two as if independent (Zou & Donner 2008), which is the wider."""
    down = np.hypot(claimed.value - claimed.low, true.high - true.value)
    up = np.hypot(claimed.high - claimed.value, true.value - true.low)
    value = claimed.value - true.value
    return Estimate(value, value - float(down), value + float(up))


def _judged(rows: Rows, labels: pd.DataFrame, predicted: pd.DataFrame) -> Judged:
    return {risk: _rows(rows, window_label(labels, *WINDOWS[risk]).to_numpy(), predicted[risk]) for risk in JUDGED}


def _rows(rows: Rows, happened: np.ndarray, risk: pd.Series) -> RiskRows:
    return RiskRows(
        churned=happened,
        risk=risk.to_numpy(dtype=float),
        account_id=rows.index.get_level_values("account_id").to_numpy(),
        as_of=rows.index.get_level_values("as_of").to_numpy(),
        arr=rows.standing["arr"].to_numpy(dtype=float),
    )


def _joined(parts: list[RiskRows]) -> RiskRows:
    names = RiskRows.__dataclass_fields__
    return RiskRows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _dates(rows: Rows) -> list[date]:
    return [stamp.date() for stamp in rows.index.get_level_values("as_of").unique()]


def _plain(figures: dict[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.to_json() for name, estimate in figures.items()}


def _sentence(name: str, risk: str, facts: dict[str, Any]) -> str:
    claimed, true, over = facts["claimed"][risk], facts["true"][risk], facts["overclaimed"][risk]
    if over["low"] is None:
        return f"{name}: {risk} cannot be judged: {claimed['auc'].get('note') or true['auc'].get('note')}."
    verdict = "claim and truth agree within their intervals"
    if over["low"] > 0:
        verdict = f"claimed {over['value']:.3f} too much ({over['low']:.3f} to {over['high']:.3f})"
    elif over["high"] < 0:
        verdict = f"claimed {-over['value']:.3f} too little ({-over['high']:.3f} to {-over['low']:.3f})"
    return f"{name}: {risk} would have claimed an AUC of {_said(claimed)}; {_said(true)} came true: {verdict}."


def _said(figures: dict[str, Any]) -> str:
    auc = figures["auc"]
    return (
        f"{auc['value']:.3f} ({auc['low']:.3f}–{auc['high']:.3f}, mean risk {figures['mean_risk']['value']:.1%} "
        f"where {figures['churned']['value']:.1%} churned)"
    )
