"""Bundles: what was stored is what is served, or it is refused before LightGBM sees it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ContractError
from models import bundle as bundles
from models.bundle import Bundle, load_bundle, save_bundle
from models.hazard import FittedHazards
from models.settings import TrainSettings
from models.train import train

CUT = date(2025, 6, 2)


@pytest.fixture(scope="module")
def fitted(book: Any) -> FittedHazards:
    return train(book, book.outcomes, book.contract, TrainSettings(trees=20, leaves=7, min_data_in_leaf=20), CUT)


@pytest.fixture
def stored(fitted: FittedHazards, tmp_path: Path) -> Bundle:
    return save_bundle(fitted, tmp_path / "model")


def test_a_stored_model_predicts_the_same(book: Any, fitted: FittedHazards, stored: Bundle) -> None:
    again = load_bundle(stored.folder, expected_id=stored.id)
    pd.testing.assert_frame_equal(again.predict(book.rows), fitted.predict(book.rows), check_exact=True)
    assert again.about["churns"] >= 30


def test_the_same_model_has_the_same_id(fitted: FittedHazards, stored: Bundle, tmp_path: Path) -> None:
    assert save_bundle(fitted, tmp_path / "elsewhere").id == stored.id
    assert save_bundle(fitted, stored.folder).id == stored.id


@pytest.mark.parametrize("name", ["hazard_0_30.txt", "bundle.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_is_refused_before_lightgbm_parses(
    stored: Bundle, name: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _damage(stored.folder / name, damage)
    monkeypatch.setattr(bundles, "parse_booster", _never)
    with pytest.raises(ContractError, match=f"{name}|not {stored.id}"):
        load_bundle(stored.folder, expected_id=stored.id)


def test_exchanged_files_are_refused(stored: Bundle) -> None:
    first, second = (stored.folder / name for name in bundles.TEXTS[:2])
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    with pytest.raises(ContractError, match="damaged or exchanged"):
        load_bundle(stored.folder)


def test_another_model_is_refused(stored: Bundle) -> None:
    with pytest.raises(ContractError, match="not 000000000000"):
        load_bundle(stored.folder, expected_id="000000000000")


def test_a_stored_model_is_never_overwritten(fitted: FittedHazards, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({}))
    with pytest.raises(ContractError, match="already holds another model"):
        save_bundle(fitted, folder)


def test_another_catalogue_is_refused(stored: Bundle) -> None:
    good = {"catalogue_digest": "c0ffee000000", "outcome_digest": stored.about["outcome_digest"]}
    stored.require(**good)
    with pytest.raises(ContractError, match="catalogue c0ffee000000, but this run has catalogue 123"):
        stored.require(**good | {"catalogue_digest": "123"})


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "remove":
        path.unlink()
    else:
        middle = len(content) // 2
        path.write_bytes(
            content[:middle] + (b"" if how == "truncate" else bytes([content[middle] ^ 1]) + content[middle + 1 :])
        )


def _never(text: str) -> None:
    raise AssertionError("LightGBM must not see this text")
