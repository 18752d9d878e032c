"""A browser page that notes whatever a page must not do, and checks that anybody can use it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text("utf-8")
SHOTS = os.environ.get("FOREWARN_SHOTS")
"""Folder for screenshots, none where it is not set."""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
RUN_AXE = """only => axe.run(document, {
  preload: false, resultTypes: ["violations"], ...(only.length ? {runOnly: only} : {}),
}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => `${each.id}: ${each.help}\\n` + each.nodes.map(node => `    ${node.target}  ${node.html.slice(0, 200)}
      ${(node.any[0] || node.all[0] || node.none[0] || {message: ""}).message}`).join("\\n")))"""


class Watched:
    """A browser context of one person; `faults` is what went wrong in any of its pages."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.faults: list[str] = []
        self.allowed: set[int] = set()
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error}"))

    def page(self) -> Page:
        """Open a page; paths are those of the application."""
        return self.context.new_page()

    def expect_status(self, *statuses: int) -> None:
        """Let answers with these statuses pass: the browser says each of them on its console."""
        self.allowed.update(statuses)

    def _asked(self, request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme not in ("data", "blob", "about") and f"{place.scheme}://{place.netloc}" != self.address:
            self.faults.append(f"request to another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500 and response.status not in self.allowed:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # The browser's words for an error answer, and those of htmx.
        said = [f"{words} {status} " for status in self.allowed for words in ("with a status of", "Status Error Code")]
        if message.type in ("error", "warning") and not any(words in message.text for words in said):
            self.faults.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")


def check_page(page: Page, name: str = "") -> None:
    """Require that axe finds nothing serious in both themes and, on a phone, that nothing lies beyond the edge."""
    found = axe(page)
    theme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    _shoot(page, name, theme)
    other = "light" if theme == "dark" else "dark"
    page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
    found += [f"{other}: {each}" for each in axe(page, ["color-contrast"])]
    _shoot(page, name, other)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    assert not found, f"axe on {page.url}:\n" + "\n".join(found)
    wide = beyond_the_edge(page)
    assert not wide, f"{page.url} scrolls sideways: {wide}"


def axe(page: Page, only: Iterable[str] = ()) -> list[str]:
    """Return the serious and critical violations that axe finds, with the nodes that break the rule."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN_AXE, list(only))
    return found


def beyond_the_edge(page: Page) -> list[Any]:
    """Return the elements that make the page wider than its window, none where it fits."""
    return list(
        page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.body.querySelectorAll("*")]
                .filter(each => each.getBoundingClientRect().right > width + 1)
                .slice(0, 5).map(each => each.outerHTML.slice(0, 160));
            }"""
        )
    )


def _shoot(page: Page, name: str, theme: str) -> None:
    if SHOTS and name:
        width = (page.viewport_size or DESK)["width"]
        page.screenshot(path=Path(SHOTS) / f"{name}-{theme}-{width}.png", full_page=True)
