"""What the history supports: churns per window and segment, how sharply a model could be judged, and what is too thin.

Everything is counted on the same rows and labels as a backtest's, but without computing a feature.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.calendar import WEEK
from features.errors import ContractError
from features.labels import label, outcomes, window_label
from features.outcome import OutcomeContract
from models.auc_width import ASSUMED_AUC, Sides, auc_width, growth_needed
from models.folds import BacktestSettings, Fold, fold_dates
from models.protocol import WINDOWS

if TYPE_CHECKING:
    from features.book import Book

WIDEST = 0.2
"""Width of an AUC's interval above which it says too little to act on."""
FEW_CHURNS = 50
"""Sides churned accounts below which a sentence says that the numbers are small."""
MAX_SEGMENTS = 8
FAR = 20 * 52
"""Weeks ahead beyond which no date is named."""

_SPINE = """
WITH weeks AS (SELECT unnest($weeks)::TIMESTAMP AS as_of),
terms AS (
    SELECT account_id, as_of, min(started_at) AS first_started,
           bool_or(in_force) AS in_force,
           arg_max(coalesce(noticed_at, TIMESTAMP 'infinity'), (coalesce(ends_at, TIMESTAMP 'infinity'), started_at))
               FILTER (in_force) AS noticed_at
    FROM (
        SELECT s.*, w.as_of, s.ends_at IS NULL OR s.ends_at >= w.as_of AS in_force
        FROM subscriptions s JOIN weeks w ON s.started_at < w.as_of AND s.known_at < w.as_of
        WHERE s.superseded_at IS NULL OR s.superseded_at >= w.as_of
    )
    GROUP BY ALL
)
SELECT t.account_id, t.as_of, a.segment
FROM terms t ASOF JOIN accounts a ON t.account_id = a.account_id AND t.as_of > a.known_at
WHERE t.in_force AND t.first_started <= t.as_of - to_days($tenure) AND (NOT $noticed OR t.noticed_at >= t.as_of)
ORDER BY ALL
"""


def sufficiency(
    book: "Book",
    as_of: date,
    contract: OutcomeContract,
    *,
    weeks: Sequence[date],
    backtest: BacktestSettings,
    minimum_churns: int,
) -> dict[str, Any]:
    """Return what the rows of these as-of dates support, as JSON, with sentences.

    `weeks`: the as-of dates to learn from, rising. Per window and segment: churns matured, churned accounts among the
    tested rows, the expected width of the AUC's 95 % interval, whether that is enough, and if not, from when on.
    """
    rows = _Rows.of(book, as_of, contract, weeks, backtest)
    windows = {risk: rows.support(risk, rows.everybody) for risk in WINDOWS}
    found = {
        "as_of": as_of.isoformat(),
        "weeks": len(weeks),
        "outcomes_on_record": rows.on_record,
        "outcomes_matured": windows["risk_90"]["churns"],
        "outcomes_needed": minimum_churns,
        "folds": len(rows.folds),
        "why_not_tested": rows.why_not_tested,
        "auc_assumed": ASSUMED_AUC,
        "widest": WIDEST,
        "windows": windows,
        "segments": {
            name: {risk: rows.support(risk, rows.segment == name) for risk in WINDOWS} for name in rows.segments
        },
    }
    return found | {"sentences": sentences(found)}


def sentences(found: dict[str, Any]) -> list[str]:
    """Say in words what the history supports, the thin parts one by one."""
    said = [_learning(found)]
    if found["why_not_tested"]:
        return [*said, f"No model can be judged yet: {found['why_not_tested']}."]
    said += [_judging(_window(risk).capitalize(), support) for risk, support in found["windows"].items()]
    for name, by_window in found["segments"].items():
        thin = [risk for risk, support in by_window.items() if not support["enough"]]
        if "risk_90" in thin:
            said.append(_judging(f"Segment {name} by itself, {_window('risk_90')}", by_window["risk_90"]))
        elif thin:
            windows = " and ".join(_window(risk) for risk in thin)
            said.append(f"Segment {name} by itself: good enough within 90 days, too thin {windows}.")
    return said


@dataclass(frozen=True)
class _Rows:
    """The rows that a backtest would have: who could be scored when, and what followed."""

    account: np.ndarray
    """Number of each row's account."""
    when: np.ndarray
    segment: np.ndarray
    labels: pd.DataFrame
    as_of: date
    backtest: BacktestSettings
    folds: list[Fold]
    why_not_tested: str
    purge: timedelta
    replayable: float
    """Weeks of as-of dates that could be tested, however many folds the settings ask for."""
    on_record: int

    @classmethod
    def of(
        cls, book: "Book", as_of: date, contract: OutcomeContract, weeks: Sequence[date], backtest: BacktestSettings
    ) -> "_Rows":
        """Find who could be scored and what followed."""
        given = {"tenure": contract.minimum_tenure_days, "noticed": contract.exclude_noticed, "weeks": list(weeks)}
        spine = book.con.execute(_SPINE, given).df()
        happened = outcomes(book, contract)
        known = (happened["known_at"] < str(as_of)) & (happened["at"] >= str(weeks[0]))
        folds, why = _folds(weeks, as_of, contract, backtest)
        purge = timedelta(days=WINDOWS["risk_90"][1] + contract.recording_lag_days)
        span = as_of - purge - (weeks[0] + backtest.minimum_train_weeks * WEEK + purge)
        return cls(
            account=pd.factorize(spine["account_id"])[0],
            when=spine["as_of"].to_numpy(dtype="datetime64[D]"),
            segment=spine["segment"].to_numpy(dtype=object),
            labels=label(happened, pd.MultiIndex.from_frame(spine[["account_id", "as_of"]]), contract, as_of),
            as_of=as_of,
            backtest=backtest,
            folds=folds,
            why_not_tested=why,
            purge=purge,
            replayable=max(span / WEEK, 0.0),
            on_record=int(known.sum()),
        )

    @property
    def everybody(self) -> np.ndarray:
        """All rows."""
        return np.ones(len(self.account), dtype=bool)

    @property
    def segments(self) -> list[str]:
        """The names of the segments with the most rows."""
        found = pd.Series(self.segment, dtype=object).dropna().value_counts()
        return sorted(map(str, found.index[:MAX_SEGMENTS]))

    def support(self, risk: str, group: np.ndarray) -> dict[str, Any]:
        """Return what the group's rows support for one window."""
        churned = window_label(self.labels, *WINDOWS[risk]).to_numpy()
        matured = group & ~np.isnan(churned)
        tested = self._tested(churned, matured)
        width = auc_width(tested)
        enough = width <= WIDEST
        return {
            "rows": int(matured.sum()),
            "churns": self._churns(matured & (churned == 1)),
            "churns_a_year": round(self._churns(matured & (churned == 1) & self._last_year) / self._years, 1),
            "tested_rows": int(tested.churned + tested.other),
            "tested_churned_rows": int(tested.churned),
            "tested_churned_accounts": int(tested.churned_accounts),
            "auc_width": _rounded(width),
            "auc_width_at_best": _rounded(auc_width(tested, likeness=0.0)),
            "auc_width_at_worst": _rounded(auc_width(tested, likeness=1.0)),
            "enough": enough,
        } | ({} if enough else self._from_when(tested))

    def _tested(self, churned: np.ndarray, matured: np.ndarray) -> Sides:
        """Return the rows of the tested weeks by what followed."""
        days = [day for fold in self.folds for day in fold.tested]
        rows = matured & np.isin(self.when, np.array(days, dtype="datetime64[D]"))
        ones, others = rows & (churned == 1), rows & (churned == 0)
        accounts = [len(np.unique(self.account[side])) for side in (ones, others)]
        return Sides(int(ones.sum()), accounts[0], int(others.sum()), accounts[1])

    def _from_when(self, tested: Sides) -> dict[str, Any]:
        """Return when, and with how many folds, the interval would be narrow enough at the present churn rate."""
        weeks = len(self.folds) * self.backtest.fold_weeks * growth_needed(tested, WIDEST)
        if not self.folds or weeks > FAR:
            return dict.fromkeys(("enough_from", "weeks_ahead", "folds_needed", "history_weeks_needed"))
        before = self.backtest.minimum_train_weeks + 2 * self.purge / WEEK
        ahead = max(math.ceil(weeks - self.replayable), 0)
        return {
            "enough_from": (self.as_of + ahead * WEEK).isoformat(),
            "weeks_ahead": ahead,
            "folds_needed": math.ceil(weeks / self.backtest.fold_weeks),
            "history_weeks_needed": math.ceil(weeks + before),
        }

    def _churns(self, rows: np.ndarray) -> int:
        """Return how many different churns (account and day) these rows lead to."""
        day = self.when[rows].astype(np.int64) + np.floor(self.labels["days"].to_numpy()[rows]).astype(np.int64)
        return len(np.unique(np.stack([self.account[rows], day]), axis=1).T) if rows.any() else 0

    @cached_property
    def _last_year(self) -> np.ndarray:
        """The matured rows of the last 52 weeks."""
        known = ~window_label(self.labels, *WINDOWS["risk_90"]).isna().to_numpy()
        if not known.any():
            return known
        return np.asarray(known & (self.when > self.when[known].max() - np.timedelta64(364, "D")))

    @cached_property
    def _years(self) -> float:
        """Years of those rows: less than one in a young book."""
        days = np.unique(self.when[self._last_year]).astype(np.int64)
        return max(float(days[-1] - days[0]) / 364, 1 / 52) if len(days) else 1.0


def _folds(
    weeks: Sequence[date], as_of: date, contract: OutcomeContract, backtest: BacktestSettings
) -> tuple[list[Fold], str]:
    """Return the backtest's folds, or why there are none."""
    try:
        return fold_dates(weeks, as_of, contract, backtest), ""
    except ContractError as error:
        return [], str(error).removeprefix("backtest: ")


def _learning(found: dict[str, Any]) -> str:
    churns, needed = found["outcomes_matured"], found["outcomes_needed"]
    rate = found["windows"]["risk_90"]["churns_a_year"]
    have = (
        f"{churns:,} churns within 90 days have matured in {found['weeks']} as-of dates ({rate:,.0f} in the last year)"
    )
    if churns >= needed:
        return f"{have}: enough to train on ({needed} needed)."
    if not rate:
        return f"{have}: too few to train on ({needed} needed)."
    when = date.fromisoformat(found["as_of"]) + timedelta(weeks=math.ceil(52 * (needed - churns) / rate))
    return f"{have}: too few to train on ({needed} needed), enough from about {when:%Y-%m} at that rate."


def _judging(what: str, support: dict[str, Any]) -> str:
    """Say how sharply one window of one group can be judged."""
    accounts, width = support["tested_churned_accounts"], support["auc_width"]
    if width is None:
        return f"{what}: no churn in the tested weeks, so nothing can be said of a model there."
    count = "1 tested account" if accounts == 1 else f"{accounts:,} tested accounts"
    half = width / 2
    said = f"{what}: {count} churned; an AUC of {ASSUMED_AUC} would be known to about ±{half:.2f}"
    if support["enough"]:
        return said + ("." if accounts >= FEW_CHURNS else ". These are small numbers.")
    when = support["enough_from"]
    if when is None:
        return f"{said}: too thin, and at the present churn rate it stays so for twenty years."
    how = f"[backtest] folds = {support['folds_needed']}"
    if support["weeks_ahead"] == 0:
        return f"{said}: too thin to judge by, but with {how} the history would give ±{WIDEST / 2:.2f}."
    return (
        f"{said}: too thin to judge by. At the present churn rate ±{WIDEST / 2:.2f} can be reached from {when} on, "
        f"with {how} and {support['history_weeks_needed']} weeks of history."
    )


def _window(risk: str) -> str:
    start, end = WINDOWS[risk]
    return f"days {start + 1} to {end}" if start else f"within {end} days"


def _rounded(width: float) -> float | None:
    return None if math.isnan(width) else round(width, 3)
