"""What a feature is, and the list of all of them."""

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from features.grid import Floats

if TYPE_CHECKING:
    from features.observed import Observed

FAMILIES = ("logins", "adoption", "seats", "sponsors", "contract", "support")
"""The modules of `features.families` in the order of their columns."""

Riskier = Literal["higher", "lower", "either"]


class Column:
    """One feature's values, accounts × as-of dates (NaN: missing), with the further numbers that its words name."""

    def __init__(self, values: Floats, **facts: Floats) -> None:
        self.values = values
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
    compute: Callable[["Observed"], Column]

    def source(self) -> str:
        """Return the code that computes the feature."""
        return inspect.getsource(self.compute)


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
) -> Callable[[Callable[["Observed"], Column]], Callable[["Observed"], Column]]:
    """Declare the function below as a feature.

    `reads` names the tables, or table.column, that must be there, separated by spaces. `says` is the sentence for a
    value above zero, `otherwise` for zero and below (default `says`), `missing` for no value. The sentences may name
    `{value}` and the facts of the returned Column.
    """

    def declare(compute: Callable[["Observed"], Column]) -> Callable[["Observed"], Column]:
        module = inspect.getmodule(compute)
        name = compute.__name__
        if module is None or name in _declared:
            raise ValueError(f"feature {name} is declared twice")
        _declared[name] = Feature(
            name=name,
            family=module.__name__.rpartition(".")[2],
            driver=module.DRIVER,
            title=title,
            unit=unit,
            riskier=riskier,
            reads=tuple(reads.split()),
            says=says,
            otherwise=otherwise or says,
            missing=missing or f"{title}: not known.",
            definition=inspect.cleandoc(compute.__doc__ or ""),
            compute=compute,
        )
        return compute

    return declare


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return every declared feature, family by family in the order of declaration."""
    for family in FAMILIES:
        import_module(f"features.families.{family}")
    order = {family: place for place, family in enumerate(FAMILIES)}
    return tuple(sorted(_declared.values(), key=lambda each: order[each.family]))


def catalogue_digest(features: tuple[Feature, ...]) -> str:
    """Return 12 hex digits that change when a feature's name, place, claim or code changes."""
    text = json.dumps([[each.name, each.riskier, each.unit, each.source()] for each in features])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def say(feature: Feature, value: float, facts: Mapping[str, float]) -> str:
    """Return the feature's sentence with its numbers; a missing value or fact has its own sentence."""
    if math.isnan(value) or any(math.isnan(fact) for fact in facts.values()):
        return feature.missing if math.isnan(value) else f"{feature.title}: {value:,.4g} {feature.unit}."
    words = feature.says if value > 0 else feature.otherwise
    return words.format(value=value, opposite=-value, **facts)
