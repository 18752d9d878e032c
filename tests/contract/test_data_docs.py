"""docs/data.md names every table, column, rule, measure, limit and contradiction."""

import re
from pathlib import Path

import pytest

from features.contract import TABLES, Limits, Table
from features.row_rules import RULES
from features.sources.contradictions import CONTRADICTIONS
from features.trust.limits import TrustLimits
from features.trust.measures import MEASURES
from features.trust.sentences import RULES as TABLE_RULES

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0]: part.split("\n## ")[0] for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_has_a_section_with_its_columns_and_clocks(table: Table) -> None:
    section = SECTIONS[table.name]
    rows = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
    for column in table.columns:
        assert f"| {column.kind} | {column.need} | {column.says} |" in rows[column.name]
    assert rows.keys() == set(table.names)
    assert (table.event == "") or f"`{table.event}`" in section
    assert table.required or table.cost in section


WORDS = dict.fromkeys(
    [
        *(*RULES, *Limits.model_fields, *(c.rule for c in CONTRADICTIONS)),
        *(*TABLE_RULES.values(), *MEASURES, *TrustLimits.model_fields),
    ]
)


@pytest.mark.parametrize("word", WORDS)
def test_every_rule_limit_and_contradiction_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_a_word_that_is_no_rule_is_not_named() -> None:
    assert "`missing_unicorn`" not in PAGE
