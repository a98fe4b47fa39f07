"""Starts a program under limits of its own, and as another user where that is wanted.

Run as a file of its own, by a Python that loads nothing: limits have to be set between the fork and the program, where
code of a large process with threads must not run.
"""

from __future__ import annotations

import json
import os
import resource
import sys

REFUSED = 126
"""Exit code when the program could not be run; the shell's."""
_LAST_SECONDS = 5
"""Of processor time, between the signal that tells of the limit and the one that nobody survives."""
MISSING = 127
"""Exit code when there is no such program; the shell's."""


def main(arguments: list[str]) -> int:
    """Take what to set as JSON, then the program with its arguments."""
    asked = json.loads(arguments[0])
    for name, value in asked["limits"].items():
        number = getattr(resource, name, None)
        if number is None:
            continue  # this system does not know of it
        _, hard = resource.getrlimit(number)
        last = value + _LAST_SECONDS if name == "RLIMIT_CPU" else value
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(number, (min(value, last), last))
    if asked["user"]:
        uid, gid = asked["user"]
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    try:
        os.execvp(arguments[1], arguments[1:])  # noqa: S606 - no shell is what is wanted here
    except OSError as error:
        sys.stderr.write(f"The program {arguments[1]!r} could not be started: {error.strerror}.\n")
        return MISSING if isinstance(error, FileNotFoundError) else REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
