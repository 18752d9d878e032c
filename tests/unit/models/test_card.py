"""The model card says what it was given, in every section, and what it was not given it calls missing."""

import copy
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from features.catalogue import Feature, catalogue
from features.outcome import OutcomeContract
from models.backtest import BacktestSettings, backtest
from models.card import card
from models.card_words import MEASURES, SHARE, table
from models.kinds import make
from models.metrics import METRICS
from models.promotion import Check, decide
from models.settings import TrainSettings
from models.train import train

SECTIONS = (
    "What it is for", "What it predicts", "Data", "How it was made", "What it is worth", "Slices",
    "Explanations, tested", "Promotion", "Limits",
)  # fmt: skip
SETTINGS = TrainSettings(trees=30, leaves=7, min_data_in_leaf=20, threads=1)
THIN = {"rows": 900, "positives": 12, "churned_accounts": 4}


def explanations() -> dict[str, Any]:
    """Return a report in the shape of models.faithfulness."""
    against = {"feature": "breadth", "claim": "lower", "correlation": 0.52, "share": 0.034}
    return {
        "risk": "risk_90", "rows": 1989, "accounts": 1000, "as_of": ["2026-10-19", "2026-11-02"],
        "sums": {"worst": 3e-15, "holds": True},
        "tree_shap": {"worst": [1e-15, 2e-3, 1e-15], "rows": 500, "holds": False},
        "stability": {
            "week_to_week": {"mean": 0.799, "riskiest_tenth": 0.805, "rows": 900, "top": 3},
            "reseeded": None,
        },
        "deletion": {
            "stated": 0.027, "others": 0.009, "difference": {"value": 0.018, "low": 0.016, "high": 0.02},
            "rows": 1900, "holds": True,
        },
        "directions": {
            "features": [], "disagreements": [against], "share_disagreeing": 0.034, "share_claiming": 0.9,
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def known(book: Any) -> list[Feature]:
    some = catalogue()[0]
    drivers = {"login_drop": "Logins", "breadth": "Adoption", "days_to_renewal": "Contract"}
    return [
        replace(some, name=name, driver=drivers.get(name, "Noise"), title=f"Title of {name}", reads=("usage.user_id",))
        for name in book.frame.columns
    ]


@pytest.fixture(scope="module")
def made(book: Any, known: list[Feature]) -> dict[str, Any]:
    """What a card is made from, of a small backtest and training."""
    models = [make(name, SETTINGS) for name in ("hazard", "renewal_calendar", "last_login")]
    replayed = backtest(
        book, book.outcomes, book.contract, models, BacktestSettings(capacity=10, resamples=50), last=book.last
    )
    snapshot: Any = SimpleNamespace(frame=book.frame, standing=book.standing, catalogue_digest="c0ffee000000")
    fitted = train(snapshot, book.outcomes, book.contract, SETTINGS, book.last)
    checks = [Check("chance", "passed", "AUC for risk_90 is 0.9 | 0.8 at least"), Check("leak", "unsure", "who knows")]
    return {
        "name": "pretend",
        "about": dict(fitted.about),
        "columns": fitted.columns,
        "backtest": json.loads(json.dumps(replayed.to_json(), allow_nan=False)),
        "verdict": decide(checks, challenger="abc123", champion=None, as_of="2026-11-02").to_json(),
        "explanations": explanations(),
        "data": {"usage": "d1g357"},
        "simulated": False,
        "features": known,
    }


@pytest.fixture
def given(made: dict[str, Any]) -> dict[str, Any]:
    """A copy to change."""
    return copy.deepcopy(made)


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def line_of(text: str, first: str) -> list[str]:
    return next(cells(line) for line in text.splitlines() if line.startswith(f"| {first} |"))


def sound(page: str) -> None:
    """Assert that no hole shows and that every table has as many cells in each row as in its head."""
    assert not re.search(r"\b(nan|None|inf|null)\b", page)
    for block in page.split("\n\n"):
        if block.startswith("|"):
            counts = {len(cells(line)) for line in block.splitlines()}
            assert len(counts) == 1, block


def test_a_card_has_every_section_and_no_hole(given: dict[str, Any]) -> None:
    page = card(**given)
    assert tuple(re.findall(r"^## (.*)$", page, flags=re.MULTILINE)) == SECTIONS
    assert all(section(page, heading).strip() for heading in SECTIONS)
    sound(page)


@pytest.mark.parametrize("broken", ["| a | b |\n| --- | --- |\n| 1 | 2 | 3 |", "risk nan"])
def test_the_check_of_a_page_notices_a_bad_one(broken: str) -> None:
    with pytest.raises(AssertionError):
        sound(f"text\n\n{broken}")


def test_figures_are_those_of_the_backtest(given: dict[str, Any]) -> None:
    worth, found = section(card(**given), "What it is worth"), given["backtest"]
    pooled, calendar = found["pooled"]["risk_90"], found["baselines"]["renewal_calendar"]["risk_90"]
    auc, other = pooled["auc"], calendar["auc"]
    assert line_of(worth, "AUC")[:3] == [
        "AUC",
        f"{auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]",
        f"{other['value']:.3f} [{other['low']:.3f}, {other['high']:.3f}]",
    ]
    recall = pooled["recall_at_capacity"]["value"]
    assert line_of(worth, MEASURES["recall_at_capacity"].words)[1].startswith(f"{100 * recall:.1f} % [")
    churned = sum(fold["positives"] for fold in found["folds"])
    assert f"Churned: {churned} of {found['rows']:,} rows" in worth
    assert line_of(worth, "metric") == [
        "metric", "Interval hazards", "Renewal calendar alone", "Days since the last login",
    ]  # fmt: skip


def test_every_metric_has_words() -> None:
    assert tuple(MEASURES) == METRICS


def test_lead_time_stands_beside_each_baseline(given: dict[str, Any]) -> None:
    curves = given["backtest"]["lead_time"]
    worth = section(card(**given), "What it is worth")
    at_60 = next(point for point in curves["models"]["hazard"]["accounts"] if point["days"] == 60)
    ahead = next(point for point in curves["differences"]["last_login"]["accounts"] if point["days"] == 60)
    assert line_of(worth, "Interval hazards")[1].startswith(f"{100 * at_60['value']:.1f} %")
    assert line_of(worth, "Days since the last login")[2].startswith(f"{100 * ahead['value']:+.1f}".replace("-", "−"))


def test_json_that_was_stored_with_sorted_keys_gives_the_same_figures(given: dict[str, Any]) -> None:
    given["backtest"] = json.loads(json.dumps(given["backtest"], sort_keys=True))
    worth = section(card(**given), "What it is worth")
    assert line_of(worth, "list by")[2] == "Interval hazards ahead by"
    assert line_of(worth, "metric")[1] == "Interval hazards"
    assert "of at most" in worth


def test_thin_slices_are_marked_and_counted(given: dict[str, Any]) -> None:
    strata = given["backtest"]["strata"]
    whole = strata["contract ends inside the window"]["risk_90"] | {"positives": 80, "churned_accounts": 30}
    given["backtest"]["strata"] = {"big": {"risk_90": whole, "risk_60_90": whole}}
    assert "**thin**" not in section(card(**given), "Slices")
    assert "0 of 1 slices are thin" in card(**given)
    for few in ({"positives": 49}, {"churned_accounts": 19}, THIN):
        strata = {"small": {"risk_90": whole | few, "risk_60_90": whole}}
        page = card(**given | {"backtest": given["backtest"] | {"strata": strata}})
        assert line_of(section(page, "Slices"), "small")[-1] == "**thin**"
        assert "1 of 1 slices are thin for churn within 90 days" in page


def test_small_numbers_are_said_to_be_small(given: dict[str, Any]) -> None:
    for number, fold in enumerate(given["backtest"]["folds"]):
        fold |= {"positives": 100, "positives_60_90": 30 if number == 0 else 0}
    worth = section(card(**given), "What it is worth")
    within_90, later = worth.split("(`risk_60_90`)")
    assert "30 churned rows" in later
    assert "churned rows)" not in within_90.split("(`risk_90`)")[1]


def test_a_model_that_may_be_no_better_than_chance_is_said_to_be(given: dict[str, Any]) -> None:
    assert "better than chance" not in section(card(**given), "What it is worth")
    given["backtest"]["pooled"]["risk_60_90"]["auc"] = {"value": 0.55, "low": 0.49, "high": 0.61}
    within_90, later = section(card(**given), "What it is worth").split("(`risk_60_90`)")
    assert "**It is not shown to be better than chance.**" in later
    assert "better than chance" not in within_90


def test_a_simulated_book_is_labelled_in_bold_and_a_real_one_is_not(given: dict[str, Any]) -> None:
    assert "simulated" not in card(**given).lower()
    page = card(**given | {"simulated": True})
    assert "**Simulated:" in page.split("## ")[0]
    assert "**The data are simulated.**" in section(page, "Data")
    assert "**The book is simulated" in section(page, "Limits")


def test_the_outcome_contract_stands_in_words(given: dict[str, Any]) -> None:
    contract = OutcomeContract(kinds=("churn", "lapse"), clock="decision", lead_days=30, separate=("contraction",))
    given["backtest"]["outcome_contract"] = contract.model_dump(mode="json")
    given["about"]["outcome_digest"] = contract.digest
    said = section(card(**given), "What it predicts")
    assert line_of(said, "outcome")[1] == "churn or lapse"
    assert "notice received" in line_of(said, "clock")[1]
    assert line_of(said, "lead time")[1].startswith("30 days")
    assert line_of(said, "separate outcomes")[1] == "contraction"
    assert "another outcome" not in said


def test_a_backtest_of_another_outcome_contract_is_noticed(given: dict[str, Any]) -> None:
    given["about"]["outcome_digest"] = "0ther0ther00"
    assert "0ther0ther00, not the backtest's" in section(card(**given), "What it predicts")


def test_data_and_making_say_counts_digests_tables_and_drivers(given: dict[str, Any]) -> None:
    page, about = card(**given | {"columns": [*given["columns"], "unheard_of"]}), given["about"]
    data, how = section(page, "Data"), section(page, "How it was made")
    assert f"{about['rows']:,} matured rows of {about['accounts']:,} accounts" in data
    assert "tables usage." in data
    assert line_of(data, "usage")[1] == "d1g357"
    assert line_of(how, "Noise")[1] == "4"
    assert line_of(how, "not in this catalogue")[1] == "1"
    assert line_of(how, "trees")[1] == "30"
    assert given["backtest"]["calibration"]["says"][1:] in how


def test_explanations_show_what_fails_and_what_disagrees(given: dict[str, Any]) -> None:
    said = section(card(**given), "Explanations, tested")
    assert line_of(said, "contributions add up to the risk")[1:] == ["off by at most 3e-15", "yes"]
    assert line_of(said, "they are those of shap.TreeExplainer")[1:] == ["off by at most 2e-03", "**no**"]
    assert line_of(said, "the top drivers stay with another seed")[1] == "not tested"
    assert line_of(said, "Title of breadth") == ["Title of breadth", "lower", "+0.52", "3.40 %"]
    given["explanations"]["directions"]["disagreements"] = []
    assert "No feature works against" in card(**given)


def test_the_verdict_stands_with_its_checks(given: dict[str, Any]) -> None:
    said = section(card(**given), "Promotion")
    assert "champion until then: none" in said
    assert line_of(said, "chance") == ["chance", "passed", "AUC for risk_90 is 0.9 \\| 0.8 at least"]
    assert line_of(said, "leak")[1] == "**not sure**"


def test_a_separate_outcome_has_its_figures_or_the_reason_why_not(given: dict[str, Any]) -> None:
    pooled = given["backtest"]["pooled"]["risk_90"]
    given["about"]["separate_left_out"] = {"notice": "4 matured outcomes within 90 days, training needs 30"}
    given["backtest"]["separate"] = {
        "contraction": {"contraction_90": pooled | {"rows": 4000, "positives": 31}},
        "notice": {"note": "only one class"},
    }
    page = card(**given)
    sound(page)
    assert "`contraction_90` came true for 31 of 4,000 rows. **These are small numbers" in page
    assert "### Separate outcome: notice\n\nNot known: only one class." in page
    assert "notice has no risk of its own: 4 matured outcomes" in page


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"explanations": None}, "The explanations of this model were not tested."),
        ({"verdict": {}}, "The verdict is not recorded."),
        ({"data": {}}, "The digests of the data are not recorded."),
        ({"about": {}}, "Its settings are not recorded."),
        ({"about": {}}, "What it was trained on is not recorded."),
        ({"about": {}}, "Whether the model was made with this one is not recorded."),
        ({"columns": ()}, "Which tables were read is not recorded."),
        ({"backtest": {}}, "What it is worth is not recorded: there is no backtest."),
    ],
)
def test_a_part_that_is_missing_is_said_to_be_missing(given: dict[str, Any], gone: dict[str, Any], said: str) -> None:
    page = card(**given | gone)
    assert said in page
    assert said not in card(**given)
    sound(page)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("calibration", "Which calibrators were tried is not recorded."),
        ("strata", "How it does in slices is not recorded."),
        ("lead_time", "The lead time is not recorded."),
        ("folds", "Churned: not recorded of"),
        ("base_rates", "rows (not recorded)"),
    ],
)
def test_a_backtest_without_a_part_says_so(given: dict[str, Any], key: str, said: str) -> None:
    del given["backtest"][key]
    page = card(**given)
    assert said in page
    sound(page)


def test_a_metric_that_is_not_defined_gives_its_reason() -> None:
    hole = {"value": None, "low": None, "high": None, "note": "only one class"}
    assert SHARE.estimate(hole) == "not defined (only one class)"
    assert SHARE.estimate({"value": 0.123, "low": None, "high": None}) == "12.3 % [no interval]"
    assert SHARE.estimate({"value": -0.0001, "low": -0.05, "high": 0.05}) == "0.0 % [−5.0, 5.0]"


def test_foreign_text_cannot_break_a_table(given: dict[str, Any]) -> None:
    assert table(["a", "b"], [["x|y\nz", "<b>"]]).splitlines()[2] == "| x\\|y z | &lt;b> |"
    strata = given["backtest"]["strata"]
    strata["segment a|b\n<script>"] = strata["contract ends inside the window"]
    page = card(**given)
    sound(page)
    assert "| segment a\\|b &lt;script> |" in page
