"""What others wrote is exactly what they published, and no asset leads elsewhere."""

import re
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "serving" / "static"
PUBLISHED = {
    "serving/static/vendor/htmx-2.0.11.min.js": "2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
    "serving/static/vendor/pico-2.1.1.min.css": "L1dWfspMTHU/ApYnFiMz2QID/PlP1xCW9visvBdbEkOLkSSWsP6ZJWhPw6apiXxU",
    "tests/e2e/vendor/axe-4.14.1.min.js": "xt1SFg49QaDwsyt0Xfs2XAyBtYPClXl3X2q5OOLeGAUmq9jZTYIMdztpF99WdhiH",
}
"""sha384 of each file as its project publishes it."""
HARMLESS = ("http://www.w3.org/2000/svg", "https://picocss.com", "https://github.com/picocss/pico")
"""A name of a language, and the licence comment of Pico."""


@pytest.mark.parametrize("path", PUBLISHED)
def test_a_vendored_file_is_what_was_published(path: str) -> None:
    assert b64encode(sha384((ROOT / path).read_bytes()).digest()).decode() == PUBLISHED[path]


def test_every_vendored_file_has_its_digest_here_or_is_a_licence() -> None:
    folders = (STATIC / "vendor", ROOT / "tests" / "e2e" / "vendor")
    found = {str(path.relative_to(ROOT)) for folder in folders for path in folder.iterdir()}
    assert {path for path in found - PUBLISHED.keys() if "LICENSE" not in path} == set()


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.*")), ids=lambda path: path.name)
def test_no_asset_leads_elsewhere(path: Path) -> None:
    assert elsewhere(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    ["url(https://fonts.example/a.woff2)", '@import "//cdn.example/b.css"', "fetch('http://elsewhere.example')"],
)
def test_what_leads_elsewhere_is_found(planted: str) -> None:
    assert len(elsewhere(f"a {{}} {planted}")) == 1


def elsewhere(text: str) -> list[str]:
    """Return the addresses of other hosts in a file."""
    found = re.findall(r"""https?://[^\s"'`)<>]+|(?<=["'(])//[a-z0-9][^\s"'`)<>]*""", text)
    return [address for address in found if address.rstrip("/") not in HARMLESS]
