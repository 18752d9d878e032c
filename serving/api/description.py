"""The API's description in OpenAPI 3.1: `python -m serving.api.description > docs/openapi.json`."""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic.json_schema import models_json_schema

from serving.api.answers import PROBLEMS, documented, tagged
from serving.api.paging import Nothing, new_router
from serving.web.access import Seen
from serving.web.errors import PROBLEM
from serving.web.guard import COOKIE

if TYPE_CHECKING:
    from collections.abc import Iterator

router = new_router("description")
NAMES = {
    304: "NotModified", 401: "NotSignedIn", 403: "NotAllowed", 404: "NotHere", 409: "Conflict", 413: "TooLong",
    422: "AgainstARule",
}  # fmt: skip
ANSWERS = {200: "What was asked for.", 201: "It is written down."}
PARTS = ("lists", "feedback", "accounts", "runs", "description")
"""Feedback stands before accounts, whose ids may hold a slash."""
SCHEMAS = "#/components/schemas/{model}"
ABOUT = """\
Who will leave in 60–90 days, why, what changed, and until when it can still be helped.

Send a key as `Authorization: Bearer fwk_…`. A key may do no more than its person, within its scopes: `lists` reads
lists, accounts and explanations, `feedback` reads and writes what people say, `runs` reads what was published. A CSM
sees the accounts of their own book; any other account is a 404.

Instants are UTC, written with a Z; days are as-of dates, `2026-11-02`. Risks are probabilities from 0 to 1. Amounts are
per year in the list's currency. Null is what is not known. Every GET has an ETag. Unknown parameters are refused.
"""
TAGS = [
    {"name": "lists", "description": "Published lists: one a week, never changed."},
    {"name": "accounts", "description": "One account: where it stands, and why."},
    {"name": "feedback", "description": "What people say and do about accounts; written down once and never changed."},
    {"name": "runs", "description": "What was published."},
    {"name": "description", "description": "This description."},
]
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key from My settings or `forewarn key add`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A signed-in person's session; what changes something needs their X-CSRF-Token header too.",
    },
}
HEADERS = {
    "ETag": {"description": "Send it in If-None-Match to learn that nothing has changed.", "schema": {"type": "string"}}
}
DOCUMENT = {"content": {"application/json": {"schema": {"type": "object"}}}}
LINK = {"Link": {"description": 'Path of the next page, rel="next".', "schema": {"type": "string"}}}


@router.get(
    "/openapi.json", operation_id="readDescription", summary="This description",
    responses={200: DOCUMENT, **documented(304, 401, 403, 422)},
)  # fmt: skip
def read_description(request: Request, viewer: Seen, asked: Annotated[Nothing, Query()]) -> Response:
    """The API in OpenAPI 3.1, as docs/openapi.json has it."""
    tag, same = tagged(request)
    return same if same is not None else Response(written(), 200, {"etag": tag}, "application/json")


def routers() -> list[APIRouter]:
    """Return what the API is made of."""
    return [import_module(f"serving.api.{part}").router for part in PARTS]


@cache
def written() -> str:
    """Return the description as docs/openapi.json holds it."""
    return json.dumps(described(), indent=1, ensure_ascii=False) + "\n"


def described() -> dict[str, Any]:
    """Return the description of the API's routes alone."""
    from fastapi import FastAPI

    app = FastAPI(
        title="Forewarn", version="1", summary="Churn early warning for B2B software.", description=ABOUT,
        openapi_tags=TAGS,
    )  # fmt: skip
    for router in routers():
        app.include_router(router)
    found = app.openapi()
    components = found.setdefault("components", {})
    components["schemas"] = dict(sorted((_own(components.get("schemas", {})) | _written_by_hand()).items()))
    components["responses"] = {NAMES[status]: _problem(status) for status in PROBLEMS}
    components["securitySchemes"] = SECURITY
    found["security"] = [{name: []} for name in SECURITY]
    for method, operation in _operations(found):
        _mend(method, operation)
    made: dict[str, Any] = _untitled(found)
    return made


def _own(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: schema for name, schema in schemas.items() if name not in ("HTTPValidationError", "ValidationError")}


def _written_by_hand() -> dict[str, Any]:
    """Return the schemas that no route declares: bodies are read by us, and problems are one shape for all."""
    from serving.api.feedback_models import NEW_ACTION
    from serving.api.models import Problem

    _, problems = models_json_schema([(Problem, "serialization")], ref_template=SCHEMAS)
    action = NEW_ACTION.json_schema(ref_template=SCHEMAS)
    return {**problems["$defs"], **action.pop("$defs"), "NewAction": action}


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in found["paths"].values():
        yield from path.items()


def _mend(method: str, operation: dict[str, Any]) -> None:
    """Point to the shared problems, and say which headers an answer has."""
    responses = operation["responses"]
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _never_null(parameter["schema"])
    for code in list(responses):
        if int(code) in PROBLEMS:
            responses[code] = {"$ref": f"#/components/responses/{NAMES[int(code)]}"}
            continue
        responses[code]["description"] = ANSWERS[int(code)]
        if method == "get":
            paged = any(each["name"] == "cursor" for each in operation.get("parameters", []))
            responses[code]["headers"] = HEADERS | (LINK if paged else {})
    if method == "get":
        operation.setdefault("parameters", []).append(
            {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "description": "An ETag."}
        )
    operation["responses"] = dict(sorted(responses.items()))


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter may hold: left out it is null, but an address has no word for null."""
    kept = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "description", "default")}
    default = {} if schema.get("default") in (None, []) else {"default": schema["default"]}
    return (kept[0] if len(kept) == 1 else {"anyOf": kept} if kept else {}) | rest | default


def _untitled(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return it without the titles that the framework makes of names; a field named title, and examples, stay."""
    if isinstance(value, list):
        return [_untitled(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each if name in ("examples", "info") else _untitled(each)
        for name, each in value.items()
        if name != "title" or not isinstance(each, str)
    }


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {"description": PROBLEMS[status]}
    if status == 304:
        return told | {"headers": HEADERS}
    return told | {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


if __name__ == "__main__":
    sys.stdout.write(written())
