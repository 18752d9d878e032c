"""The only file that looks at or past an as-of date: what happened to an account afterwards."""

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.book import Book
from features.errors import UsageError
from features.outcome import NOTICE, OutcomeContract

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

_NOTICES = {
    "outcomes": """
SELECT account_id, noticed_at AS at, greatest(noticed_at, corrected_at) AS known_at, superseded_at AS until
FROM (SELECT *, lag(superseded_at) OVER (PARTITION BY account_id, kind, effective_at ORDER BY known_at) AS corrected_at
      FROM outcomes WHERE kind IN (SELECT unnest($kinds)))
WHERE noticed_at IS NOT NULL""",
    "subscriptions": """
SELECT account_id, noticed_at AS at, greatest(noticed_at, known_at) AS known_at, superseded_at AS until
FROM subscriptions WHERE noticed_at IS NOT NULL""",
}
"""Notices by the table that gives them; a row's first version is filled in place, a correction is known when told."""

FAR = datetime(9999, 1, 1)  # noqa: DTZ001 - every time here is naive UTC
"""Stands for the end of what has none."""

ACTING_DAYS = 28
"""Days before an as-of date in which an intervention may still be what keeps the account."""


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
    return _in_order(rows)


def separate_outcomes(book: Book, contract: OutcomeContract) -> dict[str, pd.DataFrame]:
    """Return what `outcomes` returns for each separate outcome of the contract, in the contract's order.

    A kind is read from the outcomes table by the contract's clock. A notice is known when it is received (of a term:
    not before the term is), as a correction when that is told; a notice with an outcome of another kind is not read.

    Raises UsageError when no outcomes row is of the kind, or a notice is asked for where nothing gives one.
    """
    given = _given_kinds(book)
    tables = [table for table in _NOTICES if book.has(table, "noticed_at")]
    missing = [name for name in contract.separate if name not in given and not (name == NOTICE and tables)]
    if missing:
        raise UsageError(_no_such_outcome(missing[0], given, [NOTICE] if tables else []))
    return {
        name: _notices(book, contract, tables)
        if name == NOTICE
        else outcomes(book, contract.model_copy(update={"kinds": (name,), "separate": ()}))
        for name in contract.separate
    }


def _given_kinds(book: Book) -> list[str]:
    rows = book.con.execute("SELECT DISTINCT kind FROM outcomes WHERE kind <> $1 ORDER BY 1", [NOTICE]).fetchall()
    return [kind for (kind,) in rows]


def _no_such_outcome(name: str, given: Sequence[str], notice: Sequence[str]) -> str:
    there = ", ".join((*given, *notice)) or "nothing"
    lacks = (
        "neither outcomes nor subscriptions gives noticed_at"
        if name == NOTICE
        else f"no row of outcomes is of the kind {name!r}"
    )
    return (
        f"[outcome] separate names {name!r}, but {lacks} (there is: {there}); "
        "map it (docs/data.md) or take it out of separate"
    )


def _notices(book: Book, contract: OutcomeContract, tables: Sequence[str]) -> pd.DataFrame:
    query = " UNION ALL ".join(_NOTICES[table] for table in tables)
    named = {"kinds": list(contract.kinds)} if "outcomes" in tables else {}
    return _in_order(book.con.execute(query, named).df())


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
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


def competing_label(labels_of_kind: pd.DataFrame, labels_of_main: pd.DataFrame, start: int, end: int) -> pd.Series:
    """Return the label of a separate outcome that the main outcome can forestall (cause-specific hazard).

    Both frames are `label(...)` of the same rows and day. 1.0 where the separate outcome came in `[start, end)` days
    after the as-of date and the main outcome not before it (at the same instant both came); 0.0 where it did not come
    in them, or the main outcome came first. NaN until matured in both frames, and for rows that had either outcome
    before `start`: at risk is who has neither. Only the first outcome at or after the as-of date counts, so an earlier
    contraction does not hide a later one from the rows in between. Before a notice no main outcome should come; where
    one does (an account that leaves without notice) it is the main outcome that came first.
    """
    kind, main = labels_of_kind["days"], labels_of_main["days"]
    hit = (kind >= start) & (kind < end) & ~(main < kind)
    matured = (labels_of_kind["followed"] >= end) & (labels_of_main["followed"] >= end)
    return hit.astype(float).where(matured & ~(kind < start) & ~(main < start))


def acted_on(book: Book, index: pd.MultiIndex, contract: OutcomeContract, known_by: date) -> NDArray[np.bool_]:
    """Say of each (account_id, as_of) whether CS acted to save the account so near that its label may show it.

    True where an intervention that was known by `known_by` began, or was still running, in
    `[as_of − ACTING_DAYS, as_of + horizon_days)` days: such a label does not say what would have come without help.
    One without an end runs on where the source gives ends, and is an instant where it gives none. All False without
    the table.
    """
    cut = pd.Timestamp(known_by)
    spine = index.to_frame(index=False).assign(row=np.arange(len(index)))
    as_of = spine["as_of"].astype("datetime64[us]")
    spine["until"] = as_of + pd.Timedelta(days=contract.horizon_days)
    acts = _interventions(book, cut).astype({"account_id": spine["account_id"].dtype})
    found = pd.merge_asof(
        spine.sort_values("until"),
        acts,
        left_on="until",
        right_on="started_at",
        by="account_id",
        allow_exact_matches=False,
    ).sort_values("row")
    since = as_of - pd.Timedelta(days=ACTING_DAYS)
    return np.asarray(found["last"].to_numpy() >= since.to_numpy())


def _interventions(book: Book, cut: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, started_at and the last instant of it and of all that its account had before, by start."""
    rows = book.con.execute(
        """
        SELECT account_id, started_at, max(last) OVER (PARTITION BY account_id ORDER BY started_at) AS last
        FROM (SELECT *, CASE WHEN NOT $ends THEN started_at
                             ELSE greatest(started_at, coalesce(ended_at, $far) - to_microseconds(1)) END AS last
              FROM interventions WHERE known_at < $cut AND coalesce(superseded_at >= $cut, true))
        ORDER BY started_at""",
        {"ends": book.has("interventions", "ended_at"), "cut": cut.to_pydatetime(), "far": FAR},
    ).df()
    return rows.astype({"started_at": "datetime64[us]", "last": "datetime64[us]"})
