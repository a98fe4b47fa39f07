"""Versions of build tasks."""

from __future__ import annotations

import re


def next_version(start: str, last: str | None) -> str:
    """Return the version after `last` in the series that begins with `start`.

    The last group of digits counts up; prefix and suffix must stay. A `last` of another series begins anew. The rule is
    the wire's: the number is at least that of `start`.
    """
    shape = _split(start)
    if last is None or shape is None:
        return start
    prefix, number, suffix = shape
    found = re.fullmatch(re.escape(prefix) + r"(\d+)" + re.escape(suffix), last, re.ASCII)
    if found is None:
        return start
    return f"{prefix}{max(number, int(found.group(1)) + 1)}{suffix}"


def _split(version: str) -> tuple[str, int, str] | None:
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", version, re.DOTALL | re.ASCII)
    return (found.group(1), int(found.group(2)), found.group(3)) if found else None
