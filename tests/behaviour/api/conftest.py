"""The application of the web tests, and programs with keys that ask it."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from serving.api_keys import SCOPES, add_key
from serving.people import require_person
from tests.made_lists import AT

_WEB: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "web" / "conftest.py"))
"""By path: test folders are no packages."""
clock, filled, engine, settings = (_WEB[name] for name in ("clock", "filled", "engine", "settings"))
app, nobody, sign_in = (_WEB[name] for name in ("app", "nobody", "sign_in"))
Program = Callable[..., TestClient]


@pytest.fixture
def program(app: FastAPI, engine: Engine) -> Program:
    """Return a program with a person's new key."""

    def with_key(name: str, *scopes: str, days: int | None = None) -> TestClient:
        with engine.connect() as connection:
            person = require_person(connection, name)
        key = add_key(engine, person, "tests", scopes or tuple(SCOPES), at=AT, days=days)
        return TestClient(app, headers={"authorization": f"Bearer {key}"}, follow_redirects=False)

    return with_key


@pytest.fixture
def ana(program: Program) -> TestClient:
    """A program of the CSM of Owner 01."""
    return program("ana")


@pytest.fixture
def mia(program: Program) -> TestClient:
    """A program of the manager."""
    return program("mia")
