"""Health and revenue for managers: by segment, owner and month, what should stay, and who has too much to do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.acting.history import latest_action_id
from serving.formats import MINUS
from serving.past_reading import headers
from serving.retention import ENOUGH
from serving.revenue import RevenueView, revenue
from serving.risk_list import current_list_id
from serving.web.access import Seen
from serving.web.list_view import tones
from serving.web.rate_charts import amount_bar, interval_bar
from serving.web.rendering import page, today_of, unchanged

router = APIRouter()
OWNERS_A_PAGE = 15
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/revenue")
def the_revenue(request: Request, viewer: Seen, owners: PageNumber = 1, load: PageNumber = 1) -> Response:
    """Show health and revenue of the whole book on the current list."""
    state, today = request.app.state, today_of(request, viewer)
    with state.engine.connect() as connection:
        shown = current_list_id(connection)
        if shown is None:
            return page(request, "app/no_list.html.jinja", viewer)
        tag, same = unchanged(request, shown, headers(connection), latest_action_id(connection), today)
    if same is not None:
        return same
    view = revenue(state.engine, today=today, capacity_per_owner=state.settings.capacity_per_owner)
    made = page(
        request, "app/revenue.html.jinja", viewer, view=view, published=view.header, tones=tones(view.header),
        currency=view.header.settings.currency, owners=_paged(view.owners, owners), load=_paged(view.load, load),
        retention=_retention(view), bar=interval_bar, amount=amount_bar, enough=ENOUGH,
        most=max(month.arr for month in view.renewals), one_place=one_place, signed=signed,
    )  # fmt: skip
    made.headers["etag"] = tag
    return made


def one_place(share: float) -> str:
    """Return a share as a percentage with one decimal: near 100 % a whole one would say nothing."""
    return f"{100 * share:.1f}%"


def signed(change: int) -> str:
    """Return a change in accounts with its sign."""
    return f"{'+' if change > 0 else MINUS}{abs(change):,}"


def _paged(rows: tuple[Any, ...], number: int) -> dict[str, Any]:
    """Return a page of rows, its number, the numbers of its first and last row, and whether there are more."""
    first = (number - 1) * OWNERS_A_PAGE
    shown = rows[first : first + OWNERS_A_PAGE]
    return {
        "rows": shown,
        "number": number,
        "first": first + 1,
        "last": first + len(shown),
        "total": len(rows),
        "more": len(rows) > first + len(shown) and bool(shown),
    }


def _retention(view: RevenueView) -> dict[str, Any] | None:
    """Return what is expected of each span, the scale that all shares are drawn on, and how past quarters went."""
    found = view.outlook.retention
    if found is None:
        return None
    spans = [
        ("Next quarter", "days 1 to 90, of today’s ARR", found.first),
        ("The quarter after", "days 91 to 180, of what is left by then", found.second),
        ("Both together", "days 1 to 180, of today’s ARR", found.both),
    ]
    lows = [each.low for _, _, each in spans if each is not None]
    lows += [min(quarter.expected.low, quarter.actual) for quarter in view.outlook.past]
    inside = sum(quarter.inside for quarter in view.outlook.past)
    # To a tenth below the lowest, so that small differences near the whole can be seen.
    start = max(0.0, int(min(lows) * 10 - 1e-9) / 10)
    return {"known": found, "spans": spans, "ends": (start, 1.0), "past": view.outlook.past, "inside": inside}
