"""Text in files that spreadsheets open: nothing in it is taken for a formula, and nothing in it breaks the file."""

import re
import unicodedata

UNSEEN = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))
QUOTES = frozenset("'\"")
STARTS = frozenset("=+-@")
FIRST = frozenset("\t\r\n")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
LONGEST_CELL = 32_000
"""UTF-16 units of text in one cell of a workbook; Excel takes 32,767."""


def looks_like_formula(text: str) -> bool:
    """Say whether a spreadsheet could take the text for a formula.

    Blanks, quotes and letters without a shape before the sign are looked through, as are wide and small forms of it.
    """
    first = text[:1]
    if first.isalnum() and first.isascii():
        return False
    return first in FIRST or _first_seen(text) in STARTS


def writable(text: str) -> str:
    """Return the text with � for what no file can hold: the NUL character and halves of a surrogate pair."""
    return text if text.isascii() and "\x00" not in text else UNWRITABLE.sub("�", text)


def fitting(text: str) -> str:
    """Return the text as one cell of a workbook can hold it, with … where it had to end."""
    if len(text) <= LONGEST_CELL // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * LONGEST_CELL].decode("utf-16-le", "ignore") + "…"


def _first_seen(text: str) -> str:
    for letter in text:
        if letter not in QUOTES and unicodedata.category(letter) not in UNSEEN:
            return unicodedata.normalize("NFKC", letter)[:1]
    return ""
