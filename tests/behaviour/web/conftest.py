"""The application on made-up lists, and people who look at it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving import people
from serving.publish import publish
from serving.store import open_database
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.made_lists import AS_OF, AT, make_list

PASSWORD = "correct horse battery"
PEOPLE = {
    "ana": ("csm", "Owner 01"),
    "ben": ("csm", "Owner 02"),
    "mia": ("manager", None),
    "ada": ("admin", None),
}
WEEK = timedelta(days=7)
SignIn = Callable[[str], TestClient]


class Clock:
    """A clock that tests move."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Half a day after the newest list was published."""
    return Clock(AT + timedelta(hours=12))


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two weeks' lists of sixty accounts and four people, made once; passwords are hashed cheaply."""
    path = tmp_path_factory.mktemp("filled") / "forewarn.db"
    made = open_database(f"sqlite:///{path}")
    publish(made, make_list(as_of=AS_OF - WEEK), at=AT - WEEK, by="tests", simulated=True)
    publish(made, make_list(), at=AT, by="tests", simulated=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        for name, (role, owner) in PEOPLE.items():
            people.add_person(made, name, role, owner=owner, password=PASSWORD, at=AT, by="tests")  # type: ignore[arg-type]
    with made.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.dispose()
    return path


@pytest.fixture
def engine(tmp_path: Path, filled: Path) -> Iterator[Engine]:
    """A copy of that database for one test."""
    shutil.copy(filled, tmp_path / "forewarn.db")
    made = open_database(f"sqlite:///{tmp_path}/forewarn.db")
    yield made
    made.dispose()


@pytest.fixture
def settings() -> WebSettings:
    """The settings of the application, for tests to replace."""
    return WebSettings()


@pytest.fixture
def app(engine: Engine, settings: WebSettings, clock: Clock) -> FastAPI:
    """The application."""
    return create_app(engine, settings, clock)


@pytest.fixture
def nobody(app: FastAPI) -> TestClient:
    """A client that has not signed in and follows no redirect."""
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def sign_in(app: FastAPI) -> SignIn:
    """Return a signed-in client of a person; its `csrf` is what forms must carry."""

    def signed_in(name: str) -> TestClient:
        client = TestClient(app, follow_redirects=False)
        assert client.post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 303
        client.csrf = csrf_of(client)  # type: ignore[attr-defined]
        return client

    return signed_in


def csrf_of(client: TestClient) -> str:
    """Return the token that a page of the signed-in person holds."""
    return client.get("/me").text.split('name="csrf" value="')[1].split('"')[0]


@pytest.fixture
def ana(sign_in: SignIn) -> TestClient:
    """The CSM of Owner 01."""
    return sign_in("ana")


@pytest.fixture
def ben(sign_in: SignIn) -> TestClient:
    """The CSM of Owner 02."""
    return sign_in("ben")


@pytest.fixture
def mia(sign_in: SignIn) -> TestClient:
    """The manager."""
    return sign_in("mia")


@pytest.fixture
def ada(sign_in: SignIn) -> TestClient:
    """The admin."""
    return sign_in("ada")
