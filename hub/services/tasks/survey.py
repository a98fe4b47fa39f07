"""Survey variables: checking the answers, filling in defaults, keeping the secret ones apart. W-19."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import Invalid
from hub.services.draft import refuse_unfit

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answers:
    """Checked answers. `plain` may be shown, `secret` may not."""

    plain: dict[str, Any]
    secret: dict[str, str]


def parse_object(text: str, field: str) -> dict[str, Any]:
    """Read a JSON object from text; empty text is an empty object. Raises `Invalid`. W-11."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid(f"The member {field} must be a JSON object written as text.", field=field) from None
    refuse_unfit(value)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"The member {field} must be a JSON object written as text.", field=field)
    return value


def check(
    survey: Sequence[Mapping[str, Any]], plain: Mapping[str, Any], secret: Mapping[str, Any], *, free: bool
) -> Answers:
    """Check answers against a template's survey.

    `free` lets variables through that the survey does not know; without it they are refused. Raises `Invalid`.
    """
    answers = Answers({}, {})
    known = {str(variable.get("name", "")): variable for variable in survey}
    unknown = sorted((set(plain) | set(secret)) - set(known))
    if unknown and not free:
        raise Invalid(f"The template does not ask for the variable {unknown[0]}.", field=unknown[0])
    for name in unknown:
        if name in secret:
            answers.secret[name] = str(secret[name])
        else:
            answers.plain[name] = plain[name]
    for name, variable in known.items():
        hidden = variable.get("type") == "secret" or name in secret  # who sends it so knows what it is
        _take(answers.secret if hidden else answers.plain, name, variable, secret.get(name, plain.get(name)))
    return Answers(answers.plain, {name: str(value) for name, value in answers.secret.items()})


def as_far(survey: Sequence[Mapping[str, Any]], plain: Mapping[str, Any], *, free: bool) -> dict[str, Any]:
    """Return the open answers as they are so far, with the defaults; what is missing or wrong is told at the start."""
    asked = {str(one.get("name")): one for one in survey}
    usual = {name: one["default_value"] for name, one in asked.items() if one.get("default_value")}
    secret = {name for name, one in asked.items() if one.get("type") == "secret"}
    allowed = {name: value for name, value in plain.items() if free or name in asked}
    return {name: value for name, value in (usual | allowed).items() if name not in secret}


def _take(answers: dict[str, Any], name: str, variable: Mapping[str, Any], given: Any) -> None:
    value = given
    if value is None or value == "":
        value = variable.get("default_value") or None
    if value is None:
        if variable.get("required"):
            raise Invalid(f"{variable.get('title') or name} is required.", field=name)
        if given is not None and variable.get("type") != "secret":
            answers[name] = given
        return
    _check_value(name, variable, value)
    answers[name] = value


def _check_value(name: str, variable: Mapping[str, Any], value: Any) -> None:
    title = variable.get("title") or name
    kind = variable.get("type") or ""
    if kind == "int" and (isinstance(value, bool) or not _INTEGER.fullmatch(str(value).strip())):
        raise Invalid(f"{title} must be a whole number.", field=name)
    if kind == "enum":
        choices = [str(choice.get("value", "")) for choice in variable.get("values") or ()]
        if str(value) not in choices:
            raise Invalid(f"{title} must be one of: {', '.join(choices)}.", field=name)
