"""What shapes are made of: texts of a known form."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A moment in UTC, as RFC 3339 writes it with `Z`."""

Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
"""A day, as `2026-01-31`."""

Free = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "additionalProperties": True})]
"""An object whose members are not the hub's to name."""
