"""The final fit refuses what it cannot learn from."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from features.errors import ContractError
from models.settings import TrainSettings
from models.train import train

QUICK = TrainSettings(trees=10, leaves=7, min_data_in_leaf=20)


def test_few_churns_are_refused_with_the_way_out(book: Any) -> None:
    few = book.outcomes.iloc[:12]
    with pytest.raises(ContractError, match=r"1[0-2] matured churns .* needs 30: add history"):
        train(book, few, book.contract, QUICK, book.last)


def test_before_anything_matured_there_is_nothing_to_learn(book: Any) -> None:
    with pytest.raises(ContractError, match="no row has matured by 2024-02-05"):
        train(book, book.outcomes, book.contract, QUICK, date(2024, 2, 5))


def test_what_happens_after_the_cut_changes_nothing(book: Any) -> None:
    cut = date(2025, 3, 3)
    later = book.outcomes["known_at"] >= np.datetime64(cut)
    with_, without = (train(book, o, book.contract, QUICK, cut) for o in (book.outcomes, book.outcomes[~later]))
    assert with_.predict(book.rows).equals(without.predict(book.rows))
    earlier = train(book, book.outcomes[book.outcomes["known_at"] < "2025-01-01"], book.contract, QUICK, cut)
    assert not with_.predict(book.rows).equals(earlier.predict(book.rows))


def test_health_comes_from_the_reference_when_there_is_one(book: Any) -> None:
    cut = date(2025, 3, 3)
    fitted = train(book, book.outcomes, book.contract, QUICK, cut, reference=np.linspace(0.4, 0.6, 99))
    assert fitted.scale is not None
    assert float(fitted.scale(0.5)) == pytest.approx(50, abs=1)
