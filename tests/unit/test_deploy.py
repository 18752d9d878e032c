"""The schedule: when the weekly flow runs, one run at a time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from features.errors import UsageError
from pipelines.cli import main
from pipelines.deploy import next_runs, serve_weekly
from pipelines.settings import ScheduleSettings, Settings

START = datetime(2026, 10, 20, tzinfo=UTC)


def test_runs_keep_their_hour_when_the_clocks_change() -> None:
    schedule = ScheduleSettings(cron="0 6 * * 1", timezone="Europe/Berlin")
    runs = next_runs(schedule, 3, START)
    assert [run.isoformat() for run in runs] == [
        "2026-10-26T06:00:00+01:00",
        "2026-11-02T06:00:00+01:00",
        "2026-11-09T06:00:00+01:00",
    ]
    assert next_runs(schedule, 1, datetime(2026, 10, 13, tzinfo=UTC))[0].utcoffset() != runs[0].utcoffset()


def test_an_impossible_time_is_refused() -> None:
    with pytest.raises(UsageError, match="no such time"):
        next_runs(ScheduleSettings(cron="0 99 * * 1"), 1)


def test_dry_run_prints_three_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[schedule]\ncron = '30 5 * * 2'\n")
    assert main(["deploy", "--dry-run", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("T05:30+00:00" in line for line in lines)


def test_the_flow_is_served_one_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.weekly import weekly

    given: dict[str, Any] = {}
    monkeypatch.setattr(weekly, "serve", given.update)
    serve_weekly(Settings(), Path("mine.toml"))
    assert (given["limit"], given["global_limit"]) == (1, 1)
    assert (given["schedule"].cron, given["schedule"].timezone) == ("0 6 * * 1", "UTC")
    assert given["parameters"] == {"config": "mine.toml"}
