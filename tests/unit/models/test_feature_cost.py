"""The measured cost of features: every one has one, and a slow one shows."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from features import snapshot as snapshots
from features.book import Book
from features.contract import Limits
from features.outcome import OutcomeContract
from features.snapshot import available
from features.sources.files import open_book
from features.sources.mapping import read_mapping
from features.sources.world import UNTIL, simulate
from models import feature_cost

WEEKS = [UNTIL - timedelta(weeks=k) for k in range(4)]


@pytest.fixture(scope="module")
def costly_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("cost") / "data"
    simulate(folder, accounts=40, weeks=30, seed=5)
    book = open_book(read_mapping(Path("configs/sources/demo.toml")), folder, Limits())
    yield book
    book.con.close()


def test_every_feature_has_a_cost(costly_book: Book) -> None:
    spent = feature_cost.feature_seconds(costly_book, WEEKS, OutcomeContract())
    assert set(spent) == {each.name for each in available(costly_book)[0]}
    assert all(seconds >= 0 for seconds in spent.values())


def test_a_slow_feature_shows(costly_book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, left_out = available(costly_book)
    slow = feature_cost.replace(kept[3], compute=lambda seen: (spin(), kept[3].compute(seen))[1])
    monkeypatch.setattr(snapshots, "available", lambda _: ((*kept[:3], slow, *kept[4:]), left_out))
    spent = feature_cost.feature_seconds(costly_book, WEEKS, OutcomeContract())
    assert max(spent, key=lambda name: spent[name]) == slow.name
    assert spent[slow.name] >= 0.2


def spin() -> Any:
    """Use CPU for a fifth of a second."""
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
