"""Reading requests from outside: paths into a body, conditions on it, and values for a task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Protocol

import jmespath
import orjson
from jmespath.exceptions import JMESPathError
from pydantic import TypeAdapter, ValidationError

from hub.errors import Invalid
from hub.plugin import Params

JMESPATH: Final = "jmespath:"
"""A key that begins like this is a JMESPath expression, such as `jmespath:commits[?author.name=='Ann'].id | [0]`."""
FACT: Final = "fact:"
"""A key that begins like this asks for what the sender's adapter found: `fact:branch`, `fact:tag`, `fact:commit`,
`fact:sender` or `fact:event`, whoever sends."""

_INDEX = re.compile(r"\[(\d{1,9})\]", re.ASCII)


class Condition(Protocol):
    """What a matcher says."""

    match_type: str
    method: str
    body_data_type: str
    key: str
    value: str


class Extraction(Protocol):
    """What is to be taken out, and where it goes."""

    name: str
    value_source: str
    body_data_type: str
    key: str
    variable: str
    variable_type: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request, decoded. `payload` is an object for JSON, text otherwise."""

    headers: Mapping[str, str]
    """Names are lower-case."""
    body: bytes
    payload: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """Return a header; None when it was not sent."""
        return self.headers.get(name.lower())

    def text(self) -> str:
        """Return the whole body."""
        return self.body.decode("utf-8", "replace")


def decode(body: bytes) -> Any:
    """Return what a JSON body says; text where it is none, in which paths find nothing."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def check_key(key: str) -> None:
    """Refuse a JMESPath expression that is none."""
    if not key.startswith(JMESPATH):
        return
    try:
        jmespath.compile(key.removeprefix(JMESPATH))
    except (JMESPathError, RecursionError):
        raise Invalid("The key is not a JMESPath expression.", field="key") from None


def find(incoming: Incoming, key: str) -> Any:
    """Return what a key finds in the body; None for nothing, and for null."""
    if key.startswith(FACT):
        return incoming.facts.get(key.removeprefix(FACT))
    if not key.startswith(JMESPATH):
        return at_path(incoming.payload, key)
    try:
        return jmespath.search(key.removeprefix(JMESPATH), incoming.payload)
    except (JMESPathError, RecursionError):
        return None


def at_path(payload: Any, path: str) -> Any:
    """Walk the wire's path: names parted by dots, places in lists as parts `[n]`, such as `commits.[0].id`."""
    found = payload
    for part in path.split("."):
        index = _INDEX.fullmatch(part)
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and index and int(index[1]) < len(found):
            found = found[int(index[1])]
        else:
            return None
    return found


def matches(condition: Condition, incoming: Incoming) -> bool:
    """Tell whether a request fulfils a condition. What is missing equals nothing and contains nothing (W-25)."""
    text = compared(condition, incoming)
    if condition.method == "equals":
        return text is not None and text == condition.value
    if condition.method == "unequals":
        return text is None or text != condition.value
    if condition.method == "contains":
        return text is not None and condition.value in text
    return False


def compared(condition: Condition, incoming: Incoming) -> str | None:
    """Return what a condition is held against, as text; None when the request does not have it."""
    given = _asked(condition.match_type, condition.body_data_type, condition.key, incoming)
    return None if given is None else plain_text(given)


def extract(value: Extraction, incoming: Incoming) -> Any:
    """Return what is to be taken out, with its own type; None for nothing. A header that was not sent is empty text."""
    if value.value_source == "header":
        return incoming.header(value.key) or ""
    return _asked(value.value_source, value.body_data_type, value.key, incoming)


def _asked(source: str, data_type: str, key: str, incoming: Incoming) -> Any:
    if source == "header":
        return incoming.header(key)
    if source != "body":
        return None
    if data_type == "string":
        return incoming.text()
    return find(incoming, key) if data_type == "json" else None


def plain_text(value: Any) -> str:
    """Write a value as the wire compares it: whole numbers without a point, lists as `[1 two]`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{name}:{plain_text(value[name])}' for name in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(plain_text(one) for one in value)}]"
    return str(value)


def variable_text(value: Any) -> str:
    """Write a value for a variable of a task: variables are text; lists and objects become JSON, which tasks can read.

    The reference writes Go's `map[a:1]` for those, and `1.2345678e+07` for large numbers (W-25).
    """
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return plain_text(value)


@dataclass(frozen=True, slots=True)
class Extracted:
    """Values by where they go."""

    environment: dict[str, str]
    params: dict[str, Any]


def extract_all(values: Iterable[Extraction], incoming: Incoming, params_type: type[Params]) -> Extracted:
    """Take out every value; those for the task get the type that its params declare. Raises `Invalid`."""
    taken = Extracted({}, {})
    for value in values:
        found = extract(value, incoming)
        if found is None or not value.variable:
            continue
        if value.variable_type == "task":
            if found == "":
                continue  # a header that was not sent says nothing about a flag or a number
            taken.params[value.variable] = typed(params_type, value.variable, found)
        else:
            taken.environment[value.variable] = variable_text(found)
    return taken


def typed(params_type: type[Params], name: str, found: Any) -> Any:
    """Return a value as the param `name` wants it: `"true"` as a flag, `"3"` as a number, `"a, b"` as a list (W-25)."""
    declared = params_type.model_fields.get(name)
    if declared is None:
        return found
    shape: Any = declared.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[(shape, *declared.metadata)] if declared.metadata else shape)
    for candidate in _candidates(found):
        try:
            return adapter.dump_python(adapter.validate_python(candidate), mode="json")
        except ValidationError:
            continue
    raise Invalid(f"What the request says for the parameter {name} does not fit it.", field=name)


def _candidates(found: Any) -> Iterable[Any]:
    yield found
    text = variable_text(found)
    yield text.strip()
    yield [part.strip() for part in text.split(",") if part.strip()]
