"""What happened to the lists: how many of each band left, how early they were listed, how disagreements turned out."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from serving.acting.history import latest_action_id
from serving.past_counts import HORIZON, WINDOWS, WORDS, Counted
from serving.past_lists import PastBand, PastLists, past_lists
from serving.past_reading import Header, headers
from serving.past_rows import PAGE_ROWS, past_rows
from serving.web.access import Seen
from serving.web.rate_charts import amount_bar, interval_bar, scale
from serving.web.rendering import page, unchanged

router = APIRouter()
LISTS_A_PAGE = 26
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


@router.get("/past")
def past(request: Request, viewer: Seen, number: PageNumber = 1) -> Response:
    """Show what came of all lists."""
    engine = request.app.state.engine
    with engine.connect() as connection:
        found = headers(connection)
        tag, same = unchanged(request, found, latest_action_id(connection))
    if same is not None:
        return same
    known = past_lists(engine, viewer.book)
    first = (number - 1) * LISTS_A_PAGE
    made = page(
        request, "app/past.html.jinja", viewer, past=known, bands=_bands(found), tones=_tones(found),
        mature=[each for each in known.lists if each.matured], shown=known.lists[first : first + LISTS_A_PAGE],
        number=number, more=len(known.lists) > first + LISTS_A_PAGE, reached=reached, windows=WORDS, horizon=HORIZON,
        simulated=any(each.simulated for each in found), bar=interval_bar, ends=_ends(known), amount=amount_bar,
    )  # fmt: skip
    made.headers["etag"] = tag
    return made


@router.get("/past/{as_of}")
def one_list(request: Request, viewer: Seen, as_of: Annotated[date, Path()], number: PageNumber = 1) -> Response:
    """Show what came of each account of one list above its lowest band."""
    engine = request.app.state.engine
    with engine.connect() as connection:
        found = headers(connection)
        tag, same = unchanged(request, [each for each in found if each.as_of == as_of])
    if same is not None:
        return same
    rows = past_rows(engine, as_of, viewer.book, number)
    known = next(each for each in past_lists(engine, viewer.book).lists if each.as_of == as_of)
    made = page(
        request, "app/past_list.html.jinja", viewer, rows=rows, past=known, tones=_tones([rows.header]),
        number=number, more=rows.last < rows.total, size=PAGE_ROWS, reached=reached, horizon=HORIZON,
        lowest=rows.header.bands[-1], currency=rows.header.currency,
    )  # fmt: skip
    made.headers["etag"] = tag
    return made


def reached(band: PastBand) -> tuple[str, Counted] | None:
    """Return what is known of a band in the longest window that is over, with that window in words."""
    for window in sorted(WINDOWS, key=lambda each: WINDOWS[each][0] - WINDOWS[each][1]):
        if window in band.counts:
            return WORDS[window], band.counts[window]
    return None


def _bands(found: list[Header]) -> list[str]:
    """Return the bands of all lists, the highest first; the lowest is the same on every list."""
    names = list(dict.fromkeys(band for header in found for band in header.bands))
    lowest = found[0].bands[-1] if found else None
    return sorted(names, key=lambda band: band == lowest)


def _tones(found: list[Header]) -> dict[str, str]:
    tones: dict[str, str] = {}
    for header in reversed(found):
        tones |= dict.fromkeys(header.bands, "medium")
        tones |= {header.bands[0]: "high", header.bands[-1]: "low"}
    return tones


def _ends(known: PastLists) -> tuple[float, float]:
    """Return the ends of the scale that shares of all bands are drawn on."""
    counts = [total.counts[window] for total in known.totals for window in ("risk_90", "risk_60_90")]
    return scale([share for each in counts for share in (each.interval[1], each.expected_share) if share is not None])
