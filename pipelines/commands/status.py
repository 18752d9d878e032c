"""forewarn status: what is published, by which model, from which data, and where everything is."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.console import emit, emit_json, find_settings

if TYPE_CHECKING:
    from pipelines.settings import Settings

HELP = "say what is published, by which model, from which data, and how to open each result"
EXAMPLE = "forewarn status"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Read the state and print it."""
    settings, path = find_settings(args.config)
    found = {"settings": str(path), **_published(settings), **_champion(settings)}
    if args.json:
        emit_json(found | {"open": dict(how_to_open(settings, path, found["as_of"]))})
        return
    for key, value in found.items():
        emit(f"{key.replace('_', ' '):<14} {'none yet' if value is None else value}")
    for what, command in how_to_open(settings, path, found["as_of"]):
        emit(f"{what:<14} {command}")


def _published(settings: "Settings") -> dict[str, Any]:
    from features.errors import UsageError
    from serving.risk_list import Choice, read_list
    from serving.store import open_database

    try:
        shown = read_list(open_database(settings.database_url), None, Choice(top=1))
    except UsageError as error:
        if "published" not in str(error):
            raise
        return {"as_of": None, "published_at": None, "accounts": None, "simulated": settings.project.simulated}
    at = shown.published_at.isoformat(timespec="seconds")
    return {
        "as_of": shown.as_of.isoformat(),
        "published_at": at,
        "accounts": shown.accounts,
        "simulated": shown.simulated,
        "list_model": shown.model,
    }


def _champion(settings: "Settings") -> dict[str, Any]:
    from pipelines.champion import read_champion
    from pipelines.state import State

    champion = read_champion(State(settings.store.path))
    if champion is None:
        return {"champion": None, "trained_for": None, "data_reach": None}
    return {"champion": champion.id, "trained_for": champion.known_by.isoformat(), "data_reach": champion.data_reach}


def _address(settings: "Settings") -> str:
    web = settings.web
    return web.address or f"http://{web.host}:{web.port}"


def how_to_open(settings: "Settings", config: Path, as_of: str | None) -> list[tuple[str, str]]:
    """Return the command that opens each result."""
    from datetime import date

    from pipelines.state import State

    tools = Path(sys.executable).parent
    shown = tools.relative_to(Path.cwd()) if tools.is_relative_to(Path.cwd()) else tools
    lines = [("list", f"{shown}/forewarn list --config {config}")]
    if as_of:
        report = State(settings.store.path).report(date.fromisoformat(as_of))
        lines.append(("report", f"{shown}/python -m webbrowser {report.resolve().as_uri()}"))
    lines.append(("application", f"{shown}/forewarn serve --config {config}, then open {_address(settings)}"))
    lines.append(("MLflow", f"{shown}/mlflow ui --backend-store-uri {settings.tracking_uri}"))
    return lines
