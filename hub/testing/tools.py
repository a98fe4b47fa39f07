"""Tools that a test needs: skipped without them on a laptop, a failure in CI."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def need_tool(*names: str) -> str:
    """Return the path of the first of these programs that is there; skip the test, or fail it in CI, without one."""
    beside = str(Path(sys.executable).parent)  # where pip puts the programs of this environment
    places = os.pathsep.join([beside, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    for name in names:
        found = shutil.which(name, path=places)
        if found:
            return str(Path(found))
    missing(f"needs {' or '.join(names)} on this machine")
    raise AssertionError("unreachable")


def missing(reason: str) -> None:
    """Skip for a missing tool; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI must install it")
    pytest.skip(reason)
