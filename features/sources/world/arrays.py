"""Array types and the random streams of a shard."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STREAMS = (
    *("book", "life", "people", "use", "tickets", "voices", "money"),
    *("staff", "meetings", "surveys", "records", "corrections", "offers"),
)
"""A new part of the world is added at the end: what the others draw stays as it was."""
DAY = 86_400_000_000
"""Microseconds."""
WEEK = 7 * DAY
NEVER = 1 << 22
"""A day beyond all dates."""


def stream(seed: int, shard: int, name: str) -> np.random.Generator:
    """Return the shard's own generator for one part of the world: no part disturbs another, no shard another."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(shard, STREAMS.index(name))))


def instants(rng: np.random.Generator, days: Ints) -> Ints:
    """Return a working-hours instant (microseconds) of each day."""
    seconds = 3600 * 7 + 3600 * 5 * (rng.random(days.shape) + rng.random(days.shape))
    return days * DAY + seconds.astype(np.int64) * 1_000_000


def segments(counts: Ints) -> tuple[Ints, Ints]:
    """Return for each element of consecutive groups its group and its position in it."""
    group = np.repeat(np.arange(len(counts)), counts)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
