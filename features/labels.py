"""The only file that looks at or past an as-of date: what happened to an account afterwards."""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.book import Book
from features.errors import UsageError
from features.outcome import OutcomeContract

_RECORDED = """
SELECT o.account_id, {at} AS at, {known_at} AS known_at, o.superseded_at AS until
FROM outcomes o
LEFT JOIN (SELECT account_id, ends_at, max(notice_days) AS notice_days FROM subscriptions GROUP BY ALL) s
  ON s.account_id = o.account_id AND s.ends_at = o.effective_at
WHERE o.kind IN (SELECT unnest($kinds)) AND o.effective_at IS NOT NULL
"""

_CLOCKS = {
    "effective": ("o.effective_at", "greatest(o.known_at, o.effective_at)"),
    "decision": (
        "coalesce(o.noticed_at, o.effective_at - to_days(CAST(coalesce(s.notice_days, 0) AS INTEGER)))",
        "coalesce(o.noticed_at, greatest(o.known_at, o.effective_at))",
    ),
}
"""Per clock when the outcome happened and when that was known: a notice is known when it is received."""

_GAPS = """
WITH corrections AS (SELECT account_id, superseded_at AS correction FROM subscriptions WHERE superseded_at IS NOT NULL),
eras AS (
    SELECT account_id, correction AS closed,
           lag(correction, 1, TIMESTAMP '-infinity') OVER (PARTITION BY account_id ORDER BY correction) AS opened
    FROM (SELECT * FROM corrections UNION SELECT DISTINCT account_id, TIMESTAMP 'infinity' FROM subscriptions)
),
terms AS (
    SELECT s.*, opened, closed FROM subscriptions s JOIN eras e
      ON e.account_id = s.account_id AND s.known_at < closed AND coalesce(s.superseded_at >= closed, true)
),
reached AS (
    SELECT account_id, opened, closed, started_at, known_at,
           max(coalesce(ends_at, TIMESTAMP 'infinity')) OVER sofar AS reach, max(known_at) OVER sofar AS told
    FROM terms
    WINDOW sofar AS (PARTITION BY account_id, closed ORDER BY started_at, known_at ROWS UNBOUNDED PRECEDING)
),
ended AS (
    SELECT *, lead(started_at) OVER later AS next, lead(known_at) OVER later AS next_told
    FROM reached WINDOW later AS (PARTITION BY account_id, closed ORDER BY started_at, reach)
),
outcomes AS (
    SELECT account_id, reach, greatest(reach + to_days($gap), told, opened) AS known_at,
           least(CASE WHEN next <= reach + to_days($gap) THEN next_told END, closed) AS until
    FROM ended
    WHERE isfinite(reach)
      AND (next IS NULL OR next > reach + to_days($gap) OR next_told > reach + to_days($gap))
)
SELECT account_id, reach AS at, known_at, CASE WHEN isfinite(until) THEN until END AS until
FROM outcomes WHERE known_at < until
"""
"""Gaps between contracts as they stood in each era, which ends when a correction became known."""


def outcomes(book: Book, contract: OutcomeContract) -> pd.DataFrame:
    """Return every outcome of the contract: account_id, at, known_at, until; sorted by `at`.

    An outcome counts from `known_at` on, and where a later row took it back, only before `until`. Without an outcomes
    table a churn is the end of the last subscription before a gap of more than `renewal_gap_days`; it is known only
    when that gap has passed, and taken back when a renewal within the gap is recorded afterwards.

    Raises UsageError when the contract's recording lag is shorter than that gap or, with the decision clock, than the
    longest notice period: a label would count as matured before what it says can be known.
    """
    if book.has("outcomes"):
        _require_lag_covers_notice(book, contract)
        at, known_at = _CLOCKS[contract.clock]
        rows = book.con.execute(_RECORDED.format(at=at, known_at=known_at), {"kinds": list(contract.kinds)}).df()
    else:
        _require_lag_covers_gap(contract)
        rows = book.con.execute(_GAPS, {"gap": contract.renewal_gap_days}).df()
    return rows.drop_duplicates().sort_values(["at", "account_id", "known_at"], kind="stable", ignore_index=True)


def _require_lag_covers_notice(book: Book, contract: OutcomeContract) -> None:
    if contract.clock != "decision":
        return
    ((longest,),) = book.con.execute("SELECT max(notice_days) FROM subscriptions").fetchall()
    if longest and contract.recording_lag_days < longest:
        raise UsageError(
            f"[outcome] recording_lag_days is {contract.recording_lag_days}, but a decision without notice shows only "
            f"when the contract ends, up to {longest:.0f} days later: set recording_lag_days to at least that"
        )


def _require_lag_covers_gap(contract: OutcomeContract) -> None:
    if contract.recording_lag_days < contract.renewal_gap_days:
        raise UsageError(
            f"[outcome] recording_lag_days is {contract.recording_lag_days}, but without an outcomes table a churn is "
            f"known only after renewal_gap_days ({contract.renewal_gap_days}): set recording_lag_days to at least that"
        )


def label(happened: pd.DataFrame, index: pd.MultiIndex, contract: OutcomeContract, known_by: date) -> pd.DataFrame:
    """Return what followed each (account_id, as_of) of `index`, as far as it was known by `known_by`.

    Columns: `days` from as_of to the first outcome at or after it (NaN: none known), and `followed`, the days of
    follow-up whose outcomes had all been recorded by then (may be negative).
    """
    cut = pd.Timestamp(known_by)
    spine = index.to_frame(index=False)
    spine["as_of"] = spine["as_of"].astype("datetime64[us]")
    spine["row"] = np.arange(len(spine))
    stands = happened["until"].isna() | (happened["until"] >= cut)
    known = happened.loc[(happened["known_at"] < cut) & stands, ["account_id", "at"]]
    known = known.astype({"at": "datetime64[us]", "account_id": spine["account_id"].dtype}).sort_values("at")
    found = pd.merge_asof(
        spine.sort_values("as_of"), known, left_on="as_of", right_on="at", by="account_id", direction="forward"
    ).sort_values("row")
    return pd.DataFrame(
        {
            "days": _days(found["at"] - found["as_of"]),
            "followed": _days(cut - found["as_of"]) - contract.recording_lag_days,
        },
        index=index,
    )


def _days(gap: "pd.Series[pd.Timedelta]") -> NDArray[np.float64]:
    return gap.dt.total_seconds().to_numpy(dtype=np.float64) / 86_400


def window_label(labels: pd.DataFrame, start: int, end: int) -> pd.Series:
    """Return 1.0 where the outcome came in `[start, end)` days after the as-of date, else 0.0; NaN until matured."""
    hit = (labels["days"] >= start) & (labels["days"] < end)
    return hit.astype(float).where(labels["followed"] >= end)


def interval_label(labels: pd.DataFrame, start: int, end: int) -> pd.Series:
    """Return the window's label for rows that were still without outcome at `start`; NaN for the others."""
    return window_label(labels, start, end).where(~(labels["days"] < start))
