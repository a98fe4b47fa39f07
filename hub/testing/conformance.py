"""Holds answers of the API against what its description says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs
import orjson

from hub.web.api.routing import PREFIX
from hub.web.openapi.document import document

_PART = re.compile(r"\\\{\w+\\\}")


class Departed(AssertionError):
    """An answer is not what the description of the API says."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one route says of its answers."""

    name: str
    responses: Mapping[str, Any]

    def check(self, status: int, content_type: str, body: bytes) -> None:
        """Refuse an answer that the route does not tell of. Raises `Departed`."""
        response = self.responses.get(str(status))
        if response is None:
            raise Departed(f"{self.name} answered {status}, which it does not tell of: {body[:300]!r}")
        if "$ref" in response:
            response = _strict()["components"]["responses"][response["$ref"].rpartition("/")[2]]
        content = response.get("content", {})
        media = content_type.partition(";")[0]
        if body and media not in content:
            raise Departed(f"{self.name} answered {status} as {media}, and tells of {list(content)}: {body[:300]!r}")
        if media == "application/json" and body:
            fault = next(iter(_validator(orjson.dumps(content[media]["schema"])).iter_errors(orjson.loads(body))), None)
            if fault is not None:
                at = "".join(f"[{part!r}]" for part in fault.instance_path)
                raise Departed(f"{self.name} answered {status}, but {at} is wrong: {fault.message}")


@lru_cache(4096)
def said_of(method: str, path: str) -> Said | None:
    """Return what is said of a request; None where the description has no such route."""
    path = path.partition("?")[0].removeprefix(PREFIX).rstrip("/")
    found = [one for pattern, one in _patterns() if pattern.fullmatch(path)]
    for operations in found:
        said = operations.get(method.lower()) or (operations.get("get") if method == "HEAD" else None)
        if said is not None:
            return Said(f"{method} {path}", said["responses"])
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    """Paths without parameters first, as the server finds them."""
    paths = sorted(_strict()["paths"].items(), key=lambda item: [part.startswith("{") for part in item[0].split("/")])
    return [(re.compile(_PART.sub("[^/]+", re.escape(path))), operations) for path, operations in paths]


@cache
def _strict() -> dict[str, Any]:
    """The description, of which no object may have a member that it does not name."""
    whole: dict[str, Any] = orjson.loads(orjson.dumps(document()))
    for schema in whole["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return whole


@cache
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**orjson.loads(schema), "components": _strict()["components"]})
