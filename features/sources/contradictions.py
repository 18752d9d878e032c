"""What the tables of a book say against each other: told with counts and samples, never stopping a run."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from features.sources.mapping import OwnCheck, SourceMapping
from features.sources.problems import Problem, Severity
from features.sources.relations import reason


@dataclass(frozen=True)
class Contradiction:
    """One way in which tables disagree: a SELECT of count, total and sample keys."""

    rule: str
    table: str
    column: str
    needs: tuple[str, ...]
    says: str
    fix: str
    sql: str


# A source that records days puts an event of the first day at midnight, before the account's first hour.
_CREATED = "SELECT account_id, date_trunc('day', min(created_at)) AS start FROM accounts GROUP BY account_id"
_SUBSCRIBED = "SELECT account_id, date_trunc('day', min(started_at)) AS start FROM subscriptions GROUP BY account_id"


def _sample(key: str, which: str = "true") -> str:
    return f"(list(DISTINCT {key} ORDER BY {key}) FILTER ({which}))[:3]"


def _usage_before(starts: str) -> str:
    """Count usage before each account's start; the accounts without any are left out by their first event."""
    return f"""
        WITH early AS (
            SELECT account_id, start FROM usage_accounts JOIN ({starts}) USING (account_id) WHERE first < start)
        SELECT (SELECT count(*) FROM usage JOIN early USING (account_id) WHERE occurred_at < start),
               (SELECT sum(events)::BIGINT FROM usage_accounts), (SELECT {_sample("account_id")} FROM early)"""


def _before(table: str, column: str) -> str:
    key = f"concat_ws(' ', account_id, strftime({column}, '%Y-%m-%d'))"
    early = f"{column} < start"
    return f"""
        SELECT count_if({early}), count(*), {_sample(key, early)}
        FROM {table} LEFT JOIN ({_CREATED}) USING (account_id)"""


def _event_before(table: str, column: str) -> Contradiction:
    return Contradiction(
        f"{table}_before_account",
        table,
        column,
        (table,),
        "rows lie before their account was created",
        "see that created_at and this clock mean what their columns say",
        _before(table, column),
    )


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction(
        "usage_before_account",
        "usage",
        "occurred_at",
        ("usage",),
        "rows lie before their account was created",
        "see that accounts.created_at is the sign-up and not a later import",
        _usage_before(_CREATED),
    ),
    Contradiction(
        "usage_before_subscription",
        "usage",
        "occurred_at",
        ("usage", "subscriptions"),
        "rows lie before their account's first subscription",
        "trials are fine; otherwise see that subscriptions has every term",
        _usage_before(_SUBSCRIBED),
    ),
    Contradiction(
        "subscription_before_account",
        "subscriptions",
        "started_at",
        ("subscriptions",),
        "terms start before their account was created",
        "see that accounts.created_at is the sign-up and not a later import",
        _before("subscriptions", "started_at"),
    ),
    *(
        _event_before(table, column)
        for table, column in (
            ("tickets", "opened_at"),
            ("surveys", "answered_at"),
            ("trainings", "completed_at"),
            ("invoices", "due_at"),
        )
    ),
    Contradiction(
        "churn_while_under_contract",
        "outcomes",
        "effective_at",
        ("outcomes", "subscriptions"),
        "churns have a subscription that goes on for more than 3 days after them",
        "see that subscriptions.ends_at is filled when an account leaves, and which of the two is the truth",
        f"""
        WITH churns AS (SELECT DISTINCT account_id, effective_at FROM outcomes
            WHERE lower(kind) = 'churn' AND superseded_at IS NULL),
        open AS (
            SELECT DISTINCT account_id, effective_at FROM churns JOIN subscriptions USING (account_id)
            WHERE superseded_at IS NULL AND started_at < effective_at
              AND (ends_at IS NULL OR ends_at > effective_at + INTERVAL 3 DAY))
        SELECT count(*), (SELECT count(*) FROM churns),
               {_sample("concat_ws(' ', account_id, strftime(effective_at, '%Y-%m-%d'))")} FROM open""",
    ),
    Contradiction(
        "several_churns",
        "outcomes",
        "account_id",
        ("outcomes",),
        "accounts that churned did so more than once",
        "see whether churn events of single products are mapped as churn of the account",
        f"""
        WITH churns AS (SELECT account_id, count(*) AS n FROM outcomes
            WHERE lower(kind) = 'churn' AND superseded_at IS NULL GROUP BY 1)
        SELECT count_if(n > 1), count(*), {_sample("account_id", "n > 1")} FROM churns""",
    ),
    Contradiction(
        "overlapping_terms",
        "subscriptions",
        "started_at",
        ("subscriptions",),
        "terms start before an earlier term of the same account has ended",
        "add-ons are better summed into one row per term (see configs/sources/crmsim.toml)",
        f"""
        WITH terms AS (
            SELECT account_id, started_at, max(coalesce(ends_at, TIMESTAMP 'infinity')) OVER (
                PARTITION BY account_id ORDER BY started_at, subscription_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
            FROM subscriptions WHERE superseded_at IS NULL)
        SELECT count_if(started_at < until), count(*), {_sample("account_id", "started_at < until")}
        FROM terms""",
    ),
    Contradiction(
        "no_subscription",
        "accounts",
        "account_id",
        ("subscriptions",),
        "accounts have no subscription and are never under contract",
        "see that both tables name accounts alike",
        f"""
        WITH known AS (
            SELECT DISTINCT account_id, account_id IN (SELECT account_id FROM subscriptions) AS has FROM accounts)
        SELECT count_if(NOT has), count(*), {_sample("account_id", "NOT has")} FROM known""",
    ),
    Contradiction(
        "no_login",
        "usage",
        "feature",
        ("usage",),
        "rows are no login",
        "give the login event the feature 'login' in the mapping; until then logins are not tracked",
        """
        SELECT CASE WHEN EXISTS (SELECT 1 FROM usage WHERE feature = 'login') THEN 0 ELSE sum(events)::BIGINT END,
               sum(events)::BIGINT, [] FROM usage_accounts""",
    ),
    Contradiction(
        "no_sponsor",
        "contacts",
        "role",
        ("contacts",),
        "rows are no sponsor",
        "give the executive sponsor the role 'sponsor' in the mapping; until then sponsors are not tracked",
        f"""
        SELECT CASE WHEN count_if(role = 'sponsor') > 0 THEN 0 ELSE count(*) END, count(*), {_sample("role")}
        FROM contacts""",
    ),
    Contradiction(
        "plan_without_entitlements",
        "accounts",
        "plan",
        ("entitlements",),
        "accounts are on a plan that entitlements does not have",
        "see that both tables name plans alike",
        f"""
        WITH known AS (
            SELECT DISTINCT account_id, plan, plan IN (SELECT plan FROM entitlements) AS has FROM accounts
            WHERE plan IS NOT NULL)
        SELECT count_if(NOT has), count(*), {_sample("concat_ws(' ', account_id, plan)", "NOT has")}
        FROM known""",
    ),
)
"""What is asked of every book whose tables allow it."""


def contradictions(con: duckdb.DuckDBPyConnection, present: frozenset[str]) -> Iterator[Problem]:
    """Yield a warning for each way in which the tables at hand disagree."""
    for asked in CONTRADICTIONS:
        if present.issuperset((*asked.needs, "accounts")):
            count, total, sample = con.execute(asked.sql).fetchall()[0]
            if count:
                keys = tuple(str(key) for key in sample or ())
                yield Problem(
                    asked.table, asked.column, asked.rule, "warning", asked.says, asked.fix, count, total, keys
                )


def own_checks(con: duckdb.DuckDBPyConnection, mapping: SourceMapping) -> Iterator[Problem]:
    """Yield a warning for each check of [checks] that counts something, an error for each that fails."""
    for check in mapping.checks:
        try:
            count, total, sample = con.execute(check.query).fetchall()[0]
            keys = tuple(str(key) for key in sample or ())[:3]
            if count:
                yield _own(check, "warning", check.says, check.fix, int(count), int(total), keys)
        except (duckdb.Error, ValueError, TypeError, IndexError) as error:
            says = f"the check {check.name} fails: {reason(error)}"
            where = f"in {mapping.file} under [checks.{check.name}] query"
            fix = f"write one SELECT of count, total and a list of keys {where}"
            yield _own(check, "error", says, fix)


def _own(
    check: OwnCheck,
    severity: Severity,
    says: str,
    fix: str,
    count: int = 0,
    total: int = 0,
    sample: tuple[str, ...] = (),
) -> Problem:
    return Problem(check.table or "checks", check.column, check.name, severity, says, fix, count, total, sample)
