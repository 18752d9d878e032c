"""Pictures drawn by hand as SVG: attributes and classes only, for the pages allow no style of their own."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup


def sparkline(values: Sequence[float], title: str) -> Markup | str:
    """Return a small line of risks, the last one marked; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    top, step = max(*values, 0.05), 88 / (len(values) - 1)
    points = [(4 + step * place, 25 - 21 * value / top) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 96 28" role="img" aria-label="{}"><path d="M4 25.5H92"/>'
        '<polyline points="{}"/><circle cx="{:.1f}" cy="{:.1f}" r="2.4"/></svg>'
    ).format(title, line, x, y)
