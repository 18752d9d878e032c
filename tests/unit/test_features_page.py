"""docs/features.md has every feature, family and rule, and is as the code and the specs would write it."""

from pathlib import Path

import pytest

from features.catalogue import FAMILIES, Feature, catalogue
from features.row_rules import RULES
from features.trust.sentences import RULES as TABLE_RULES
from pipelines.features_page import LEFT_OUT, page, read_specs, shown

PAGE = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")


def missing(text: str) -> set[str]:
    """Return the features, families and rules that a page does not have."""
    wanted = {each.name: f"\n### {each.name}\n" for each in catalogue()}
    wanted |= {family: f"\n## Family {family}\n" for family in FAMILIES}
    wanted |= {rule: f"\n| `{rule}` |" for rule in [*RULES, *TABLE_RULES.values()]}
    return {name for name, words in wanted.items() if words not in text}


def test_the_page_is_as_the_code_and_the_specs_say() -> None:
    assert page() == PAGE, "run: python -m pipelines.features_page > docs/features.md"


def test_every_feature_family_and_rule_is_there() -> None:
    assert not missing(PAGE)


@pytest.mark.parametrize("name", ["login_drop", "onboarding", "unknown_account", "stale"])
def test_what_is_not_there_is_noticed(name: str) -> None:
    assert missing(PAGE.replace(name, "moon_phase")) >= {name}


def test_a_feature_that_is_left_out_makes_the_page_stale() -> None:
    assert page(catalogue()[1:]) != PAGE


@pytest.mark.parametrize("each", catalogue(), ids=lambda each: each.name)
def test_a_feature_comes_with_its_words_and_its_spec(each: Feature) -> None:
    section = PAGE.split(f"\n### {each.name}\n")[1].split("\n### ")[0]
    for text in (each.title, each.unit, each.driver, each.definition, shown(each.says), shown(each.missing)):
        assert text in section
    shown_cases = [case for case in read_specs()[each.name] if LEFT_OUT not in case]
    assert all("\n".join(case[1:]) in section for case in shown_cases) == bool(shown_cases)


def test_numbers_are_shown_by_their_names() -> None:
    said = "Use fell {value:.0%} in {opposite:,.0f|day|days}: {recent:,.0f|action|actions}."
    assert shown(said) == "Use fell *value* % in *−value* days: *recent* actions."
