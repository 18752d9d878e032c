"""Each kind of bad row is told in one sentence: table, column, count, rule, sample and way out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from features.contract import Limits
from features.errors import ContractError
from features.row_rules import RULES
from features.sources.files import open_book, survey_book


class Bad(NamedTuple):
    """One way to spoil a table, and what the message must hold."""

    table: str
    spoiled: str
    rule: str
    begins: str
    sample: str
    way_out: str
    csv: bool = False


def some(column: str, value: str, which: str = "account_id IN ('A3', 'A4', 'A5')") -> str:
    """Give three rows of the table another value."""
    return f"SELECT * REPLACE (CASE WHEN {which} THEN {value} ELSE {column} END AS {column}) FROM good"


CASES = {
    "text in a number": Bad(
        "subscriptions", some("mrr", "'n/a'").replace("ELSE mrr", "ELSE mrr::VARCHAR"), "not_a_number",
        "subscriptions.mrr: 3 of 40 rows hold something that is not a number", "A3 n/a", "[subscriptions] mrr",
    ),
    "text in a CSV number": Bad(
        "subscriptions", some("mrr", "'n/a'").replace("ELSE mrr", "ELSE mrr::VARCHAR"), "not_a_number",
        "subscriptions.mrr: 3 of 40 rows", "A3 n/a", "[subscriptions] mrr", csv=True,
    ),
    "text in a time": Bad(
        "tickets", some("opened_at", "'31/01/2024'").replace("ELSE opened_at", "ELSE opened_at::VARCHAR"), "not_a_time",
        "tickets.opened_at: 3 of 40 rows", "A3 31/01/2024", "strptime",
    ),
    "text in a flag": Bad(
        "subscriptions", "SELECT *, CASE WHEN account_id = 'A3' THEN 'maybe' ELSE 'yes' END AS auto_renew FROM good",
        "not_a_flag", "subscriptions.auto_renew: 1 of 40 rows", "A3 maybe", "[subscriptions] auto_renew",
    ),
    "year 1": Bad(
        "usage", some("occurred_at", "TIMESTAMP '0001-01-01'", "event_id < 30"), "implausible_time",
        "usage.occurred_at: 30 of 400 rows lie outside the years 1990 to 2100", "A0 0001-01-01", "limits.first_year",
    ),
    "year 9999": Bad(
        "subscriptions", some("ends_at", "TIMESTAMP '9999-12-31'"), "implausible_time",
        "subscriptions.ends_at: 3 of 40 rows", "A3 9999-12-31", "nullif",
    ),
    "negative quantity": Bad(
        "usage", some("quantity", "-4", "event_id < 30"), "negative_quantity",
        "usage.quantity: 30 of 400 rows are negative", "A0 -4", "[usage] quantity",
    ),
    "infinite amount": Bad(
        "subscriptions", some("mrr", "'inf'::DOUBLE"), "not_finite",
        "subscriptions.mrr: 3 of 40 rows are infinite", "A3 inf", "[subscriptions] mrr",
    ),
    "missing key": Bad(
        "usage", some("account_id", "NULL", "event_id < 30"), "missing_value",
        "usage.account_id: 30 of 400 rows have no account_id", "2024-01-02", "[usage] filter",
    ),
    "unknown account": Bad(
        "usage", some("account_id", "'B' || event_id", "event_id < 30"), "unknown_account",
        "usage.account_id: 30 of 400 rows name an account", "B0", "[usage] account_id",
    ),
    "unknown account of a ticket": Bad(
        "tickets", some("account_id", "'B' || ticket_id"), "unknown_account",
        "tickets.account_id: 3 of 40 rows name an account", "BT3", "[tickets] account_id",
    ),
    "one ticket id for several tickets": Bad(
        "tickets", some("ticket_id", "'T9'"), "duplicate",
        "tickets.ticket_id: 3 of 40 rows repeat the key (ticket_id)", "A4 T9", "[tickets] ticket_id",
    ),
    "clock skew": Bad(
        "usage", some("available_at", "occurred_at - to_days(2)", "event_id < 30"), "available_before_it_happened",
        "usage.occurred_at: 30 of 400 rows lie after available_at + 1 day", "A0 2024-01-02", "limits.clock_skew_days",
    ),
    "ends before it starts": Bad(
        "contacts", some("ended_at", "started_at - to_days(1)"), "ends_before_it_starts",
        "contacts.ended_at: 3 of 40 rows lie before started_at", "A3 2024-01-04", "[contacts] ended_at and started_at",
    ),
    "score out of range": Bad(
        "surveys", some("score", "11"), "score_out_of_range",
        "surveys.score: 3 of 40 rows lie outside 0 to 10", "A3 11", "[surveys] score",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES)
def test_many_bad_rows_stop_the_run_with_one_sentence(write_book: Any, bad: Bad) -> None:
    with pytest.raises(ContractError) as stopped:
        open_book(
            *write_book({bad.table: bad.spoiled}, csv=(bad.table,) if bad.csv else ()), Limits(quarantine_share=0.02)
        )
    (message,) = [line for line in str(stopped.value).splitlines() if line.startswith(bad.begins)]
    assert f"(for example {bad.sample}" in message
    assert bad.way_out in message.split(";")[-1]


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES)
def test_few_bad_rows_are_quarantined_and_told(write_book: Any, bad: Bad) -> None:
    files = write_book({bad.table: bad.spoiled}, csv=(bad.table,) if bad.csv else ())
    book = open_book(*files, Limits(quarantine_share=0.2))
    table = book.report["tables"][bad.table]
    assert table["quarantined"].keys() == {bad.rule}
    assert table["kept"] + table["quarantined"][bad.rule] == table["rows"]
    kept = book.con.execute("SELECT DISTINCT table_name, rule FROM quarantine").fetchall()
    assert kept == [(bad.table, bad.rule)]


def test_every_rule_has_a_case() -> None:
    assert {bad.rule for bad in CASES.values()} | {"repeated", "corrected"} == set(RULES)


def test_the_quarantine_keeps_a_sample_of_rows_as_they_stood(write_book: Any) -> None:
    bad = CASES["text in a number"]
    book = open_book(*write_book({bad.table: bad.spoiled}), Limits(quarantine_share=0.2, quarantine_sample=2))
    rows = book.con.execute("SELECT key, row_json FROM quarantine").fetchall()
    assert [key for key, _ in rows] == ["A3 n/a", "A4 n/a"]
    assert '"mrr":"n/a"' in rows[0][1]


def test_exact_repeats_are_kept_once_and_noted(write_book: Any) -> None:
    book = open_book(*write_book({"tickets": "FROM good UNION ALL FROM good"}), Limits())
    assert book.report["tables"]["tickets"]["kept"] == 40
    assert [(p["rule"], p["severity"]) for p in book.report["problems"]] == [("repeated", "note")]


def test_a_later_row_with_the_same_key_corrects_the_earlier_one_from_then_on(write_book: Any) -> None:
    versions = """
        SELECT *, 3 AS csat, opened_at AS recorded_at FROM good
        UNION ALL SELECT *, 1, opened_at + INTERVAL 3 DAY FROM good WHERE ticket_id = 'T5'
        UNION ALL SELECT *, 1, opened_at + INTERVAL 5 DAY FROM good WHERE ticket_id = 'T5'
        UNION ALL SELECT *, 2, opened_at + INTERVAL 9 DAY FROM good WHERE ticket_id = 'T5'"""
    book = open_book(*write_book({"tickets": versions}), Limits())
    rows = book.con.execute("""
        SELECT csat, date_diff('day', opened_at, known_at), date_diff('day', opened_at, superseded_at)
        FROM tickets WHERE ticket_id = 'T5' ORDER BY known_at""").fetchall()
    assert rows == [(3, 0, 3), (1, 3, 9), (2, 9, None)]
    told = {problem["rule"]: (problem["severity"], problem["count"]) for problem in book.report["problems"]}
    assert told == {"corrected": ("note", 2), "repeated": ("note", 1)}
    assert book.con.execute("SELECT count(*) FROM quarantine WHERE rule = 'corrected'").fetchall() == [(0,)]


def test_one_event_id_for_many_events_stops_the_run(write_book: Any) -> None:
    one_id = some("event_id", "5", "event_id < 31")
    with pytest.raises(ContractError, match=r"usage.event_id: 30 of 400 rows correct an earlier row of the same key"):
        open_book(*write_book({"usage": one_id}), Limits(quarantine_share=0.02))


def test_every_problem_is_told_at_once(write_book: Any) -> None:
    spoiled = {
        case.table: case.spoiled for case in (CASES["year 1"], CASES["infinite amount"], CASES["score out of range"])
    }
    with pytest.raises(ContractError) as stopped:
        open_book(*write_book(spoiled), Limits())
    assert [line.split(":")[0] for line in str(stopped.value).splitlines()] == [
        "subscriptions.mrr",
        "usage.occurred_at",
        "surveys.score",
    ]


AGAIN = "FROM good UNION ALL SELECT * REPLACE ({}) FROM good"
CONTRADICTIONS: Mapping[str, tuple[str, str, int]] = {
    "usage_before_account": ("usage", some("occurred_at", "occurred_at - to_days(9)", "event_id < 5"), 5),
    "usage_before_subscription": ("usage", some("occurred_at", "occurred_at - to_days(9)", "event_id < 5"), 5),
    "tickets_before_account": ("tickets", some("opened_at", "opened_at - to_days(90)"), 3),
    "subscription_before_account": ("subscriptions", some("started_at", "started_at - to_days(9)"), 3),
    "churn_while_under_contract": ("outcomes", "SELECT * REPLACE ('A8' AS account_id) FROM good", 1),
    "several_churns": ("outcomes", AGAIN.format("effective_at + to_days(1) AS effective_at"), 1),
    "overlapping_terms": ("subscriptions", AGAIN.format("'S' AS subscription_id") + " WHERE account_id = 'A1'", 1),
    "no_subscription": ("subscriptions", "FROM good WHERE account_id NOT IN ('A1', 'A2')", 2),
    "no_login": ("usage", "SELECT * REPLACE ('search' AS feature) FROM good", 400),
    "no_sponsor": ("contacts", "SELECT * REPLACE ('user' AS role) FROM good", 40),
    "plan_without_entitlements": ("accounts", some("plan", "'gold'"), 3),
}  # fmt: skip


@pytest.mark.parametrize("rule", CONTRADICTIONS)
def test_contradictions_between_tables_are_warnings_with_counts(write_book: Any, rule: str) -> None:
    table, spoiled, count = CONTRADICTIONS[rule]
    book = survey_book(*write_book({table: spoiled}), Limits())
    (told,) = [problem for problem in book.report["problems"] if problem["rule"] == rule]
    assert (told["severity"], told["count"]) == ("warning", count)
    assert told["sample"] or rule == "no_login"
    assert told["fix"]
