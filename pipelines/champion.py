"""The model that serves: a small file in the store names it; MLflow only records."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ContractError
from pipelines.state import State, write_text

if TYPE_CHECKING:
    from models.bundle import Bundle


@dataclass(frozen=True)
class Champion:
    """Which model serves, since which as-of date, and where its evidence is."""

    id: str
    known_by: date
    outcome_digest: str
    catalogue_digest: str
    run_id: str | None = None
    version: str | None = None
    data_reach: str | None = None
    """Day of the newest usage row that it could learn from."""


def read_champion(state: State) -> Champion | None:
    """Return the champion, None before the first promotion; raises ContractError when its file is damaged."""
    path = _pointer(state)
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Champion(**{**stored, "known_by": date.fromisoformat(stored["known_by"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        raise ContractError(f"{path}: is damaged; train again (forewarn train)") from None


def crown(state: State, champion: Champion) -> None:
    """Make this model the one that serves."""
    facts = asdict(champion) | {"known_by": champion.known_by.isoformat()}
    write_text(_pointer(state), json.dumps(facts, indent=1) + "\n")


def load_champion(state: State, champion: Champion) -> "Bundle":
    """Return the champion's bundle, every byte checked."""
    from models.bundle import load_bundle

    return load_bundle(state.models / champion.id, expected_id=champion.id)


def keep_evidence(state: State, model: str, backtest: dict[str, Any]) -> None:
    """Keep a model's backtest beside it."""
    write_text(_evidence(state, model), json.dumps(backtest, default=str) + "\n")


def read_evidence(state: State, model: str) -> dict[str, Any] | None:
    """Return a model's backtest, None when it has none."""
    try:
        found: dict[str, Any] = json.loads(_evidence(state, model).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _pointer(state: State) -> Path:
    return state.models / "champion.json"


def _evidence(state: State, model: str) -> Path:
    return state.models / f"{model}.backtest.json"
