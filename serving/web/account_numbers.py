"""All numbers of an account with how each is computed, what is missing, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING

from serving.explanation import sentence
from serving.formats import day, plain, points
from serving.web.account_why import value_of
from serving.web.list_view import freshness

if TYPE_CHECKING:
    from serving.explanation import Explanation
    from serving.scoring import ScoredFeature
    from serving.web.account_found import FoundAccount


@dataclass(frozen=True, slots=True)
class Number:
    """One feature of the account."""

    title: str
    value: str
    text: str
    computed: str
    near: str
    window: str
    state: str
    """Known, missing or not tracked."""


@dataclass(frozen=True)
class Numbers:
    """All features by driver, and what is missing."""

    by_driver: tuple[tuple[str, tuple[Number, ...]], ...]
    missing: tuple[str, ...]
    untracked: tuple[str, ...]


@dataclass(frozen=True)
class Sources:
    """Where the numbers come from."""

    left_out: tuple[tuple[str, str], ...]
    """Title of a feature that the list has not, and why."""
    reach: tuple[tuple[str, str, bool], ...]
    facts: tuple[tuple[str, str], ...]


def numbers(found: FoundAccount, explained: Explanation) -> Numbers:
    """Return the features of a scored account in the order of the catalogue, by driver."""
    by_driver: dict[str, list[Number]] = {}
    for at, feature in enumerate(explained.features):
        by_driver.setdefault(plain(feature.driver), []).append(_number(found, explained, at, feature))
    every = [number for some in by_driver.values() for number in some]
    return Numbers(
        tuple((driver, tuple(some)) for driver, some in by_driver.items()),
        tuple(number.title for number in every if number.state == "missing"),
        tuple(number.title for number in every if number.state == "not tracked"),
    )


def sources(found: FoundAccount) -> Sources:
    """Return where the list's numbers come from."""
    published = found.published
    facts = [
        ("Week", day(published.as_of)),
        ("List", f"number {published.list_id}"),
        ("Model", published.model),
        ("Model of the week before", published.previous_model or "–"),
        ("Outcome contract", published.outcome),
        ("Catalogue of features", published.catalogue),
        ("Run", published.run_id or "not recorded"),
    ]
    left_out = tuple((_title(name), plain(why)) for name, why in sorted(published.left_out.items()))
    return Sources(left_out, tuple(freshness(published)), tuple(facts))


def _number(found: FoundAccount, explained: Explanation, at: int, feature: ScoredFeature) -> Number:
    value = explained.values[at]
    facts = dict(explained.facts.get(feature.name, {}))
    untracked = facts.pop("untracked", 0.0) == 1
    known = isfinite(value)
    return Number(
        title=plain(feature.title),
        value=value_of(feature, value, found.published.settings.currency) if known else "–",
        text=plain(sentence(feature, value, facts, untracked=untracked)),
        computed=_definitions().get(feature.name, ("", ""))[1],
        near=points(explained.contributions_90[at]),
        window=points(explained.contributions_60_90[at]),
        state="known" if known else "not tracked" if untracked else "missing",
    )


def _title(name: str) -> str:
    return _definitions().get(name, (plain(name.replace("_", " ")).capitalize(), ""))[0]


@cache
def _definitions() -> Mapping[str, tuple[str, str]]:
    """Return per feature of the catalogue as it is now its title and the first sentence of how it is computed."""
    from features.catalogue import catalogue

    return {each.name: (each.title, _first_sentence(each.definition)) for each in catalogue()}


def _first_sentence(text: str) -> str:
    """Return it in plain words: what the code calls null is missing to a reader."""
    first = " ".join(text.split("\n\n")[0].split()).partition(". ")[0].removesuffix(".")
    return re.sub(r"\b(null|NaN)\b", "missing", first) + "."
