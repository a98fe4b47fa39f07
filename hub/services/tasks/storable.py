"""JSON that every database takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Invalid


def storable(value: Any) -> Any:
    """Return plain JSON that every database takes, which is without NUL. Raises `Invalid`."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name).replace("\0", ""): storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one) for one in value]
    raise Invalid(f"A result holds a {type(value).__name__}, which is no JSON; the plugin has to write it as text.")
