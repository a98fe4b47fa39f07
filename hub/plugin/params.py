"""Typed parameters: one declaration for validation, JSON Schema, the page's form, the CLI and the docs.

A plugin writes a `Params` class; each field's docstring is its help text:

    class SlackParams(Params):
        channel: str
        \"\"\"Channel to write to, with the leading `#`.\"\"\"
        token: Annotated[Key, Kind("string")]
        \"\"\"Bot token from the key store.\"\"\"

Secrets never sit in params; a `Key` names an entry of the key store, and the value reaches the verb through `io.key`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, NewType

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler, PlainSerializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from hub.plugin.docstrings import describe


class Params(BaseModel):
    """Base of every parameter class: frozen, and unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def model_json_schema(cls, *given: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema, as pydantic makes it; the docstrings of the fields are their descriptions."""
        describe(cls)
        return super().model_json_schema(*given, **options)


class NoParams(Params):
    """For extensions that need nothing."""


class _Hint:
    """Adds members to a field's JSON Schema, from which the form is drawn."""

    def __init__(self, **hints: Any) -> None:
        self._hints = hints

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        schema.update(self._hints)
        return schema


Key = NewType("Key", int)
"""Id of an entry in the key store. Annotate it with `Kind` to say which types of key fit."""


class Kind(_Hint):
    """The key types that fit a `Key` field: `ssh`, `login_password`, `string`, or a plugin's own."""

    def __init__(self, *names: str) -> None:
        super().__init__(**{"x-widget": "key", "x-kinds": list(names)})
        self.names = names


class Choice(_Hint):
    """Offers these values, each with the title that a person reads."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__(**{"enum": list(titles), "x-titles": dict(titles), "x-widget": "choice"})
        self.titles = titles


class Group(_Hint):
    """Puts a field under a heading of the form."""

    def __init__(self, heading: str) -> None:
        super().__init__(**{"x-group": heading})


class Prompt(_Hint):
    """Marks a per-task field as asked for only when this template parameter is true."""

    def __init__(self, when: str) -> None:
        super().__init__(**{"x-when": when})
        self.when = when


class While(_Hint):
    """Shows and sends a field only while this other field of the same form is ticked."""

    def __init__(self, ticked: str) -> None:
        super().__init__(**{"x-while": ticked})


Secret = Annotated[Key, Kind("string")]
"""A secret text, kept in the key store."""

Text = Annotated[str, _Hint(**{"x-widget": "text"})]
"""Several lines of text."""

Words = Annotated[tuple[str, ...], _Hint(**{"x-widget": "words"})]
"""A list of short texts, edited as chips."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+", re.ASCII)


def _parse_duration(value: object) -> object:
    if isinstance(value, str):
        if not _DURATION.fullmatch(value):
            raise ValueError("write a duration as a number and a unit, such as 90s, 15m, 2h or 1d")
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", value)
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse_duration),
    PlainSerializer(lambda value: value.total_seconds(), return_type=float),
    _Hint(**{"x-widget": "duration"}),
]
"""A length of time: seconds as a number, or text such as `90s`, `15m`, `1h30m`."""
