"""The model that serves: a small file in the store names it; MLflow only records."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ContractError, UsageError
from pipelines.state import State, write_text

if TYPE_CHECKING:
    from models.bundle import Bundle


PROMOTED, ROLLED_BACK = "promoted", "rolled back"
EVIDENCE, VERDICT, CARD, EXPLANATIONS = "backtest.json", "verdict.json", "card.md", "explanations.json"
"""What is kept beside a model, by the end of its file's name."""


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
        return _champion(stored)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        raise ContractError(f"{path}: is damaged; move it away, then train again (forewarn train)") from None


def crown(state: State, champion: Champion, *, action: str = PROMOTED) -> None:
    """Make this model the one that serves, and add it to the history of who did."""
    facts = asdict(champion) | {"known_by": champion.known_by.isoformat()}
    line = {"action": action, "at": datetime.now(UTC).isoformat(timespec="seconds"), "champion": facts}
    write_text(_history(state), "\n".join(json.dumps(each) for each in [*_lines(state), line]) + "\n")
    write_text(_pointer(state), json.dumps(facts, indent=1) + "\n")


def roll_back(state: State, model: str | None = None) -> tuple[Champion, Champion]:
    """Put the champion before this one back, or the one named; returns who served and who serves now.

    Raises UsageError when there is none, or no champion of that id ever served; ContractError when its files are
    damaged, in which case the present champion stays.
    """
    now = read_champion(state)
    if now is None:
        raise UsageError("there is no champion to roll back: none has been promoted yet")
    served = [_champion(line["champion"]) for line in _standing(_lines(state))]
    earlier = [each for each in served if each.id != now.id and model in (None, each.id)]
    if not earlier:
        known = ", ".join(dict.fromkeys(each.id for each in reversed(served) if each.id != now.id))
        raise UsageError(
            f"no champion{f' {model}' if model else ''} served before {now.id}"
            + (f": those that did are {known}" if known else ": it is the first")
        )
    before = earlier[-1]
    load_champion(state, before)
    crown(state, before, action=ROLLED_BACK)
    return now, before


def rolled_back(state: State) -> frozenset[str]:
    """Return the ids of the models that were taken back by hand and not promoted by hand since."""
    gone: set[str] = set()
    serving: str | None = None
    for line in _lines(state):
        model = str(line["champion"]["id"])
        if line["action"] == ROLLED_BACK and serving is not None:
            gone.add(serving)
        gone.discard(model)
        serving = model
    return frozenset(gone)


def stored_bundle(state: State, model: str) -> "Bundle | None":
    """Return a model that served before, every byte checked; None when it is no longer in the store."""
    from models.bundle import load_bundle

    folder = state.models / model
    return load_bundle(folder, expected_id=model) if folder.is_dir() else None


def load_champion(state: State, champion: Champion) -> "Bundle":
    """Return the champion's bundle, every byte checked."""
    from models.bundle import load_bundle

    return load_bundle(state.models / champion.id, expected_id=champion.id)


def keep_beside(state: State, model: str, files: Mapping[str, str]) -> None:
    """Keep texts beside a model, such as its verdict and its card."""
    for name, text in files.items():
        write_text(state.models / f"{model}.{name}", text)


def read_beside(state: State, model: str, name: str) -> dict[str, Any] | None:
    """Return a JSON text kept beside a model, None when it has none or it is damaged."""
    try:
        found: dict[str, Any] = json.loads((state.models / f"{model}.{name}").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _champion(facts: Mapping[str, Any]) -> Champion:
    return Champion(**{**facts, "known_by": date.fromisoformat(str(facts["known_by"]))})


def _lines(state: State) -> list[dict[str, Any]]:
    """Return every change of champion, the oldest first; raises ContractError when the history is damaged."""
    path, now = _history(state), read_champion(state)
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        # A store from before there was a history: who serves now is all that is known.
        return [] if now is None else [_line_of(now)]
    except ValueError:
        raise ContractError(f"{path}: is damaged; move it away, and the history begins anew") from None
    return lines[:-1] if _never_served(lines, now) else lines


def _never_served(lines: list[dict[str, Any]], now: Champion | None) -> bool:
    """Say whether the last line is of a run that was killed before it moved the pointer, which is the truth."""
    before = lines[-2]["champion"]["id"] if len(lines) > 1 else None
    return bool(lines) and lines[-1]["champion"]["id"] != before == (now.id if now else None)


def _line_of(champion: Champion) -> dict[str, Any]:
    return {"action": PROMOTED, "at": "", "champion": asdict(champion) | {"known_by": champion.known_by.isoformat()}}


def _standing(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the promotions that were not rolled back, in order: what one can go back to, step by step."""
    kept: list[dict[str, Any]] = []
    for line in lines:
        if line["action"] == ROLLED_BACK:
            while kept and kept[-1]["champion"]["id"] != line["champion"]["id"]:
                kept.pop()
        else:
            kept.append(line)
    return kept


def _history(state: State) -> Path:
    return state.models / "champions.jsonl"


def _pointer(state: State) -> Path:
    return state.models / "champion.json"
