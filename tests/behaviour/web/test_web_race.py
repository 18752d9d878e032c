"""Reading the list while new ones are published: every answer is one list, wholly old or wholly new."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving import formats, people
from serving.publish import publish
from serving.scoring import ScoredList
from serving.store import open_database
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AS_OF, AT, make_list

PASSWORD = "correct horse battery"
WEEK = timedelta(days=7)
READERS, READS, PUBLISHES = 4, 1_000, 50
PAGES = ("/", "/?before=end", "/?sort=name", "/?search=account", "/?band=High")
BASE = make_list(40)


@pytest.fixture(params=["sqlite", "postgresql"])
def raced(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Engine]:
    """A database with one list and a manager."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/forewarn.db" if sqlite else request.getfixturevalue("postgres_url")
    engine = open_database(url)
    publish(engine, marked(0), at=AT, by="tests")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        people.add_person(engine, "mia", "manager", password=PASSWORD, at=AT, by="tests")
    yield engine
    if not sqlite:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


@dataclass
class Seen:
    """What one reader saw: per answer the week at its head, and the weeks of all its rows and reasons."""

    headed: list[date] = field(default_factory=list)
    within: list[set[str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def mixed(self) -> list[tuple[date, set[str]]]:
        """Return the answers whose parts come from other weeks than their head."""
        both = zip(self.headed, self.within, strict=True)
        return [(head, weeks) for head, weeks in both if weeks != {head.isoformat()}]


def marked(week: int) -> ScoredList:
    """Return a list whose every name and reason holds its week."""
    as_of = AS_OF + week * WEEK
    said = f" week:{as_of.isoformat()}"
    return replace(
        BASE,
        as_of=as_of,
        rows=BASE.rows.assign(name=BASE.rows["name"] + said),
        reasons=BASE.reasons.assign(text=BASE.reasons["text"] + said),
    )


def race(engine: Engine, app: FastAPI, reads: int, publishes: int) -> list[Seen]:
    """Let readers read while lists are published at an even pace, and return what each saw."""
    done = threading.Semaphore(0)
    seen = [Seen() for _ in range(READERS)]
    first = TestClient(app)
    first.post("/sign-in", data={"name": "mia", "password": PASSWORD})

    def read(mine: Seen) -> None:
        client = TestClient(app, cookies=first.cookies)
        for number in range(reads // READERS):
            try:
                look(client, PAGES[number % len(PAGES)], mine)
            except Exception as error:  # noqa: BLE001  a reader that dies must fail the test, not vanish
                mine.broken.append(repr(error))
            done.release()

    threads = [threading.Thread(target=read, args=(each,)) for each in seen]
    for each in threads:
        each.start()
    for week in range(1, publishes + 1):
        for _ in range(reads // (publishes + 2)):
            done.acquire()
        publish(engine, marked(week), at=AT + week * WEEK, by="tests")
    for each in threads:
        each.join()
    return seen


def look(client: TestClient, page: str, mine: Seen) -> None:
    """Ask for a page and note the weeks in it."""
    answer = client.get(page)
    weeks = re.findall(r"week:(\d{4}-\d\d-\d\d)", answer.text)
    if answer.status_code != 200 or not weeks:
        mine.broken.append(f"{page}: {answer.status_code}")
        return
    (head,) = re.findall(r"Week of <strong>([^<]+)", answer.text)
    mine.headed.append(next(day for day in DAYS if formats.day(day) == head))
    mine.within.append(set(weeks))


DAYS = [AS_OF + week * WEEK for week in range(PUBLISHES + 1)]


@pytest.mark.slow
def test_every_answer_is_one_list(raced: Engine) -> None:
    app = create_app(raced, WebSettings(), lambda: AT)
    seen = race(raced, app, READS, PUBLISHES)
    assert [each.broken for each in seen] == [[]] * READERS
    assert [each.mixed for each in seen] == [[]] * READERS
    assert sum(len(each.headed) for each in seen) == READS
    assert all(before <= after for each in seen for before, after in pairwise(each.headed)), "nobody goes back in time"
    assert len({head for each in seen for head in each.headed}) > PUBLISHES * 0.8, "the race took place"


def test_a_reader_that_mixes_lists_is_found(raced: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.web.list_rows._key", lambda index, states, account, seen: (account,))
    seen = race(raced, create_app(raced, WebSettings(), lambda: AT), 60, 3)
    assert any(each.mixed for each in seen)
