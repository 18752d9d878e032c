"""The chosen rows as a file: exactly those of the address, all of them."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from serving.acting.history import latest_action_id
from serving.export_csv import csv_lines
from serving.export_xlsx import write_xlsx
from serving.list_choice import parse_choice
from serving.risk_list import current_list_id, read_rows
from serving.web.access import Seen, Viewer
from serving.web.list_page import choose, unscored

if TYPE_CHECKING:
    from serving.list_states import States
    from serving.risk_list import PublishedList

router = APIRouter()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/export.csv")
def as_csv(request: Request, viewer: Seen) -> Response:
    """Send the chosen rows as CSV."""
    published, states = _chosen(request, viewer)
    made = csv_lines(published, states.by_account, request.app.state.clock())
    lines = (text.encode("utf-8", "replace") for text in made)
    return StreamingResponse(lines, headers=_as_file(published, "csv"), media_type="text/csv; charset=utf-8")


@router.get("/export.xlsx")
def as_xlsx(request: Request, viewer: Seen) -> Response:
    """Send the chosen rows as a workbook."""
    published, states = _chosen(request, viewer)
    book = BytesIO()
    write_xlsx(published, book, states.by_account, request.app.state.clock())
    return Response(book.getvalue(), headers=_as_file(published, "xlsx"), media_type=XLSX)


def _chosen(request: Request, viewer: Viewer) -> tuple[PublishedList, States]:
    """Return the list cut down to the chosen rows, and to what the viewer may see of those without a score."""
    choice = parse_choice(request.query_params.multi_items())
    with request.app.state.engine.connect() as connection:
        shown, newest = current_list_id(connection), latest_action_id(connection)
        chosen = choose(request, viewer, connection, choice, shown, newest)
        header = chosen.index.header
        accounts = [chosen.index.accounts[row] for row in chosen.rows]
        rows = list(read_rows(connection, header.list_id, accounts).values())
        left = unscored(connection, header.list_id, viewer.book)
    return replace(header, rows=rows, not_scored=left), chosen.states


def _as_file(published: PublishedList, kind: str) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="accounts-at-risk-{published.as_of}.{kind}"',
        "cache-control": "no-store",
    }
