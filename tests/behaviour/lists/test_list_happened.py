"""What happened is kept once, read as it was known, and replaced per list until the list is mature."""

from datetime import date, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from serving.happened import (
    CHURN,
    LEFT_VIEW,
    AccountEvent,
    FollowUp,
    ListOutcome,
    events_of,
    keep,
    last_seen,
    maturity,
    newest_event,
    open_lists,
    outcomes_of,
)
from serving.publish import publish
from tests.made_lists import AS_OF, AT, make_list

DAY, WEEK = timedelta(days=1), timedelta(days=7)
NONE = pd.DataFrame({name: [] for name in ("digest", "account_id", "kind", "on", "known_on", "text")})


def events(*rows: tuple[str, date, date, str]) -> pd.DataFrame:
    """Return events (account, happened, known, text), each with a digest of its own."""
    return pd.DataFrame(
        [(f"{account} {on} {said}", account, "ticket", on, known, said) for account, on, known, said in rows],
        columns=NONE.columns,
    )


def test_an_event_is_read_once_it_was_known_and_the_newest_first(database: Engine) -> None:
    early, late = AS_OF - 20 * DAY, AS_OF - 10 * DAY
    keep(database, events(("A1", early, early, "one"), ("A1", late, AS_OF, "two"), ("A2", early, early, "x")), [])
    with database.connect() as connection:
        assert events_of(connection, "A1", AS_OF) == [AccountEvent("ticket", early, early, "one")]
        assert [event.text for event in events_of(connection, "A1", AS_OF + DAY)] == ["two", "one"]
        assert newest_event(connection, AS_OF) == early
        assert newest_event(connection, early) is None


@pytest.mark.parametrize("kind", ["database", "postgres_database"])
def test_the_same_event_is_never_kept_twice(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(kind)
    first = events(("A1", AS_OF, AS_OF, "one"), ("A1", AS_OF, AS_OF, "two"))
    more = events(("A1", AS_OF, AS_OF + DAY, "two"), ("A1", AS_OF, AS_OF, "three"))
    assert [keep(engine, each, []) for each in (first, first, more)] == [2, 0, 1]
    with engine.connect() as connection:
        known = {event.text: event.known_on for event in events_of(connection, "A1", AS_OF + 9 * DAY)}
    assert known == {"one": AS_OF, "two": AS_OF, "three": AS_OF}


def test_what_became_of_a_list_is_replaced_as_it_matures(published: Engine) -> None:
    a, b = ListOutcome(CHURN, 12), ListOutcome(LEFT_VIEW, 30)
    keep(published, NONE, [FollowUp(1, AS_OF + 40 * DAY, 30, {"A00001": a})])
    keep(published, NONE, [FollowUp(1, AS_OF + 70 * DAY, 60, {"A00002": a, "A00003": b})])
    with published.connect() as connection:
        assert outcomes_of(connection, [1, 2]) == {1: {"A00002": a, "A00003": b}, 2: {}}
        assert maturity(connection) == {1: (AS_OF + 70 * DAY, 60)}


def test_only_earlier_lists_that_can_still_mature_are_open(published: Engine) -> None:
    publish(published, make_list(40, AS_OF + WEEK), at=AT, by="tests")
    with published.connect() as connection:
        assert [each.list_id for each in open_lists(connection, AS_OF, 90)] == []
        (first,) = open_lists(connection, AS_OF + WEEK, 90)
        assert (first.list_id, first.as_of, len(first.accounts)) == (1, AS_OF, 60)
    keep(published, NONE, [FollowUp(1, AS_OF + 20 * WEEK, 60, {})])
    with published.connect() as connection:
        assert [each.list_id for each in open_lists(connection, AS_OF + 19 * WEEK, 90)] == [2]
        assert [each.list_id for each in open_lists(connection, AS_OF + 21 * WEEK, 90)] == [1, 2]
        assert [each.list_id for each in open_lists(connection, AS_OF + 21 * WEEK, 60)] == [2]


def test_a_failure_keeps_neither_events_nor_outcomes(published: Engine) -> None:
    unknown_list = FollowUp(99, AS_OF, 30, {})
    with pytest.raises(Exception, match="FOREIGN KEY"):
        keep(published, events(("A1", AS_OF, AS_OF, "one")), [unknown_list])
    with published.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM account_events")) == 0


def test_an_account_was_last_seen_on_the_newest_list_that_names_it(published: Engine) -> None:
    publish(published, make_list(40, AS_OF + WEEK), at=AT, by="tests")
    with published.connect() as connection:
        seen = last_seen(connection, ["A00001", "A00055", "N1", "A99999"], AS_OF + WEEK)
        assert seen == {"A00001": AS_OF + WEEK, "A00055": AS_OF, "N1": AS_OF + WEEK}
        assert last_seen(connection, ["A00001"], AS_OF) == {"A00001": AS_OF}
