"""The gate: twelve bad models are refused, each for its own reason; honest retrainings are not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.backtest import Backtest, BacktestSettings, backtest
from models.bundle import Bundle, save_bundle
from models.case import Case, Rival
from models.gate import judge
from models.hazard import FittedHazards, HazardModel
from models.kinds import BASELINES, make
from models.promotion import PromotionSettings, Verdict
from models.protocol import RISKS, Rows
from models.recipe import RecipeModel
from models.settings import TrainSettings
from models.train import train

from .conftest import Pretend, pretend

SETTINGS = TrainSettings(trees=40, leaves=4, learning_rate=0.15, min_data_in_leaf=20, threads=1)
QUICK = BacktestSettings(capacity=10, resamples=100)
LIMITS = PromotionSettings()


@dataclass(frozen=True)
class Made:
    """A book with a model trained and stored on it, and its case."""

    book: Pretend
    fitted: FittedHazards
    bundle: Bundle
    case: Case


def build(book: Pretend, folder: Path, settings: TrainSettings = SETTINGS, **champion: Any) -> Made:
    models = [HazardModel(settings), *(make(name, settings) for name in BASELINES)]
    rival = champion.get("rival")
    if rival and rival.peer:
        models.append(RecipeModel.of(rival.bundle.hazards.columns, rival.bundle.about))
    replayed = backtest(book, book.outcomes, book.contract, models, QUICK, last=book.last)
    snapshot: Any = book
    fitted = train(snapshot, book.outcomes, book.contract, settings, book.last, predictions=replayed.predictions)
    bundle = save_bundle(fitted, folder / "bundle")
    case = Case(
        backtest=replayed,
        fitted=fitted,
        folder=bundle.folder,
        model_id=bundle.id,
        catalogue_digest=book.catalogue_digest,
        outcome_digest=book.contract.digest,
        as_of=book.last,
        rows=book.rows,
        settings=LIMITS,
        champion=rival,
    )
    return Made(book, fitted, bundle, case)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return an honest challenger beside a champion of another recipe (another seed)."""
    book = pretend(seed=1, accounts=400)
    first = build(book, tmp_path_factory.mktemp("first"), SETTINGS.model_copy(update={"seed": 3}))
    rival = Rival(first.bundle.id, book.last - timedelta(weeks=4), first.bundle, "champion")
    return build(book, tmp_path_factory.mktemp("second"), rival=rival)


def failed(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.text for check in verdict.checks if check.outcome == "failed"}


def with_risks(replayed: Backtest, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Backtest:
    """Return the backtest with the challenger's risks changed."""
    changed = change(replayed.predictions[list(RISKS)])
    return replace(replayed, predictions=replayed.predictions.assign(**{risk: changed[risk] for risk in RISKS}))


def flipped(risks: pd.DataFrame) -> pd.DataFrame:
    return risks.max() - risks


def extreme(risks: pd.DataFrame) -> pd.DataFrame:
    odds = np.log(risks / (1 - risks))
    return 1 / (1 + np.exp(-3 * (odds - odds.mean())))


def test_an_honest_challenger_is_promoted_with_its_reasons(honest: Made) -> None:
    verdict = judge(honest.case)
    assert verdict.outcome in ("promote", "keep"), failed(verdict)
    names = [check.name for check in verdict.checks]
    assert set(names) == {
        "stored", "sound", "reload", "fresh", "agrees", "chance", "champion", "baselines", "calibrated", "slices",
        "leak", "speed",
    }  # fmt: skip
    page = verdict.markdown()
    assert verdict.why in page
    assert all(check.text in page for check in verdict.checks)


def test_a_flipped_sign_is_refused(honest: Made) -> None:
    verdict = judge(replace(honest.case, backtest=with_risks(honest.case.backtest, flipped)))
    assert verdict.outcome == "refuse"
    assert {"agrees", "chance", "champion"} <= set(failed(verdict))


def test_a_stored_model_with_a_flipped_sign_is_not_the_one_that_was_judged(honest: Made, tmp_path: Path) -> None:
    labels = honest.book.outcomes
    stays = honest.book.standing.index.get_level_values("account_id").unique().difference(labels["account_id"])
    wrong = labels.iloc[: len(stays)].assign(account_id=np.resize(stays.to_numpy(), min(len(labels), len(stays))))
    snapshot: Any = honest.book
    fitted = train(snapshot, wrong, honest.book.contract, SETTINGS, honest.book.last)
    bundle = save_bundle(fitted, tmp_path / "wrong")
    verdict = judge(replace(honest.case, fitted=fitted, folder=bundle.folder, model_id=bundle.id))
    assert "is not the one that was judged" in failed(verdict)["agrees"]


def test_a_leak_is_refused_by_the_feature_that_knows(honest: Made, tmp_path: Path) -> None:
    book = honest.book
    from features.labels import label

    days = label(book.outcomes, book.rows.index, book.contract, book.last)["days"].to_numpy()
    knows = np.where(np.isnan(days) | (days > 90), 0.0, 1.0) + np.random.default_rng(1).normal(0, 0.05, len(days))
    leaky = build(replace(book, frame=book.frame.assign(knows=knows)), tmp_path)
    verdict = judge(leaky.case)
    assert verdict.outcome == "refuse"
    assert {"leak", "chance"} & set(failed(verdict))
    assert "knows alone ranks" in failed(verdict)["leak"]


def test_a_stale_model_is_refused(honest: Made, tmp_path: Path) -> None:
    book, snapshot = honest.book, honest.book
    fitted = train(snapshot, book.outcomes, book.contract, SETTINGS, book.last - timedelta(weeks=30))  # type: ignore[arg-type]
    bundle = save_bundle(fitted, tmp_path / "stale")
    verdict = judge(replace(honest.case, fitted=fitted, folder=bundle.folder, model_id=bundle.id))
    assert "30 weeks before" in failed(verdict)["fresh"]


def test_shuffled_labels_are_refused(honest: Made, tmp_path: Path) -> None:
    book = honest.book
    accounts = book.standing.index.get_level_values("account_id").unique().to_numpy()
    shuffled = np.random.default_rng(5).permutation(accounts)[: len(book.outcomes)]
    made = build(replace(book, outcomes=book.outcomes.assign(account_id=shuffled)), tmp_path)
    verdict = judge(made.case)
    assert verdict.outcome == "refuse"
    assert "no better than chance" in failed(verdict)["chance"]


def test_a_constant_is_refused(honest: Made, tmp_path: Path) -> None:
    nothing = SETTINGS.model_copy(update={"trees": 1, "learning_rate": 1e-9, "line_share": 0.0})
    snapshot: Any = honest.book
    fitted = train(snapshot, honest.book.outcomes, honest.book.contract, nothing, honest.book.last)
    bundle = save_bundle(fitted, tmp_path / "constant")
    replayed = with_risks(honest.case.backtest, lambda risks: risks * 0 + 0.05)
    case = replace(honest.case, backtest=replayed, fitted=fitted, folder=bundle.folder, model_id=bundle.id)
    assert "the same risk" in failed(judge(case))["sound"]


def test_a_model_that_says_something_else_after_a_reload_is_refused(honest: Made) -> None:
    other = replace(honest.fitted, boosters=honest.fitted.boosters[::-1])
    assert "differ by up to" in failed(judge(replace(honest.case, fitted=other)))["reload"]


def test_an_overconfident_model_is_refused(honest: Made) -> None:
    verdict = judge(replace(honest.case, backtest=with_risks(honest.case.backtest, extreme)))
    assert set(failed(verdict)) == {"calibrated"}
    assert "slope" in failed(verdict)["calibrated"]


def test_wrong_columns_are_refused(honest: Made) -> None:
    frame = honest.book.frame[honest.book.frame.columns[::-1]]
    verdict = judge(replace(honest.case, rows=Rows(frame, honest.book.standing)))
    assert "order differs" in failed(verdict)["stored"]


def test_risks_that_are_no_numbers_are_refused(honest: Made) -> None:
    nothing = with_risks(
        honest.case.backtest, lambda risks: risks.iloc[np.arange(len(risks)) % 50 > 0].reindex(risks.index)
    )
    verdict = judge(replace(honest.case, backtest=nothing))
    assert "no probability" in failed(verdict)["sound"]


def test_a_slow_model_is_refused(honest: Made, tmp_path: Path) -> None:
    slow = SETTINGS.model_copy(update={"trees": 2000, "leaves": 31, "learning_rate": 0.001})
    snapshot: Any = honest.book
    fitted = train(snapshot, honest.book.outcomes, honest.book.contract, slow, honest.book.last)
    bundle = save_bundle(fitted, tmp_path / "slow")
    verdict = judge(replace(honest.case, fitted=fitted, folder=bundle.folder, model_id=bundle.id))
    assert "times the champion's CPU" in failed(verdict)["speed"]


def test_one_bad_segment_is_refused(honest: Made) -> None:
    segment = honest.case.backtest.predictions["segment"].to_numpy()

    def lost(risks: pd.DataFrame) -> pd.DataFrame:
        bad = segment == "smb"
        return pd.concat([risks[~bad], risks[bad].max() - risks[bad]]).reindex(risks.index)

    verdict = judge(replace(honest.case, backtest=with_risks(honest.case.backtest, lost)))
    assert "falls apart in segment smb" in failed(verdict)["slices"]


@pytest.mark.parametrize("file", ["manifest.json", "bundle.json", "hazard_30_60.txt"])
def test_a_damaged_file_is_refused(honest: Made, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in honest.bundle.folder.iterdir():
        content = bytearray(path.read_bytes())
        if path.name == file:
            content[len(content) // 2] ^= 0x04
        (folder / path.name).write_bytes(content)
    verdict = judge(replace(honest.case, folder=folder))
    assert "cannot be used" in failed(verdict)["stored"]
    assert [check.name for check in verdict.checks] == ["stored"]


def test_an_older_catalogue_is_refused(honest: Made) -> None:
    verdict = judge(replace(honest.case, catalogue_digest="0123456789ab"))
    assert "catalogue" in failed(verdict)["stored"]


def test_a_model_that_was_rolled_back_is_not_taken_again(honest: Made) -> None:
    verdict = judge(replace(honest.case, rolled_back=frozenset({honest.bundle.id})))
    assert "rolled back" in failed(verdict)


def test_a_claim_must_be_shown(honest: Made) -> None:
    claims = honest.case.settings.model_copy(update={"claims": ("risk_90.auc",)})
    verdict = judge(replace(honest.case, settings=claims))
    assert [check.outcome for check in verdict.checks if check.name == "claim"] != ["passed"]
    assert verdict.outcome != "promote"


def test_the_same_recipe_on_newer_data_is_not_worse_than_itself(honest: Made) -> None:
    assert honest.case.champion is not None
    verdict = judge(replace(honest.case, champion=replace(honest.case.champion, peer=None)))
    assert verdict.outcome == "promote"
    assert "same recipe as champion" in verdict.why


def test_without_a_champion_the_first_model_serves(honest: Made) -> None:
    verdict = judge(replace(honest.case, champion=None))
    assert verdict.outcome == "promote"
    assert verdict.why.startswith("Promoted: first model")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_honest_retrainings_are_not_refused(seed: int, tmp_path: Path) -> None:
    book = pretend(seed=100 + seed, accounts=320)
    snapshot: Any = book
    before = train(snapshot, book.outcomes, book.contract, SETTINGS.model_copy(update={"seed": seed}), book.last)
    rival = Rival("before", book.last, save_bundle(before, tmp_path / "before"), "champion")
    verdict = judge(build(book, tmp_path, rival=rival).case)
    assert verdict.outcome != "refuse", failed(verdict)
