"""An embedded hub pays neither time nor memory for Redis."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import hub.queue, hub.queue.memory, hub.bell, hub.bell.memory
print(sorted({name.partition(".")[0] for name in sys.modules} & {"arq", "redis", "hiredis"}))
"""


def test_the_twins_in_memory_load_neither_arq_nor_redis() -> None:
    answer = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
