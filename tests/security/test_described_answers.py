"""The description of the API holds for requests that nobody thought of: schemathesis makes them up from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.testing.scene import make_repository
from hub.web.openapi.document import document
from hub.web.openapi.watching import STREAM_PATH

from .people import Things, furnish, with_triggers

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ORDER = ("head", "options", "get", "post", "put", "delete")
"""What is changed or deleted was read before."""

TOO_SLOW = {("delete", "/cache"), ("post", "/debug/gc")}
"""Asks for all that the process holds; other tests call them once."""


def operations() -> list[APIOperation]:
    made = (one.ok() for one in schemathesis.openapi.from_dict(dict(document())).get_all_operations())
    found = [one for one in made if one.path != STREAM_PATH and (one.method, one.path) not in TOO_SLOW]
    return sorted(found, key=lambda one: ORDER.index(one.method))


def ways(operation: APIOperation) -> Iterator[tuple[GenerationMode, int]]:
    """How often to ask as is told, and otherwise, where anything could be otherwise."""
    writes = operation.method not in {"get", "head", "options"}
    yield GenerationMode.POSITIVE, 2 if writes or len(operation.query) else 1
    told = [one for part in (operation.query, operation.path_parameters) for one in part]
    if len(operation.body) or any(one.definition.get("schema", {}).get("type") != "string" for one in told):
        yield GenerationMode.NEGATIVE, 1


def pointed(case: Case, things: Things) -> Case:
    """Make a request that is right in itself one for things that there are."""
    ids = things.ids(case.path)
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
        if isinstance(case.body, dict):
            case.body |= {name: ids[name] for name in case.body if name in ids}
    return case


def departures(base: str, token: str, things: Things) -> list[str]:
    """Ask for everything, and return what was answered otherwise than is told."""
    wrong: list[str] = []
    met: set[int] = set()
    headers = {"Authorization": f"Bearer {token}"}
    bounds = {"derandomize": True, "database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}

    with requests.Session() as session:

        def ask(case: Case) -> None:
            asked = pointed(case, things)
            response = asked.call(base, session=session, headers=headers, allow_redirects=False)
            met.add(response.status_code)
            try:
                asked.validate_response(response, checks=CHECKS, headers=headers)
            except FailureGroup as failure:  # the rest of the API is asked all the same
                wrong.append(str(failure))

        for operation in operations():
            for mode, examples in ways(operation):
                some = settings(max_examples=examples, phases=[Phase.generate], **bounds)
                some(given(operation.as_strategy(mode))(ask))()
    assert met >= {200, 201, 204, 400, 404}, met
    return wrong


@pytest.mark.timeout(400)
async def test_whatever_is_asked_is_answered_as_it_is_described(served, client):
    data = served.hub.settings.data_dir
    make_repository(data / "repositories" / "mine", {"hello.sh": "echo hello\n"})
    things = await with_triggers(served.hub, "mine", await furnish(served.hub, "mine"))
    wrong = await asyncio.to_thread(departures, f"http://127.0.0.1:{served.port}/api", client.token, things)
    assert wrong == []
