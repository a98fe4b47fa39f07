"""Makes a venv work under another path than the one it was made at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HEAD: Final = b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")"/python "$0" "$@"
' '''
"""
"""For the shell, a command that starts the interpreter beside the script; for Python, a text that does nothing."""
_LONGEST_SCRIPT: Final = 1 << 20


def relocate(folder: Path) -> None:
    """Let programs in `bin` find the interpreter beside them, and remove those that only work at the old path."""
    programs = folder / "bin"
    old = bytes(programs) + b"/"
    for entry in programs.iterdir():
        if entry.is_symlink() or not entry.is_file() or entry.stat().st_size > _LONGEST_SCRIPT:
            continue
        if entry.name.lower().startswith("activate"):
            entry.unlink()
            continue
        text = entry.read_bytes()
        first, _, rest = text.partition(b"\n")
        if first.startswith(b"#!" + old):
            entry.write_bytes(_HEAD + rest)
        elif first == b"#!/bin/sh" and rest.startswith(b"'''exec' " + old):
            # What pip writes where the path is too long for the system.
            entry.write_bytes(_HEAD + rest.split(b"\n", 2)[2])
