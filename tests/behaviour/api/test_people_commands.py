"""forewarn user and forewarn key, as somebody types them."""

import io
import json
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from pipelines.cli import main
from serving import people
from serving.api_keys import read_key
from serving.people import who_signs_in
from serving.store import open_database
from tests.made_lists import AT

PASSWORD = "correct horse battery"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings whose state lies in an empty folder; passwords are hashed cheaply."""
    monkeypatch.setattr(people, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    path = tmp_path / "forewarn.toml"
    path.write_text(f'[project]\nname = "t"\n[store]\npath = "{tmp_path}/state"\n[sources]\nmapping = "m.toml"\n')
    return path


def database(config: Path) -> Engine:
    return open_database(f"sqlite:///{config.parent}/state/forewarn.db")


def forewarn(config: Path, *words: str, code: int = 0) -> None:
    assert main([*words, "--config", str(config)]) == code


def test_a_generated_password_is_printed_once_and_lets_in(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--generate")
    password = capsys.readouterr().out.strip()
    assert len(password) >= 16
    with database(config).connect() as connection:
        assert who_signs_in(connection, "mia", password) is not None
    forewarn(config, "user", "list", "--json")
    shown = capsys.readouterr().out
    assert password not in shown
    assert json.loads(shown) == [{"name": "mia", "role": "manager", "owner": None, "zone": None, "active": True}]


def test_a_password_comes_from_stdin(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
    forewarn(config, "user", "add", "ana", "--role", "csm", "--owner", "Ana Lind", "--password-stdin")
    with database(config).connect() as connection:
        assert who_signs_in(connection, "ana", PASSWORD) is not None


def test_nobody_to_ask_is_said_and_changes_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    forewarn(config, "user", "add", "mia", "--role", "manager", code=2)
    assert "--generate or --password-stdin" in capsys.readouterr().err
    forewarn(config, "user", "list", "--json")
    assert json.loads(capsys.readouterr().out) == []


def test_a_name_that_is_taken_is_replaced_only_when_asked(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--no-password")
    forewarn(config, "user", "add", "mia", "--role", "admin", "--no-password", code=2)
    assert "there already is a person 'mia'" in capsys.readouterr().err
    forewarn(config, "user", "add", "mia", "--role", "admin", "--no-password", "--replace")
    forewarn(config, "user", "list", "--json")
    assert json.loads(capsys.readouterr().out)[0]["role"] == "admin"


def test_who_is_ended_may_be_let_in_again(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--generate")
    password = capsys.readouterr().out.strip()
    forewarn(config, "user", "end", "mia")
    with database(config).connect() as connection:
        assert who_signs_in(connection, "mia", password) is None
    forewarn(config, "user", "change", "mia", "--reactivate")
    with database(config).connect() as connection:
        assert who_signs_in(connection, "mia", password) is not None


def test_a_change_of_nothing_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--no-password")
    forewarn(config, "user", "change", "mia", code=2)
    assert "nothing to change" in capsys.readouterr().err


def test_a_key_is_printed_once_and_can_be_taken_back(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--no-password")
    capsys.readouterr()
    forewarn(config, "key", "add", "mia", "--title", "CRM", "--scope", "lists", "runs", "--days", "9")
    key = capsys.readouterr().out.strip()
    with database(config).connect() as connection:
        found = read_key(connection, key, at=AT)
        assert found is not None
        assert found[1] == {"lists", "runs"}
    forewarn(config, "key", "list", "--json")
    shown = capsys.readouterr().out
    assert key not in shown
    assert json.loads(shown)[0]["created_at"].endswith("Z")
    forewarn(config, "key", "revoke", "1")
    forewarn(config, "key", "revoke", "1", code=2)
    with database(config).connect() as connection:
        assert read_key(connection, key, at=AT) is None


def test_an_unknown_scope_or_person_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forewarn(config, "user", "add", "mia", "--role", "manager", "--no-password")
    forewarn(config, "key", "add", "mia", "--title", "CRM", "--scope", "list", code=2)
    forewarn(config, "key", "add", "max", "--title", "CRM", "--scope", "lists", code=2)
    said = capsys.readouterr().err
    assert "no scope 'list'" in said
    assert "there is no person 'max'; known are: mia" in said
