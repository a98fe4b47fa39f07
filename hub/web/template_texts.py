"""Files of templates as text: JSON, and YAML that holds nothing but data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import yaml

from hub.errors import Invalid

LARGEST: Final = 1 << 20
"""Bytes of a file."""


class _Plain(yaml.SafeLoader):
    """Reads data alone: no tags, no times, and no references, with which a few lines could stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse references."""
        if self.check_event(yaml.AliasEvent):
            raise Invalid("The file refers to parts of itself (“*name”), which is not read here. Write them out.")
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def written(document: Mapping[str, Any], form: str) -> tuple[bytes, str]:
    """Return a document as text in one of the two forms, and the type of its content."""
    if form == "json":
        return orjson.dumps(document, option=orjson.OPT_INDENT_2), "application/json"
    text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110)
    return text.encode(), "application/yaml"


def parsed(text: str) -> dict[str, Any]:
    """Return what a text in one of the two forms says. Raises `Invalid`."""
    if not text.strip():
        raise Invalid("Choose the file of a template, or paste its text.", field="document")
    if len(text.encode()) > LARGEST:
        raise Invalid("The file of a template is at most 1 MiB large.", field="document")
    try:
        found = orjson.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_Plain)  # noqa: S506 - a safe loader with less
    except (orjson.JSONDecodeError, yaml.YAMLError, RecursionError, ValueError):
        raise Invalid("This is neither JSON nor YAML, so it is no file of a template.", field="document") from None
    if not isinstance(found, dict):
        raise Invalid("This is neither JSON nor YAML, so it is no file of a template.", field="document")
    return {str(name): value for name, value in found.items()}
