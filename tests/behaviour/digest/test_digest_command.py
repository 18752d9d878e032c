"""forewarn digest: prints, writes or sends, and says what became of it."""

import argparse
from json import loads
from pathlib import Path
from typing import Any

import pytest

from features.errors import UsageError
from pipelines.commands import digest
from serving.notify import NotSentError


@pytest.fixture
def command(book: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command on a database with one list."""
    book.publish()
    (tmp_path / "own.toml").write_text("")
    monkeypatch.setenv("FOREWARN_DATABASE_URL", str(book.engine.url))
    monkeypatch.delenv("FOREWARN_NOTIFY", raising=False)

    def run(*words: str) -> None:
        parser = argparse.ArgumentParser()
        digest.configure(parser)
        args = parser.parse_args(words)
        args.config = str(tmp_path / "own.toml")
        digest.run(args)

    return run


def test_it_prints_every_digest_and_sends_nothing(command: Any, capsys: Any) -> None:
    command()
    command()
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if line.startswith("To: ")] == [
        "To: Owner 01", "To: Owner 02", "To: managers",
    ] * 2  # fmt: skip
    assert "3 digests; --send sends what is not sent." in err


def test_one_owners_digest_as_json_and_as_a_file(command: Any, capsys: Any, tmp_path: Path) -> None:
    command("--owner", "Owner 02", "--json", "--html", str(tmp_path / "d.html"))
    (found,) = loads(capsys.readouterr().out)
    assert found["recipient"] == "Owner 02"
    assert (tmp_path / "d.html").read_text() == found["html"]
    command("--html", str(tmp_path / "d.html"))
    assert "The book at risk" in (tmp_path / "d.html").read_text()


def test_in_a_book_that_no_longer_grows_today_is_its_as_of_date(command: Any, capsys: Any, tmp_path: Path) -> None:
    command("--owner", "Owner 01")
    assert "482 days left" not in capsys.readouterr().out
    (tmp_path / "own.toml").write_text('[calendar]\nas_of = "2026-09-08"\n')
    command("--owner", "Owner 01")
    assert "482 days left" in capsys.readouterr().out


def test_it_sends_and_a_failure_is_a_note_unless_all_fail(
    command: Any, http: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = "json://127.0.0.1:1"
    monkeypatch.setenv("FOREWARN_NOTIFY", f"Owner 01={shut}")
    with pytest.raises(NotSentError, match="none of 1 digest could be sent; the next run tries again"):
        command("--send")
    monkeypatch.setenv("FOREWARN_NOTIFY", f"Owner 01={shut}\n*={http.address}")
    command("--send")
    err = capsys.readouterr().err
    assert "Owner 01: failed (JSON: A Connection error" in err
    assert "Owner 02: sent" in err
    assert "1 digest with news and no address." in err
    command("--send", "--json")
    assert [(each["recipient"], each["outcome"]) for each in loads(capsys.readouterr().out)] == [
        ("Owner 01", "failed"),
        ("Owner 02", "sent before"),
    ]
    assert len(http.got) == 1
    command("--owner", "Owner 02")
    assert "To: Owner 02 (sent)" in capsys.readouterr().out


def test_sending_without_an_address_says_how_to_give_one(command: Any) -> None:
    with pytest.raises(UsageError, match="set FOREWARN_NOTIFY to lines of NAME=ADDRESS"):
        command("--send")
