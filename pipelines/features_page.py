"""docs/features.md, written from catalogue and specs: `python -m pipelines.features_page > docs/features.md`."""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from features.catalogue import Feature, catalogue
from features.contract import TABLES
from features.row_rules import RULES
from features.trust.measures import MEASURES
from features.trust.sentences import RULES as TABLE_RULES

SPECS = Path(__file__).parents[1] / "tests" / "spec"
LEFT_OUT = "expect left out"
"""What a case without the tables that a feature reads expects; it shows nothing that *reads* does not say."""

HEAD = """\
# Features

Written from the code and the specs by `python -m pipelines.features_page > docs/features.md`.

Every feature is one number per account and as-of date, computed from what had happened and was known before that
date's first instant. Three things are never mixed up: a number (zero is one), **missing** (there is nothing to
compute it from) and **not tracked** (nobody was recording it yet). A feature whose tables or columns are not mapped is
left out. Where the sentences below have a word in *italics*, the account's own number stands.

*Riskier* says which end points towards churn; *history* is how many weeks the account's use must have been recorded.
The tables under each feature are its tests: rows go in, one value per account comes out, at the as-of instant `T`
(`-` is missing, `week 3` the middle of the third week before `T`, `+2w` two weeks after the row's event).
"""


def page(features: tuple[Feature, ...] | None = None) -> str:
    """Return the whole page."""
    features = catalogue() if features is None else features
    specs = read_specs()
    parts = [HEAD, *_summary(features)]
    for family, members in groupby(features, key=lambda each: each.family):
        parts += [f"## Family {family}", "", _intent(family), ""]
        for each in members:
            parts += _section(each, specs.get(each.name, []))
    return "\n".join([*parts, *_row_rules(), *_table_rules()])


def _summary(features: tuple[Feature, ...]) -> list[str]:
    families = len({each.family for each in features})
    head = f"{len(features)} features in {families} families."
    rows = [
        f"| [{each.family}](#family-{each.family}) | [`{each.name}`](#{each.name}) | {each.title} | {each.unit} "
        f"| {each.riskier} | {_reads(each)} |"
        for each in features
    ]
    return [head, "", "| family | feature | title | unit | riskier | reads |", "|---|---|---|---|---|---|", *rows, ""]


def _intent(family: str) -> str:
    """Return what the family's module says that it is about."""
    text = (sys.modules[f"features.families.{family}"].__doc__ or "").partition(":")[2].strip()
    return text[:1].upper() + text[1:]


def _reads(each: Feature) -> str:
    return ", ".join(f"`{name}`" for name in each.reads)


def _section(each: Feature, cases: list[list[str]]) -> list[str]:
    history = f" · history: {each.history:d} weeks" if each.history > 1 else ""
    return [
        f"### {each.name}",
        "",
        f"**{each.title}** · unit: {each.unit} · driver: {each.driver} · riskier: {each.riskier} · "
        f"reads {_reads(each)}{history}",
        "",
        each.definition,
        "",
        "| value | what is said |",
        "|---|---|",
        *(f"| {name} | {shown(text)} |" for name, text in _sentences(each)),
        "",
        *(line for case in cases if LEFT_OUT not in case for line in _case(case)),
    ]


def _sentences(each: Feature) -> Iterator[tuple[str, str]]:
    if each.otherwise == each.says:
        yield "a number", each.says
    else:
        yield "above zero", each.says
        yield "zero or below", each.otherwise
    yield "missing", each.missing
    yield "not tracked", each.untracked


def shown(text: str) -> str:
    """Return a sentence with the names of its numbers in italics in place of their formats."""

    def name(found: re.Match[str]) -> str:
        number, form, noun = found["name"], found["form"] or "", found["noun"]
        word = {"value": "value", "opposite": "−value"}.get(number, number)
        return f"*{word}*" + (" %" if form.endswith("%") else "") + (f" {noun.split('|')[-1]}" if noun else "")

    pattern = r"\{(?P<name>\w+)(?::(?P<form>[^|}]*)(?:\|(?P<noun>[^}]*))?)?\}"
    return re.sub(pattern, name, text).replace("|", "\\|")


def read_specs() -> dict[str, list[list[str]]]:
    """Return per feature its cases, each as its lines: the title first, then prose and tables as they are written."""
    found: dict[str, list[list[str]]] = {}
    feature = ""
    for path in sorted(SPECS.glob("*.spec")):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.strip()
            if words.startswith("feature "):
                feature = words.removeprefix("feature ").strip()
            elif words.startswith("case "):
                found.setdefault(feature, []).append([words.removeprefix("case ").strip()])
            elif words and not words.startswith("#"):
                found[feature][-1].append(words)
    return found


def _case(lines: list[str]) -> list[str]:
    title, *body = lines
    return [f"<details><summary>{title}</summary>", "", "```text", *body, "```", "", "</details>", ""]


def _row_rules() -> list[str]:
    rows = [
        f"| `{rule.name}` | {_plain(rule.says)} | {_plain(rule.fix)} | {'yes' if rule.stops else 'no'} |"
        for rule in RULES.values()
    ]
    return [
        "## Rules of the rows",
        "",
        f"Before any feature is computed, every row of the {len(TABLES)} tables must keep these rules. Rows that break "
        "one are put in quarantine; too many of them stop the run where the last column says so.",
        "",
        "| rule | what is wrong | way out | stops |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _table_rules() -> list[str]:
    """Return what is watched of every table, week over week."""
    rows = [
        f"| `{TABLE_RULES[measure.name]}` | {_plain(measure.says)}{', among all rows' if measure.share else ''} |"
        for measure in MEASURES.values()
    ]
    return [
        "## Rules of the tables",
        "",
        "Each table is measured every week, and each measure judged against the table's own history, so that one that "
        "halves, doubles, goes stale or loses a kind of row stops the run and an ordinary quiet week does not.",
        "",
        "| rule | what is measured |",
        "|---|---|",
        *rows,
        "",
    ]


def _plain(text: str) -> str:
    return re.sub(r"\{+(\w+)(?::\w+)?\}+", r"`\1`", text).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
