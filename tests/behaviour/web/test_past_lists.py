"""What happened to the lists is counted over mature lists only, and over the viewer's own accounts only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, insert

from serving.happened import CHURN, LEFT_VIEW, FollowUp, ListOutcome, keep
from serving.past_lists import PastLists, past_lists
from serving.past_rows import past_rows
from serving.publish import publish
from serving.revenue import revenue
from serving.schema_acting import actions
from serving.store import open_database
from tests.made_lists import AS_OF, AT, make_list

WEEK = timedelta(days=7)
NONE = pd.DataFrame({name: [] for name in ("digest", "account_id", "kind", "on", "known_on", "text")})
HIGH = ("A00001", "A00002", "A00031", "A00032")
MEDIUM = ("A00003", "A00004", "A00033")
RISKS = {"High": 0.5, "Medium": 0.2, "Low": 0.01}
BECAME = {
    "A00001": ListOutcome(CHURN, 70),
    "A00031": ListOutcome(CHURN, 12),
    "A00002": ListOutcome(LEFT_VIEW, 40),
    "A00003": ListOutcome(CHURN, 90),
    "A00050": ListOutcome(CHURN, 31),
}


def planted(engine: Engine, weeks_ago: int, high: tuple[str, ...] = HIGH) -> int:
    """Publish a list of sixty accounts, thirty per owner, whose bands and risks are known; return its number."""
    scored = make_list(as_of=AS_OF - weeks_ago * WEEK)
    rows = scored.rows.copy()
    rows["band"] = ["High" if a in high else "Medium" if a in MEDIUM else "Low" for a in rows.index]
    rows["risk_90"] = rows["band"].map(RISKS)
    rows["risk_60_90"] = rows["risk_90"] / 2
    publish(engine, replace(scored, rows=rows), at=AT, by="tests")
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT max(id) FROM lists").scalar_one())


def follow(engine: Engine, list_id: int, matured: int, became: dict[str, ListOutcome]) -> None:
    """Put on record what became of a list."""
    keep(engine, NONE, [FollowUp(list_id, AS_OF, matured, became)])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Engine]:
    """Two lists: one mature, with outcomes; one half a year younger of which little is known."""
    engine = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    follow(engine, planted(engine, 20), 90, BECAME)
    follow(engine, planted(engine, 6), 30, {"A00032": ListOutcome(CHURN, 5)})
    yield engine
    engine.dispose()


def figures(found: PastLists, band: str, window: str = "risk_90") -> tuple[int, int, float]:
    """Return known, churned and expected of a band over all mature lists."""
    counted = found.total(band).counts[window]
    return counted.known, counted.churned, round(counted.expected, 6)


def test_each_band_is_counted_against_what_the_list_said(book: Engine) -> None:
    found = past_lists(book, None)
    assert figures(found, "High") == (3, 2, 1.5)
    assert figures(found, "High", "risk_30")[:2] == (4, 1)
    assert figures(found, "High", "risk_60_90") == (3, 1, 0.75)
    assert figures(found, "Medium") == (3, 1, 0.6)
    assert figures(found, "Low") == (53, 1, 0.53)
    young, old = found.lists
    assert old.bands[0].sentence().startswith("Of 3 High, 2 left within 90 days (95% interval 21–94%)")
    assert (old.bands[0].accounts, old.bands[0].left_view, old.matured, young.matured) == (4, 1, True, False)


def test_an_unmatured_list_is_marked_and_changes_no_total(book: Engine) -> None:
    found = past_lists(book, None)
    young = found.lists[0]
    assert (young.matured_days, young.complete_on) == (30, AS_OF - 6 * WEEK + timedelta(days=90))
    assert set(young.bands[0].counts) == {"risk_30"}
    before = [figures(found, band) for band in RISKS]
    follow(book, 2, 60, {account: ListOutcome(CHURN, 9) for account in HIGH})
    assert [figures(past_lists(book, None), band) for band in RISKS] == before
    follow(book, 2, 90, {account: ListOutcome(CHURN, 9) for account in HIGH})
    assert figures(past_lists(book, None), "High") == (7, 6, 3.5)


def test_a_csm_counts_the_accounts_that_were_theirs_on_the_list(book: Engine) -> None:
    mine, others = past_lists(book, "Owner 01"), past_lists(book, "Owner 02")
    assert (figures(mine, "High"), figures(others, "High")) == ((1, 1, 0.5), (2, 1, 1.0))
    assert (figures(mine, "Low"), figures(others, "Low")) == ((26, 0, 0.26), (27, 1, 0.27))
    assert [each.accounts for each in mine.lists] == [30, 30]
    nobody = past_lists(book, "")
    assert [each.accounts for each in nobody.lists] == [0, 0]
    assert nobody.total("High").counts["risk_90"].share is None


def test_an_account_on_many_lists_widens_no_sample(book: Engine) -> None:
    once = past_lists(book, None).total("Low").counts["risk_90"]
    for weeks in range(21, 26):
        follow(book, planted(book, weeks), 90, BECAME)
    often = past_lists(book, None).total("Low").counts["risk_90"]
    assert (often.known, often.accounts, often.accounts_churned) == (6 * once.known, once.accounts, 1)
    assert often.size == pytest.approx(once.size, rel=0.02)
    assert often.interval == pytest.approx(once.interval, rel=0.05)


def test_how_early_leavers_were_listed_is_counted_from_their_first_list(book: Engine) -> None:
    for weeks in (22, 21):
        planted(book, weeks, high=HIGH[:1])
    first = past_lists(book, None).first
    assert first is not None
    # A00001 was listed 14 + 69 days before, A00003 14 + 89 days, A00031 11 days; A00050 never was.
    assert (first.reach, first.churned, first.listed, first.median) == (None, 4, 3, 83)
    assert first.early == {30: 2, 60: 2, 90: 1}
    assert first.few
    mine = past_lists(book, "Owner 02").first
    assert mine is not None
    assert (mine.churned, mine.listed, mine.median) == (2, 1, 11)


def test_disagreements_turn_out_by_what_was_said_last(book: Engine) -> None:
    say(book, "A00001", 1, "Low", "seasonal")
    say(book, "A00031", 1, "Medium", "wrong data")
    say(book, "A00031", 1, "Low", "seasonal")
    say(book, "A00032", 1, "Low", "seasonal")
    say(book, "A00032", 2, "Low", "seasonal")
    say(book, "A00002", 1, "Low", "seasonal")
    say(book, "A00004", 1, "High", "already known", undone=True)
    say(book, "A00003", 1, "Medium", "already known")
    (only,) = past_lists(book, None).disagreements
    assert (only.band, only.csm_band, only.reason) == ("High", "Low", "seasonal")
    # Five in all; one list is not mature and of A00002 nobody can say what came.
    assert (only.how_many, only.matured, only.churned, only.expected) == (5, 3, 2, 1.5)
    (mine,) = past_lists(book, "Owner 01").disagreements
    assert (mine.how_many, mine.matured, mine.churned) == (2, 1, 1)


def test_postgresql_counts_alike(book: Engine, postgres_url: str) -> None:
    other = open_database(postgres_url)
    try:
        follow(other, planted(other, 20), 90, BECAME)
        follow(other, planted(other, 6), 30, {"A00032": ListOutcome(CHURN, 5)})
        for engine in (book, other):
            say(engine, "A00001", 1, "Low", "seasonal")
        for sees in (None, "Owner 02"):
            assert past_lists(other, sees) == past_lists(book, sees)
        assert past_rows(other, AS_OF - 20 * WEEK, None) == past_rows(book, AS_OF - 20 * WEEK, None)
        assert revenue(other, today=AS_OF) == revenue(book, today=AS_OF)
    finally:
        with other.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        other.dispose()


def test_a_database_without_lists_has_nothing_to_say(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/empty.db")
    found = past_lists(engine, None)
    engine.dispose()
    assert (found.lists, found.totals, found.first, found.known_from) == ((), (), None, None)


def say(engine: Engine, account: str, list_id: int, band: str, reason: str, *, undone: bool = False) -> None:
    row = {"account_id": account, "at": AT, "actor": "ana", "list_id": list_id}
    with engine.begin() as connection:
        said = {**row, "kind": "risk", "detail": {"band": band, "reason": reason}}
        made = connection.execute(insert(actions).returning(actions.c.id), said).scalar_one()
        if undone:
            connection.execute(insert(actions), {**row, "kind": "undo", "detail": {}, "undoes": made})
