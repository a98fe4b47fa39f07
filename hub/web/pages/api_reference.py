"""What a reader of the API's reference sees of a route: what it takes and gives, and the objects that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

Doc = Mapping[str, Any]

_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")
_CODE: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of an object."""

    name: str
    kind: Markup
    about: str
    place: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """An object that a route takes or gives."""

    name: str
    about: str
    fields: list[Field]


def paragraphs(text: str) -> list[Markup]:
    """Return a text of the description as HTML: its paragraphs, with what is strong or code in them."""
    drawn = (_STRONG.sub(r"<strong>\1</strong>", str(escape(part))) for part in re.split(r"\n\s*\n", text.strip()))
    return [Markup(_CODE.sub(r"<code>\1</code>", part)) for part in drawn if part]  # noqa: S704 - escaped before


def operation(doc: Doc) -> Mapping[str, Any]:
    """Return the one route of a description."""
    ((path, methods),) = doc["paths"].items()
    ((method, one),) = methods.items()
    return {**one, "path": path, "method": method.upper()}


def parameters(doc: Doc, operation: Doc) -> list[Field]:
    """Return what an address and its headers may say."""
    named = (_resolved(doc, one) for one in operation.get("parameters", ()))
    return [
        Field(
            name=one["name"],
            kind=kind(one.get("schema", {})),
            about=one.get("description", ""),
            place=one["in"],
            required=one.get("required", False),
        )
        for one in named
    ]


def body(operation: Doc) -> list[tuple[str, Markup]]:
    """Return the types of the body with what each holds."""
    return _contents(operation.get("requestBody", {}))


def answers(doc: Doc, operation: Doc) -> list[tuple[str, str, list[tuple[str, Markup]]]]:
    """Return what a route answers: the status, what it means, what comes with it."""
    named = ((status, _resolved(doc, one)) for status, one in operation["responses"].items())
    return [(status, one.get("description", ""), _contents(one)) for status, one in named]


def kinds(doc: Doc, operation: Doc) -> list[Kind]:
    """Return every object that a route speaks of, those inside of others too."""
    known = doc["components"]["schemas"]
    parts = [operation.get("requestBody", {}), *(_resolved(doc, one) for one in operation["responses"].values())]
    wanted = [name for part in parts for name in _named(part)]
    found: dict[str, Kind] = {}
    while wanted:
        name = wanted.pop(0)
        if name in found or name not in known:
            continue
        found[name] = _kind(name, known[name])
        wanted += _named(known[name])
    return list(found.values())


def kind(schema: Any) -> Markup:
    """Return what may stand somewhere, in a word or two."""
    if not isinstance(schema, Mapping):
        return Markup("any")
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(one) for one in schema["enum"])
    if "const" in schema:
        return Markup("<code>{}</code>").format(schema["const"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return Markup(" | ").join(dict.fromkeys(kind(one) for one in schema[several]))
    if schema.get("type") == "array":
        return Markup("[{}]").format(kind(schema.get("items", {})))
    if isinstance(schema.get("additionalProperties"), Mapping):
        return Markup("{{name: {}}}").format(kind(schema["additionalProperties"]))
    plain = schema.get("type", "any")
    words = " | ".join(plain) if isinstance(plain, list) else str(plain)
    return Markup("{}{}").format(words, f" ({schema['format']})" if "format" in schema else "")


def _resolved(doc: Doc, one: Doc) -> Doc:
    if "$ref" not in one:
        return one
    found: Any = doc
    for part in str(one["$ref"]).removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _contents(one: Doc) -> list[tuple[str, Markup]]:
    return [(name, kind(part.get("schema", {}))) for name, part in one.get("content", {}).items()]


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "$ref" in part:
            yield str(part["$ref"]).rpartition("/")[2]
        for inner in part.values():
            yield from _named(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from _named(inner)


def _kind(name: str, schema: Doc) -> Kind:
    needed = schema.get("required", ())
    fields = [
        Field(one, kind(inner), inner.get("description", ""), required=one in needed)
        for one, inner in schema.get("properties", {}).items()
    ]
    return Kind(name, schema.get("description", ""), fields)
