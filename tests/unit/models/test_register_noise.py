"""How often the register is fooled: pure noise is called "use" in at most one book of twenty, and intervals hold."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.register import Register, register
from tests.unit.models.conftest import Pretend, pretend

BOOKS, NOISE = 24, 24

pytestmark = pytest.mark.slow


def noise(book: Pretend, seed: int) -> dict[str, np.ndarray]:
    """Return columns that know nothing: fresh every week, fixed per account, wandering, and mostly zero."""
    rng = np.random.default_rng(10_000 + seed)
    code, place = book.frame.index.codes[0], pd.factorize(book.frame.index.get_level_values("as_of"))[0]
    accounts, weeks = code.max() + 1, place.max() + 1
    kinds = [
        lambda: rng.normal(size=len(code)),
        lambda: rng.normal(size=accounts)[code],
        lambda: np.cumsum(rng.normal(size=(accounts, weeks)), axis=1)[code, place],
        lambda: rng.poisson(0.3, accounts)[code].astype(float),
    ]
    return {f"noise_{i}": kinds[i % 4]() for i in range(NOISE)}


def judge(book: Pretend, columns: dict[str, np.ndarray]) -> Register:
    sides = ("higher", "lower", "either")
    features = tuple(
        SimpleNamespace(name=n, title=n, driver=f"d{i % 4}", riskier=sides[i % 3]) for i, n in enumerate(columns)
    )
    snapshot: Any = SimpleNamespace(frame=pd.DataFrame(columns, book.frame.index), features=features, left_out={})
    return register(snapshot, book.outcomes, book.contract, book.last)


@pytest.fixture(scope="module")
def registers() -> list[Register]:
    books = [pretend(seed, accounts=120) for seed in range(BOOKS)]
    return [judge(book, noise(book, seed)) for seed, book in enumerate(books)]


def test_books_of_noise_hold_no_signal(registers: list[Register]) -> None:
    # At 5 % of 24 books, four or more would come in one of thirty runs; the seeds are fixed.
    assert sum(any(line.verdict == "use" for line in found.features) for found in registers) <= 3
    assert sum(any(line.verdict == "use" for line in found.drivers) for found in registers) <= 3


def test_without_allowing_for_the_number_of_signals_noise_would_pass(registers: list[Register]) -> None:
    alone = sum(any(line.lift.low > 1 for line in found.features) for found in registers)
    assert alone > BOOKS / 2


def test_intervals_of_noise_hold_one(registers: list[Register]) -> None:
    lines = [line for found in registers for line in found.features if line.churned_accounts >= 5]
    held = np.mean([line.lift.low <= 1 <= line.lift.high for line in lines])
    assert 0.92 <= held <= 0.985


def test_intervals_that_forget_accounts_would_not(registers: list[Register]) -> None:
    lines = [line for found in registers for line in found.features if line.name in ("noise_1", "noise_5")]
    # As many independent churned rows as the tail holds: what an interval without clustering would rest on.
    width = [np.log(line.lift.high / line.lift.low) for line in lines if line.lift.low > 0]
    rows = [found.base_rate * found.rows * 0.1 for found in registers]
    assert np.median(width) > 1.8 * 2 * 1.96 / np.sqrt(np.median(rows))
