"""Working trees for tasks: keys of the key store made into git credentials, then one checkout each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import HubError, Invalid
from hub.plugin import Key, Material, RepositoryView, Stopped, TaskIO
from hub.services.git_mappings import Mapping
from hub.services.tasks.brief import RepositoryBrief
from hub.worker.door import Run
from hub.worker.git import Commit, Credential, GitStopped, Keyring, Mirrors, Wish
from hub.worker.git.keyring import Trust
from hub.worker.git.programs import furnish
from hub.worker.workspace import Folders


@dataclass(frozen=True, slots=True)
class Asked:
    """One wanted checkout."""

    repository: RepositoryBrief
    target: Path
    commit: str | None = None


async def check_out(
    mirrors: Mirrors, asked: Asked, keyring: Keyring, log: Callable[[str], Awaitable[None]], stop: asyncio.Event
) -> Commit:
    """Make the checkout. Raises `GitFailure` with the sentence that ends the task, `Stopped` when it was stopped."""
    wish = Wish(asked.repository.url, asked.repository.branch, asked.commit)
    try:
        return await mirrors.checkout(wish, asked.target, credential=keyring, log=log, stop=stop)
    except GitStopped:
        raise Stopped from None


async def check_out_code(mirrors: Mirrors, run: Run, io: TaskIO) -> RepositoryView:
    """Check out the repository of a run."""
    repository = run.brief.repository
    asked = Asked(repository, run.folders.checkout, run.brief.commit)
    commit = await _check_out(mirrors, asked, run, io)
    return RepositoryView(
        id=repository.id,
        name=repository.name,
        path=run.folders.checkout,
        branch=commit.branch,
        commit_hash=commit.hash,
        commit_message=commit.message,
    )


async def check_out_inventory(mirrors: Mirrors, run: Run, io: TaskIO) -> None:
    """Check out the repository that the inventory of a run has for itself, if it has one."""
    if run.brief.inventory and run.brief.inventory.repository:
        await _check_out(mirrors, Asked(run.brief.inventory.repository, run.folders.inventory_checkout), run, io)


async def _check_out(mirrors: Mirrors, asked: Asked, run: Run, io: TaskIO) -> Commit:
    keyring = await keyring_of(asked.repository.key_id, run.brief.mappings, io.key, run.trust)
    return await check_out(mirrors, asked, keyring, run.journal.line, run.halt.asked)


async def keyring_of(
    key_id: int, mappings: Sequence[Mapping], unlock: Callable[[Key], Awaitable[Material]], trust: Trust
) -> Keyring:  # fmt: skip
    """Return the keys for a repository: its own, and the mapped ones, made usable when one is needed."""

    async def use(mapped: int) -> Credential | None:
        return credential_of(await unlock(Key(mapped)))

    return Keyring(credential_of(await unlock(Key(key_id))), mappings, use, trust=trust)


async def lend(mappings: Sequence[Mapping], folders: Folders, io: TaskIO, trust: Trust) -> dict[str, str]:
    """Let the programs of a task use the mapped keys; one that cannot be used is told in the log and left out."""

    async def use(mapped: int) -> Credential | None:
        try:
            return credential_of(await io.key(Key(mapped)))
        except HubError as error:
            await io.log(f"The key of a host configuration is not used: {error}")
            return None

    return await furnish(Keyring(None, mappings, use, trust=trust), folders.home, folders.keys)


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
