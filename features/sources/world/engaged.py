"""Engaged: which of an account's contacts takes part; fewer different ones when things go badly."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, NEVER, Ints
from features.sources.world.people import Staff
from features.sources.world.touch import Moment

REACH = np.array([1.0, 0.9, 0.7, 0.45, 0.3])
"""Share of the contacts in office that one can still meet, by level."""


@dataclass(frozen=True)
class Circle:
    """Each account's contacts, the most approachable first: accounts × places, NEVER days where there is none."""

    started: Ints
    ended: Ints
    position: Ints

    def pick(self, rng: np.random.Generator, moment: Moment) -> Ints:
        """Return the position of the contact that takes part in each moment, −1 where nobody is in office."""
        at = moment.at[:, None]
        inside = (self.started[moment.account] <= at) & (at < self.ended[moment.account])
        count = inside.sum(axis=1)
        reach = np.ceil(count * REACH[moment.level])
        nth = (rng.random(len(count)) ** 1.3 * reach).astype(np.int64)
        place = (np.cumsum(inside, axis=1) > nth[:, None]).argmax(axis=1)
        return np.where(count > 0, self.position[moment.account, place], -1)


def circle(rng: np.random.Generator, staff: Staff, accounts: int, days: int) -> Circle:
    """Order each account's contacts by how approachable they are; only those on record before the data end count."""
    order = np.lexsort((rng.random(len(staff.account)), staff.account))
    account, place = staff.account[order], staff.position
    shape = (accounts, int(place.max(initial=0)) + 1)
    started, ended, position = np.full(shape, NEVER * DAY), np.full(shape, NEVER * DAY), np.zeros(shape, np.int64)
    started[account, place] = np.where(staff.recorded < days * DAY, staff.started, NEVER * DAY)[order]
    ended[account, place] = staff.ended[order]
    position[account, place] = staff.position[order]
    return Circle(started, ended, position)
