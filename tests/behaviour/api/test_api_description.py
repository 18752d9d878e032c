"""The description is the one that is committed, is OpenAPI 3.1, and leaves nothing out."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError
from starlette.testclient import TestClient

from serving.api.account_models import AccountRow
from serving.api.description import described, routers, written
from serving.api.feedback_models import EXAMPLES, NEW_ACTION
from serving.api.models import Number
from serving.web.access import POLICIES
from serving.web.app import routes_of

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
PAGE = COMMITTED.with_name("api.md")


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_description_is_current(mia: TestClient) -> None:
    said = "run: python -m serving.api.description > docs/openapi.json"
    assert COMMITTED.read_text(encoding="utf-8") == written(), said
    assert mia.get("/api/v1/openapi.json").json() == json.loads(written())


def test_exactly_the_routes_of_the_api_are_described(app: FastAPI) -> None:
    real = {route.replace(":path", "") for route in routes_of(app) if "/api/" in route}
    assert {label for label, _ in operations()} == real
    assert real == {route.replace(":path", "") for route in POLICIES if "/api/" in route}
    assert len(routers()) == 5


def test_it_is_openapi_3_1_without_what_the_framework_adds() -> None:
    found = described()
    assert found["openapi"] == "3.1.0"
    assert "HTTPValidationError" not in written()
    assert set(found["components"]["securitySchemes"]) == {"key", "session"}


@pytest.mark.parametrize(("label", "operation"), operations(), ids=lambda each: each if isinstance(each, str) else "")
def test_each_operation_says_what_it_is_and_how_it_fails(label: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert all(parameter.get("description") for parameter in operation["parameters"])
    assert {"401", "403", "422"} <= operation["responses"].keys()
    assert ("304" in operation["responses"]) == label.startswith("GET")
    assert ("404" in operation["responses"]) == ("{" in label)
    assert f"`{label.replace('/api/v1', '')}`" in PAGE.read_text(encoding="utf-8")


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    found = described()
    for each in written().split('"$ref": "#/')[1:]:
        place: Any = found
        for part in each.partition('"')[0].split("/"):
            place = place[part]
        assert place


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_example_is_sound(kind: str) -> None:
    assert NEW_ACTION.validate_python(EXAMPLES[kind]).kind == kind


def test_numbers_that_json_has_no_word_for_become_null_or_fail() -> None:
    class One(BaseModel):
        number: Number

    for odd in (float("nan"), float("inf"), -float("inf")):
        assert One(number=odd).model_dump_json() == '{"number":null}'
        with pytest.raises(ValidationError):
            AccountRow.model_validate({"risk_90": odd, "health": odd})
