"""`forewarn deploy` for real: a server of its own, a run on the calendar, nothing left behind."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.pipeline.small_book import SETTINGS, quiet_environment, write_settings

pytestmark = pytest.mark.slow


def scheduled(home: Path) -> list[str]:
    """Return the names of the runs that Prefect has on its calendar."""
    try:
        with sqlite3.connect(f"file:{home}/prefect.db?mode=ro", uri=True) as store:
            found = store.execute("SELECT expected_start_time FROM flow_run WHERE state_type = 'SCHEDULED'").fetchall()
    except sqlite3.OperationalError:
        return []
    return sorted(str(row[0]) for row in found)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    config = write_settings(tmp_path, SETTINGS)
    home = tmp_path / "prefect"
    command = [str(Path(sys.executable).with_name("forewarn")), "deploy", "--config", str(config)]
    # A shell that runs the tests in the background has them ignore SIGINT, and what they start inherits that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, env=quiet_environment(home), stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    yield process, home
    process.kill()


def test_the_next_monday_is_on_the_calendar(served: tuple[subprocess.Popen[str], Path]) -> None:
    process, home = served
    until = time.monotonic() + 60
    while not (coming := scheduled(home)) and process.poll() is None and time.monotonic() < until:
        time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert coming, said
    assert all("06:00:00" in run for run in coming)
    assert "Serving the weekly run" in said
    assert "Traceback" not in said
