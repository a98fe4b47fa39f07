"""Checking params against what an executor declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from hub.errors import Invalid
from hub.plugin import Executor, Params

P = TypeVar("P", bound=Params)


@cache
def key_members(kind: type[Params]) -> tuple[str, ...]:
    """Return the members that name an entry of the key store; its schema takes long to draw, and never changes."""
    described = kind.model_json_schema().get("properties", {})
    return tuple(name for name, one in described.items() if _is_key(one))


def _is_key(described: Mapping[str, Any]) -> bool:
    return described.get("x-widget") == "key" or any(_is_key(one) for one in described.get("anyOf", ()))


def check_template_params(executor: Executor | None, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Check a template's `task_params` and return them to be stored as they came. Raises `Invalid`.

    The wire sends a free object, in which members of another app may linger; only what the executor knows is checked.
    """
    if params is None:
        return None
    if executor is not None:
        parse(executor.params_type, params, "task_params")
    return dict(params)


def check_task_params(executor: Executor, params: Mapping[str, Any] | None, limit: str) -> dict[str, Any] | None:
    """Check a task's `params`; the wire's old `limit` text becomes `params.limit`. Raises `Invalid`."""
    given = dict(params or {})
    if limit and not given.get("limit"):
        given["limit"] = [part.strip() for part in limit.split(",") if part.strip()]
    parse(executor.task_params_type, given, "params")
    return given or None


def parse(kind: type[P], given: Mapping[str, Any], field: str) -> P:
    """Make typed params of the members that `kind` knows. Raises `Invalid` naming the wrong one."""
    known = {name: value for name, value in given.items() if name in kind.model_fields and value is not None}
    try:
        return kind.model_validate(known)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Invalid(f"The parameter {name} is wrong: {fault['msg'].removeprefix('Value error, ')}.",
                      field=f"{field}.{name}") from None  # fmt: skip
