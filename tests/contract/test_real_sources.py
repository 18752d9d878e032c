"""Other people's tables: what check says about them, figure by figure."""

from pathlib import Path
from typing import Any

import pytest

from features.contract import Limits
from features.sources.files import open_book
from features.sources.mapping import read_mapping

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of other people's data is not beside the checkout"),
]


def report(name: str) -> dict[str, Any]:
    mapping = read_mapping(ROOT / "configs" / "sources" / f"{name}.toml")
    return open_book(mapping, DATA / name, Limits()).report


def test_ravenstack_contradicts_itself_as_its_readme_says() -> None:
    told = {problem["rule"]: problem for problem in report("ravenstack")["problems"]}
    shares = {rule: round(100 * problem["count"] / problem["total"], 1) for rule, problem in told.items()}
    assert shares["usage_before_its_subscription"] == 76.6
    assert shares["usage_before_account"] == 52.8
    assert shares["tickets_before_account"] == 53.9
    assert shares["churn_without_subscription_end"] == 94.8
    assert told["duplicate"]["count"] == 21
    assert {"churn_flag_or_event", "churn_with_subscriptions_running", "several_churns", "no_login"} <= told.keys()


def test_online_retail_has_overlapping_terms_and_nothing_else() -> None:
    found = report("online_retail")
    assert [problem["rule"] for problem in found["problems"]] == ["overlapping_terms"]
    assert {name: found["tables"][name]["kept"] for name in ("accounts", "subscriptions", "usage")} == {
        "accounts": 4338,
        "subscriptions": 16763,
        "usage": 107537,
    }
    assert not any(table["quarantined"] for table in found["tables"].values())


def test_crmsim_is_clean_but_has_no_login() -> None:
    found = report("crmsim")
    assert [problem["rule"] for problem in found["problems"]] == ["no_login"]
    assert found["tables"]["subscriptions"]["kept"] == 6427
    assert found["tables"]["usage"]["last"] == "2023-12-31T00:00:00"
