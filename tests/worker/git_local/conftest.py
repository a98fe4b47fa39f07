"""A worker's desk, a repository to check out, and the git processes that it costs."""

from __future__ import annotations

import pytest

from hub.testing.git_server import Repository
from hub.worker.git.command import Git

from .desk import Desk


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    await desk.mirrors.close()


@pytest.fixture
def repo(desk):
    repo = Repository(desk.sources / "repo")
    repo.commit("First", site__yml="one")
    return repo


@pytest.fixture
def started(monkeypatch):
    """The git processes that were started, by their arguments."""
    calls = []
    run = Git.run

    async def watched(self, arguments, call):
        calls.append(
            [word for word in arguments if not word.startswith("--git-dir") and not word.startswith("--work-tree")]
        )
        return await run(self, arguments, call)

    monkeypatch.setattr(Git, "run", watched)
    return calls
