"""Pictures of the week as inline SVG that takes its colours from the page, so that both themes fit."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INKS = {
    "text": "#010203",
    "muted": "#010204",
    "line": "#010205",
    "accent": "#010206",
    "high": "#010207",
    "medium": "#010208",
    "low": "#010209",
    "other": "#01020a",
    "other2": "#01020b",
    "other3": "#01020c",
}
"""Colours that stand for the page's variables `--chart-NAME`; each is replaced in the finished SVG."""
DASHES = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (8, 3)))
LINE_INKS = ("accent", "other", "other2", "other3", "muted")
BAND_INKS = ("high", "medium", "low")
SIZE = (5.2, 3.4)
COUNT_TICKS = [digit * 10**power for power in range(7) for digit in (1, 3)]
ROOT_TICKS = (0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1)
"""Marks of a square-root axis, on which small risks have room."""


@dataclass(frozen=True)
class Curve:
    """One named line of points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Band:
    """One named line of (x, value, low, high); edges may be None."""

    name: str
    points: Sequence[tuple[float, float, float | None, float | None]]


def lead_time(lines: Sequence[Band], marked: int, title: str) -> str:
    """Return the share that was listed at least so many days before, the first line the model's with its band."""
    from matplotlib.ticker import FixedLocator, PercentFormatter

    figure, axes = _figure(SIZE)
    axes.axvline(marked, color=INKS["muted"], linewidth=1, linestyle=DASHES[1])
    for place, line in enumerate(lines):
        ink, dash = _look(place)
        days, values, *_ = zip(*line.points, strict=True) if line.points else ((), ())
        if place == 0:
            known = [point for point in line.points if point[2] is not None and point[3] is not None]
            x, low, high = ([point[each] or 0.0 for point in known] for each in (0, 2, 3))
            axes.fill_between(x, low, high, color=ink, alpha=0.18, linewidth=0)
        axes.plot(days, values, color=ink, linestyle=dash, linewidth=2.4 if place == 0 else 1.2)
    axes.set_xlim(0, 180)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(FixedLocator(list(range(0, 181, 30))))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("At least so many days before the churn")
    axes.set_ylabel("Share that was on a list")
    return _svg(figure, title) + keys([line.name for line in lines])


def keys(names: Sequence[str]) -> str:
    """Return the legend of such lines as a list beside the picture, which wraps on any screen."""
    items = []
    for place, name in enumerate(names):
        ink, dash = _look(place)
        gaps = "" if isinstance(dash, str) else f' stroke-dasharray="{" ".join(str(2 * each) for each in dash[1])}"'
        colour = next(f"var(--chart-{known})" for known, code in INKS.items() if code == ink)
        line = f'<path d="M0 5H28" stroke-width="{3 if place == 0 else 2}"{gaps} style="stroke:{colour}"/>'
        items.append(f'<li><svg width="28" height="10" aria-hidden="true">{line}</svg>{escape(name)}</li>')
    return f'<ul class="keys">{"".join(items)}</ul>'


def distribution(risks: Mapping[str, Sequence[float]], bands: Mapping[str, float], label: str, title: str) -> str:
    """Return how many accounts have which risk, per band (the highest first), on a square-root axis."""
    import numpy as np
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    roots = np.linspace(0, 1, 41)
    figure, axes = _figure((10.6, 2.9))
    below = np.zeros(40)
    for band, of_band in enumerate(risks.values()):
        counts, _ = np.histogram(np.asarray(of_band, dtype=float), roots**2)
        ink = INKS["low" if band == len(risks) - 1 else BAND_INKS[min(band, 1)]]
        axes.bar(roots[:-1] + 0.0015, counts, 0.022, bottom=below, align="edge", color=ink, linewidth=0)
        below = below + counts
    for name, floor in bands.items():
        axes.axvline(np.sqrt(floor), color=INKS["muted"], linewidth=1, linestyle=DASHES[1])
        at: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "color": INKS["muted"],
            "fontsize": 9,
            "va": "top",
        }
        axes.text(float(np.sqrt(floor)) + 0.006, 0.98, f"{name} from {floor:.0%}", **at)
    ticks = [0, 0.01, *ROOT_TICKS[3:]]
    axes.set_xticks(np.sqrt(ticks), [f"{tick:.0%}" for tick in ticks])
    axes.set_xlim(0, 1)
    # A square-root scale: one tall bar of safe accounts would flatten the few at risk to nothing.
    axes.set_yscale("function", functions=(lambda count: np.sqrt(np.maximum(count, 0)), np.square))
    highest = max(1.0, float(below.max()))
    axes.set_ylim(0, 1.35 * highest)
    axes.yaxis.set_major_locator(FixedLocator([0, *(mark for mark in COUNT_TICKS if highest / 60 <= mark <= highest)]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel(label)
    axes.set_ylabel("Accounts")
    return _svg(figure, title)


def calibration(points: Sequence[Mapping[str, float]], title: str) -> str:
    """Return the predicted risk against the share that churned, one dot per bin, on square-root axes."""
    figure, axes = _figure(SIZE)
    predicted = [point["risk"] for point in points]
    observed = [point["churned"] for point in points]
    limit = min(1.0, max([*predicted, *observed, 0.01]) * 1.1)
    axes.plot([0, limit**0.5], [0, limit**0.5], color=INKS["muted"], linewidth=1, linestyle=DASHES[1])
    roots = [[share**0.5 for share in shares] for shares in (predicted, observed)]
    axes.plot(*roots, color=INKS["accent"], marker="o", markersize=5, linewidth=1.6, clip_on=False)
    ticks = [tick for tick in ROOT_TICKS if tick <= limit]
    labels = [f"{tick:.1%}" if 0 < tick < 0.01 else f"{tick:.0%}" for tick in ticks]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([tick**0.5 for tick in ticks], labels)
    axes.set_xlim(0, limit**0.5)
    axes.set_ylim(0, limit**0.5)
    axes.set_xlabel("Risk that was said")
    axes.set_ylabel("Share that churned")
    return _svg(figure, title)


def gains(curves: Sequence[Curve], title: str) -> str:
    """Return how much of the churn the riskiest share of accounts would have held, the first curve the model's."""
    from matplotlib.ticker import PercentFormatter

    figure, axes = _figure(SIZE)
    axes.plot([0, 1], [0, 1], color=INKS["muted"], linewidth=1, linestyle=DASHES[1])
    for place, curve in enumerate(curves):
        ink, dash = _look(place)
        width = 2.2 if place == 0 else 1.4
        axes.plot(*zip(*curve.points, strict=True), color=ink, linestyle=dash, linewidth=width)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Accounts looked at, riskiest first")
    axes.set_ylabel("Share of the churn among them")
    return _svg(figure, title) + keys([curve.name for curve in curves])


def sparkline(risks: Sequence[float], title: str) -> str:
    """Return a small line of one account's risk over the published weeks; drawn by hand, for there are many."""
    if len(risks) < 2:
        return ""
    top = max(*risks, 0.05)
    points = [(4 + 132 * place / (len(risks) - 1), 34 - 28 * risk / top) for place, risk in enumerate(risks)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="spark" viewBox="0 0 140 38" role="img" aria-label="{escape(title)}">'
        f'<path d="M4 34H136" class="spark-base"/><polyline points="{line}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/></svg>'
    )


def _look(place: int) -> tuple[str, Any]:
    """Return the ink and the dash of the line at this place: no two of the first thirteen are alike."""
    if place == 0:
        return INKS[LINE_INKS[0]], DASHES[0]
    return INKS[LINE_INKS[1 + (place - 1) % 4]], DASHES[1 + (place - 1 + (place - 1) // 4) % 4]


def _figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.grid(visible=True, axis="y", color=INKS["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INKS["muted"], length=0, labelsize=9)
    axes.xaxis.label.set(color=INKS["muted"], fontsize=9.5)
    axes.yaxis.label.set(color=INKS["muted"], fontsize=9.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(INKS["line"])
    return figure, axes


def _svg(figure: Figure, title: str) -> str:
    """Return the picture without header and metadata; the same picture gives the same text."""
    import matplotlib as mpl

    stream = io.StringIO()
    # Text stays text, in the page's own font; the salt keeps ids the same from run to run and apart on one page.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        keep_out: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(stream, format="svg", transparent=True, metadata=keep_out)
    svg = stream.getvalue()
    head, _, body = svg[svg.index("<svg") :].partition(">")
    view = re.search(r'viewBox="[^"]+"', head)
    shape = "chart wide" if figure.get_figwidth() > 2 * SIZE[0] else "chart"
    return f'<svg class="{shape}" {view.group() if view else ""} role="img" aria-label="{escape(title)}">{_slim(body)}'


def _slim(body: str) -> str:
    """Drop what would reach beyond the picture: its style sheet, its fonts, ids that nothing in it refers to."""
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)
    used = set(re.findall(r"#([\w.-]+)", body))
    body = re.sub(r' id="([^"]+)"', lambda found: found.group() if found.group(1) in used else "", body)
    for name, ink in INKS.items():
        body = body.replace(ink, f"var(--chart-{name})")
    return re.sub(r"\s*\n\s*", " ", body)
