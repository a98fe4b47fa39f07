"""JSON Schemas of what routes take and give, each once and under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from hub.plugin.docstrings import texts_of

REF = "#/components/schemas/"

Mode = Literal["validation", "serialization"]


class _Described(GenerateJsonSchema):
    """Gives the members of shapes the texts that stand below them."""

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        made = super().typed_dict_schema(schema)
        texts = texts_of(schema["cls"]) if "cls" in schema else {}
        for name, member in made.get("properties", {}).items():
            if name in texts:
                member.setdefault("description", texts[name])
        return made


class Schemas:
    """Schemas of a set of types: drafts as they are read, shapes as they are sent."""

    def __init__(self, taken: Iterable[Any], given: Iterable[Any]) -> None:
        asked: list[tuple[Any, Mode]] = [(one, "validation") for one in taken]
        asked += [(one, "serialization") for one in given]
        inputs = [(number, mode, TypeAdapter(one)) for number, (one, mode) in enumerate(asked)]
        found, shared = TypeAdapter.json_schemas(inputs, ref_template=REF + "{model}", schema_generator=_Described)
        self._found = {(repr(one), mode): _tidied(found[number, mode]) for number, (one, mode) in enumerate(asked)}
        self.components = {name: _tidied(schema) for name, schema in shared.get("$defs", {}).items()}

    def taken(self, one: Any) -> dict[str, Any]:
        """Return the schema of a body."""
        found: dict[str, Any] = self._found[repr(one), "validation"]
        return found

    def given(self, one: Any) -> dict[str, Any]:
        """Return the schema of an answer."""
        found: dict[str, Any] = self._found[repr(one), "serialization"]
        return found


def _tidied(schema: Any, *, members: bool = False) -> Any:
    """Drop titles, which only repeat names."""
    if isinstance(schema, list):
        return [_tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _tidied(value, members=name == "properties" and not members)
        for name, value in schema.items()
        if name != "title" or members or not isinstance(value, str)
    }
