"""Publishing: once, whole or not at all, and never changed afterwards."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, event, func, select

from features.errors import UsageError
from serving.publish import publish
from serving.risk_list import previous_list, published_weeks, read_list
from serving.schema import audit, list_rows, metadata, pointers, reasons
from serving.store import open_database, writing


def test_a_published_list_reads_back_in_rank_order_with_its_reasons(database: Engine, scored: Any, at: Any) -> None:
    assert publish(database, scored, at=at, by="tests", simulated=True, run_id="r1")
    read = read_list(database)
    assert [row.account_id for row in read.rows] == list(scored.rows.index)
    assert [row.risk_90 for row in read.rows] == scored.rows["risk_90"].tolist()
    first = scored.reasons[scored.reasons["account_id"] == read.rows[0].account_id]
    assert [reason.text for reason in read.rows[0].reasons] == first["text"].tolist()
    assert (read.as_of, read.simulated, read.run_id, read.model) == (scored.as_of, True, "r1", scored.model)


def test_what_a_row_says_beyond_its_risk_reads_back(database: Engine, scored: Any, at: Any) -> None:
    publish(database, scored, at=at, by="tests", reach={"usage": "2026-09-06"})
    read = read_list(database)
    assert read.reach == {"usage": "2026-09-06"}
    assert (read.not_scored[0].owner, read.not_scored[1].segment) == ("Owner 01", "Mid-market")
    for name in ("saveable", "place", "weeks_listed", "spark", "sponsor"):
        assert [getattr(row, name) for row in read.rows] == scored.rows[name].tolist()
    for name in ("sponsor_since", "customer_contact", "last_use"):
        days = [None if moment is pd.NaT else moment.date() for moment in scored.rows[name]]
        assert [getattr(row, name) for row in read.rows] == days
    assert all(row.driver == next((reason.driver for reason in row.reasons), None) for row in read.rows)


def test_a_list_that_says_no_more_than_risks_is_published_and_placed(database: Engine, scored: Any, at: Any) -> None:
    bare = scored.rows.loc[:, :"band"]
    publish(database, replace(scored, rows=bare, not_scored=scored.not_scored.iloc[:, :3]), at=at, by="tests")
    read = read_list(database)
    assert [(row.saveable, row.place) for row in read.rows] == list(
        zip(scored.rows["saveable"], scored.rows["place"], strict=True)
    )
    first = read.rows[0]
    assert {first.driver, first.weeks_listed, first.spark, first.sponsor, first.last_use, read.reach} == {None}
    assert {account.owner for account in read.not_scored} == {None}


def test_the_same_week_published_twice_changes_nothing_and_says_so(
    database: Engine, scored: Any, week_list: Any, at: Any
) -> None:
    publish(database, scored, at=at, by="tests")
    before = _everything(database)
    assert not publish(database, week_list(seed=8, model="another"), at=at, by="tests")
    assert _everything(database) == before


@pytest.mark.parametrize("table", ["list_rows", "reasons", "explanations", "not_scored", "audit"])
def test_a_publish_that_fails_anywhere_leaves_the_previous_list(
    database: Engine, scored: Any, week_list: Any, at: Any, week: Any, table: str
) -> None:
    publish(database, scored, at=at, by="tests")
    before = _everything(database)

    def fail(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {table} "):
            raise RuntimeError("pulled the plug")

    event.listen(database, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        publish(database, week_list(as_of=scored.as_of + week), at=at, by="tests")
    event.remove(database, "before_cursor_execute", fail)
    with open_database(str(database.url)).connect() as other:
        assert other.scalar(select(pointers.c.list_id)) == 1
    assert _everything(database) == before
    assert publish(database, week_list(as_of=scored.as_of + week), at=at, by="tests")


def test_another_connection_sees_the_old_list_until_the_new_one_is_whole(
    database: Engine, scored: Any, week_list: Any, at: Any, week: Any
) -> None:
    publish(database, scored, at=at, by="tests")
    other = open_database(str(database.url))
    seen = []

    def look(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT INTO reasons", "UPDATE pointers", "INSERT INTO audit")):
            seen.append((read_list(other).as_of, len(read_list(other).rows)))

    event.listen(database, "after_cursor_execute", look)
    publish(database, week_list(as_of=scored.as_of + week), at=at, by="tests")
    assert set(seen) == {(scored.as_of, 60)}
    assert len(seen) >= 3
    assert read_list(other).as_of == scored.as_of + week


def test_an_older_week_is_kept_without_becoming_current(
    database: Engine, scored: Any, week_list: Any, at: Any, week: Any
) -> None:
    publish(database, scored, at=at, by="tests")
    assert publish(database, week_list(as_of=scored.as_of - week), at=at, by="tests")
    assert read_list(database).as_of == scored.as_of
    assert published_weeks(database) == [scored.as_of, scored.as_of - week]
    previous = previous_list(database, scored.as_of)
    assert previous is not None
    assert previous.as_of == scored.as_of - week
    assert previous_list(database, scored.as_of - week) is None


def test_every_publish_leaves_an_audit_row(database: Engine, scored: Any, at: Any) -> None:
    publish(database, scored, at=at, by="weekly run")
    publish(database, scored, at=at, by="weekly run")
    with database.connect() as connection:
        rows = connection.execute(select(audit)).all()
    assert [(row.actor, row.action, row.at, row.detail["rows"]) for row in rows] == [("weekly run", "publish", at, 60)]


def test_a_list_without_accounts_can_be_published(database: Engine, scored: Any, at: Any) -> None:
    nobody = {name: getattr(scored, name).iloc[:0] for name in ("rows", "reasons", "values", "facts", "not_scored")}
    nobody |= {name: getattr(scored, name).iloc[:0] for name in ("contributions_90", "contributions_60_90")}
    assert publish(database, replace(scored, **nobody), at=at, by="tests")
    assert (read_list(database).rows, read_list(database).not_scored) == ([], [])


def test_text_that_a_database_refuses_is_stored_without_it(database: Engine, scored: Any, at: Any) -> None:
    scored.rows.loc[scored.rows.index[0], "name"] = "Acc\x00ount"
    publish(database, scored, at=at, by="tests")
    assert read_list(database).rows[0].name == "Account"


def test_reading_before_anything_is_published_says_what_to_run(database: Engine) -> None:
    with pytest.raises(UsageError, match="run forewarn weekly"):
        read_list(database)


def test_a_row_without_its_list_is_refused(database: Engine) -> None:
    orphan = {
        "list_id": 99,
        "account_id": "A",
        "position": 1,
        "driver": "",
        "feature": "",
        "text": "",
        "contribution": 0,
    }
    with pytest.raises(Exception, match="FOREIGN KEY"), writing(database).begin() as connection:
        connection.execute(reasons.insert(), orphan)


def _everything(engine: Engine) -> dict[str, list[Any]]:
    def rows(connection: Connection, name: str) -> list[Any]:
        return sorted(map(repr, connection.execute(select(metadata.tables[name])).all()))

    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(list_rows)) is not None
        return {name: rows(connection, name) for name in metadata.tables}
