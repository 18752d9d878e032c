"""Pictures of shares with their intervals, and of amounts side by side; the tables beside them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from markupsafe import Markup

from serving.formats import percent

WIDTH = 240


def interval_bar(value: float, low: float, high: float, said: float | None, ends: tuple[float, float]) -> Markup:
    """Return a share as a dot on the bar of its interval; a tick stands where `said` lies. `ends` are the scale's."""
    start, end = ends
    title = f"{percent(value)}, interval {percent(low)} to {percent(high)}" + (
        "" if said is None else f", said {percent(said)}"
    )

    def at(share: float) -> str:
        inside = min(max((share - start) / (end - start), 0.0), 1.0)
        return f"{6 + inside * (WIDTH - 12):.1f}"

    wide = float(at(high)) - float(at(low))
    tick = Markup("") if said is None else Markup('<path class="said" d="M{} 3V21"/>').format(at(said))
    return Markup(
        '<svg class="rate" viewBox="0 0 {} 24" role="img" aria-label="{}"><path class="grid" d="M6 12H{}"/>'
        '<rect class="range" x="{}" y="8" width="{:.1f}" height="8" rx="4"/>{}'
        '<circle class="fill-accent" cx="{}" cy="12" r="4.5"/></svg>'
    ).format(WIDTH, title, WIDTH - 6, at(low), max(wide, 1.0), tick, at(value))


def scale(shares: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a scale from 0 that holds all shares, at a whole tenth."""
    return 0.0, max(0.1, ceil(max(shares, default=0.1) * 10 - 1e-9) / 10)


def amount_bar(value: float, most: float, within: float | None = None) -> Markup:
    """Return a bar of an amount, with the part of it that lies `within`; it only repeats a number beside it."""
    full = WIDTH * value / most if most > 0 else 0.0
    part = WIDTH * (within or 0.0) / most if most > 0 else 0.0
    return Markup(
        '<svg class="amount" viewBox="0 0 {} 12" aria-hidden="true" preserveAspectRatio="none">'
        '<rect class="track" width="{}" height="12" rx="3"/><rect class="whole" width="{:.1f}" height="12" rx="3"/>'
        '<rect class="fill-high" width="{:.1f}" height="12" rx="3"/></svg>'
    ).format(WIDTH, WIDTH, full, part)
