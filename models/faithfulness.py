"""Explanations put to the test: do they add up, are they TreeSHAP, do they stay, do they matter, do they agree?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.catalogue import Feature
from models.bootstrap import Accounts, ratio
from models.explain import Contributions, all_contributions
from models.metrics import Estimate, interval, missing
from models.protocol import WINDOWS, Rows

if TYPE_CHECKING:
    from models.hazard import FittedHazards

TOP = 3
"""Drivers that count as stated, the strongest first."""
EXACT = 1e-9
"""What sums and TreeSHAP values may be off by."""
ROWS = 2_000
ROWS_FOR_SHAP = 500
CONTRARY = 0.1
"""Rank correlation from which a feature is said to disagree with its claim; less is taken for noise."""


@dataclass(frozen=True)
class Explained:
    """Rows, their risk and its shares, by feature and by driver."""

    model: "FittedHazards"
    frame: pd.DataFrame
    risk: np.ndarray
    shares: Contributions
    owners: np.ndarray
    """The driver of each column."""
    name: str = "risk_90"

    @property
    def account_id(self) -> np.ndarray:
        """The account of each row."""
        return self.frame.index.get_level_values("account_id").to_numpy()

    @property
    def drivers(self) -> list[str]:
        """The drivers in the order of their columns."""
        return list(dict.fromkeys(self.owners.tolist()))

    def by_driver(self) -> np.ndarray:
        """Return rows × drivers: the shares added up."""
        member = np.array([self.owners == driver for driver in self.drivers], dtype=float)
        return np.asarray(self.shares.values.to_numpy() @ member.T)

    def without(self, gone: np.ndarray) -> np.ndarray:
        """Return each row's risk with the features of the drivers in `gone` (rows × drivers) at their typical value."""
        place = {driver: i for i, driver in enumerate(self.drivers)}
        cells = gone[:, [place[driver] for driver in self.owners]]
        typical = np.array([self.model.typical.get(str(name), np.nan) for name in self.frame.columns])
        changed = pd.DataFrame(np.where(cells, typical, self.frame), self.frame.index, self.frame.columns)
        return _risk(self.model, changed, self.name)


def faithfulness(
    model: "FittedHazards",
    reseeded: "FittedHazards | None",
    rows: Rows,
    features: Sequence[Feature],
    *,
    sample: int = ROWS,
    seed: int = 7,
) -> dict[str, Any]:
    """Return what the tests of the explanations of `risk_90` found, as JSON.

    `rows` are those of the last two as-of dates (earlier ones are not read); `reseeded` is the same training with
    another seed. At most `sample` rows are looked at, by account.
    """
    chosen = last_two_dates(rows.frame, sample, seed)
    told = explain(model, chosen, features)
    dates = chosen.index.get_level_values("as_of").unique().sort_values()
    other = None if reseeded is None else explain(reseeded, chosen, features)
    return {
        "risk": told.name,
        "rows": len(chosen),
        "accounts": int(chosen.index.get_level_values("account_id").nunique()),
        "as_of": [date.date().isoformat() for date in dates],
        "sums": sums(told),
        "tree_shap": tree_shap(model, chosen.iloc[:ROWS_FOR_SHAP]),
        "stability": {"week_to_week": week_to_week(told), "reseeded": other and overlap_of(told, other)},
        "deletion": deletion(told, seed=seed),
        "directions": directions(told, features),
    }


def explain(model: "FittedHazards", frame: pd.DataFrame, features: Sequence[Feature]) -> Explained:
    """Return the rows with their risk_90 and its shares."""
    drivers = {feature.name: feature.driver for feature in features}
    owners = np.array([drivers[str(name)] for name in frame.columns], dtype=object)
    shares = all_contributions(model, frame, [WINDOWS["risk_90"]])[0]
    return Explained(model, frame, _risk(model, frame, "risk_90"), shares, owners)


def last_two_dates(frame: pd.DataFrame, sample: int, seed: int) -> pd.DataFrame:
    """Return the rows of the last two as-of dates, of as many accounts drawn at random as give `sample` rows."""
    at = frame.index.get_level_values("as_of")
    recent = frame[at.isin(at.unique().sort_values()[-2:])]
    accounts = recent.index.get_level_values("account_id")
    known = accounts.unique().to_numpy()
    drawn = np.random.default_rng(seed).permutation(known)[: sample // 2]
    return recent[accounts.isin(drawn)]


def sums(told: Explained) -> dict[str, Any]:
    """Return how far the shares are from adding up to the risk, at most."""
    added = told.shares.base + told.shares.values.to_numpy().sum(axis=1)
    worst = float(np.abs(added - told.risk).max(initial=0.0))
    return {"worst": worst, "holds": bool(worst <= EXACT)}


def tree_shap(model: "FittedHazards", frame: pd.DataFrame) -> dict[str, Any]:
    """Return how far each hazard's TreeSHAP values are from those of shap.TreeExplainer's own code, at most."""
    import warnings

    from models.figures import load_shap

    shap = load_shap()
    apart = []
    for booster in model.boosters:
        ours = np.asarray(booster.predict(frame, pred_contrib=True, validate_features=True, num_threads=1))[:, :-1]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "LightGBM binary classifier with TreeExplainer", UserWarning)
            theirs = shap.TreeExplainer(booster)
        # Left to itself shap asks LightGBM again, and the comparison would be of one thing with itself.
        theirs.model.model_type = "internal"
        values = np.asarray(theirs.shap_values(frame, check_additivity=False))
        apart.append(float(np.abs(ours - values).max(initial=0.0)))
    return {"worst": apart, "rows": len(frame), "holds": bool(max(apart) <= EXACT)}


def week_to_week(told: Explained) -> dict[str, Any]:
    """Return the overlap of the top drivers of the accounts that are on both as-of dates."""
    index = told.frame.index
    dates = index.get_level_values("as_of").unique().sort_values()
    place = pd.Series(np.arange(len(index)), index).unstack("as_of").dropna()
    if len(dates) < 2 or place.empty:
        return _overlap(np.empty((0, 1), bool), np.empty((0, 1), bool), np.empty(0))
    first, second = (place[date].to_numpy(int) for date in dates)
    top = stated(told.by_driver())
    return _overlap(top[first], top[second], told.risk[second])


def overlap_of(one: Explained, two: Explained) -> dict[str, Any]:
    """Return the overlap of two models' top drivers on the same rows."""
    return _overlap(stated(one.by_driver()), stated(two.by_driver()), one.risk)


def _overlap(one: np.ndarray, two: np.ndarray, risk: np.ndarray) -> dict[str, Any]:
    """Return the mean share of top drivers in common, over all rows and over the riskiest tenth."""
    most = np.maximum(one.sum(axis=1), two.sum(axis=1))
    shared = (one & two).sum(axis=1) / np.maximum(most, 1)
    told = most > 0
    risky = told & (risk >= (np.quantile(risk, 0.9) if len(risk) else 0.0))
    return {"mean": _mean(shared[told]), "riskiest_tenth": _mean(shared[risky]), "rows": int(told.sum()), "top": TOP}


def stated(by_driver: np.ndarray, top: int | np.ndarray = TOP) -> np.ndarray:
    """Say per row and driver whether it is among the `top` that raise the risk most."""
    places = np.argsort(np.argsort(-by_driver, axis=1, kind="stable"), axis=1)
    return np.asarray((places < np.reshape(top, (-1, 1))) & (by_driver > 0))


def deletion(told: Explained, *, seed: int, claimed: np.ndarray | None = None) -> dict[str, Any]:
    """Return how much more the risk falls without the stated drivers than without as many others that raise it.

    `claimed` (rows × drivers) is what the explanation says, the shares unless given. A row counts where at least two
    drivers raise the risk; of n, the top min(3, n // 2) are compared with as many of the rest, drawn at random.
    """
    shares = told.by_driver() if claimed is None else claimed
    raising = shares > 0
    count = np.minimum(TOP, raising.sum(axis=1) // 2)
    top = stated(shares, count)
    lots = np.where(raising & ~top, np.random.default_rng(seed).random(shares.shape), -1.0)
    others = stated(lots, count)
    used = count > 0
    fell = [told.risk - told.without(gone) for gone in (top, others)]
    more = _clustered((fell[0] - fell[1])[used], told.account_id[used], seed)
    return {
        "stated": _mean(fell[0][used]),
        "others": _mean(fell[1][used]),
        "difference": more.to_json(),
        "rows": int(used.sum()),
        "holds": bool(more.low > 0),
    }


def directions(told: Explained, features: Sequence[Feature]) -> dict[str, Any]:
    """Return how value and share go together per feature, and which features disagree with what they claim."""
    claims = {feature.name: feature.riskier for feature in features}
    size = told.shares.values.abs().sum()
    weight = size / max(float(size.sum()), np.finfo(float).tiny)
    lines: list[dict[str, Any]] = []
    for name in map(str, told.frame.columns):
        found = _spearman(told.frame[name], told.shares.values[name])
        side = {"higher": 1.0, "lower": -1.0, "either": 0.0}[claims[name]]
        contrary = found is not None and side * found <= -CONTRARY
        line = {"feature": name, "claim": claims[name], "correlation": found, "share": float(weight[name])}
        lines.append(line | {"disagrees": contrary})
    lines.sort(key=lambda line: (-line["share"], line["feature"]))
    against = [{k: v for k, v in line.items() if k != "disagrees"} for line in lines if line["disagrees"]]
    return {
        "features": lines,
        "disagreements": against,
        "share_disagreeing": float(sum(line["share"] for line in against)),
        "share_claiming": float(sum(line["share"] for line in lines if line["claim"] != "either")),
    }


def _spearman(value: pd.Series, share: pd.Series) -> float | None:
    known = value.notna().to_numpy()
    ranks = [column[known].rank().to_numpy() for column in (value, share)]
    if known.sum() < 3 or any(np.ptp(rank) == 0 for rank in ranks):
        return None
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _clustered(values: np.ndarray, account_id: np.ndarray, seed: int) -> Estimate:
    if len(values) == 0:
        return missing("no row has two drivers that raise its risk")
    return interval(values.mean(), ratio(Accounts.draw(account_id, 1_000, seed), values, np.ones(len(values))))


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _risk(model: "FittedHazards", frame: pd.DataFrame, name: str) -> np.ndarray:
    return model.predict(Rows(frame, frame[[]]))[name].to_numpy()
