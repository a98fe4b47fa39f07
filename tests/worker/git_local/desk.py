"""A worker's mirrors, and what was said while they worked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hub.worker.git import Commit, Mirrors, Wish


class Desk:
    """A worker's mirrors, and what was said while they worked."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.sources = tmp_path / "sources"
        self.mirrors = Mirrors(tmp_path / "mirrors", local_roots=[self.sources])
        self.stop = asyncio.Event()
        self.said: list[str] = []
        self.count = 0

    async def log(self, text: str) -> None:
        self.said.append(text)

    def place(self) -> Path:
        self.count += 1
        return self.root / "tasks" / str(self.count) / "repository"

    async def checkout(self, url: str | Path, branch: str = "", commit: str | None = None) -> tuple[Commit, Path]:
        target = self.place()
        wish = Wish(str(url), branch, commit)
        return await self.mirrors.checkout(wish, target, credential=None, log=self.log, stop=self.stop), target

    def mirror(self) -> Path:
        (found,) = (self.root / "mirrors").glob("*.git")
        return found
