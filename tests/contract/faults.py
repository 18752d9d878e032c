"""Faults as they come in real loads, each with what must happen: `python -m tests.contract.faults` prints the list."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from tests.contract.planting import (
    AS_OF,
    EVENTS,
    Fault,
    altered,
    clean_book,
    gone,
    half,
    lost,
    other_delimiter,
    recent,
    run,
    sometimes,
    truncated,
    twice,
)

Spoil = str | Callable[[Path], None]


def stops(name: str, table: str, rule: str, spoil: Spoil, *, csv: bool = False, lasting: bool = False) -> Fault:
    """A fault that must stop the run under a rule."""
    return Fault(name, table, spoil, "stopped", rule, csv, lasting)


def kept(name: str, table: str, rule: str, spoil: Spoil) -> Fault:
    """A fault whose rows must go to the quarantine under a rule while the run goes on."""
    return Fault(name, table, spoil, "quarantined", rule)


def before(days: int) -> str:
    """Return an SQL instant that lies so many days before the as-of date."""
    return f"TIMESTAMP '{AS_OF - timedelta(days=days)}'"


DAY, ZONE = "INTERVAL 1 DAY", "INTERVAL 5 HOUR"
AGAIN = "'2' || event_id AS event_id"
MIXED_ZONES = "strftime(opened_at, '%Y-%m-%d %H:%M:%S') || CASE WHEN hash(good) % 2 = 0 THEN '+02:00' ELSE '' END"
FAULTS: Sequence[Fault] = (
    # Volume: a table that halves or doubles. A sparse table shows it over as many weeks as chance allows.
    stops("usage halved", "usage", "volume", half("usage", 1)),
    stops("usage doubled", "usage", "volume", twice("usage", 1, "event_id + 1000000000 AS event_id")),
    stops("touchpoints halved", "touchpoints", "volume", half("touchpoints", 1)),
    stops("touchpoints doubled", "touchpoints", "volume", twice("touchpoints", 1, AGAIN)),
    stops("tickets halved for 13 weeks", "tickets", "volume", half("tickets", 13), lasting=True),
    stops("tickets doubled", "tickets", "volume", twice("tickets", 1, "'2' || ticket_id AS ticket_id")),
    stops("invoices halved for 5 weeks", "invoices", "volume", half("invoices", 5), lasting=True),
    stops("invoices doubled for 5 weeks", "invoices", "volume", twice("invoices", 5, AGAIN), lasting=True),
    stops("surveys halved for 13 weeks", "surveys", "volume", half("surveys", 13), lasting=True),
    stops("surveys doubled for 13 weeks", "surveys", "volume", twice("surveys", 13, AGAIN), lasting=True),
    stops("trainings halved for 13 weeks", "trainings", "volume", half("trainings", 13), lasting=True),
    stops(
        "contacts doubled for 13 weeks",
        "contacts",
        "volume",
        twice("contacts", 13, "'2' || contact_id AS contact_id"),
        lasting=True,
    ),
    stops("four days of usage lost", "usage", "volume", lost("usage", 1, f"occurred_at < {before(3)}")),
    stops("the usage of one week lost, two weeks ago", "usage", "stale", lost("usage", 3, f"NOT {recent('usage', 2)}")),
    # What was known once is gone.
    stops("a quarter of old usage lost", "usage", "shrunk", "FROM good WHERE hash(account_id) % 4 > 0"),
    stops("half of subscriptions lost", "subscriptions", "shrunk", "FROM good WHERE hash(subscription_id) % 2 = 0"),
    stops("half of outcomes lost", "outcomes", "shrunk", "FROM good WHERE hash(account_id) % 2 = 0"),
    stops("half of accounts lost", "accounts", "usage: unknown_account", "FROM good WHERE hash(account_id) % 2 = 0"),
    # Freshness: a table that nobody loads any more.
    stops("usage stale for 5 days", "usage", "stale", f"FROM good WHERE {EVENTS['usage']} < {before(5)}"),
    stops("tickets stale for a week", "tickets", "stale", lost("tickets", 1)),
    stops("touchpoints stale for a week", "touchpoints", "stale", lost("touchpoints", 1)),
    stops("invoices stale for a week", "invoices", "stale", lost("invoices", 1)),
    stops("surveys stale for three weeks", "surveys", "stale", lost("surveys", 3)),
    stops("trainings stale for three weeks", "trainings", "stale", lost("trainings", 3)),
    # Parts: one event type or product feature is no longer recorded, or is called something else.
    stops("the login lost", "usage", "lost_part", lost("usage", 1, "feature = 'login'")),
    stops("one product feature lost", "usage", "lost_part", lost("usage", 1, "feature = 'search'")),
    stops(
        "one product feature renamed",
        "usage",
        "lost_part",
        altered("usage", 1, "feature", "'Reports v2'", "feature = 'reports'"),
    ),
    stops("reviews lost", "touchpoints", "lost_part", lost("touchpoints", 5, "kind = 'qbr'")),
    stops("severities renamed", "tickets", "lost_part", altered("tickets", 5, "severity", "'P' || severity")),
    # Users and accounts.
    stops("user ids null", "usage", "empty_values", altered("usage", 1, "user_id", "NULL")),
    stops("one user for everybody", "usage", "distinct_users", altered("usage", 1, "user_id", "0")),
    stops("a new user id per session", "usage", "distinct_users", altered("usage", 1, "user_id", "event_id // 4")),
    stops(
        "account ids renamed in the last week",
        "usage",
        "unknown_share",
        altered("usage", 1, "account_id", "lower(account_id)"),
    ),
    stops(
        "account ids renamed everywhere",
        "tickets",
        "unknown_account",
        "SELECT * REPLACE (lower(account_id) AS account_id) FROM good",
    ),
    # Clocks.
    stops("times a day later", "usage", "weekend_rows", altered("usage", 1, "occurred_at", f"occurred_at + {DAY}")),
    stops("times a day earlier", "usage", "late_rows", altered("usage", 1, "occurred_at", f"occurred_at - {DAY}")),
    stops("times in another zone", "usage", "moved_hours", altered("usage", 1, "occurred_at", f"occurred_at - {ZONE}")),
    kept(
        "a few times in the year 9999", "tickets", "implausible_time", sometimes("opened_at", "TIMESTAMP '9999-12-31'")
    ),
    kept(
        "a few tickets close before they open",
        "tickets",
        "ends_before_it_starts",
        sometimes("closed_at", f"opened_at - {DAY}"),
    ),
    # Loads that come twice.
    kept(
        "the same usage loaded twice", "usage", "repeated", f"FROM good UNION ALL FROM good WHERE {recent('usage', 1)}"
    ),
    kept("the same tickets loaded twice", "tickets", "repeated", "FROM good UNION ALL FROM good"),
    # Values.
    kept("a few negative quantities", "usage", "negative_quantity", sometimes("quantity", "-1")),
    stops("many negative prices", "subscriptions", "negative_quantity", "SELECT * REPLACE (-mrr AS mrr) FROM good"),
    kept("a few quantities that are no number", "usage", "not_finite", sometimes("quantity", "'nan'::DOUBLE")),
    kept("a few infinite amounts", "invoices", "not_finite", sometimes("amount", "'inf'::DOUBLE")),
    kept("a few amounts as text", "invoices", "not_a_number", sometimes("amount", "'n/a'", "VARCHAR")),
    stops("amounts in cents", "invoices", "moved_values", altered("invoices", 3, "amount", "100 * amount")),
    kept("a few scores on another scale", "surveys", "score_out_of_range", sometimes("score", "score + 100")),
    kept("a few rows without an account", "usage", "missing_value", sometimes("account_id", "NULL")),
    # Schema and files.
    stops("a column dropped", "usage", "missing_column", "SELECT * EXCLUDE (feature) FROM good"),
    stops("a column renamed", "tickets", "missing_column", "SELECT * RENAME (opened_at AS opened) FROM good"),
    stops("an optional column dropped", "usage", "empty_values", "SELECT * EXCLUDE (user_id) FROM good"),
    stops(
        "a time become a number",
        "usage",
        "retyped_column",
        "SELECT * REPLACE (epoch_ms(occurred_at) AS occurred_at) FROM good",
    ),
    stops(
        "times with and without a zone",
        "tickets",
        "mixed_time_zones",
        f"SELECT * REPLACE ({MIXED_ZONES} AS opened_at) FROM good",
    ),
    stops("an empty required file", "usage", "empty_table", "FROM good WHERE false"),
    stops("an empty optional file", "tickets", "stale", "FROM good WHERE false"),
    stops("a truncated Parquet file", "tickets", "unreadable_file", truncated),
    stops("a missing file", "invoices", "missing_file", gone),
    stops("a delimiter that changes in the file", "invoices", "unreadable_file", other_delimiter, csv=True),
)
"""Every planted fault and what must come of it."""


def main() -> int:
    """Print every fault with what must and what did come of it; return 1 when one was missed."""
    from tempfile import TemporaryDirectory

    missed = 0
    with TemporaryDirectory() as place:
        clean = clean_book(Path(place))
        for number, fault in enumerate(FAULTS):
            result = run(fault, clean, Path(place) / str(number))
            missed += not result.as_it_must
            verdict = "as it must" if result.as_it_must else f"MISSED, came: {', '.join(result.stopped) or 'nothing'}"
            print(f"{number + 1:2}  {fault.name:45} {fault.outcome} {fault.must:38} {verdict}")
            print(f"    {result.sentence[:230]}")
    print(f"{len(FAULTS)} faults, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
