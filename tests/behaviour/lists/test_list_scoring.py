"""Scoring: real models on a small made-up snapshot become a ranked, banded, explained list."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.catalogue import catalogue, catalogue_digest
from features.errors import ContractError
from features.outcome import OutcomeContract
from features.snapshot import Snapshot
from models.bundle import Bundle, save_bundle
from models.hazard import HazardModel
from models.health import HealthScale
from models.protocol import Rows
from models.settings import HazardSettings
from serving.account import account_story
from serving.publish import publish
from serving.risk_list import previous_list, read_list
from serving.scoring import ListSettings, score

AS_OFS = [date(2026, 8, 31), date(2026, 9, 7)]
FEATURES = catalogue()[::5][:14]
CONTRACT = OutcomeContract()


def snapshot_of(accounts: int, seed: int = 3, as_ofs: list[date] = AS_OFS) -> Snapshot:
    draw = np.random.default_rng(seed)
    ids = [f"A{i:03d}" for i in range(accounts)]
    index = pd.MultiIndex.from_product(
        [ids, pd.to_datetime(as_ofs).astype("datetime64[s]")], names=["account_id", "as_of"]
    )
    frame = pd.DataFrame(draw.normal(size=(len(index), len(FEATURES))), index, [each.name for each in FEATURES])
    frame[frame > 2] = np.nan
    names = {f"{f.name}.{fact}" for f in FEATURES for fact in re.findall(r"{(\w+)", f.says + f.otherwise)}
    facts = sorted(name for name in names if name.split(".")[1] not in ("value", "opposite"))
    standing = pd.DataFrame({"arr": draw.lognormal(10, 1, len(index)), "seats": 20.0}, index)
    standing[["name", "owner", "segment", "plan"]] = None
    standing["renewal_date"] = pd.Timestamp("2026-11-01")
    standing["notice_deadline"] = pd.NaT
    return Snapshot(
        frame=frame,
        standing=standing,
        facts=pd.DataFrame(7.0, pd.Index(ids, name="account_id"), facts),
        not_scored=pd.DataFrame({"account_id": ["X"], "name": [None], "why": ["notice was received"]}),
        features=FEATURES,
        catalogue_digest=catalogue_digest(FEATURES),
        outcome_digest=CONTRACT.digest,
        left_out={},
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A small model that has learnt that a higher first feature is riskier."""
    return made(Path(tmp_path_factory.mktemp("model")) / "bundle", leaves=7)


@pytest.fixture(scope="module")
def other_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Another model of the same."""
    return made(Path(tmp_path_factory.mktemp("model")) / "bundle", leaves=3)


def made(folder: Path, leaves: int) -> Bundle:
    snapshot = snapshot_of(800, seed=1)
    rows = Rows(snapshot.frame, snapshot.standing)
    chance = 1 / (1 + np.exp(3 - 1.5 * snapshot.frame.iloc[:, 0].fillna(0)))
    draw = np.random.default_rng(2)
    days = np.where(draw.random(len(chance)) < chance, draw.uniform(0, 90, len(chance)), np.nan)
    labels = pd.DataFrame({"days": days, "followed": 200.0}, snapshot.frame.index)
    fitted = HazardModel(HazardSettings(trees=20, leaves=leaves, min_data_in_leaf=20, threads=1)).fit(rows, labels)
    scale = HealthScale.fit(fitted.predict(rows)["risk_90"].to_numpy())
    about = {"outcome_digest": CONTRACT.digest, "catalogue_digest": snapshot.catalogue_digest}
    return save_bundle(replace(fitted, scale=scale, about=about), folder)


def test_contributions_add_up_to_every_risk(bundle: Bundle) -> None:
    scored = score(snapshot_of(150), bundle, ListSettings())
    for window in ("90", "60_90"):
        total = getattr(scored, f"base_{window}") + getattr(scored, f"contributions_{window}").sum(axis=1)
        assert np.abs(total - scored.rows[f"risk_{window}"]).max() < 1e-9


def test_risks_are_of_the_last_as_of_date_and_never_cross(bundle: Bundle) -> None:
    snapshot = snapshot_of(150)
    scored = score(snapshot, bundle, ListSettings())
    last = snapshot.frame.xs(pd.Timestamp(AS_OFS[-1]), level="as_of", drop_level=False)
    expected = bundle.predict(Rows(last, snapshot.standing.loc[last.index])).droplevel("as_of")
    assert scored.as_of == AS_OFS[-1]
    pd.testing.assert_frame_equal(scored.rows[expected.columns].sort_index(), expected.sort_index())
    assert (scored.rows["risk_30"] <= scored.rows["risk_60"]).all()
    assert np.allclose(scored.rows["risk_60"] + scored.rows["risk_60_90"], scored.rows["risk_90"])


def test_money_bands_and_health_follow_the_risk(bundle: Bundle) -> None:
    settings = ListSettings(bands={"Watch": 0.05, "Act": 0.2}, rank_by="risk_60_90")
    rows = score(snapshot_of(150), bundle, settings).rows
    assert rows["risk_60_90"].is_monotonic_decreasing
    assert (rows["arr_at_risk"] == rows["arr"] * rows["risk_90"]).all()
    expected = ["Act" if risk >= 0.2 else "Watch" if risk >= 0.05 else "Low" for risk in rows["risk_60_90"]]
    assert rows["band"].tolist() == expected
    assert rows.sort_values("risk_90")["health"].is_monotonic_decreasing


def test_ties_go_to_more_money_and_then_to_the_id(bundle: Bundle) -> None:
    snapshot = snapshot_of(6)
    snapshot.frame.loc[:] = 0.5
    snapshot.standing["arr"] = [10.0, 10, 30, 30, np.nan, np.nan, 30, 30, 10, 10, 20, 20]
    shuffled = replace(snapshot, frame=snapshot.frame.iloc[::-1], standing=snapshot.standing.iloc[::-1])
    for each in (snapshot, shuffled):
        assert list(score(each, bundle, ListSettings()).rows.index) == ["A001", "A003", "A005", "A000", "A004", "A002"]


def test_reasons_raise_the_risk_strongest_first_and_carry_numbers(bundle: Bundle) -> None:
    scored = score(snapshot_of(150), bundle, ListSettings(reasons=2))
    assert set(scored.reasons["position"]) == {1, 2}
    assert (scored.reasons["contribution"] > 0).all()
    firsts = scored.reasons.groupby("account_id")["contribution"].apply(list)
    assert all(values == sorted(values, reverse=True) for values in firsts)
    assert scored.reasons["text"].str.len().min() > 10


def test_change_is_against_the_previous_list_and_unknown_for_others(bundle: Bundle, database: Engine, at: Any) -> None:
    early = snapshot_of(100, as_ofs=AS_OFS[:1])
    publish(database, score(early, bundle, ListSettings()), at=at, by="tests")
    previous = previous_list(database, AS_OFS[-1])
    scored = score(snapshot_of(120), bundle, ListSettings(), previous)
    assert previous is not None
    before = {row.account_id: row.risk_90 for row in previous.rows}
    changes = {a: r - before[a] for a, r in scored.rows["risk_90"].items() if a in before}
    assert scored.rows["change"].dropna().to_dict() == pytest.approx(changes)
    assert scored.rows["change"].isna().sum() == scored.rows["previous_band"].isna().sum() == 20
    assert (scored.previous_as_of, scored.previous_model) == (AS_OFS[0], bundle.id)


def test_the_parts_of_a_change_add_up_to_it_and_are_said(bundle: Bundle, database: Engine, at: Any) -> None:
    publish(database, score(snapshot_of(100, as_ofs=AS_OFS[:1]), bundle, ListSettings()), at=at, by="tests")
    rows = score(snapshot_of(120, seed=4), bundle, ListSettings(), previous_list(database, AS_OFS[-1])).rows
    parts = rows[["change_data", "change_clock", "change_model"]]
    np.testing.assert_allclose(parts.sum(axis=1, skipna=False), rows["change"], rtol=0, atol=1e-9)
    assert parts["change_data"].abs().max() > 0.01
    assert (parts["change_model"].dropna() == 0).all()
    assert rows["change_text"].isna().sum() == rows["change"].isna().sum() == 20
    assert rows["change_text"].dropna().str.contains("since 31 August").all()


def test_a_new_model_gets_its_own_part_only_with_the_old_one_at_hand(
    bundle: Bundle, other_bundle: Bundle, database: Engine, at: Any
) -> None:
    publish(database, score(snapshot_of(100, as_ofs=AS_OFS[:1]), bundle, ListSettings()), at=at, by="tests")
    previous = previous_list(database, AS_OFS[-1])
    rows = score(snapshot_of(100, seed=4), other_bundle, ListSettings(), previous, bundle).rows
    parts = rows[["change_data", "change_clock", "change_model"]]
    np.testing.assert_allclose(parts.sum(axis=1), rows["change"], rtol=0, atol=1e-9)
    assert parts["change_model"].abs().max() > 0.001
    for unknown in (None, other_bundle):
        bare = score(snapshot_of(100, seed=4), other_bundle, ListSettings(), previous, unknown).rows
        assert "change_text" not in bare
        assert bare["change"].notna().all()


def test_a_row_says_what_stands_beside_its_risk(bundle: Bundle) -> None:
    day = pd.Timestamp("2026-09-01")
    told = pd.DataFrame({"sponsor": ["left", None], "last_use": [day, pd.NaT]}, ["A003", "A004"])
    snapshot = replace(snapshot_of(60), shown=told)
    snapshot.standing["notice_deadline"] = np.where(np.arange(120) % 4 < 2, day, pd.Timestamp("2026-10-01"))
    scored = score(snapshot, bundle, ListSettings(reasons=1))
    rows = scored.rows
    assert (rows.at["A003", "sponsor"], rows.at["A003", "last_use"]) == ("left", day)
    assert rows["sponsor"].notna().sum() == 1
    passed = rows["notice_deadline"] == day
    assert passed.sum() == 30
    assert rows["saveable"].tolist() == rows["arr_at_risk"].where(~passed, 0).tolist()
    assert rows.sort_values("place")["saveable"].is_monotonic_decreasing
    first = scored.reasons.set_index("account_id")["driver"]
    assert rows["driver"].dropna().to_dict() == first.to_dict()
    assert score(snapshot, bundle, ListSettings(reasons=0)).rows["driver"].isna().all()


def test_weeks_on_the_list_and_the_spark_go_on_from_the_list_before(bundle: Bundle, database: Engine, at: Any) -> None:
    settings = ListSettings(bands={"High": 0.1})
    first = score(snapshot_of(100, as_ofs=AS_OFS[:1]), bundle, settings)
    publish(database, first, at=at, by="tests")
    second = score(snapshot_of(120, seed=4), bundle, settings, previous_list(database, AS_OFS[-1])).rows
    assert first.rows["weeks_listed"].tolist() == [int(band == "High") for band in first.rows["band"]]
    was_on, is_on = (set(rows.index[rows["band"] == "High"]) for rows in (first.rows, second))
    assert min(len(was_on & is_on), len(is_on - was_on), len(was_on - is_on)) > 0
    expected = {account: (account in is_on) * (1 + (account in was_on)) for account in second.index}
    assert second["weeks_listed"].to_dict() == expected
    for account, spark in second["spark"].items():
        before = [round(first.rows.at[account, "risk_90"], 4)] if account in first.rows.index else []
        assert spark == [*before, round(second.at[account, "risk_90"], 4)]


def test_intervals_and_separate_risks_are_those_of_the_model(bundle: Bundle, database: Engine, at: Any) -> None:
    stub = _Stub(**{name: getattr(bundle, name) for name in Bundle.__dataclass_fields__})
    publish(database, score(snapshot_of(30), stub, ListSettings()), at=at, by="tests")
    for row in read_list(database).rows:
        assert (row.risk_90_low, row.risk_90_high) == (pytest.approx(row.risk_90 / 2), pytest.approx(row.risk_90 * 2))
        assert row.risk_60_90_low is None
    separate = {row.account_id: row.separate for row in read_list(database).rows}
    assert separate["A003"] is None
    assert separate["A004"] == {"contraction_90": 0.25, "contraction_60_90": 0.1}


class _Stub(Bundle):
    """A model with an interval for one risk, and a separate outcome that it does not know of one account."""

    def intervals(self, risk_rows: pd.DataFrame) -> pd.DataFrame:
        """Return half and double of risk_90, nothing for the window."""
        known = {"risk_90_low": risk_rows["risk_90"] / 2, "risk_90_high": risk_rows["risk_90"] * 2}
        return pd.DataFrame(known | {"risk_60_90_low": np.nan}, risk_rows.index)

    def separate_risks(self, rows: Rows) -> pd.DataFrame:
        """Return the same numbers for all accounts but one."""
        out = pd.DataFrame({"contraction_90": 0.25, "contraction_60_90": 0.1}, rows.frame.index)
        out.loc["A003"] = np.nan
        return out


def test_what_is_scored_is_what_is_read(bundle: Bundle, database: Engine, at: Any) -> None:
    scored = score(snapshot_of(80), bundle, ListSettings())
    publish(database, scored, at=at, by="tests")
    row = read_list(database).rows[0]
    story = account_story(database, row.account_id)
    shares = {line["feature"]: line["contribution_90"] for line in story["contributions"]}
    assert shares == scored.contributions_90.loc[row.account_id].to_dict()
    assert story["base_90"] + sum(shares.values()) == pytest.approx(row.risk_90, abs=1e-9)
    texts = {line["feature"]: line["text"] for line in story["contributions"]}
    assert all(texts[reason.feature] == reason.text for reason in row.reasons)
    assert (row.name, row.notice_deadline, story["why"]) == (None, None, None)


def test_a_week_without_eligible_accounts_gives_an_empty_list(bundle: Bundle) -> None:
    snapshot = snapshot_of(5)
    gone = snapshot.frame.index.get_level_values("as_of") == pd.Timestamp(AS_OFS[-1])
    nobody = replace(
        snapshot, frame=snapshot.frame[~gone], standing=snapshot.standing[~gone], facts=snapshot.facts.iloc[:0]
    )
    scored = score(nobody, bundle, ListSettings())
    assert (scored.as_of, len(scored.rows), len(scored.reasons)) == (AS_OFS[-1], 0, 0)


def test_a_model_of_another_contract_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ContractError, match="outcome"):
        score(replace(snapshot_of(5), outcome_digest="other"), bundle, ListSettings())


@pytest.mark.parametrize(
    "bands", [{}, {"High": 1.2}, {"High": 0.3, "Medium": 0.3}, {"Low": 0.2}, {"A name that is too long": 0.2}]
)
def test_bands_that_make_no_sense_are_refused(bands: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="band"):
        ListSettings(bands=bands)
