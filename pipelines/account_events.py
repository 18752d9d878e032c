"""What happened to the accounts of a book, in words, as it became known: the events of the time line."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from features.engagement import CUSTOMER
from features.rows import SEVERE

if TYPE_CHECKING:
    import pandas as pd

    from features.book import Book
    from features.outcome import OutcomeContract

ROLLING_DAYS = 60
"""A term that is shorter renews so often that a renewal is news only when price or seats change."""

_DAY = "strftime({}, '%-d %b %Y')"

_TICKETS = f"""
SELECT account_id, 'ticket' AS kind, ticket_id || ' {{what}}' AS ident, {{at}} AS happened_at,
       greatest(known_at, {{at}}) AS known, superseded_at AS until,
       'A severe ticket was {{what}} (severity: ' || lower(severity) || ').' AS text
FROM tickets WHERE lower(severity) IN {SEVERE} AND {{at}} IS NOT NULL
"""

_SPONSORS = """
SELECT account_id, 'sponsor' AS kind, concat_ws(' ', contact_id, started_at, '{what}') AS ident, {at} AS happened_at,
       greatest(known_at, {at}) AS known, superseded_at AS until, 'An executive sponsor {what}.' AS text
FROM contacts WHERE lower(role) = 'sponsor' AND {at} IS NOT NULL
"""

_TERMS = f"""
SELECT s.account_id, 'contract' AS kind, concat_ws(' ', s.subscription_id, s.started_at) AS ident,
       s.started_at AS happened_at, greatest(s.known_at, s.started_at) AS known, s.superseded_at AS until,
       CASE WHEN p.started_at IS NULL THEN 'The contract began'
            WHEN p.ends_at + to_days($gap) < s.started_at THEN 'The account came back under a new contract'
            WHEN p.ends_at IS NULL OR p.ends_at > s.started_at THEN 'A further contract began'
            ELSE 'The contract was renewed' END
       || CASE WHEN round(p.mrr) > 0 AND abs(s.mrr / p.mrr - 1) >= 0.005
               THEN ' with monthly revenue ' || CASE WHEN s.mrr > p.mrr THEN 'up ' ELSE 'down ' END
                    || format('{{:.0f}}%', greatest(100 * abs(s.mrr / p.mrr - 1), 1)) ELSE '' END
       || coalesce('; it runs until ' || {_DAY.format("s.ends_at")}, '; it has no end') || '.' AS text
FROM subscriptions s LEFT JOIN subscriptions p
  ON p.account_id = s.account_id AND p.started_at < s.started_at AND p.known_at <= greatest(s.known_at, s.started_at)
 AND coalesce(p.superseded_at > greatest(s.known_at, s.started_at), true)
WHERE s.started_at >= $oldest
QUALIFY row_number() OVER (PARTITION BY s.account_id, s.subscription_id, s.started_at, s.known_at
                           ORDER BY p.started_at DESC NULLS LAST, p.ends_at DESC, p.known_at DESC, p.mrr, s.mrr) = 1
    AND NOT coalesce(s.ends_at < s.started_at + to_days({ROLLING_DAYS}) AND p.ends_at = s.started_at
                     AND abs(s.mrr - p.mrr) <= 0.005 * p.mrr AND s.seats IS NOT DISTINCT FROM p.seats, false)
"""
"""Each term beside the one before it, as far as that was known when the term began or was recorded."""

_ENDED = """
SELECT s.account_id, 'contract' AS kind, concat_ws(' ', s.subscription_id, s.started_at, 'ended') AS ident,
       s.ends_at AS happened_at, greatest(s.known_at, s.ends_at + to_days($gap)) AS known, s.superseded_at AS until,
       'The contract ended and was not renewed.' AS text
FROM subscriptions s
WHERE s.ends_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM subscriptions o
    WHERE o.account_id = s.account_id AND o.started_at <= s.ends_at + to_days($gap)
      AND coalesce(o.ends_at > s.ends_at, true)
      AND o.known_at <= greatest(s.known_at, s.ends_at + to_days($gap))
      AND coalesce(o.superseded_at > greatest(s.known_at, s.ends_at + to_days($gap)), true))
  AND NOT EXISTS (
    SELECT 1 FROM outcomes c
    WHERE c.account_id = s.account_id AND c.kind = 'churn' AND c.effective_at = s.ends_at
      AND c.known_at <= greatest(s.known_at, s.ends_at + to_days($gap)))
"""

_NOTICES = """
SELECT account_id, 'contract' AS kind, 'notice ' || noticed_at AS ident, noticed_at AS happened_at,
       greatest(known_at, noticed_at) AS known, superseded_at AS until,
       'Notice to end the contract was received.' AS text
FROM {table} WHERE noticed_at IS NOT NULL
"""

_SURVEYS = """
SELECT account_id, 'survey' AS kind, coalesce(event_id, concat_ws(' ', answered_at, kind, contact_id, score)) AS ident,
       answered_at AS happened_at, known_at AS known, superseded_at AS until,
       CASE lower(kind) WHEN 'nps' THEN format('NPS answer: {:g} of 10 (', score)
                || CASE WHEN score >= 9 THEN 'promoter' WHEN score >= 7 THEN 'passive' ELSE 'detractor' END || ').'
            ELSE format('Satisfaction answer: {:g} of 100.', score) END AS text
FROM surveys WHERE lower(kind) IN ('nps', 'csat')
"""

_TOUCHPOINTS = f"""
SELECT account_id, 'touchpoint' AS kind, coalesce(event_id, concat_ws(' ', occurred_at, kind, contact_id)) AS ident,
       occurred_at AS happened_at, known_at AS known, superseded_at AS until,
       CASE WHEN lower(kind) = 'qbr' AND NOT kept THEN 'A business review did not take place.'
            WHEN lower(kind) = 'qbr' THEN 'A business review was held.'
            WHEN lower(kind) = 'call' THEN 'The account called.'
            WHEN lower(kind) = 'email' THEN 'The account wrote an e-mail.'
            ELSE 'The account got in touch (' || kind || ').' END AS text
FROM touchpoints
WHERE lower(kind) = 'qbr' OR (lower(initiated_by) IN {CUSTOMER} AND coalesce(kept, true) AND lower(kind) <> 'survey')
"""

_OUTCOMES = """
SELECT account_id, 'outcome' AS kind, concat_ws(' ', kind, effective_at) AS ident, effective_at AS happened_at,
       greatest(known_at, effective_at) AS known, superseded_at AS until,
       CASE WHEN kind = 'churn' THEN 'The account churned' ELSE upper(kind[1]) || replace(kind[2:], '_', ' ') END
       || CASE WHEN kind <> 'churn' AND amount > 0
               THEN ': monthly revenue down by ' || $currency || format('{:,}', CAST(round(amount) AS BIGINT))
               ELSE '' END
       || coalesce('; reason given: ' || left(nullif(trim(reason), ''), 200), '') || '.' AS text
FROM outcomes WHERE kind <> 'notice'
"""

_KEPT = """
WITH told AS (
    SELECT * REPLACE (regexp_replace(text, '[[:cntrl:]]+', ' ', 'g') AS text) FROM ({events})
    WHERE known < $as_of AND coalesce(known < until, true)
),
told_again AS (
    SELECT *, lag(text) OVER earlier AS said, lag(happened_at) OVER earlier AS said_at
    FROM told WINDOW earlier AS (PARTITION BY account_id, kind, ident ORDER BY known, text)
)
SELECT sha256(concat_ws(chr(31), account_id, kind, ident, happened_at, text)) AS digest, account_id, kind,
       CAST(happened_at AS DATE) AS "on", CAST(known AS DATE) AS known_on,
       CASE WHEN said IS NULL THEN text ELSE 'Corrected: ' || text END AS text
FROM told_again
WHERE known >= $since AND happened_at >= $oldest AND (said IS NULL OR said <> text OR said_at <> happened_at)
ORDER BY happened_at, account_id, kind, ident, known
"""


def account_events(
    book: "Book", as_of: date, *, since: date, oldest: date, contract: "OutcomeContract", currency: str = ""
) -> "pd.DataFrame":
    """Return what became known in `[since, as_of)` of what happened from `oldest` on.

    Columns: digest, account_id, kind, on, known_on and text; a table or column that no source gives adds no event. An
    event is known once it has happened and been recorded, whichever is later, so the same event is told alike by every
    run that may know it; a later row that corrects what was said tells it once more, as a correction.
    """
    events = " UNION ALL ".join(f"({query})" for query in _given(book)) or f"{_OUTCOMES} AND false"
    query = _KEPT.format(events=events)
    named: dict[str, object] = {"as_of": as_of, "since": since, "oldest": oldest}
    named |= {"gap": contract.renewal_gap_days, "currency": currency}
    found = book.con.execute(query, {name: value for name, value in named.items() if f"${name}" in query}).df()
    for column in ("on", "known_on"):
        found[column] = found[column].dt.date
    return found.drop_duplicates("digest", ignore_index=True)


def _given(book: "Book") -> Iterator[str]:
    if book.has("tickets", "severity"):
        yield _TICKETS.format(at="opened_at", what="opened")
        yield _TICKETS.format(at="reopened_at", what="opened again")
    if book.has("contacts"):
        yield _SPONSORS.format(at="started_at", what="joined")
        yield _SPONSORS.format(at="ended_at", what="left")
    if book.has("subscriptions"):
        yield _TERMS
        yield _ENDED
        yield _NOTICES.format(table="subscriptions")
    if book.has("surveys"):
        yield _SURVEYS
    if book.has("touchpoints"):
        yield _TOUCHPOINTS
    if book.has("outcomes"):
        yield _OUTCOMES
        yield _NOTICES.format(table="outcomes")
