"""Survey variables of a template, checked when the template is saved, so that no task fails for them later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from hub.errors import Invalid
from hub.services import env_names
from hub.services.draft import Draft

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TYPES = ("", "int", "enum", "secret")
_TARGETS = ("", "env")


class ChoiceDraft(Draft):
    """One value of an enum."""

    name: str = Field(default="", max_length=255)
    value: str = ""


class VariableDraft(Draft):
    """The wire's survey variable."""

    name: str = Field(default="", max_length=255)
    title: str = Field(default="", max_length=255)
    required: bool = False
    type: str = ""
    description: str = ""
    values: list[ChoiceDraft] = Field(default_factory=list)
    default_value: str = ""
    target: str = ""


def stored(survey: Sequence[VariableDraft]) -> list[dict[str, Any]] | None:
    """Check a survey and return it to be stored, in the wire's shape; None when it is empty."""
    names: set[str] = set()
    for variable in survey:
        _check(variable)
        if variable.name in names:
            raise _wrong(f"Two survey variables are named {variable.name}.")
        names.add(variable.name)
    return [_shape(variable) for variable in survey] or None


def _check(variable: VariableDraft) -> None:
    name = variable.name
    if not _NAME.fullmatch(name):
        raise _wrong(f"The name of a survey variable must be letters, digits and underscores, not {name[:60]!r}.")
    if variable.type not in _TYPES:
        raise _wrong(f"The survey variable {name} has the unknown type {variable.type[:60]}.")
    if variable.target not in _TARGETS:
        raise _wrong(f"invalid survey variable target: {variable.target[:60]}")
    if variable.target == "env" and not env_names.may_be_set(name):
        raise _wrong(
            f"The survey variable {name} can not become an environment variable: that name is kept for the hub."
        )
    _check_default(variable)


def _check_default(variable: VariableDraft) -> None:
    name, default = variable.name, variable.default_value
    if variable.type == "enum":
        values = [choice.value for choice in variable.values]
        if not values:
            raise _wrong(f"The survey variable {name} is a choice and needs at least one value.")
        if len(set(values)) < len(values):
            raise _wrong(f"The survey variable {name} offers the same value twice.")
        if default and default not in values:  # BUG-008
            raise _wrong(f"The default of the survey variable {name} is none of its values.")
    if variable.type == "int" and default and not _INTEGER.fullmatch(default.strip()):
        raise _wrong(f"The default of the survey variable {name} must be a whole number.")
    if variable.type == "secret" and default:
        raise _wrong(f"The secret survey variable {name} can have no default, since every member could read it.")


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, field="survey_vars")


def _shape(variable: VariableDraft) -> dict[str, Any]:
    shape: dict[str, Any] = {"name": variable.name, "title": variable.title}
    for member in ("required", "type", "description", "default_value", "target"):
        if getattr(variable, member):
            shape[member] = getattr(variable, member)
    if variable.type == "enum":
        shape["values"] = [{"name": choice.name, "value": choice.value} for choice in variable.values]
    return shape
