"""A digest's words: plain text and an HTML e-mail that needs nothing from outside."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from serving.digest_items import Item, Section
from serving.templating import environment

if TYPE_CHECKING:
    from jinja2 import Template

SIMULATED = "Simulated data: every account and number here is made up."
LINE = 76


@dataclass(frozen=True)
class Page:
    """What a digest says, before it is text or HTML."""

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]
    simulated: bool
    link: str | None
    """Address of the application, which every account is linked to, or None."""

    def address(self, item: Item) -> str | None:
        """Return where an account's page is."""
        if self.link is None or item.account_id is None:
            return None
        return f"{self.link.rstrip('/')}/accounts/{quote(item.account_id, safe='', errors='replace')}"


def as_text(page: Page) -> str:
    """Return the digest as plain text of short lines."""
    return "\n".join(_lines(page)) + "\n"


def as_html(page: Page) -> str:
    """Return the digest as one HTML page: inline styles for mail programs, readable in dark and in light."""
    return _template().render(page=page, simulated=SIMULATED)


def _lines(page: Page) -> Iterator[str]:
    yield from (page.title, "=" * len(page.title), "")
    if page.simulated:
        yield from (SIMULATED, "")
    for words in page.lead:
        yield from _wrapped(words, "", "")
    for section in page.sections:
        yield from ("", section.title.upper(), "")
        for item in section.items:
            yield from _wrapped(item.title, "• ")
            for fact in filter(None, (item.numbers, *item.facts)):
                yield from _wrapped(fact, "  ")
            if address := page.address(item):
                yield f"  {address}"
        if section.more:
            yield f"… and {section.more:,} more"
    if page.link:
        yield from ("", f"The whole list: {page.link}")


def _wrapped(words: str, first: str, others: str = "  ") -> list[str]:
    return textwrap.wrap(words, LINE, initial_indent=first, subsequent_indent=others, break_on_hyphens=False) or [first]


@cache
def _template() -> Template:
    return environment().get_template("digest.html.jinja")
