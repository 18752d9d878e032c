"""Serve the weekly flow on a cron schedule with a time zone, one run at a time."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import UsageError
from pipelines.console import note
from pipelines.quiet import quiet

if TYPE_CHECKING:
    from pipelines.settings import ScheduleSettings, Settings


def next_runs(schedule: "ScheduleSettings", count: int, start: datetime | None = None) -> list[datetime]:
    """Return the next `count` instants at which the schedule starts a run."""
    import asyncio

    quiet()
    from prefect.client.schemas.schedules import CronSchedule as _  # noqa: F401  loads Prefect's models in order
    from prefect.server.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        cron = CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    except ValidationError:
        raise UsageError(f"[schedule] cron = {schedule.cron!r}: no such time; five fields, such as 0 6 * * 1") from None
    return list(asyncio.run(cron.get_dates(count, start)))


def serve_weekly(settings: "Settings", config: Path) -> None:
    """Serve the weekly flow until stopped; each run reads the settings file anew."""
    # Nobody watches these runs, so their log says more.
    quiet("INFO")
    coming = next_runs(settings.schedule, 1)[0]
    from prefect.schedules import Cron

    from pipelines.scheduler import server
    from pipelines.weekly import weekly

    with server() as url:
        note(f"Serving the weekly run; the next starts at {coming}. Runs are shown at {url.removesuffix('/api')}.")
        weekly.serve(
            name=f"{settings.project.name}-weekly",
            schedule=Cron(settings.schedule.cron, timezone=settings.schedule.timezone),
            parameters={"config": str(config)},
            limit=1,
            global_limit=1,
            # The last process paused it when it ended.
            paused=False,
            print_starting_message=False,
        )
