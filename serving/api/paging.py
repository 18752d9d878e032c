"""Cursors: where the next page begins, in a text that only this application reads."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from serving.web.errors import CannotBeDone

PREFIX = "/api/v1"
SEVERAL = frozenset({"owner", "segment", "band", "driver", "stage"})
MOST = 200
USUAL = 50
LONGEST_CURSOR = 1_000
LARGEST_ID = 2**31 - 1


def new_router(tag: str) -> APIRouter:
    """Return a router of the API; its prefix stands here, because the policy of a route names the route's own path."""
    return APIRouter(prefix=PREFIX, tags=[tag], dependencies=[Depends(each_once)])


class Nothing(BaseModel):
    """No query parameter at all."""

    model_config = ConfigDict(extra="forbid")


class Paged(Nothing):
    """Which page is asked for; an unknown parameter is refused, so that a typo does not widen a choice unseen."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Items on a page, at most.")] = USUAL
    cursor: Annotated[
        str | None,
        Field(max_length=LONGEST_CURSOR, description="`next` of the page before, with the same other parameters."),
    ] = None


def each_once(request: Request) -> None:
    """Refuse a parameter that is given twice where only one can count; filters may be given several times."""
    asked = Counter(name for name, _ in request.query_params.multi_items() if name not in SEVERAL)
    twice = [{"loc": ("query", name), "msg": "give it once"} for name, count in asked.items() if count > 1]
    if twice:
        raise RequestValidationError(twice)


def make_cursor(request: Request, **place: str | int) -> str:
    """Return the cursor of what comes after this place of this question."""
    text = json.dumps([_question(request), place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(request: Request, cursor: str | None, **kinds: type) -> dict[str, Any]:
    """Return the place that a cursor of the same question holds, nothing without a cursor.

    Raises CannotBeDone for a cursor that is none of ours, or of other parameters than those of this request.
    """
    if cursor is None:
        return {}
    try:
        question, place = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        known = place.keys() == kinds.keys() and all(type(place[name]) is kind for name, kind in kinds.items())
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise CannotBeDone("cursor: this is no cursor; send the `next` of the page before, or none") from None
    if not known or question != _question(request) or not all(_in_reach(value) for value in place.values()):
        raise CannotBeDone("cursor: it belongs to another question; send it with the parameters it was given for")
    return dict(place)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the Link header (RFC 8288) to the next page, none on the last."""
    if cursor is None:
        return {}
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"link": f'<{quote(request.scope["path"])}?{urlencode([*asked, ("cursor", cursor)])}>; rel="next"'}


def _question(request: Request) -> str:
    """Return a digest of all that a page must share with the one before: the path and every filter."""
    asked = sorted(each for each in request.query_params.multi_items() if each[0] not in ("cursor", "limit"))
    text = "\x1f".join([request.scope["path"], *(part for each in asked for part in each)])
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _in_reach(value: object) -> bool:
    return not isinstance(value, int) or 0 <= value <= LARGEST_ID
