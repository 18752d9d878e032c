"""How long an account has been on the list, and the line of its risk: carried on from the list before."""

from typing import Any

import pandas as pd
from sqlalchemy import Engine, update

from serving.list_row import ListRow
from serving.listed import sparks, weeks_listed
from serving.publish import publish
from serving.risk_list import previous_list
from serving.schema import list_rows
from serving.store import writing


def before(database: Engine, scored: Any, at: Any, week: Any, **columns: Any) -> dict[str, ListRow]:
    """Return what the next week finds published: the first rows of the list, with these columns."""
    count = len(next(iter(columns.values())))
    old = scored.rows.iloc[:count].assign(risk_90=0.123456, **{n: pd.Series(v).to_numpy() for n, v in columns.items()})
    publish(database, scored, at=at, by="tests")
    with writing(database).begin() as connection:
        for account, row in old.iterrows():
            values = {name: None if row[name] is None else row[name] for name in ("risk_90", *columns)}
            connection.execute(update(list_rows).where(list_rows.c.account_id == account).values(values))
    previous = previous_list(database, scored.as_of + week)
    assert previous is not None
    return {f"A{place}": row for place, row in enumerate(previous.rows[:count])}


def bands(*names: str) -> Any:
    return pd.Series(names, [f"A{place}" for place in range(len(names))])


def test_weeks_count_on_while_it_stays_and_start_again_after_a_week_away(
    database: Engine, scored: Any, at: Any, week: Any
) -> None:
    then = before(database, scored, at, week, band=["High", "Medium", "Low", "Low"], weeks_listed=[4, 1, 0, 0])
    now = bands("Medium", "Low", "High", "Low", "Medium", "Low")
    assert weeks_listed(now, then, "Low").tolist() == [5, 0, 1, 0, 1, 0]


def test_a_list_from_before_weeks_were_counted_counts_as_one(database: Engine, scored: Any, at: Any, week: Any) -> None:
    then = before(database, scored, at, week, band=["High", "Low"], weeks_listed=[None, None])
    assert weeks_listed(bands("High", "High", "High"), then, "Low").tolist() == [2, 1, 1]


def test_without_a_list_before_everybody_is_on_their_first() -> None:
    assert weeks_listed(bands("High", "Low"), {}, "Low").tolist() == [1, 0]
    assert sparks(pd.Series([0.25], ["A0"]), {}).tolist() == [[0.25]]


def test_a_spark_has_the_last_twelve_risks_to_four_decimals(database: Engine, scored: Any, at: Any, week: Any) -> None:
    full = [place / 100 for place in range(12)]
    then = before(database, scored, at, week, spark=[full, [0.5], None])
    now = pd.Series([0.98765432] * 4, ["A0", "A1", "A2", "A3"])
    assert sparks(now, then).tolist() == [[*full[1:], 0.9877], [0.5, 0.9877], [0.1235, 0.9877], [0.9877]]
