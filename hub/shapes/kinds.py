"""What shapes are made of: texts of a known form, and the marker that makes docstrings part of the description."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, WithJsonSchema, with_config

described = with_config(ConfigDict(use_attribute_docstrings=True))
"""Marks a shape: the texts below its members describe them in the API's description."""

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A moment in UTC, as RFC 3339 writes it with `Z`."""

Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
"""A day, as `2026-01-31`."""

Free = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "additionalProperties": True})]
"""An object whose members are not the hub's to name."""
