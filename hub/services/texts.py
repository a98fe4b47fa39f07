"""What is wrong with a text that somebody writes in a field: YAML, JSON, and inventories in the manner of INI files."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, NoReturn

import yaml
from pydantic import Field

from hub.errors import Invalid
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.draft import Draft

KINDS: Final = ("yaml", "json", "ini")
LONGEST: Final = 1_000_000
"""Characters that are looked at; longer texts are for repositories."""
DEEPEST: Final = 200
"""Levels of lists and mappings; the time that a parser takes grows with their square."""
NO_YAML: Final = "This is not valid YAML."
NO_JSON: Final = "This is not valid JSON."
GROUP: Final = "A group must look like [name], [name:vars] or [name:children]."
AFTER_GROUP: Final = "After the name of a group can come :vars or :children, nothing else."
NO_VARIABLE: Final = "A variable is expected here, such as name=value."
UNQUOTED: Final = "A quotation mark is opened and not closed."
CROWDED: Final = "Below :children stands the name of one group on each line."
AFTER_HOST: Final = "After the name of a host come variables such as name=value."
_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECTION = re.compile(r"\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_YAML_START = re.compile(r"---|[{\[]\s*\"|[\w.-]+:(?:\s|$)")


class TextDraft(Draft):
    """A text to be looked at."""

    kind: str = Field(default="", max_length=20)
    text: str = Field(default="", max_length=LONGEST)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where; lines and columns count from 1."""

    line: int
    column: int
    text: str
    detail: str = ""
    """What the parser says of it, in its own words."""


async def check(actor: Actor, project_id: int, draft: TextDraft) -> dict[str, Any]:
    """Return what is wrong with a text; nothing is stored."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if draft.kind not in KINDS:
        raise Invalid("A text can be checked as yaml, json or ini.", field="kind", allowed=KINDS)
    found = await asyncio.to_thread(faults, draft.kind, draft.text)
    return {"faults": [asdict(one) for one in found]}


def faults(kind: str, text: str) -> list[Fault]:
    """Return the faults of a text, the first one first."""
    if not text.strip():
        return []
    look = {"yaml": _yaml, "json": _json, "ini": _ini}[kind]
    return list(look(text))


async def refuse(kind: str, text: str, *, field: str) -> None:
    """Raise `Invalid` with line and reason for a text that is not what it must be."""
    found = await asyncio.to_thread(faults, kind, text)
    if found:
        detail = f" ({found[0].detail})" if found[0].detail else ""
        raise Invalid(f"Line {found[0].line}: {found[0].text.removesuffix('.')}{detail}.", field=field)


def _yaml(text: str) -> Iterator[Fault]:
    # Events only: nothing is built from them, so that neither aliases nor depth can make a small text large.
    try:
        yield from _of_events(text)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        yield Fault(line, column, NO_YAML, " ".join(filter(None, (error.problem, error.context))))
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        yield Fault(before.count("\n") + 1, 1, NO_YAML, "there is a character that must not be in it")


def _of_events(text: str) -> Iterator[Fault]:
    known, depth = set[str](), 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark: Any = event.start_mark
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield Fault(mark.line + 1, mark.column + 1, NO_YAML, "it is nested too deeply")
            return
        name = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent) and name not in known:
            yield Fault(mark.line + 1, mark.column + 1, NO_YAML, f"nothing is called &{name} above")
        elif name:
            known.add(name)


def _json(text: str) -> Iterator[Fault]:
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        yield Fault(error.lineno, error.colno, NO_JSON, f"{error.msg[:1].lower()}{error.msg[1:]}")
    except ValueError as error:
        at = text.find(str(error))
        line = text.count("\n", 0, max(at, 0)) + 1
        yield Fault(line, 1, NO_JSON, f"it has no number {error}")
    except RecursionError:
        yield Fault(1, 1, NO_JSON, "it is nested too deeply")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _ini(text: str) -> Iterator[Fault]:
    """Read as Ansible does; it also takes YAML there, and then that is looked at."""
    lines = text.splitlines()
    first = next((line.strip() for line in lines if line.strip() and line.strip()[0] not in "#;"), "")
    if _YAML_START.match(first):
        yield from _yaml(text)
        return
    section = ""
    for number, line in enumerate(lines, 1):
        plain = line.strip()
        if not plain or plain[0] in "#;":
            continue
        column = len(line) - len(line.lstrip()) + 1
        if plain.startswith("["):
            found = _SECTION.fullmatch(plain)
            section = (found[2] or "hosts") if found else ""
            if found is None:
                yield Fault(number, column, GROUP)
            elif section not in {"hosts", "vars", "children"}:
                yield Fault(number, column, AFTER_GROUP, section)
        elif sentence := _line_fault(section, plain):
            yield Fault(number, column, sentence)


def _line_fault(section: str, plain: str) -> str:
    if section == "vars":
        return "" if "=" in plain else NO_VARIABLE
    try:
        words = shlex.split(plain, comments=True)
    except ValueError:
        return UNQUOTED
    if section == "children":
        return CROWDED if len(words) > 1 else ""
    return "" if all("=" in word for word in words[1:]) else AFTER_HOST
