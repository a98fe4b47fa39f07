"""Adds up the events of a run: what happened to each host, on each task, and what failed with which words.

The events come from a file that the task's own processes may write to, so nothing about them is taken for granted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

STATES: Final = ("ok", "changed", "skipped", "ignored", "failed", "unreachable")
"""What may become of a task on a host, from fine to worst. A cell holds its place here plus one; 0 is nothing."""

COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
"""Of a host, as Ansible's recap has them."""

MOST_HOSTS: Final = 5_000
MOST_CELLS: Final = 1_000_000
"""Hosts times tasks in the matrix; further tasks are counted and their failures told, but they have no row."""
MOST_TASKS: Final = 2_000
MOST_ERRORS: Final = 500
LONGEST_NAME: Final = 250
LONGEST_MESSAGE: Final = 1_000
LONGEST_LINE: Final = 32 * 1024

_RUN: Final = 8
"""A run of equal cells is one number: how many, times this, plus the state."""
_EQUAL: Final = re.compile(rb"(.)\1*", re.DOTALL)


@dataclass(slots=True)
class Host:
    """What happened to one host so far."""

    name: str
    counts: dict[str, int] = field(default_factory=dict)
    final: bool = False
    """The counts are Ansible's own."""
    seconds: float = 0.0
    diff: int = 0


@dataclass(slots=True)
class Step:
    """One task of the playbook."""

    name: str
    action: str
    play: int
    start: float
    end: float
    handler: bool = False
    diff: int = 0
    slowest: tuple[int, float] = (-1, 0.0)
    """Number of the host that took longest, and its seconds."""
    cells: bytearray = field(default_factory=bytearray)
    """State by number of the host."""
    row: dict[str, Any] | None = None
    """As it was returned last; None when it has changed since."""


@dataclass(slots=True)
class Tally:
    """All that is known of a run. `hosts`, `tasks` and `errors` return what is to be stored."""

    plays: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""
    ended: bool = False
    refused: str = ""
    """The host that was one more than allowed."""
    _hosts: dict[str, Host] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _steps: dict[int, Step] = field(default_factory=dict)
    _errors: list[dict[str, Any]] = field(default_factory=list)
    _facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Told since they were taken last."""
    _more_hosts: int = 0
    _more_tasks: int = 0
    _more_errors: int = 0

    @property
    def touched(self) -> int:
        """Return on how many hosts anything was done."""
        return len(self._hosts)

    def read(self, lines: Iterable[bytes]) -> None:
        """Take whole lines; what makes no sense is passed over."""
        for line in lines:
            if len(line) > LONGEST_LINE:
                continue
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        at = _number(event.get("at"))
        match event.get("event"):
            case "task":
                self._begin(event, at)
            case "result":
                self._result(event, at)
            case "item":
                self._fail(event, at, "failed")
            case "host":
                self._recap(event)
            case "facts" if len(self._facts) < MOST_HOSTS and isinstance(event.get("facts"), dict):
                self._facts[_text(event.get("host"))] = event["facts"]
            case turn:
                self._turn(turn, event)

    def _turn(self, turn: object, event: Mapping[str, Any]) -> None:
        """Take what concerns the run as a whole."""
        match turn:
            case "start":
                self.version = _text(event.get("version"), 50)
            case "play" if len(self.plays) < MOST_TASKS:
                self.plays.append({"name": _text(event.get("name")), "hosts": True})
            case "nobody" if self.plays:
                self.plays[-1]["hosts"] = False
            case "too_many":
                self.refused = _text(event.get("host"))
            case "end":
                self.ended = True

    def _begin(self, event: Mapping[str, Any], at: float) -> None:
        number = _whole(event.get("task"))
        if number in self._steps:
            return
        if len(self._steps) >= MOST_TASKS:
            self._more_tasks += 1
            return
        self._steps[number] = Step(
            _text(event.get("name")), _text(event.get("action")), max(0, len(self.plays) - 1), at, at,
            handler=event.get("handler") is True,
        )  # fmt: skip

    def _host(self, name: Any) -> Host | None:
        text = _text(name)
        found = self._hosts.get(text)
        if found is None and text:
            if len(self._hosts) >= MOST_HOSTS:
                self._more_hosts += 1
                return None
            found = self._hosts[text] = Host(text)
            self._numbers[text] = len(self._numbers)
        return found

    def _result(self, event: Mapping[str, Any], at: float) -> None:
        state, host = event.get("state"), self._host(event.get("host"))
        if host is None or state not in STATES:
            return
        for name in _counted(state, event):
            host.counts[name] = host.counts.get(name, 0) + 1
        seconds, diff = _number(event.get("seconds")), _whole(event.get("diff"))
        host.seconds += seconds
        host.diff += diff
        step = self._steps.get(_whole(event.get("task")))
        if step is not None:
            step.row = None
            step.end = max(step.end, at)
            step.diff += diff
            number = self._numbers[host.name]
            if seconds > step.slowest[1]:
                step.slowest = (number, seconds)
            if len(step.cells) <= number:
                step.cells.extend(bytes(number + 1 - len(step.cells)))
            step.cells[number] = max(step.cells[number], STATES.index(state) + 1)
        if "message" in event:
            self._fail(event, at, state)

    def _fail(self, event: Mapping[str, Any], at: float, state: str) -> None:
        if len(self._errors) >= MOST_ERRORS:
            self._more_errors += 1
            return
        number = _whole(event.get("task"))
        step = self._steps.get(number)
        error: dict[str, Any] = {
            "host": _text(event.get("host")),
            "task": step.name if step else "",
            "error": _text(event.get("message"), LONGEST_MESSAGE),
            "number": number,
            "state": state,
            "at": at,
        }
        if event.get("item"):
            error["item"] = _text(event["item"])
        self._errors.append(error)

    def _recap(self, event: Mapping[str, Any]) -> None:
        host, counts = self._host(event.get("host")), event.get("counts")
        if host is not None and isinstance(counts, dict):
            host.counts = {name: _whole(counts.get(name)) for name in COUNTS}
            host.final = True

    def take_facts(self) -> dict[str, dict[str, Any]]:
        """Return what hosts told of themselves since this was asked last."""
        taken, self._facts = self._facts, {}
        return {host: facts for host, facts in taken.items() if host}

    def ending(self) -> str:
        """Return what went wrong on how many hosts; empty text when Ansible has not come to its own end."""
        if self.refused:
            return (
                f"It was ended before it touched the host {self.refused}, which was added while it ran: its template "
                "allows no more hosts."
            )
        if not self.ended:
            return ""
        failed = [host.name for host in self._hosts.values() if host.counts.get("failed")]
        lost = [host.name for host in self._hosts.values() if host.counts.get("unreachable")]
        return " ".join(part for part in (_failed(failed), _lost(lost)) if part)

    def hosts(self) -> dict[str, Any]:
        """Return the recap: of each host what counts, how long it took, how many lines of files it changed."""
        rows = []
        for host in self._hosts.values():
            row: dict[str, Any] = {"host": host.name} | {name: count for name, count in host.counts.items() if count}
            if host.seconds:
                row["seconds"] = round(host.seconds, 1)
            if host.diff:
                row["diff"] = host.diff
            rows.append(row)
        return {"hosts": rows, "left_out": self._more_hosts, "ended": self.ended}

    def tasks(self) -> dict[str, Any]:
        """Return the matrix: of each task a row of cells, one for each host in the order of the recap."""
        rows, cells, left_out = [], 0, self._more_tasks
        for number, step in self._steps.items():
            cells += len(self._hosts)
            if cells > MOST_CELLS:
                left_out += 1
                continue
            if step.row is None:
                step.row = _row(number, step)
            rows.append(step.row)
        return {"plays": self.plays, "tasks": rows, "left_out": left_out, "version": self.version}

    def errors(self) -> dict[str, Any]:
        """Return what failed, in its order."""
        return {"errors": list(self._errors), "left_out": self._more_errors}


def _failed(names: list[str]) -> str:
    """Tell of one host by its name, of several by their number."""
    if len(names) == 1:
        return f"Tasks failed on {names[0]}."
    return f"Tasks failed on {len(names)} hosts." if names else ""


def _lost(names: list[str]) -> str:
    if len(names) == 1:
        return f"The host {names[0]} could not be reached."
    return f"{len(names)} hosts could not be reached." if names else ""


def _row(number: int, step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": number, "name": step.name, "action": step.action, "play": step.play,
        "start": round(step.start, 1), "seconds": round(max(0.0, step.end - step.start), 1), "cells": runs(step.cells),
    }  # fmt: skip
    if step.handler:
        row["handler"] = True
    if step.diff:
        row["diff"] = step.diff
    if step.slowest[0] >= 0:
        row["slowest"] = [step.slowest[0], round(step.slowest[1], 1)]
    return row


def runs(cells: bytes | bytearray) -> list[int]:
    """Return runs of equal cells, each as one number."""
    return [len(run[0]) * _RUN + run[0][0] for run in _EQUAL.finditer(cells)]


def _counted(state: str, event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what Ansible counts for a result, before it has told the counts itself."""
    if state == "changed":
        return ("ok", "changed")
    return ("ok", "ignored") if state == "ignored" else (state,)


def _text(value: Any, longest: int = LONGEST_NAME) -> str:
    return value[:longest] if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    """Return a whole number that is not negative and not absurd."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else 0


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11 else 0.0
