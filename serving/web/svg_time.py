"""Risk over time and what happened, drawn on one time line: a wide one for a desk, a narrow one for a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from markupsafe import Markup

from serving.formats import MONTHS, day, percent

GAP = timedelta(days=21)
"""A line is broken where no list for so long has the account."""
PLOT, TOP = 190, 14


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened."""

    on: date
    text: str
    weak: bool = False
    """Whether it was taken back."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What happened of one kind."""

    title: str
    kind: str
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class TimeLine:
    """What is drawn: risks by week, what happened, the edges of bands, and the days that lie ahead."""

    start: date
    end: date
    as_of: date
    risks: Sequence[tuple[date, float]]
    window: Sequence[tuple[date, float]]
    lanes: Sequence[Lane]
    floors: Sequence[tuple[str, float]]
    ahead: Sequence[tuple[date, str]]
    title: str


def time_line(drawn: TimeLine, *, narrow: bool) -> Markup:
    """Return the picture; each mark says its text on hover, and the list beside the picture says all of it."""
    return _Sheet(drawn, narrow).picture()


class _Sheet:
    def __init__(self, drawn: TimeLine, narrow: bool) -> None:
        self.drawn, self.narrow = drawn, narrow
        self.width, self.left, self.right = (360, 36, 8) if narrow else (1_100, 132, 16)
        self.end = self.width - self.right
        self.lane = 36 if narrow else 26
        most = max([share for _, share in (*drawn.risks, *drawn.window)], default=0.1)
        self.top = max(0.1, ceil(most * 1.05 * 10) / 10)
        self.bottom = TOP + PLOT
        self.first_lane = self.bottom + 34
        self.height = self.first_lane + self.lane * len(drawn.lanes) + 6

    def x(self, on: date) -> float:
        days = (self.drawn.end - self.drawn.start).days or 1
        share = (min(max(on, self.drawn.start), self.drawn.end) - self.drawn.start).days / days
        return self.left + share * (self.end - self.left)

    def y(self, share: float) -> float:
        return self.bottom - PLOT * share / self.top

    def picture(self) -> Markup:
        pieces = [*self._scale(), *self._months(), *self._floors(), *self._ahead(), *self._lanes(), *self._lines()]
        return Markup('<svg class="plot {}" viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
            "narrow" if self.narrow else "wide", self.width, self.height, self.drawn.title, Markup("").join(pieces)
        )

    def _scale(self) -> Iterator[Markup]:
        step = 0.05 if self.top <= 0.2 else 0.1 if self.top <= 0.5 else 0.2
        for place in range(int(self.top / step + 1e-9) + 1):
            y, said = self.y(place * step), percent(place * step)
            yield Markup(
                '<path class="grid" d="M{} {:.1f}H{}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(self.left, y, self.end, self.left - 6, y + 4, said)

    def _months(self) -> Iterator[Markup]:
        firsts = _month_starts(self.drawn.start, self.drawn.end)
        room = (self.end - self.left) / max(len(firsts), 1)
        for first in firsts[:: max(1, ceil((66 if self.narrow else 46) / room))]:
            with_year = first.month == 1 or first == firsts[0]
            at, name = self.x(first), f"{MONTHS[first.month - 1]}{f' {first.year}' if with_year else ''}"
            anchor = "end" if at > self.width - 40 else "start" if at < self.left + 20 else "middle"
            yield Markup(
                '<path class="grid" d="M{0:.1f} {1}v5"/><text x="{0:.1f}" y="{2}" text-anchor="{3}">{4}</text>'
            ).format(at, self.bottom, self.bottom + 18, anchor, name)

    def _floors(self) -> Iterator[Markup]:
        for name, floor in self.drawn.floors:
            if floor < self.top:
                y = self.y(floor)
                yield Markup(
                    '<path class="floor" d="M{0} {1:.1f}H{2}"/>'
                    '<text class="floor-name" x="{3}" y="{4:.1f}">{5} from {6}</text>'
                ).format(self.left, y, self.end, self.left + 4, y - 4, name, percent(floor))

    def _ahead(self) -> Iterator[Markup]:
        end = self.height - 6
        if self.drawn.end > self.drawn.as_of:
            at = self.x(self.drawn.as_of)
            yield Markup('<rect class="future" x="{:.1f}" y="{}" width="{:.1f}" height="{:.1f}"/>').format(
                at, TOP, self.end - at, end - TOP
            )
        for place, (on, name) in enumerate(self.drawn.ahead):
            at = self.x(on)
            beside = ("end", -4) if at > self.end - 100 else ("start", 4)
            yield Markup(
                '<path class="ahead" d="M{0:.1f} {1}V{2:.1f}"><title>{3}</title></path>'
                '<text class="text" x="{0:.1f}" y="{4}" text-anchor="{5}" dx="{6}">{7}</text>'
            ).format(at, TOP, end, f"{name}: {day(on)}", TOP + 12 + 15 * place, *beside, name)

    def _lanes(self) -> Iterator[Markup]:
        for place, lane in enumerate(self.drawn.lanes):
            top = self.first_lane + self.lane * place
            middle = top + (26 if self.narrow else 12)
            x, y, anchor = (4, top + 12, "start") if self.narrow else (self.left - 10, middle + 4, "end")
            yield Markup(
                '<text x="{}" y="{:.1f}" text-anchor="{}">{}</text><path class="grid" d="M{} {:.1f}H{}"/>'
            ).format(x, y, anchor, lane.title, self.left, middle, self.end)
            for mark in lane.marks:
                kind, said = f"mark-{lane.kind}{' weak' if mark.weak else ''}", f"{day(mark.on)}: {mark.text}"
                yield Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4.5"><title>{}</title></circle>').format(
                    kind, self.x(mark.on), middle, said
                )

    def _lines(self) -> Iterator[Markup]:
        for points, kind in ((self.drawn.window, "line second"), (self.drawn.risks, "line")):
            for part in _unbroken(points):
                path = " ".join(f"{self.x(on):.1f},{self.y(share):.1f}" for on, share in part)
                yield Markup('<polyline class="{}" points="{}"/>').format(kind, path)
        radius = 2 if self.narrow else 3
        for on, share in self.drawn.risks:
            said = f"{day(on)}: {percent(share)} within 90 days"
            yield Markup(
                '<circle class="fill-accent" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
            ).format(self.x(on), self.y(share), radius, said)


def _unbroken(points: Sequence[tuple[date, float]]) -> list[list[tuple[date, float]]]:
    parts: list[list[tuple[date, float]]] = []
    for point in points:
        if not parts or point[0] - parts[-1][-1][0] > GAP:
            parts.append([])
        parts[-1].append(point)
    return parts


def _month_starts(start: date, end: date) -> list[date]:
    found, year, month = [], start.year, start.month
    while (first := date(year, month, 1)) <= end:
        if first >= start:
            found.append(first)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found
