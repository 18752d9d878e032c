"""The check page's pictures: a table's weeks against what was expected of them, as inline SVG drawn by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, isfinite

from serving.formats import day, whole

WIDE, HIGH, LEFT, FOOT, TOP = 640, 148, 52, 22, 12
SHOWN = 78
"""Weeks that a picture shows: the last year and a half."""


@dataclass(frozen=True)
class Weeks:
    """One series by week: what was found, between which limits, and which weeks are out; NaN where unknown."""

    name: str
    ends: Sequence[date]
    found: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    out: Sequence[bool]

    def last(self, count: int) -> "Weeks":
        """Return its last weeks only."""
        some = slice(-count, None)
        return Weeks(self.name, self.ends[some], self.found[some], self.low[some], self.high[some], self.out[some])


def volume(weeks: Weeks) -> str:
    """Return a table's rows by week with the band of what was expected, marks for weeks that are out, and axes."""
    weeks = weeks.last(SHOWN)
    top = _top(weeks)
    inside = HIGH - FOOT - TOP
    grid = "".join(
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDE}"/>'
        f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" class="end">{text}</text>'
        for y, text in ((TOP + inside, "0"), (TOP + inside / 2, _short(top / 2)), (TOP, _short(top)))
    )
    marks = "".join(
        f'<text x="{_x(i, weeks, LEFT, WIDE):.1f}" y="{HIGH - 4}" class="{side}">{day(weeks.ends[i])}</text>'
        for i, side in ((0, "start"), (len(weeks.ends) // 2, "middle"), (len(weeks.ends) - 1, "end"))
    )
    said = f"{weeks.name}: rows by week, {whole(weeks.found[-1])} in the last one"
    drawn = _drawn(weeks, top, LEFT, WIDE - 4, TOP, TOP + inside)
    box = f'viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(said)}"'
    return f'<svg class="weeks" {box}>{grid}{drawn}{marks}</svg>'


def small(weeks: Weeks) -> str:
    """Return the same as a small picture without axes."""
    weeks = weeks.last(52)
    said = f"{weeks.name}: {whole(weeks.found[-1])} in the last week"
    drawn = _drawn(weeks, _top(weeks), 2, 178, 3, 41)
    return f'<svg class="weeks" viewBox="0 0 182 44" role="img" aria-label="{escape(said)}">{drawn}</svg>'


def _drawn(weeks: Weeks, top: float, left: float, right: float, high: float, foot: float) -> str:
    """Return band, line and marks between these edges."""

    def y(value: float) -> float:
        return foot - (foot - high) * min(max(value, 0.0), top) / top

    judged = [i for i, (low, most) in enumerate(zip(weeks.low, weeks.high, strict=True)) if low == low and most == most]
    known = [i for i, found in enumerate(weeks.found) if found == found]
    x = {i: _x(i, weeks, left, right) for i in range(len(weeks.ends))}
    band = [f"{x[i]:.1f},{y(weeks.high[i]):.1f}" for i in judged]
    band += [f"{x[i]:.1f},{y(weeks.low[i]):.1f}" for i in reversed(judged)]
    line = " ".join(f"{x[i]:.1f},{y(weeks.found[i]):.1f}" for i in known)
    out = [i for i in known if weeks.out[i]]
    marks = "".join(f'<circle class="out" cx="{x[i]:.1f}" cy="{y(weeks.found[i]):.1f}" r="4"/>' for i in out)
    last = "".join(f'<circle class="now" cx="{x[i]:.1f}" cy="{y(weeks.found[i]):.1f}" r="2.6"/>' for i in known[-1:])
    return f'<polygon class="band" points="{" ".join(band)}"/><polyline class="line" points="{line}"/>{last}{marks}'


def _x(place: int, weeks: Weeks, left: float, right: float) -> float:
    return left + (right - left) * place / max(1, len(weeks.ends) - 1)


def _top(weeks: Weeks) -> float:
    """Return the value at the upper edge: what was found, and the usual limits where they are not far off."""
    found = [value for value in weeks.found if isfinite(value)]
    highest = max(found, default=1.0)
    limits = [value for value in weeks.high if isfinite(value)]
    edge = max(highest * 1.08, min(max(limits, default=0.0), highest * 1.6), 4.0)
    step = 10 ** max(0, len(str(int(edge))) - 2)
    return float(step * ceil(edge / step))


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value / 1e3:.3g} k" if value >= 1e4 else whole(value)
