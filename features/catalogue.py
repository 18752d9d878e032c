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
        """Return the code that computes the feature, without the words of its declaration."""
        whole = inspect.getsource(self.compute)
        return whole[whole.index("def " + self.name) :]


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
    `{value}`, `{opposite}` (its negative) and the facts of the returned Column, as `{value:,.0f|day|days}` with a noun.
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
