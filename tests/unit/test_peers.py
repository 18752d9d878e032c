"""Rows are compared within their as-of date and group, and with nothing else."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features import snapshot
from features.catalogue import Column, Feature, _declared, catalogue, feature, peer_feature
from features.families import logins
from features.grid import Floats
from features.observed import Observed
from features.outcome import OutcomeContract
from features.peers import ENOUGH, Accounts, Peers
from features.snapshot import take_snapshot
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
WEEK = timedelta(days=7)


def peers(
    values: Floats, segments: list[int], now: NDArray[np.bool_] | None = None, before: NDArray[np.bool_] | None = None
) -> Peers:
    """Return a cohort of one as-of date, with every account in the segment of its number."""
    all_of_them = np.ones((len(segments), 1), dtype=bool)
    accounts = Accounts(
        chosen=all_of_them,
        in_force=all_of_them if now is None else now,
        in_force_before=all_of_them if before is None else before,
        groups={"segment": np.array(segments, dtype=np.int64)[:, None]},
    )
    return Peers(accounts, {"drop": values}, {"drop": np.isnan(values)})


def test_the_median_is_of_the_segment_with_the_account_itself() -> None:
    values = np.r_[np.arange(11.0), 100 + np.arange(10.0)]
    found = peers(values, [0] * 11 + [1] * 10).median("drop")
    assert found.tolist() == [5.0] * 11 + [104.5] * 10


def test_a_median_over_all_segments_would_be_another() -> None:
    """Without this the test above could not tell the segments from the whole."""
    values = np.r_[np.arange(11.0), 100 + np.arange(10.0)]
    assert np.median(values) not in peers(values, [0] * 11 + [1] * 10).median("drop")


@pytest.mark.parametrize(("given", "known"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_a_median_needs_enough_values(given: int, known: bool) -> None:
    values = np.r_[np.ones(given), np.full(5, np.nan)]
    found = peers(values, [0] * len(values)).median("drop")
    assert (found == 1).all() if known else np.isnan(found).all()


def test_without_a_segment_there_is_no_median() -> None:
    assert np.isnan(peers(np.ones(20), [-1] * 20).median("drop")).all()


def test_medians_agree_with_a_plain_search_over_dates_and_segments() -> None:
    draw = np.random.default_rng(5)
    chosen = draw.random((300, 4)) < 0.8
    segment = draw.integers(-1, 8, (300, 4))
    rows = int(chosen.sum())
    values = np.where(draw.random(rows) < 0.3, np.nan, draw.normal(size=rows))
    found = Peers(Accounts(chosen, chosen, chosen, {"segment": segment}), {"drop": values}, {}).median("drop")
    at, group = np.nonzero(chosen)[1], segment[chosen]
    for row in range(rows):
        same = values[(at == at[row]) & (group == group[row])]
        same = same[~np.isnan(same)]
        wanted = np.median(same) if group[row] >= 0 and len(same) >= ENOUGH else np.nan
        assert found[row] == pytest.approx(wanted, nan_ok=True)


def test_churn_is_of_those_in_force_a_year_before() -> None:
    before = np.array([True] * 10 + [False] * 5)[:, None]
    now = np.array([False] * 3 + [True] * 12)[:, None]
    found = peers(np.ones(15), [0] * 15, now, before)
    assert found.churn("segment").tolist() == [0.3] * 15
    assert found.load("segment").tolist() == [12] * 15


def test_churn_needs_enough_accounts_and_load_a_text() -> None:
    found = peers(np.ones(12), [0] * 9 + [-1] * 3)
    assert np.isnan(found.churn("segment")).all()
    assert found.load("segment").tolist()[:9] == [9] * 9
    assert np.isnan(found.load("segment")[9:]).all()


def test_an_attribute_that_no_feature_reads_cannot_be_compared_by() -> None:
    with pytest.raises(LookupError, match=r"no peer feature reads accounts\.industry"):
        peers(np.ones(1), [0]).churn("industry")


def own_logins(seen: Observed) -> Column:
    """Logins of the last 4 weeks."""
    return Column(seen.logins.sum(4))


def logins_vs_peers(peers: Peers) -> Column:
    """Logins less the middle ones of the segment."""
    median = peers.median("own_logins")
    return Column(peers.own("own_logins") - median, peers.untracked("own_logins"), median=median)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of one feature and its comparison."""
    kept = dict(_declared)
    words: dict[str, Any] = {"unit": "logins", "riskier": "lower", "title": "Logins", "says": "{value}."}
    for compute in (own_logins, logins_vs_peers):
        monkeypatch.setattr(compute, "__module__", logins.__name__)
    feature(reads="usage", history=3, **words)(own_logins)
    peer_feature(reads="usage accounts.segment", history=3, **words)(logins_vs_peers)
    made: tuple[Feature, ...] = (_declared["logins_vs_peers"], _declared["own_logins"])
    monkeypatch.setattr(snapshot, "catalogue", lambda: made)
    yield
    _declared.clear()
    _declared.update(kept)


def tables(count: int, segments: tuple[str | None, ...] = ("small", "large")) -> dict[str, list[dict[str, Any]]]:
    """Account k has k logins in each of the last six weeks; segments take turns."""
    names = [f"A{k:02d}" for k in range(count)]
    return {
        "accounts": [
            {"account_id": name, "created_at": T - 90 * WEEK, "segment": segments[k % len(segments)]}
            for k, name in enumerate(names)
        ],
        "subscriptions": [
            {"account_id": name, "subscription_id": name, "started_at": T - 80 * WEEK, "mrr": 50.0} for name in names
        ],
        "usage": [
            {"account_id": name, "occurred_at": T - weeks * WEEK, "feature": "login", "quantity": float(k)}
            for k, name in enumerate(names)
            for weeks in range(1, 7)
        ],
    }


def taken(found: dict[str, Any], *weeks: int) -> snapshot.Snapshot:
    return take_snapshot(
        make_book(found), [(T - w * WEEK).date() for w in weeks], OutcomeContract(minimum_tenure_days=0)
    )


@pytest.mark.usefixtures("two")
def test_a_peer_feature_stands_beside_its_base() -> None:
    found = taken(tables(20), 4, 0)
    now = found.frame.xs("2026-03-02", level="as_of")
    assert list(found.frame.columns) == ["logins_vs_peers", "own_logins"]
    assert (now["own_logins"] - now["logins_vs_peers"]).tolist() == [36.0, 40.0] * 10
    assert found.facts["logins_vs_peers.median"].tolist() == [36.0, 40.0] * 10
    before = found.frame.xs("2026-02-02", level="as_of")
    assert before.isna().to_numpy().all()
    assert found.untracked.xs("2026-02-02", level="as_of").to_numpy().all()


@pytest.mark.usefixtures("two")
def test_other_segments_and_the_size_of_a_shard_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = taken(tables(24), 1, 0).frame
    without = {name: [row for row in rows if int(row["account_id"][1:]) % 2] for name, rows in tables(24).items()}
    alone = taken(without, 1, 0).frame
    assert alone["logins_vs_peers"].equals(whole.loc[alone.index, "logins_vs_peers"])
    monkeypatch.setattr(snapshot, "SHARD", 5)
    assert taken(tables(24), 1, 0).frame.equals(whole)


@pytest.mark.usefixtures("two")
def test_but_the_same_segment_does_change_it() -> None:
    """Without this the test above could not fail."""
    whole, fewer = (taken(tables(count), 0).frame["logins_vs_peers"] for count in (24, 22))
    assert not fewer.equals(whole.loc[fewer.index])


def test_peer_features_come_with_the_tables_of_what_they_compare() -> None:
    """Their base could be left out otherwise."""
    named = {each.name: each for each in catalogue()}
    for each in named.values():
        if each.of_peers and (base := named.get(each.name.removesuffix("_vs_peers"))):
            assert set(base.reads) <= set(each.reads), each.name
