"""The models on a small simulated book: what they find is there, and they find it where it claims to be."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.contract import Limits
from features.labels import label, outcomes, window_label
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot
from features.sources.files import open_book
from features.sources.mapping import read_mapping
from features.sources.world import UNTIL, simulate
from models.explain import Contributions, all_contributions
from models.hazard import FittedHazards
from models.protocol import WINDOWS, Rows
from models.reasons import reasons
from models.settings import TrainSettings
from models.train import train

CONTRACT = OutcomeContract()
CUT = UNTIL - timedelta(weeks=26)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "data"
    simulate(folder, accounts=700, weeks=130, seed=3)
    return folder


@pytest.fixture(scope="module")
def seen(world: Path) -> Iterator[tuple[Snapshot, pd.DataFrame]]:
    book = open_book(read_mapping(Path("configs/sources/demo.toml")), world, Limits())
    weeks = [UNTIL - timedelta(weeks=2 * k) for k in range(55)]
    yield take_snapshot(book, weeks, CONTRACT), outcomes(book, CONTRACT)
    book.con.close()


@pytest.fixture(scope="module")
def model(seen: tuple[Snapshot, pd.DataFrame]) -> FittedHazards:
    snapshot, happened = seen
    return train(snapshot, happened, CONTRACT, TrainSettings(), CUT)


@pytest.fixture(scope="module")
def shares(seen: tuple[Snapshot, pd.DataFrame], model: FittedHazards) -> Contributions:
    return all_contributions(model, later(seen[0]).frame, [WINDOWS["risk_90"]])[0]


def later(snapshot: Snapshot, until: date = UNTIL - timedelta(days=97)) -> Rows:
    """Return the rows after the training cut whose outcome is known by the end of the data."""
    as_of = snapshot.frame.index.get_level_values("as_of")
    return Rows(snapshot.frame, snapshot.standing).take((as_of >= pd.Timestamp(CUT)) & (as_of <= pd.Timestamp(until)))


def test_it_ranks_weeks_that_it_has_not_seen(seen: tuple[Snapshot, pd.DataFrame], model: FittedHazards) -> None:
    rows = later(seen[0])
    churned = window_label(label(seen[1], rows.index, CONTRACT, UNTIL), *WINDOWS["risk_90"])
    assert roc_auc_score(churned, model.predict(rows)["risk_90"]) > 0.8


def test_it_says_about_as_much_risk_as_there_is(
    seen: tuple[Snapshot, pd.DataFrame], model: FittedHazards, world: Path
) -> None:
    rows = later(seen[0])
    truth = pd.read_parquet(world / "truth.parquet")
    truth["as_of"] = pd.to_datetime(truth["as_of"]).astype(rows.index.dtypes["as_of"])
    true = truth.set_index(["account_id", "as_of"])["p_0_90"].reindex(rows.index)
    assert true.notna().all()
    assert model.predict(rows)["risk_90"].mean() == pytest.approx(true.mean(), rel=0.35)


def test_features_push_the_way_they_claim(seen: tuple[Snapshot, pd.DataFrame], shares: Contributions) -> None:
    frame = later(seen[0]).frame
    weight = shares.values.abs().mean()
    claims = {each.name: {"higher": 1, "lower": -1}.get(each.riskier, 0) for each in seen[0].features}
    claimed = [name for name, side in claims.items() if side and frame[name].nunique() > 1 and weight[name] > 0]
    pushes = {name: frame[name].corr(shares.values[name], method="spearman") * claims[name] for name in claimed}
    agreeing = sum(weight[name] for name in claimed if pushes[name] > 0)
    against = {name: round(push, 2) for name, push in pushes.items() if push <= 0}
    assert agreeing / weight[claimed].sum() > 0.75, f"these push against their claim: {against}"


def test_every_risky_account_has_reasons_and_they_raise_its_risk(
    seen: tuple[Snapshot, pd.DataFrame], model: FittedHazards
) -> None:
    snapshot = seen[0]
    last = snapshot.frame.xs(pd.Timestamp(UNTIL), level="as_of")
    share = all_contributions(model, last, [WINDOWS["risk_90"]])[0]
    said = reasons(share, last, snapshot.facts, snapshot.features, model.typical)
    risk = share.base + share.values.sum(axis=1).to_numpy()
    for account, found in zip(risk, said, strict=True):
        assert len(found) <= 5
        assert all(each.contribution > 0 and each.text for each in found)
        assert found or account < 2 * share.base
    words = [each.text for found in said for each in found]
    assert np.mean([any(letter.isdigit() for letter in text) for text in words]) > 0.5
