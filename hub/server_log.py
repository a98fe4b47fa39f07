"""The log of servers and workers: one line for one message, whatever strangers wrote into it."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TypeAlias

import orjson

ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Name of the request that is being answered; empty outside of one."""

task_id: ContextVar[int | None] = ContextVar("task_id", default=None)
"""The task that is being run; None outside of one."""


def task_of(record: logging.LogRecord) -> int | None:
    """Return the task that a message names (`extra={"task_id": …}`), else the one that is being run."""
    named: int | None = getattr(record, "task_id", None)
    return task_id.get() if named is None else named


# Controls, what ends a line somewhere, and what turns the direction of text.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return the text with everything spelt out that could forge a line or steer a terminal."""
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Lines(logging.Formatter):
    """Time, level, place, request and message; what follows of an error is set in, so that it cannot pose as a line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line itself."""
        name, task = request_id.get(), task_of(record)
        about = " ".join([*([name] if name else ()), *([f"task {task}"] if task is not None else ())])
        return harmless(super().formatMessage(record)) + (f" [{about}]" if about else "")

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's own name
        """Return the traceback, each line set in."""
        return _set_in(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's own name
        """Return the stack, each line set in."""
        return _set_in(super().formatStack(stack_info))


class Objects(logging.Formatter):
    """One JSON object in each line, for programs that collect logs. Members that would be empty are left out."""

    def __init__(self, node: str = "") -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(),
            "request_id": request_id.get(), "task_id": task_of(record), "node": self._node,
            "error": self.formatException(record.exc_info) if record.exc_info else "",
            "stack": self.formatStack(record.stack_info) if record.stack_info else "",
        }  # fmt: skip
        told = {name: value for name, value in said.items() if value not in ("", None)}
        return orjson.dumps(told, default=str).decode("utf-8", "replace")


def formatter(kind: str, node: str = "") -> logging.Formatter:
    """Return what writes the log in this format: `json`, or text for people."""
    return Objects(node) if kind == "json" else Lines()


def _set_in(text: str) -> str:
    return "\n".join(f"  {harmless(line)}" for line in text.split("\n"))
