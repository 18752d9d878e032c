"""From a shape to an answer: strict JSON, a tag by which it need not be sent twice, and the problems there can be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Response

from serving.web.rendering import unchanged

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel

PROBLEMS = {
    304: "Nothing has changed since the answer whose ETag was sent in If-None-Match; there is no body.",
    401: "Nobody is signed in, or the key is not valid.",
    403: "The key lacks the scope, the role does not allow it, or the form token is missing.",
    404: "There is no such thing, or it is not in the viewer's book.",
    409: "It was taken back before, or cannot be taken back.",
    413: "The body is longer than 1 MB.",
    422: "A parameter, the body or its content type breaks a rule; `errors` names each.",
}
"""What each documented status means; `description.py` turns them into shared parts of the description."""
READ = (304, 401, 403, 404, 422)
WRITE = (401, 403, 404, 409, 413, 422)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that can answer with these."""
    return {status: {"description": PROBLEMS[status]} for status in statuses}


def tagged(request: Request, *parts: object) -> tuple[str, Response | None]:
    """Return the tag of an answer made of these parts, and an empty answer when the program has it already."""
    return unchanged(request, _version(), *parts)


def answer(shape: BaseModel, tag: str | None, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return the shape as JSON; numbers that JSON has no word for cannot stand in it."""
    given = dict(headers or {}) | ({} if tag is None else {"etag": tag})
    return Response(shape.model_dump_json(), status, given, media_type="application/json")


@cache
def _version() -> str:
    """Return a digest of this code: an answer made by other code is another answer."""
    made = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        made.update(path.read_bytes())
    return made.hexdigest()[:16]
