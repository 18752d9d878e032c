"""Tests of explanations notice explanations that are wrong."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.catalogue import Feature, catalogue
from features.labels import label
from models import faithfulness as tested
from models.calibration import Calibration
from models.explain import Contributions
from models.faithfulness import Explained, faithfulness
from models.hazard import FittedHazards, HazardModel
from models.protocol import Rows
from models.settings import HazardSettings


@pytest.fixture(scope="module")
def fits(book: Any, small: HazardSettings) -> list[FittedHazards]:
    """The same training with two seeds, on half of the features per tree."""
    labels = label(book.outcomes, book.rows.index, book.contract, book.last)
    settings = small.model_copy(update={"feature_fraction": 0.5})
    return [HazardModel(settings.model_copy(update={"seed": seed})).fit(book.rows, labels) for seed in (7, 8)]


@pytest.fixture(scope="module")
def known(book: Any) -> list[Feature]:
    """Features of the book's columns, each its own driver, with the claims that its making gives them."""
    claims = {"login_drop": "higher", "breadth": "lower", "days_to_renewal": "lower"}
    some = catalogue()[0]
    return [
        replace(some, name=name, driver=name, riskier=claims.get(name, "either"))  # type: ignore[arg-type]
        for name in book.frame.columns
    ]


@pytest.fixture(scope="module")
def told(book: Any, fits: list[FittedHazards], known: list[Feature]) -> Explained:
    return tested.explain(fits[0], tested.last_two_dates(book.frame, 400, 1), known)


@pytest.fixture(scope="module")
def found(book: Any, fits: list[FittedHazards], known: list[Feature]) -> dict[str, Any]:
    return faithfulness(fits[0], fits[1], book.rows, known)


def test_a_sound_model_passes(found: dict[str, Any]) -> None:
    assert found["sums"]["holds"]
    assert found["tree_shap"]["holds"]
    assert found["deletion"]["holds"]
    assert found["directions"]["disagreements"] == []
    assert 0.4 < found["stability"]["reseeded"]["mean"] < 1
    assert 0.4 < found["stability"]["week_to_week"]["riskiest_tenth"] <= 1
    json.dumps(found, allow_nan=False)


def test_a_calibrated_model_passes_too(book: Any, fits: list[FittedHazards], known: list[Feature]) -> None:
    bent = replace(fits[0], calibration=Calibration("platt", ((0.2, 1.3),) * 3))
    found = faithfulness(bent, fits[1], book.rows, known)
    assert [found[name]["holds"] for name in ("sums", "tree_shap", "deletion")] == [True] * 3
    assert found["deletion"] != faithfulness(fits[0], fits[1], book.rows, known)["deletion"]


def test_only_the_last_two_dates_are_read_and_at_most_the_sample(book: Any) -> None:
    chosen = tested.last_two_dates(book.frame, 100, 1)
    dates = book.frame.index.get_level_values("as_of").unique().sort_values()[-2:]
    assert len(chosen) <= 100
    assert set(chosen.index.get_level_values("as_of")) == set(dates)


def test_a_share_that_is_off_breaks_the_sum(told: Explained) -> None:
    values = told.shares.values.copy()
    values.iloc[3, 2] += 1e-6
    off = replace(told, shares=Contributions(told.shares.base, values))
    assert tested.sums(off) == {"worst": pytest.approx(1e-6, rel=1e-3), "holds": False}


def test_values_that_are_not_tree_shap_are_noticed(
    told: Explained, fits: list[FittedHazards], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lightgbm import Booster

    asked = Booster.predict

    def lie(self: Booster, *args: Any, **how: Any) -> Any:
        return np.asarray(asked(self, *args, **how)) * (1.001 if how.get("pred_contrib") else 1)

    monkeypatch.setattr(Booster, "predict", lie)
    assert not tested.tree_shap(fits[0], told.frame.iloc[:20])["holds"]


def test_drivers_named_at_random_fail_the_deletion_test(told: Explained) -> None:
    claimed = told.by_driver()
    lots = np.random.default_rng(4)
    shuffled = np.array([lots.permutation(row) for row in claimed])
    passed, failed = tested.deletion(told, seed=1), tested.deletion(told, seed=1, claimed=shuffled)
    assert passed["holds"]
    assert not failed["holds"]
    assert failed["difference"]["low"] < 0 < passed["difference"]["low"]


def test_as_many_others_are_deleted_as_stated_ones(told: Explained, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[np.ndarray] = []
    monkeypatch.setattr(Explained, "without", lambda self, mask: gone.append(mask) or self.risk)
    found = tested.deletion(told, seed=1)
    stated, others = gone
    raising = told.by_driver() > 0
    assert (stated.sum(axis=1) == others.sum(axis=1)).all()
    assert not (stated & others).any()
    assert (raising | ~(stated | others)).all()
    assert found["difference"]["value"] == 0


def test_a_wrong_claim_is_listed_with_its_weight(told: Explained, known: list[Feature]) -> None:
    turned = [replace(each, riskier="lower") if each.name == "login_drop" else each for each in known]
    (against,) = tested.directions(told, turned)["disagreements"]
    assert (against["feature"], against["claim"]) == ("login_drop", "lower")
    assert against["correlation"] > 0.5
    assert against["share"] > 0.1
    assert tested.directions(told, known)["disagreements"] == []


def test_drivers_that_change_places_are_less_stable(told: Explained) -> None:
    turned = replace(told, shares=Contributions(0.0, -told.shares.values))
    assert tested.overlap_of(told, told)["mean"] == 1
    assert tested.overlap_of(told, turned)["mean"] == 0


def test_accounts_on_one_date_only_have_no_overlap(book: Any, fits: list[FittedHazards], known: list[Feature]) -> None:
    last = book.frame.index.get_level_values("as_of").max()
    one = book.frame.xs(last, level="as_of", drop_level=False)
    found = faithfulness(fits[0], None, Rows(one, one[[]]), known)
    assert found["stability"] == {
        "week_to_week": {"mean": None, "riskiest_tenth": None, "rows": 0, "top": 3},
        "reseeded": None,
    }


def test_stated_drivers_raise_the_risk_and_are_the_largest() -> None:
    shares = np.array([[0.3, -0.2, 0.1, 0.2, 0.05], [-0.1, -0.2, 0.0, 0.4, -0.1]])
    assert tested.stated(shares).tolist() == [[True, False, True, True, False], [False] * 3 + [True, False]]
