"""A `TaskIO` for tests that really runs programs, and otherwise records like `RecordingIO`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.plugin import Completed
from hub.testing.recording import Call, RecordingIO


@dataclass(slots=True)
class RunningIO(RecordingIO):
    """Runs programs in `checkout`, in the environment `base` and what a call lays over it; answers do not count."""

    base: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ.get("PATH", os.defpath)})
    """The environment of the task's programs."""
    output: str = field(default="", init=False)
    """What went to the log: all that programs printed, but for what `capture` returned."""

    def environment(self) -> Mapping[str, str]:
        return dict(self.base)

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        done = await self._really(Call(argv, dict(env or {}), cwd or self.checkout))
        self.output += done.output
        return done.code

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        return await self._really(Call(argv, dict(env or {}), cwd or self.checkout, captured=True))

    async def _really(self, call: Call) -> Completed:
        self.calls.append(call)
        process = await asyncio.create_subprocess_exec(
            *call.argv,
            env={**self.base, **call.env},
            cwd=call.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if call.captured else asyncio.subprocess.STDOUT,
        )
        out, err = await process.communicate()
        self.output += (err or b"").decode()
        return Completed(process.returncode or 0, out.decode())
