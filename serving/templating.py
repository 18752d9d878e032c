"""How every page is made from its template: escaped, strict about names, with the words of `formats`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from serving import formats

if TYPE_CHECKING:
    from jinja2 import Environment

WORDS = (
    "between", "day", "days_left", "money", "outcome_window", "percent", "plain", "points", "quantity", "short_money",
    "whole",
)  # fmt: skip


def environment(**filters: Callable[..., object]) -> Environment:
    """Return an environment on `serving/templates`; `filters` stand in for those of `formats` by their names."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("serving"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.filters |= {name: getattr(formats, name) for name in WORDS} | filters
    return made
