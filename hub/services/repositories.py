"""Repositories of a project."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Key, Repository
from hub.services import events, git_address, questions, refs
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, remove, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.git_roots import local_roots
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown

IN_USE = "Repository is in use by one or more templates"


class RepositoryDraft(Draft):
    """The wire's body of a repository."""

    id: Id = 0
    name: str = Field(default="", max_length=255)
    project_id: Id = 0
    git_url: str = Field(default="", max_length=1000)
    git_branch: str = Field(default="", max_length=255)
    ssh_key_id: Id = 0


LISTING = Listing(
    Repository,
    columns={
        "id": "id",
        "name": "name",
        "git_url": "git_url",
        "git_branch": "git_branch",
        "ssh_key_id": "ssh_key_id",
        "ssh_key": "ssh_key__name",
    },
    searched=("name", "git_url", "git_branch"),
    ignores_sort=True,
)


async def list_repositories(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Repositories of a project, by name."""
    grant = await require(actor, project_id)
    query = Repository.filter(project_id=project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "repository"))
    return found.shaped(lambda one: shown(grant, "repository", _wire(one)))


async def get_repository(actor: Actor, project_id: int, repository_id: int) -> dict[str, Any]:
    """One repository."""
    grant = await require(actor, project_id)
    return shown(grant, "repository", _wire(await find(Repository, project_id, repository_id, "repository")))


async def repository_refs(actor: Actor, project_id: int, repository_id: int) -> refs.Refs:
    """What uses a repository."""
    await require(actor, project_id)
    await find(Repository, project_id, repository_id, "repository")
    return await refs.of_repository(project_id, repository_id)


async def branches(hub: Hub, actor: Actor, project_id: int, repository_id: int) -> list[str]:
    """Whole names of the branches of the remote, as a worker sees them. Raises `Unavailable`."""
    await require(actor, project_id)
    repository = await find(Repository, project_id, repository_id, "repository")
    return list(await questions.ask(hub, "branches", {"repository_id": repository.id}))


async def create_repository(hub: Hub, actor: Actor, project_id: int, draft: RepositoryDraft) -> dict[str, Any]:
    """Add a repository."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)

    async def work() -> Repository:
        repository = await Repository.create(project_id=project_id, **await _columns(hub, project_id, draft))
        await _tell(hub, actor, repository, "created")
        return repository

    return _wire(await store(work))


async def update_repository(
    hub: Hub, actor: Actor, project_id: int, repository_id: int, draft: RepositoryDraft
) -> None:  # fmt: skip
    """Replace a repository."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, repository_id, "Repository")
    same_project(draft.project_id, project_id)

    async def work() -> None:
        repository = await find(Repository, project_id, repository_id, "repository")
        repository.update_from_dict(await _columns(hub, project_id, draft))
        await repository.save()
        await _tell(hub, actor, repository, "updated")

    await store(work)


async def delete_repository(hub: Hub, actor: Actor, project_id: int, repository_id: int) -> None:
    """Delete a repository that nothing uses."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        repository = await find(Repository, project_id, repository_id, "repository")
        refs.refuse(IN_USE, await refs.of_repository(project_id, repository_id))
        await repository.delete()
        await _tell(hub, actor, repository, "deleted")

    await remove(work, IN_USE)


async def _columns(hub: Hub, project_id: int, draft: RepositoryDraft) -> dict[str, Any]:
    if not draft.ssh_key_id:
        raise NotFound("A repository needs a key; choose the key None for one that is public.", field="ssh_key_id")
    key_id = await refer(Key, project_id, draft.ssh_key_id, "ssh_key_id", missing=NotFound, owner="")
    if not draft.name:
        raise Invalid("repository name can't be empty", field="name")
    if not draft.git_url:
        raise Invalid("repository url can't be empty", field="git_url")
    git_address.parse(draft.git_url, local_roots=local_roots(hub.settings))
    if draft.git_branch:
        git_address.check_branch(draft.git_branch)
    elif git_address.kind_of(draft.git_url) != "local":
        raise Invalid("repository branch can't be empty", field="git_branch")
    return {"name": draft.name, "git_url": draft.git_url, "git_branch": draft.git_branch, "ssh_key_id": key_id}


async def _tell(hub: Hub, actor: Actor, repository: Repository, verb: str) -> None:
    await events.record(hub, actor, "repository", repository.id, f"Repository {repository.git_url} {verb}",
                        project_id=repository.project_id)  # fmt: skip
    await events.announce(hub, actor, f"repository.{verb}", repository.id, repository.project_id)


def _wire(repository: Repository) -> dict[str, Any]:
    return {
        "id": repository.id,
        "name": repository.name,
        "project_id": repository.project_id,
        "git_url": repository.git_url,
        "git_branch": repository.git_branch,
        "ssh_key_id": repository.ssh_key_id,
    }
