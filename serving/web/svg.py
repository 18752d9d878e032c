"""Pictures drawn by hand as SVG: attributes and classes only, for the pages allow no style of their own."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

NOTHING = Markup("")


def sparkline(values: Sequence[float], title: str) -> Markup | str:
    """Return a small line of risks, the last one marked; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    top, step = max(*values, 0.05), 88 / (len(values) - 1)
    points = [(4 + step * place, 25 - 21 * value / top) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    # The title alone is anybody's text; Markup.format would look at every number as well.
    return Markup(  # noqa: S704
        f'<svg class="spark" viewBox="0 0 96 28" role="img" aria-label="{escape(title)}"><path d="M4 25.5H92"/>'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.4"/></svg>'
    )


def trend(values: Sequence[float], title: str) -> Markup | str:
    """Return a line of values between their smallest and largest, the last one marked; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    wide, step = (high - low) or 1.0, 204 / (len(values) - 1)
    level = 22.0 if high == low else None
    points = [(8 + step * place, level or 36 - 28 * (value - low) / wide) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        '<svg class="trend" viewBox="0 0 220 44" role="img" aria-label="{}"><path class="grid" d="M8 40H212"/>'
        '<polyline class="line" points="{}"/><circle class="fill-accent" cx="{:.1f}" cy="{:.1f}" r="4"/></svg>'
    ).format(title, line, x, y)


def step_bar(start: float, end: float, low: float, high: float, tone: str) -> Markup:
    """Return one step of a waterfall on the scale from `low` to `high`; the table around it says the same."""

    def at(value: float) -> float:
        return 200 * (value - low) / ((high - low) or 1.0)

    left, right = sorted((at(start), at(end)))
    return Markup(
        '<svg class="step" viewBox="0 0 200 16" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="grid" d="M{0:.1f} 0V16"/><rect class="{1}" x="{2:.2f}" y="2" width="{3:.2f}" height="12"/></svg>'
    ).format(at(0.0), tone, left, max(right - left, 0.8))


def two_bars(first: float, second: float) -> Markup:
    """Return two amounts below each other on one scale; the words beside them say the same."""
    most = max(abs(first), abs(second)) or 1.0
    return Markup(
        '<svg class="two" viewBox="0 0 220 34" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="fill-accent" x="0" y="2" width="{:.1f}" height="12"/>'
        '<rect class="usual" x="0" y="20" width="{:.1f}" height="12"/></svg>'
    ).format(max(1.0, 220 * abs(first) / most), max(1.0, 220 * abs(second) / most))


def spread(value: float | None, quartiles: tuple[float, float, float], title: str) -> Markup:
    """Return a value as a dot beside the middle half of its peers, with their median as a line."""
    first, median, third = quartiles
    every = [first, third] if value is None else [first, third, value]
    low, high = min(every), max(every)
    edge = (high - low) * 0.08 or 1.0

    def at(number: float) -> float:
        return 6 + 208 * (number - low + edge) / (high - low + 2 * edge)

    dot = Markup('<circle class="fill-accent" cx="{:.1f}" cy="16" r="5"/>')
    marked = NOTHING if value is None else dot.format(at(value))
    return Markup(
        '<svg class="spread" viewBox="0 0 220 32" role="img" aria-label="{}"><path class="grid" d="M6 16H214"/>'
        '<rect class="peers" x="{:.1f}" y="8" width="{:.1f}" height="16" rx="3"/>'
        '<path class="median" d="M{:.1f} 5V27"/>{}</svg>'
    ).format(title, at(first), max(at(third) - at(first), 1.5), at(median), marked)
