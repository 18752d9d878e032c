"""The command that serves, as the person who starts it sees it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.commands.serve import clock_of
from serving.web.app import utc_now


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "forewarn.toml"
    path.write_text(f'[store]\npath = "{tmp_path}/state"\n', encoding="utf-8")
    return path


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def answer(port: int, seconds: float = 30) -> dict[str, object]:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as found:
                said: dict[str, object] = json.load(found)
                return said
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_it_answers_until_it_is_stopped(config: Path, port: int) -> None:
    command = [sys.executable, "-c", "import sys; from pipelines.cli import main; sys.exit(main())"]
    asked = [*command, "serve", "--config", str(config), "--port", str(port)]
    with subprocess.Popen(asked, stderr=subprocess.PIPE, text=True) as served:
        try:
            assert answer(port) == {"status": "ok", "as_of": None}
        finally:
            served.send_signal(signal.SIGINT)
        _, said = served.communicate(timeout=20)
    assert "Nobody may sign in yet: forewarn user add" in said
    assert f"Forewarn answers on http://127.0.0.1:{port}" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_said_in_a_sentence(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--config", str(config), "--port", str(port)]) == 2
    assert f"127.0.0.1 port {port} cannot be listened on: Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "x", "65536", "²"])
def test_a_port_that_is_none_is_refused(config: Path, port: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--config", str(config), "--port", port])


def test_a_book_that_ends_on_a_day_is_served_as_of_that_day() -> None:
    clock = clock_of(date(2026, 11, 2))
    assert clock().date() - date(2026, 11, 2) in (timedelta(0), timedelta(days=1))
    assert abs(clock_of(None)() - utc_now()) < timedelta(minutes=1)
