"""Reads who somebody is out of the claims of a provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_PART: Final = re.compile(r"\{\{-?\s*\.([A-Za-z0-9_.:/-]+)\s*-?\}\}", re.ASCII)


def check_expression(expression: str) -> str:
    """Refuse an expression that could never be read. Raises `ValueError`."""
    for alternative in expression.split("|"):
        rest = _PART.sub("", alternative)
        if not alternative.strip() or "{{" in rest or "}}" in rest:
            raise ValueError("write names of claims divided by |, or texts with parts such as {{ .email }}")
    return expression


def read_text(expression: str, claims: Mapping[str, Any]) -> str:
    """Return what the first alternative gives that gives anything; else an empty text."""
    for alternative in expression.split("|"):
        found = _filled(alternative, claims) if "{{" in alternative else as_text(find(alternative.strip(), claims))
        if found.strip():
            return found.strip()
    return ""


def read_groups(path: str, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a claim that is a list of texts, or one text."""
    found = find(path, claims) if path else None
    several = found if isinstance(found, list) else [found]
    return tuple(dict.fromkeys(text for text in map(as_text, several) if text))


def find(path: str, claims: Mapping[str, Any]) -> Any:
    """Return the claim of that very name; else follow the path of names divided by dots."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def as_text(value: Any) -> str:
    """Return a text or a whole number as text; nothing else is anybody's name."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) else ""


def _filled(template: str, claims: Mapping[str, Any]) -> str:
    """Fill every part in; a part that gives nothing makes the whole give nothing."""
    values = [as_text(find(name, claims)) for name in _PART.findall(template)]
    if not all(values):
        return ""
    left = iter(values)
    return _PART.sub(lambda _: next(left), template)
