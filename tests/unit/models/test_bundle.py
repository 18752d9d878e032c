"""Bundles: what was stored is what is served, or it is refused before LightGBM sees it."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ContractError
from models import bundle as bundles
from models.bundle import Bundle, load_bundle, save_bundle
from models.calibration import Calibration, hazards_of, interval_churns
from models.competing import separate_risks
from models.hazard import FittedHazards
from models.settings import TrainSettings
from models.train import train
from tests.unit.models.contractions import contractions
from tests.unit.models.past_scores import past_scores

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


@pytest.fixture(scope="module")
def complete(book: Any) -> FittedHazards:
    """Return a model with everything that a bundle can hold."""
    past = past_scores(1, stretch=2.0)
    calibration = Calibration.fit("beta", hazards_of(past), interval_churns(past))
    settings = TrainSettings(trees=20, leaves=7, min_data_in_leaf=20)
    more = {"predictions": past, "calibration": calibration, "separate": {"contraction": contractions(book)}}
    return train(book, book.outcomes, book.contract, settings, book.last, **more)


def test_calibration_intervals_and_separate_outcomes_come_back_exactly(
    book: Any, complete: FittedHazards, tmp_path: Path
) -> None:
    stored = save_bundle(complete, tmp_path / "model")
    again = stored.hazards
    assert (again.calibration, again.intervals) == (complete.calibration, complete.intervals)
    pd.testing.assert_frame_equal(stored.predict(book.rows), complete.predict(book.rows), check_exact=True)
    assert save_bundle(again, tmp_path / "again").id == stored.id
    files = {path.name: path.read_bytes() for path in stored.folder.iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert "contraction_hazard_60_90.txt" in files


def test_separate_risks_are_told_beside_the_main_ones(book: Any, complete: FittedHazards, tmp_path: Path) -> None:
    said = save_bundle(complete, tmp_path / "model").separate_risks(book.rows)
    assert list(said) == ["contraction_30", "contraction_60", "contraction_90", "contraction_60_90"]
    expected = separate_risks(
        "contraction",
        complete.hazards(book.frame),
        complete.separate["contraction"].hazards(book.frame),
        book.rows.index,
    )
    pd.testing.assert_frame_equal(said, expected, check_exact=True)


def test_every_score_has_an_interval(book: Any, complete: FittedHazards, tmp_path: Path) -> None:
    stored = save_bundle(complete, tmp_path / "model")
    said = stored.predict(book.rows)
    edges = stored.intervals(said)
    assert edges.index.equals(said.index)
    assert (edges["risk_90_low"] <= said["risk_90"]).all()
    assert (said["risk_90"] <= edges["risk_90_high"]).all()


def test_a_bundle_from_before_calibration_and_separate_outcomes_still_loads(
    book: Any, fitted: FittedHazards, stored: Bundle
) -> None:
    facts = json.loads((stored.folder / "bundle.json").read_text())
    del facts["score_intervals"], facts["separate"]
    _rewrite(stored.folder, "bundle.json", json.dumps(facts).encode())
    old = load_bundle(stored.folder)
    pd.testing.assert_frame_equal(old.predict(book.rows), fitted.predict(book.rows), check_exact=True)
    assert old.separate_risks(book.rows).shape == (len(book.frame), 0)
    assert old.intervals(old.predict(book.rows)).isna().all(axis=None)


def test_a_separate_outcome_whose_text_is_not_there_is_refused(stored: Bundle) -> None:
    facts = json.loads((stored.folder / "bundle.json").read_text())
    _rewrite(stored.folder, "bundle.json", json.dumps(facts | {"separate": ["contraction"]}).encode())
    with pytest.raises(ContractError, match="contraction_hazard_0_30"):
        load_bundle(stored.folder)


def test_an_unknown_calibration_is_refused(stored: Bundle) -> None:
    facts = json.loads((stored.folder / "bundle.json").read_text())
    strange = {"kind": "splines", "intervals": [[], [], []]}
    _rewrite(stored.folder, "bundle.json", json.dumps(facts | {"calibration": strange}).encode())
    with pytest.raises(ContractError, match=r"not of a model that this version knows .unknown calibration splines"):
        load_bundle(stored.folder)


@pytest.mark.parametrize("name", ["../hazard_0_30.txt", "a/b_hazard_0_30.txt", "contraction_hazard_0_45.txt"])
def test_files_that_no_bundle_has_are_not_read(stored: Bundle, name: str) -> None:
    manifest = json.loads((stored.folder / "manifest.json").read_text())
    manifest["files"][name] = "0" * 64
    (stored.folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ContractError, match="is not of format 1"):
        load_bundle(stored.folder)


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


def _rewrite(folder: Path, name: str, content: bytes) -> None:
    """Put other content into a bundle, with a manifest that vouches for it."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


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
