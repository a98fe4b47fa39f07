"""Working trees for tasks: keys of the key store made into git credentials, then one checkout each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hub.errors import Invalid
from hub.plugin import Material, Stopped
from hub.services.tasks.brief import RepositoryBrief
from hub.worker.git import Commit, Credential, GitStopped, Mirrors, Wish


@dataclass(frozen=True, slots=True)
class Asked:
    """One wanted checkout."""

    repository: RepositoryBrief
    target: Path
    commit: str | None = None


async def check_out(
    mirrors: Mirrors, asked: Asked, material: Material, log: Callable[[str], Awaitable[None]], stop: asyncio.Event
) -> Commit:
    """Make the checkout. Raises `GitFailure` with the sentence that ends the task, `Stopped` when it was stopped."""
    wish = Wish(asked.repository.url, asked.repository.branch, asked.commit)
    try:
        return await mirrors.checkout(wish, asked.target, credential=credential_of(material), log=log, stop=stop)
    except GitStopped:
        raise Stopped from None


def credential_of(material: Material) -> Credential | None:
    """Turn key material into what git takes; None for a key without secret. Raises `Invalid`."""
    if "SSH_AUTH_SOCK" in material.env:
        return Credential(login=material.login, agent_socket=Path(material.env["SSH_AUTH_SOCK"]))
    if "private_key" in material.files:
        return Credential(login=material.login, private_key=material.files["private_key"])
    if "password" in material.files:
        return Credential(login=material.login, password=material.files["password"].read_text("utf-8"))
    if material.files or material.env:
        raise Invalid("The key of this repository is of a type that git cannot use; choose an SSH key or a login.")
    return None
