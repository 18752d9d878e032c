"""The catalogue knows each feature once, notices changes, and speaks for every value."""

import inspect
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from features.catalogue import (
    FAMILIES,
    Column,
    Feature,
    _declared,
    catalogue,
    catalogue_digest,
    code_digest,
    feature,
    peer_feature,
    say,
    without_words,
)
from features.catalogue import ROOM as ROOM_PATH
from features.contract import TABLES
from features.families import logins
from features.families.logins import login_drop


@pytest.fixture
def drop() -> Feature:
    return next(each for each in catalogue() if each.name == "login_drop")


@pytest.fixture
def _declared_as_before() -> Iterator[None]:
    kept = dict(_declared)
    yield
    _declared.clear()
    _declared.update(kept)


def moon_phase(seen: object) -> Column:
    """The moon."""
    raise NotImplementedError


def test_features_come_family_by_family() -> None:
    families = [each.family for each in catalogue()]
    assert families == sorted(families, key=FAMILIES.index)
    assert len({each.name for each in catalogue()}) == len(families) >= 30


def test_a_feature_declared_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="login_drop is declared twice"):
        feature(reads="usage", unit="share", riskier="higher", title="Again", says="{value}")(login_drop)


@pytest.mark.usefixtures("_declared_as_before")
def test_what_is_not_said_has_a_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moon_phase, "__module__", logins.__name__)
    feature(reads="usage usage.user_id", unit="days", riskier="either", title="Moon", says="{value:.0f}")(moon_phase)
    made = _declared["moon_phase"]
    assert (made.family, made.driver, made.reads) == ("logins", "Logins", ("usage", "usage.user_id"))
    assert (made.otherwise, made.missing, made.definition) == ("{value:.0f}", "Moon: not known.", "The moon.")


def test_the_digest_notices_order_and_claims(drop: Feature) -> None:
    features = catalogue()
    before = catalogue_digest(features)
    changed = [
        features[::-1],
        features[:-1],
        (replace(drop, riskier="lower"), *features[1:]),
        (replace(drop, unit="percent"), *features[1:]),
        (replace(drop, name="moon_phase"), *features[1:]),
        (replace(drop, history=13), *features[1:]),
        (replace(drop, reads=("usage", "contacts")), *features[1:]),
    ]
    assert before == catalogue_digest(features)
    assert len({before, *map(catalogue_digest, changed)}) == len(changed) + 1


ROOM = {
    "grid.py": "def reach() -> int:\n    return 66\n",
    "families/logins.py": '@feature(\n    says="Logins fell.",\n)\ndef drop(seen):\n    return 1\n',
    "labels.py": "HORIZON = 90\n",
    "sources/world/days.py": "YEAR = 365\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "noticed"),
    [
        ("grid.py", "66", "65", True),
        ("families/logins.py", "return 1", "return 2", True),
        ("families/logins.py", "Logins fell", "Logins went down", False),
        ("labels.py", "90", "60", False),
        ("sources/world/days.py", "365", "364", False),
    ],
)
def test_the_digest_notices_code_that_makes_values_and_no_words(
    tmp_path: Path, file: str, old: str, new: str, noticed: bool
) -> None:
    digests = set()
    for name, files in (("before", ROOM), ("after", ROOM | {file: ROOM[file].replace(old, new)})):
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        digests.add(code_digest(tmp_path / name))
    assert len(digests) == 1 + noticed


def test_each_declaration_is_cut_from_the_code_and_nothing_else() -> None:
    for path in (ROOM_PATH / "families").glob("*.py"):
        source, left = path.read_text(), without_words(path.read_text())
        assert "says=" not in left
        assert left.count("\ndef ") == source.count("\ndef ")


@pytest.mark.parametrize(
    ("value", "facts", "words"),
    [
        (
            0.5,
            {"recent": 8.0, "baseline": 16.0},
            "Logins fell 50%: 8 in the last 4 weeks against 16 in a usual 4 before.",
        ),
        (0.0, {"recent": 8.0, "baseline": 8.0}, "Logins held: 8 in the last 4 weeks against 8 in a usual 4 before."),
        (
            -1.0,
            {"recent": 2000.0, "baseline": 8.0},
            "Logins held: 2,000 in the last 4 weeks against 8 in a usual 4 before.",
        ),
        (nan, {"recent": 0.0, "baseline": 0.0}, "Too little login history to compare with."),
        (0.5, {"recent": nan, "baseline": 8.0}, "Login drop: 0.5 share."),
    ],
)
def test_every_value_has_its_sentence(drop: Feature, value: float, facts: Mapping[str, float], words: str) -> None:
    assert say(drop, value, facts) == words


def test_missing_and_not_tracked_are_two_sentences(drop: Feature) -> None:
    told = [say(drop, nan, {"recent": nan}, untracked=untracked) for untracked in (False, True)]
    assert told == ["Too little login history to compare with.", drop.untracked]
    assert say(drop, 0.5, {"recent": 8.0, "baseline": 16.0}, untracked=True).startswith("Logins fell 50%")


@pytest.mark.usefixtures("_declared_as_before")
@pytest.mark.parametrize(
    ("reads", "history", "says"),
    [
        ("usage", None, "Not tracked: no use had been recorded by then."),
        ("usage.user_id", 17, "Not tracked: use has been recorded for less than 17 weeks."),
        ("usage", 0, "Moon: not tracked."),
        ("surveys.score", None, "Not tracked: no surveys had been recorded by then."),
        ("surveys surveys.kind touchpoints", None, "Not tracked: no surveys or touchpoints had been recorded by then."),
        (
            "trainings.contact_id usage.user_id",
            4,
            "Not tracked: use has been recorded for less than 4 weeks, or no trainings had been recorded by then.",
        ),
        ("subscriptions accounts.plan", None, "Moon: not tracked."),
    ],
)
def test_what_is_not_tracked_is_said_from_what_a_feature_needs(
    monkeypatch: pytest.MonkeyPatch, reads: str, history: int | None, says: str
) -> None:
    monkeypatch.setattr(moon_phase, "__module__", logins.__name__)
    words: dict[str, Any] = {"reads": reads, "unit": "days", "riskier": "either", "title": "Moon", "says": "{value}"}
    feature(**words, history=history)(moon_phase)
    assert _declared.pop("moon_phase").untracked == says
    peer_feature(**words, history=history, untracked="No moon.")(moon_phase)
    made = _declared["moon_phase"]
    assert (made.untracked, made.of_peers) == ("No moon.", True)


@pytest.mark.parametrize("each", catalogue(), ids=lambda each: each.name)
@pytest.mark.parametrize("value", [-1.5, 0.0, 0.25, 3.0, 12345.0, nan])
def test_every_feature_can_say_every_value(each: Feature, value: float) -> None:
    facts = dict.fromkeys(_facts(each), 3.0)
    words = say(each, value, facts)
    assert words.endswith(".")
    assert not re.search(r"[{}|]|nan|inf|-0\b", words)


def _facts(each: Feature) -> list[str]:
    """Return the names of facts that the sentences speak of."""
    used = {name for text in (each.says, each.otherwise) for _, name, _, _ in string.Formatter().parse(text) if name}
    return sorted(used - {"value", "opposite"})


def test_a_number_takes_its_noun_along(drop: Feature) -> None:
    counted = replace(drop, says="{value:,.0f|ticket was|tickets were} opened.")
    told = [say(counted, value, {}) for value in (1.0, 2.0, 1234.0)]
    assert told == ["1 ticket was opened.", "2 tickets were opened.", "1,234 tickets were opened."]


@pytest.mark.parametrize("each", catalogue(), ids=lambda each: each.name)
def test_features_read_what_the_contract_has_and_say_what_they_are(each: Feature) -> None:
    for name in each.reads:
        table, _, column = name.partition(".")
        assert table in TABLES
        assert not column or column in TABLES[table].names
    assert each.definition
    assert each.driver == inspect.getmodule(each.compute).DRIVER  # type: ignore[union-attr]
