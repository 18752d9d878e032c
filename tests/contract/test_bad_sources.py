"""A source that cannot be read as its mapping says stops the run with the culprit and the way out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.contract import Limits
from features.errors import ContractError, UsageError
from features.sources.files import open_book, survey_book
from features.sources.mapping import OwnCheck, TableMapping

LIMITS = Limits()


def stop(files: Any, limits: Limits = LIMITS) -> str:
    with pytest.raises(ContractError) as stopped:
        open_book(*files, limits)
    return str(stopped.value)


def test_a_missing_file_names_what_the_folder_has(write_book: Any) -> None:
    mapping, data = write_book()
    (data / "tickets.parquet").rename(data / "ticket.parquet")
    message = stop((mapping, data))
    assert message.startswith("tickets: no file tickets.parquet in the data folder")
    assert "did you mean ticket.parquet?" in message
    assert "correct the path in book.toml" in message


def test_a_missing_data_folder_is_a_matter_of_usage(write_book: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such data folder; correct \\[sources\\] data"):
        open_book(write_book()[0], tmp_path / "nowhere", LIMITS)


def test_a_file_that_is_not_what_its_name_says(write_book: Any) -> None:
    mapping, data = write_book()
    (data / "tickets.parquet").write_text("no parquet")
    assert stop((mapping, data)).startswith("tickets: tickets.parquet cannot be read: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "account_id,created_at\nA1,2024-01-01\nA2\n",
            "CSV Error on Line: 3 Original Line: A2 Expected Number of Columns",
        ),
        ("account_id,created_at\nA1,2024-01-01,more\n", "CSV Error on Line: 2 Original Line: A1,2024-01-01,more"),
        ('account_id,created_at\nA1,"2024-01-01\n', "Value with unterminated quote found."),
        ("", "the file has no header"),
    ],
)
def test_a_broken_csv_names_the_line(write_book: Any, text: str, said: str) -> None:
    mapping, data = write_book(csv=("accounts",))
    (data / "accounts.csv").write_text(text)
    message = stop((mapping, data)).splitlines()[0]
    assert message.startswith("accounts: accounts.csv cannot be read: ")
    assert said in message
    assert message.endswith("repair the file or correct the path in book.toml")


def test_a_csv_may_use_another_delimiter(write_book: Any) -> None:
    mapping, data = write_book(csv=("accounts",))
    text = (data / "accounts.csv").read_text()
    (data / "accounts.csv").write_text("\ufeff" + text.replace(",", ";"), encoding="utf-8")
    assert open_book(mapping, data, LIMITS).report["tables"]["accounts"]["kept"] == 40


def test_expressions_that_do_not_go_together_are_told(write_book: Any) -> None:
    message = stop(write_book(columns={"accounts": {"created_at": "max(created_at)"}}))
    assert message.startswith("accounts: the expressions cannot be read together: ")


def test_an_empty_required_table_stops_the_run(write_book: Any) -> None:
    message = stop(write_book({"usage": "FROM good WHERE false"}))
    assert message == "usage: the source has no rows; correct the path, query or filter in book.toml under [usage]"


def test_an_empty_optional_table_counts_as_missing(write_book: Any) -> None:
    book = open_book(*write_book({"contacts": "FROM good WHERE false"}), LIMITS)
    assert book.report["tables"]["contacts"]["missing"]
    assert [(p["table"], p["rule"], p["severity"]) for p in book.report["problems"]] == [
        ("contacts", "empty_table", "warning")
    ]


def test_a_missing_column_names_the_nearest_and_what_there_is(write_book: Any) -> None:
    message = stop(write_book({"subscriptions": "SELECT * RENAME (started_at AS start_at) FROM good"}))
    assert message.startswith("subscriptions.started_at: the source has no column started_at; did you mean start_at?")
    assert "in book.toml under [subscriptions] started_at (the source has account_id VARCHAR, " in message


def test_every_expression_that_fails_is_named(write_book: Any) -> None:
    wrong = {"usage": {"occurred_at": "occured_at", "feature": "feature +"}, "tickets": {"ticket_id": "tiket_id"}}
    lines = stop(write_book(columns=wrong)).splitlines()
    assert [line.split(":")[0] for line in lines] == ["usage.occurred_at", "usage.feature", "tickets.ticket_id"]
    assert "did you mean occurred_at?" in lines[0]


def test_a_filter_that_fails_is_named(write_book: Any) -> None:
    mapping, data = write_book()
    usage = TableMapping(path="usage.parquet", filter="kind <> 'test'")
    message = stop((replace(mapping, tables={**mapping.tables, "usage": usage}), data))
    assert message.startswith("usage.filter: ")
    assert "kind" in message


@pytest.mark.parametrize(
    ("table", "column", "kind", "needed"),
    [
        ("subscriptions", "mrr", "DATE '2024-01-01'", "mrr: is DATE in the source, where a number is needed"),
        ("usage", "occurred_at", "1704067200", "occurred_at: is INTEGER in the source, where a time is needed"),
        ("accounts", "account_id", "[account_id]", "account_id: is VARCHAR[] in the source, where a text is needed"),
    ],
)
def test_a_retyped_column_says_both_types(write_book: Any, table: str, column: str, kind: str, needed: str) -> None:
    message = stop(write_book({table: f"SELECT * REPLACE ({kind} AS {column}) FROM good"}))
    assert f"{table}.{needed}" in message
    assert f"in book.toml under [{table}] {column}" in message


def test_an_expression_that_fails_on_a_row_is_told(write_book: Any) -> None:
    message = stop(write_book(columns={"subscriptions": {"mrr": "CAST(subscription_id AS DOUBLE)"}}))
    assert message.startswith("subscriptions: reading fails: ")
    assert "TRY_CAST" in message


@pytest.mark.parametrize("table", ["tickets", "usage"])
def test_naive_and_zoned_times_do_not_mix(write_book: Any, table: str) -> None:
    clock = {"tickets": "opened_at", "usage": "occurred_at"}[table]
    mixed = f"SELECT * REPLACE ({clock} || CASE WHEN account_id = 'A3' THEN '+02:00' ELSE '' END AS {clock}) FROM good"
    message = stop(write_book({table: mixed}))
    assert message.startswith(
        f"{table}.{clock}: {1 if table == 'tickets' else 10} of {40 if table == 'tickets' else 400}"
    )
    assert "times name their zone and the others do not (for example 2024-0" in message
    assert "+02:00 beside 2024-0" in message
    assert f"in book.toml under [{table}] {clock}" in message


def test_queries_join_the_files_of_the_mapping(write_book: Any) -> None:
    mapping, data = write_book()
    query = TableMapping(query="SELECT * FROM raw JOIN more USING (account_id)", columns={"name": "upper(more.name)"})
    files = {"raw": "accounts.parquet", "more": "accounts.parquet"}
    joined = replace(mapping, files=files, tables={**mapping.tables, "accounts": query})
    message = stop((joined, data))
    assert message.startswith("accounts.name: upper(more.name) cannot be read from the source")
    good = replace(query, query="SELECT raw.* FROM raw JOIN more USING (account_id)", columns={"name": "upper(name)"})
    book = open_book(replace(joined, tables={**joined.tables, "accounts": good}), data, LIMITS)
    assert book.con.execute("SELECT max(name) FROM accounts").fetchall() == [("NAME 9",)]


def test_own_checks_are_told_and_a_failing_one_stops(write_book: Any) -> None:
    mapping, data = write_book()
    named = OwnCheck("named", "accounts have a name", "SELECT count(name), count(*), ['A1'] FROM accounts", "accounts")
    book = survey_book(replace(mapping, checks=(named,)), data, LIMITS)
    assert [p["text"] for p in book.report["problems"]] == ["accounts: 40 of 40 accounts have a name (for example A1)"]
    message = stop((replace(mapping, checks=(replace(named, query="SELECT 1"),)), data))
    assert "write one SELECT of count, total and a list of keys in book.toml under [checks.named] query" in message


def test_names_and_paths_with_quotes_stay_text(write_book: Any) -> None:
    mapping, data = write_book({"tickets": 'SELECT *, 1 AS "odd ""name""" FROM good'})
    (data / "tickets.parquet").rename(data / "it's [here].parquet")
    odd = TableMapping(path="it's [here].parquet", columns={"severity": '"odd ""name"""'})
    book = open_book(replace(mapping, tables={**mapping.tables, "tickets": odd}), data, LIMITS)
    assert book.con.execute("SELECT DISTINCT severity FROM tickets").fetchall() == [("1",)]


def test_several_files_by_glob_are_one_table(write_book: Any) -> None:
    mapping, data = write_book()
    (data / "usage").mkdir()
    (data / "usage.parquet").rename(data / "usage" / "a.parquet")
    (data / "usage" / "b.parquet").write_bytes((data / "usage" / "a.parquet").read_bytes())
    both = replace(mapping, tables={**mapping.tables, "usage": TableMapping(path="usage/*.parquet")})
    assert open_book(both, data, LIMITS).report["tables"]["usage"]["rows"] == 800


def test_nothing_is_written_into_the_data_folder(write_book: Any) -> None:
    mapping, data = write_book()
    before = sorted(data.rglob("*"))
    open_book(mapping, data, LIMITS)
    assert sorted(data.rglob("*")) == before
