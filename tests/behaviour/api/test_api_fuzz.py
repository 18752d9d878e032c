"""Thousands of made-up requests, sound and unsound: no surprise, and no answer that the description does not have."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import Engine
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from serving.acting.ledger import Action, Actor, act
from serving.api.description import described
from serving.risk_list import read_list
from tests.made_lists import AT

FEW = 200
MANY = int(os.environ.get("FOREWARN_FUZZ", FEW))
"""Requests in one run; FOREWARN_FUZZ=5000 makes it thorough."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass
class Tally:
    """What was asked and answered."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(self.statuses.values())

    def answered(self, operation: str) -> set[int]:
        """Return the statuses that an operation answered with."""
        return {status for label, status in self.statuses if label == operation}


def real(engine: Engine) -> dict[str, list[Any]]:
    """Return path parameters that lead past the 404s: accounts, weeks, and the first actions that there are."""
    published = read_list(engine)
    rows = [row.account_id for row in published.rows[:3]]
    for account in rows:
        act(engine, Action(account, "note", {"text": "x"}), Actor(None, "tests"), AT)
    return {
        "account_id": [*rows, published.not_scored[0].account_id],
        "as_of": ["current", str(published.as_of), str(published.previous_as_of)],
        "action_id": [1, 2, 3],
    }


def as_served(app: FastAPI) -> Any:
    """Return the application as a server runs it: a surprise is logged after its answer, and not raised."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Exception):
            await app(scope, receive, send)

    return served


def fuzz(app: FastAPI, key: str, known: dict[str, list[Any]], wanted: int, description: dict[str, Any]) -> Tally:
    """Ask at least `wanted` times, and fail on the first answer that breaks a rule."""
    load_all_checks()
    tally, turn = Tally(), 0
    schema = schemathesis.openapi.from_dict(description)
    schema.app = as_served(app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    while tally.requests < wanted:
        turn += 1
        each = min(150, max(4, (wanted - tally.requests) // (len(operations) * len(MODES) * 2)))
        for operation, mode in product(operations, MODES):
            names = [parameter.name for parameter in operation.path_parameters]
            for some in range(len(names) + 1):
                there = {name: known[name][turn % len(known[name])] for name in names[:some]}
                cases = operation.as_strategy(generation_mode=mode, path_parameters=there or None)
                _ask(key, cases, tally, each, turn)
    return tally


def _ask(key: str, cases: Any, tally: Tally, examples: int, turn: int) -> None:
    headers = {"Authorization": key}

    @seed(turn)
    @hypothesis_settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(case=cases)
    def asked(case: Case[Any]) -> None:
        answer = case.call(headers=headers)
        tally.statuses[case.operation.label, answer.status_code] += 1
        case.validate_response(answer, headers=headers, excluded_checks=[positive_data_acceptance])

    asked()


@pytest.mark.slow
def test_no_request_surprises_the_api(app: FastAPI, mia: TestClient, engine: Engine) -> None:
    tally = fuzz(app, mia.headers["authorization"], real(engine), MANY, described())
    print(f"{tally.requests:,} requests: {sorted(tally.statuses.items())}")
    assert tally.requests >= MANY
    for operation in {label for label, _ in tally.statuses}:
        answered = tally.answered(operation)
        assert answered & {200, 201}, f"{operation} was never reached: {answered}"
    assert tally.answered("POST /api/v1/accounts/{account_id}/feedback") >= {201, 404, 422}


def only(path: str) -> dict[str, Any]:
    """Return the description of one path."""
    made = described()
    made["paths"] = {path: made["paths"][path]}
    return made


def test_a_planted_surprise_is_found(
    app: FastAPI, mia: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("serving.api.lists.unscored", broken)
    path = "/api/v1/lists/{as_of}/not-scored"
    with pytest.raises(FailureGroup, match="Server error"):
        fuzz(app, mia.headers["authorization"], real(engine), 20, only(path))


def test_a_planted_lie_about_a_shape_is_found(app: FastAPI, mia: TestClient, engine: Engine) -> None:
    lie = only("/api/v1/runs")
    lie["components"]["schemas"]["Run"]["properties"]["rows"]["type"] = "string"
    with pytest.raises(FailureGroup, match="violates schema"):
        fuzz(app, mia.headers["authorization"], real(engine), 20, lie)


def test_a_status_that_is_not_described_is_found(app: FastAPI, mia: TestClient, engine: Engine) -> None:
    lie = only("/api/v1/lists/{as_of}")
    del lie["paths"]["/api/v1/lists/{as_of}"]["get"]["responses"]["404"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        fuzz(app, mia.headers["authorization"], real(engine), 60, lie)
