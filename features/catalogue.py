"""What a feature is, and the list of all of them."""

import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.grid import Floats

if TYPE_CHECKING:
    from features.observed import Observed
    from features.peers import Peers

FAMILIES = (
    "logins",
    "adoption",
    "seats",
    "sponsors",
    "relationship",
    "support",
    "sentiment",
    "enablement",
    "contract",
    "payment",
    "onboarding",
    "fit",
)
"""The modules of `features.families` in the order of their columns."""

ALWAYS = frozenset({"accounts", "subscriptions", "entitlements", "usage"})
"""Tables that need not have begun before they say something: without a row, nothing is owed and nobody is there."""
ROOM = Path(__file__).parent
NO_VALUES = ("labels.py", "errors.py", "sources/world/", "trust/")
"""Files of this room that no feature's value depends on."""

Riskier = Literal["higher", "lower", "either"]
Seen = TypeVar("Seen", "Observed", "Peers")


class Column:
    """One feature's values, accounts × as-of dates (NaN: missing), with the further numbers that its words name.

    `untracked` marks values that are missing because nothing recorded them then. Columns of peer features are
    one-dimensional: a number per row of the snapshot.
    """

    def __init__(self, values: Floats, untracked: NDArray[np.bool_] | None = None, **facts: Floats) -> None:
        self.values = values
        self.untracked = untracked
        self.facts: Mapping[str, Floats] = facts


@dataclass(frozen=True)
class Feature:
    """A declared feature: the arithmetic and the words that a CSM reads, side by side."""

    name: str
    family: str
    driver: str
    title: str
    unit: str
    riskier: Riskier
    reads: tuple[str, ...]
    says: str
    otherwise: str
    missing: str
    definition: str
    compute: Callable[..., Column]
    history: int = 0
    """Whole weeks of recorded use that it needs; an account with fewer is not tracked."""
    untracked: str = ""
    """The sentence for a value that nothing recorded."""
    of_peers: bool = False
    """Whether it compares rows of the snapshot (takes Peers) rather than reading one account (takes Observed)."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that must have begun before it says anything."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.reads if not _always(name)))


def _always(name: str) -> bool:
    return name.partition(".")[0] in ALWAYS


_declared: dict[str, Feature] = {}


def feature(
    *,
    reads: str,
    unit: str,
    riskier: Riskier,
    title: str,
    says: str,
    otherwise: str = "",
    missing: str = "",
    untracked: str = "",
    history: int | None = None,
) -> Callable[[Callable[["Observed"], Column]], Callable[["Observed"], Column]]:
    """Declare the function below as a feature.

    `reads` names the tables, or table.column, that must be there, separated by spaces. `says` is the sentence for a
    value above zero, `otherwise` for zero and below (default `says`), `missing` for no value, `untracked` for one that
    nothing recorded (default: what is lacking). The sentences may name `{value}`, `{opposite}` (its negative) and the
    facts of the returned Column, as `{value:,.0f|day|days}` with a noun. `history` is the number of whole weeks of
    recorded use that it needs; by default one where it reads usage and none elsewhere.
    """
    words = Words(reads, unit, riskier, title, says, otherwise, missing, untracked, history)
    return lambda compute: words.declare(compute, of_peers=False)


def peer_feature(
    *,
    reads: str,
    unit: str,
    riskier: Riskier,
    title: str,
    says: str,
    otherwise: str = "",
    missing: str = "",
    untracked: str = "",
    history: int | None = None,
) -> Callable[[Callable[["Peers"], Column]], Callable[["Peers"], Column]]:
    """Declare the function below as a feature that compares accounts; see `feature`.

    It `reads` the tables of the features that it compares as well.
    """
    words = Words(reads, unit, riskier, title, says, otherwise, missing, untracked, history)
    return lambda compute: words.declare(compute, of_peers=True)


@dataclass(frozen=True)
class Words:
    """What a declaration says of a feature."""

    reads: str
    unit: str
    riskier: Riskier
    title: str
    says: str
    otherwise: str
    missing: str
    untracked: str
    history: int | None

    def declare(self, compute: Callable[[Seen], Column], *, of_peers: bool) -> Callable[[Seen], Column]:
        """Add the feature to the catalogue; raises ValueError when its name is taken."""
        module = inspect.getmodule(compute)
        name = compute.__name__
        if module is None or name in _declared:
            raise ValueError(f"feature {name} is declared twice")
        reads = tuple(self.reads.split())
        history = any(each.partition(".")[0] == "usage" for each in reads) if self.history is None else self.history
        made = Feature(
            name=name,
            family=module.__name__.rpartition(".")[2],
            driver=module.DRIVER,
            title=self.title,
            unit=self.unit,
            riskier=self.riskier,
            reads=reads,
            says=self.says,
            otherwise=self.otherwise or self.says,
            missing=self.missing or f"{self.title}: not known.",
            definition=inspect.cleandoc(compute.__doc__ or ""),
            compute=compute,
            history=int(history),
            of_peers=of_peers,
        )
        _declared[name] = replace(made, untracked=self.untracked or _what_lacks(made))
        return compute


def _what_lacks(feature: Feature) -> str:
    """Return the sentence for a value that nothing recorded: which use or tables were not there yet."""
    lacking = []
    if feature.history == 1:
        lacking.append("no use had been recorded by then")
    elif feature.history:
        lacking.append(f"use has been recorded for less than {feature.history} weeks")
    if feature.tables:
        lacking.append(f"no {' or '.join(feature.tables)} had been recorded by then")
    return f"Not tracked: {', or '.join(lacking)}." if lacking else f"{feature.title}: not tracked."


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return every declared feature, family by family in the order of declaration."""
    for family in FAMILIES:
        import_module(f"features.families.{family}")
    order = {family: place for place, family in enumerate(FAMILIES)}
    return tuple(sorted(_declared.values(), key=lambda each: order[each.family]))


def catalogue_digest(features: tuple[Feature, ...]) -> str:
    """Return 12 hex digits that change when a feature's name, place or claim changes, or code that makes values."""
    claims = [[each.name, each.riskier, each.unit, each.history, each.reads] for each in features]
    return hashlib.sha256(json.dumps([code_digest(), claims]).encode()).hexdigest()[:12]


@cache
def code_digest(room: Path = ROOM) -> str:
    """Return a digest of the room's files without the words of the declarations; read once per process."""
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        name = path.relative_to(room).as_posix()
        if not name.startswith(NO_VALUES):
            digest.update(f"{name}\n{without_words(path.read_text(encoding='utf-8'))}\n".encode())
    return digest.hexdigest()


def without_words(source: str) -> str:
    """Return the source without its declarations, whose words no value depends on."""
    return re.sub(r"^@(peer_)?feature\(\n.*?^\)\n", "", source, flags=re.MULTILINE | re.DOTALL)


def say(feature: Feature, value: float, facts: Mapping[str, float], *, untracked: bool = False) -> str:
    """Return the feature's sentence with its numbers.

    A missing value, one that nothing recorded (`untracked`) and a missing fact have their own sentences.
    """
    if math.isnan(value):
        return feature.untracked or feature.missing if untracked else feature.missing
    if any(math.isnan(fact) for fact in facts.values()):
        return f"{feature.title}: {value:,.4g} {feature.unit}."
    words = feature.says if value > 0 else feature.otherwise
    numbers = {"value": value, "opposite": -value, **facts}
    return words.format(**{name: _Counted(number) for name, number in numbers.items()})


class _Counted(float):
    """A number that takes its noun along: `{value:,.0f|ticket was|tickets were}` says "1 ticket was"."""

    def __format__(self, spec: str) -> str:
        layout, _, nouns = spec.partition("|")
        number = format(float(self), layout)
        if number.startswith("-") and not number.strip("-0.,%"):
            number = number[1:]
        if not nouns:
            return number
        one, many = nouns.split("|")
        return f"{number} {one if number == '1' else many}"
