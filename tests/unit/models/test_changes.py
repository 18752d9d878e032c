"""What changed since the last list: exact parts, each cause in its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature, catalogue
from features.labels import label
from models.calibration import Calibration
from models.changes import CATALOGUE_CHANGED, PARTS, SHOWN, changes, said, sentence
from models.hazard import FittedHazards, HazardModel
from models.settings import HazardSettings

SINCE = date(2026, 11, 2)
Change = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def models(book: Any, small: HazardSettings) -> tuple[FittedHazards, FittedHazards]:
    """One model, and another of other trees."""
    labels = label(book.outcomes, book.rows.index, book.contract, book.last)
    fits = [HazardModel(small.model_copy(update={"leaves": leaves})).fit(book.rows, labels) for leaves in (7, 4)]
    return fits[0], fits[1]


@pytest.fixture(scope="module")
def known(book: Any) -> list[Feature]:
    """Features of the book's columns: days for the contract, shares for the rest."""
    some, drivers = catalogue()[0], {"login_drop": "Logins", "breadth": "Adoption", "days_to_renewal": "Contract"}
    units = {"days_to_renewal": "days"}
    return [
        replace(some, name=name, unit=units.get(name, "share"), driver=drivers.get(name, "Other"))
        for name in book.frame.columns
    ]


@pytest.fixture(scope="module")
def then(book: Any) -> pd.DataFrame:
    """The accounts of one as-of date, some way into a year."""
    frame: pd.DataFrame = book.frame.xs(pd.Timestamp("2025-02-24"), level="as_of")
    return frame[frame["days_to_renewal"].between(20, 200)]


@pytest.fixture
def change(models: tuple[FittedHazards, FittedHazards], known: list[Feature]) -> Change:
    """The changes between two frames under one model, or two."""

    def between(then: pd.DataFrame, now: pd.DataFrame, *, retrained: bool = False) -> pd.DataFrame:
        return changes(models[0], models[1] if retrained else models[0], then, now, known, 7, (0, 90))

    return between


def moved(then: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    return then.assign(**{name: then[name] + by for name, by in columns.items()})


def test_the_parts_add_up_to_the_change_whatever_moved(
    book: Any, then: pd.DataFrame, known: list[Feature], models: tuple[FittedHazards, FittedHazards]
) -> None:
    rng = np.random.default_rng(3)
    now = moved(then, days_to_renewal=-7, login_drop=rng.normal(0, 1, len(then)))
    now = now.mask(rng.random(now.shape) < 0.1)
    for days, risk in (((0, 30), "risk_30"), ((0, 90), "risk_90"), ((60, 90), "risk_60_90")):
        split = changes(*models, then, now, known, 7, days)
        risks = [m.predict(replace(book.rows, frame=f))[risk] for m, f in zip(models, (then, now), strict=True)]
        np.testing.assert_allclose(split[list(PARTS)].sum(axis=1), risks[1] - risks[0], rtol=0, atol=1e-9)
        assert (split[list(PARTS)].abs().max() > 1e-3).all(), "every part has something to say here"


@pytest.mark.parametrize(
    ("move", "retrained", "part"),
    [
        ({"days_to_renewal": -7}, False, "clock"),
        ({"days_to_renewal": 7}, False, "clock"),
        ({"days_to_renewal": -7.0000000001}, False, "clock"),
        ({"days_to_renewal": -9}, False, "data"),
        ({"days_to_renewal": 351}, False, "data"),
        ({"login_drop": 1.5}, False, "data"),
        ({"login_drop": 7.0}, False, "data"),
        ({}, True, "model"),
    ],
)
def test_a_single_cause_lands_in_its_own_part(
    change: Change, then: pd.DataFrame, move: dict[str, float], retrained: bool, part: str
) -> None:
    split = change(then, moved(then, **move), retrained=retrained)
    others = [name for name in PARTS if name != part]
    assert split[part].abs().max() > 1e-3
    assert split[others].abs().max().max() < 1e-12


def test_a_calibrated_model_splits_as_exactly(
    book: Any, then: pd.DataFrame, known: list[Feature], models: tuple[FittedHazards, FittedHazards]
) -> None:
    new = replace(models[1], calibration=Calibration("platt", ((0.2, 1.3),) * 3))
    now = moved(then, days_to_renewal=-7, login_drop=1.0)
    split = changes(models[0], new, then, now, known, 7, (0, 90))
    risks = [m.predict(replace(book.rows, frame=f))["risk_90"] for m, f in ((models[0], then), (new, now))]
    np.testing.assert_allclose(split[list(PARTS)].sum(axis=1), risks[1] - risks[0], rtol=0, atol=1e-9)
    uncalibrated = changes(*models, then, now, known, 7, (0, 90))
    assert (split["model"] - uncalibrated["model"]).abs().max() > 1e-3


def test_two_causes_share_what_they_did_together(change: Change, then: pd.DataFrame) -> None:
    alone = [change(then, moved(then, **by)) for by in ({"days_to_renewal": -7}, {"login_drop": 1.5})]
    both = change(then, moved(then, days_to_renewal=-7, login_drop=1.5))
    together = both[["clock", "data"]].sum(axis=1) - alone[0]["clock"] - alone[1]["data"]
    assert together.abs().max() > 1e-3, "nothing was done together"
    np.testing.assert_allclose(both["clock"] - alone[0]["clock"], together / 2, rtol=0, atol=1e-12)


def test_the_driver_is_the_one_whose_new_data_moved_the_risk(change: Change, then: pd.DataFrame) -> None:
    split = change(then, moved(then, login_drop=2.5, days_to_renewal=-7))
    shown = split["data"].abs() >= SHOWN
    assert set(split.loc[shown, "driver"]) == {"Logins"}
    assert split.loc[~shown, "driver"].isna().all()
    assert 0 < shown.sum() < len(shown)
    both = change(then, moved(then, login_drop=2.5, breadth=-2.0))
    assert set(both["driver"].dropna()) == {"Logins", "Adoption"}
    for still in (then, moved(then, days_to_renewal=-7)):
        assert change(then, still)["driver"].isna().all(), "no data moved"


def test_an_account_that_was_not_there_before_has_no_change(change: Change, then: pd.DataFrame) -> None:
    split = change(then.iloc[5:], then)
    assert split.iloc[:5].isna().all().all()
    assert split["data"].iloc[5:].notna().all()
    assert said(split, SINCE).iloc[:5].isna().all()
    assert change(then.iloc[:0], then).isna().all().all()


def test_another_catalogue_leaves_everything_to_the_model_and_says_so(
    then: pd.DataFrame, known: list[Feature], models: tuple[FittedHazards, FittedHazards]
) -> None:
    older = replace(models[0], columns=(*models[0].columns[:-1], "renamed"))
    before = then.rename(columns={then.columns[-1]: "renamed"})
    older = FittedHazards(_renamed(older), older.columns, 1, older.typical)
    split = changes(older, models[1], before, then, known, 7, (0, 90))
    same = changes(replace(models[0], line=None), models[1], then, then, known, 7, (0, 90))
    np.testing.assert_allclose(split["model"], same["model"], rtol=0, atol=1e-12)
    assert (split[["data", "clock"]] == 0).all().all()
    assert all(CATALOGUE_CHANGED in text for text in said(split, SINCE))


def _renamed(model: FittedHazards) -> tuple[Any, ...]:
    from models.hazard import parse_booster

    texts = (booster.model_to_string().replace("days_to_renewal", "renamed") for booster in model.boosters)
    return tuple(map(parse_booster, texts))


@pytest.mark.parametrize(
    ("parts", "driver", "text"),
    [
        (
            (0.09, 0.02, 0.01),
            "Logins",
            "Up 12 points since 2 November: +9 from new data (Logins most), +2 as time passed, "
            "+1 from the new model.",
        ),
        ((-0.06, 0.01, 0), None, "Down 5.0 points since 2 November: −6.0 from new data, +1.0 as time passed."),
        ((0, 0.023, 0), None, "Up 2.3 points since 2 November, all as time passed."),
        ((0.023, 0, 0), "Seats", "Up 2.3 points since 2 November, all from new data (Seats most)."),
        ((0.1004, 0.0104, 0.0104), None, "Up 12 points since 2 November: +10 from new data, +1 as time passed, "
         "+1 from the new model."),
        ((0.03, 0, -0.03), "Logins", "Level since 2 November: +3.0 from new data (Logins most), "
         "−3.0 from the new model."),
        ((1e-5, 0, 0), "Logins", "Level since 2 November."),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(parts: tuple[float, ...], driver: str | None, text: str) -> None:
    assert sentence(dict(zip(PARTS, parts, strict=True)), SINCE, driver) == text


def test_the_parts_shown_add_up_to_the_total_shown() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        parts = rng.normal(0, 0.05, 3)
        text = sentence(dict(zip(PARTS, parts, strict=True)), SINCE).replace("−", "-").replace("+", "")
        head, _, tail = text.partition(":")
        total = float(head.split()[1]) * (1 if head.startswith("Up") else -1) if "points" in head else 0.0
        if tail:
            assert sum(float(part.split()[0]) for part in tail.split(",")) == pytest.approx(total, abs=1e-9)
