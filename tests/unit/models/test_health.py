"""Health is a fixed, strictly decreasing map of risk_90."""

import json

import numpy as np
import pytest

from models.health import HealthScale

EVERYWHERE = 1 / (1 + np.exp(np.linspace(25, -10, 4001)))


@pytest.mark.parametrize(
    "reference",
    [np.random.default_rng(1).beta(0.5, 12, 5000), np.array([0.02]), np.repeat([0.01, 0.3], [900, 100])],
    ids=["a book", "one row", "two risks"],
)
def test_more_risk_is_always_less_health(reference: np.ndarray) -> None:
    health = HealthScale.fit(reference)(EVERYWHERE)
    assert (np.diff(health) < 0).all()
    assert health.min() > 0
    assert health.max() < 100


def test_health_spreads_over_the_book() -> None:
    reference = np.random.default_rng(2).beta(0.5, 12, 5000)
    health = HealthScale.fit(reference)(reference)
    assert np.histogram(health, [0, 25, 50, 75, 100])[0].min() > 1000


def test_the_stored_scale_is_the_same_scale() -> None:
    scale = HealthScale.fit(np.random.default_rng(3).random(200))
    again = HealthScale.from_json(json.loads(json.dumps(scale.to_json())))
    np.testing.assert_array_equal(again(EVERYWHERE), scale(EVERYWHERE))


def test_a_scale_without_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one reference risk"):
        HealthScale.fit(np.array([]))
