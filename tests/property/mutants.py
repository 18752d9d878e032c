"""Planted faults: one line of the engine at a time is replaced, as somebody might get it wrong."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import pytest


@dataclass(frozen=True)
class Mutant:
    """A fault to plant: in `where` (module:name) the text `old` becomes `new`; `leaks` if it lets the future in."""

    name: str
    where: str
    old: str
    new: str
    leaks: bool = False

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the function; fails when its source no longer holds the text."""
        module_name, _, path = self.where.partition(":")
        module = import_module(module_name)
        *outer, name = path.split(".")
        owner: Any = module
        for each in outer:
            owner = getattr(owner, each)
        found = inspect.getattr_static(owner, name)
        source = textwrap.dedent(inspect.getsource(found.func if isinstance(found, cached_property) else found))
        if source.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.where} holds {self.old!r} {source.count(self.old)} times, not once")
        made: dict[str, Any] = {}
        exec(source.replace(self.old, self.new), vars(module), made)
        if isinstance(made[name], cached_property):
            made[name].__set_name__(owner, name)
        if outer:
            patch.setattr(owner, name, made[name])
        else:
            _replace_everywhere(patch, name, found, made[name])


def _replace_everywhere(patch: pytest.MonkeyPatch, name: str, old: Callable[..., Any], new: Callable[..., Any]) -> None:
    for module in [each for key, each in sys.modules.items() if key.partition(".")[0] == "features"]:
        if getattr(module, name, None) is old:
            patch.setattr(module, name, new)


STARTED, KNOWN = 'rows.week("started_at")', 'rows.week("known_at")'

MUTANTS = (
    Mutant(
        "available time of usage ignored",
        "features.rollup:_Scatter.add",
        "week_of(known_at.view(np.int64), self.start) - week",
        "0 * week",
        leaks=True,
    ),
    Mutant(
        "late sums never taken back",
        "features.grid:Flow._without_unknown",
        "until = np.minimum(self.late_known, self.late_week + lag + len(weights))",
        "until = self.late_week + lag",
        leaks=True,
    ),
    Mutant(
        "late rows seen a week early",
        "features.grid:Flow._without_unknown",
        "np.minimum(self.late_known,",
        "np.minimum(self.late_known - 1,",
        leaks=True,
    ),
    Mutant(
        "late members never taken back",
        "features.grid:Presence.active_weeks",
        "np.subtract.at(out, (place[hit], member[rows[hit]]), np.int16(1))",
        "pass",
        leaks=True,
    ),
    Mutant(
        "window reaches into the next week",
        "features.grid:AsOfs.edges",
        "high = np.clip(self.weeks + 1 - lag, 0, None)",
        "high = np.clip(self.weeks + 2 - lag, 0, self.total)",
        leaks=True,
    ),
    Mutant(
        "window a week short",
        "features.grid:AsOfs.edges",
        "self.weeks + 1 - lag - weeks",
        "self.weeks + 2 - lag - weeks",
    ),
    Mutant(
        "window a week long",
        "features.grid:AsOfs.edges",
        "self.weeks + 1 - lag - weeks",
        "self.weeks - lag - weeks",
    ),
    Mutant(
        "lag a week short",
        "features.grid:AsOfs.edges",
        "high = np.clip(self.weeks + 1 - lag, 0, None)",
        "lag = max(lag - 1, 0); high = np.clip(self.weeks + 1 - lag, 0, None)",
    ),
    Mutant("slope upside down", "features.grid:Flow.weighted", "enumerate(weights)", "enumerate(weights[::-1])"),
    Mutant(
        "last event seen when it happened, not when it was known",
        "features.rollup:_Scatter.add",
        "seen = cell + lateness",
        "seen = cell",
        leaks=True,
    ),
    Mutant(
        "last event forgotten after a week",
        "features.grid:running_latest",
        "np.maximum.accumulate(out, axis=1)",
        "out",
    ),
    Mutant("repeats counted", "features.rollup:roll_up", '((1, "usage"), (-1, "usage_repeats"), ', '((1, "usage"), '),
    Mutant(
        "users of different accounts mixed up",
        "features.rollup:_stream",
        "'AND m.account = a.account' if shared else ''",
        "''",
    ),
    Mutant(
        "first use known before it was",
        "features.rollup:_Scatter._first_week",
        "known = week + (ON_TIME - soonest[week, account]).astype(np.int64)",
        "known = week",
        leaks=True,
    ),
    Mutant(
        "tracked weeks off by one",
        "features.observed:Observed.tracked_weeks",
        "self._at.weeks + 1 - first",
        "self._at.weeks - first",
    ),
    Mutant("login counted as a product feature", "features.observed:Observed._used", "names != LOGIN", 'names != ""'),
    Mutant(
        "end of a state included",
        "features.states:Rows.week",
        "week_of(times, self.start)",
        "week_of(times - 1, self.start)",
        leaks=True,
    ),
    Mutant(
        "contract known before it was recorded",
        "features.states:terms",
        f"np.maximum({STARTED}, {KNOWN})",
        STARTED,
        True,
    ),
    Mutant("planned contract already in force", "features.states:terms", f"np.maximum({STARTED}, {KNOWN})", KNOWN),
    Mutant(
        "contract outlives its end by a week",
        "features.states:terms",
        'np.maximum(rows.week("ends_at"), begun)',
        'np.maximum(rows.week("ends_at") + 1, begun)',
    ),
    Mutant(
        "notice read before it came",
        "features.states:terms",
        "weeks) <= np.arange(weeks)",
        "weeks) < weeks",
        leaks=True,
    ),
    Mutant(
        "dates of the contract that ends first",
        "features.states:_main",
        "np.lexsort((np.arange(len(ends)), started, ends))",
        "np.lexsort((np.arange(len(ends)), started, -ends))",
    ),
    Mutant(
        "ended_at read before it passed",
        "features.states:sponsors",
        "rows.weeks_of(came, left)",
        'rows.weeks_of(came, np.where(rows.times("ended_at") == NEVER, left, came))',
        leaks=True,
    ),
    Mutant(
        "sponsor known before being recorded",
        "features.states:sponsors",
        f"came = np.maximum({STARTED}, {KNOWN})",
        f"came = {STARTED}",
        leaks=True,
    ),
    Mutant(
        "closed_at read early",
        "features.states:tickets",
        'closed = np.maximum(rows.week("closed_at"), known)',
        'closed = np.where(rows.times("closed_at") == NEVER, rows.shape[1], known)',
        leaks=True,
    ),
    Mutant(
        "reopening read early",
        "features.states:tickets",
        'reopened=flow(rows.week("reopened_at"), one)',
        'reopened=flow(np.where(rows.times("reopened_at") == NEVER, rows.shape[1], known), one)',
        leaks=True,
    ),
    Mutant(
        "attributes as they are now",
        "features.states:version",
        KNOWN,
        "np.zeros(len(rows), dtype=np.int64)",
        leaks=True,
    ),
    Mutant(
        "a year ago off by one week",
        "features.observed:Observed.before",
        "column = self._at.weeks - weeks",
        "column = self._at.weeks - weeks + 1",
    ),
    Mutant(
        "days counted from a day too early",
        "features.observed:Observed.__init__",
        "* 7 * DAY_US",
        "* 7 * DAY_US - DAY_US",
    ),
)
