"""From the address of a repository to a first template: sensible names, and all of it or nothing."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import unit
from hub.errors import Invalid
from hub.services import apps, inventories, keys, repositories, templates
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.contents import LookDraft, look_at, none_key
from hub.services.draft import Draft
from hub.services.inventories import InventoryDraft
from hub.services.key_pairs import PairDraft, generate_key
from hub.services.keys import KeyDraft
from hub.services.repositories import RepositoryDraft
from hub.services.template_drafts import TemplateDraft

LOCAL: Final = "local"
PASTED: Final = "paste"
FILE: Final = "file"
_LOCALHOST: Final = (
    '[local]\nlocalhost ansible_connection=local ansible_python_interpreter="{{ ansible_playbook_python }}"\n'
)


class Chosen(Draft):
    """What of a repository is to be run, and on which hosts."""

    repository_id: Id = 0
    app: str = Field(default="", max_length=50)
    path: str = Field(default="", max_length=255)
    name: str = Field(default="", max_length=100)
    inventory_id: Id = 0
    """One that is there already."""
    hosts: str = Field(default="", max_length=20)
    """`local`, `paste` or `file` for a new inventory; empty for none."""
    text: str = ""
    """The hosts, or the path of the file that lists them."""


async def add_repository(hub: Hub, actor: Actor, project_id: int, draft: LookDraft) -> dict[str, Any]:
    """Look into a repository, and add it when that goes well. Raises `Invalid`, or `Unavailable` with the reason."""
    found = await look_at(hub, actor, project_id, draft)
    key_id = draft.ssh_key_id or await none_key(project_id)
    known = await repositories.list_repositories(actor, project_id)
    for one in known:  # somebody who comes back to this step goes on with what is there
        if (one["git_url"], one["git_branch"], one["ssh_key_id"]) == (draft.git_url, found["branch"], key_id):
            return one
    name = fresh(repository_name(draft.git_url), {str(one["name"]) for one in known})
    return await repositories.create_repository(
        hub, actor, project_id,
        RepositoryDraft(
            name=name, git_url=draft.git_url, git_branch=found["branch"] or draft.git_branch,
            ssh_key_id=key_id,
        ),
    )  # fmt: skip


async def make_key_pair(hub: Hub, actor: Actor, project_id: int, url: str) -> dict[str, Any]:
    """Add a new SSH key; its public half belongs at the server of the repository."""
    taken = {str(one["name"]) for one in await keys.list_keys(actor, project_id)}
    return await generate_key(hub, actor, project_id, PairDraft(name=fresh(repository_name(url), taken)))


async def add_key(
    hub: Hub, actor: Actor, project_id: int, url: str, kind: str, secret: dict[str, str]
) -> dict[str, Any]:  # fmt: skip
    """Add a key for a repository, named after it."""
    taken = {str(one["name"]) for one in await keys.list_keys(actor, project_id)}
    name = fresh(repository_name(url), taken)
    return await keys.create_key(hub, actor, project_id, KeyDraft.read({"name": name, "type": kind, kind: secret}))


async def make_template(hub: Hub, actor: Actor, project_id: int, chosen: Chosen) -> dict[str, Any]:
    """Add the template, and the inventory where a new one is wanted; nothing is left of what is refused."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if not chosen.path and chosen.app:
        raise Invalid("Choose what to run.", field="path")
    executor = await apps.usable(hub, chosen.app)

    async def work() -> dict[str, Any]:
        able = executor.capabilities
        inventory_id = chosen.inventory_id if able.needs_inventory else 0
        if able.needs_inventory and chosen.hosts:
            inventory_id = await _inventory(hub, actor, project_id, chosen)
        draft = TemplateDraft(
            name=chosen.name or template_name(chosen.path), app=chosen.app, repository_id=chosen.repository_id,
            playbook="" if chosen.path == "." else chosen.path, inventory_id=inventory_id or None,
        )  # fmt: skip
        return await templates.create_template(hub, actor, project_id, draft)

    return await unit(work)


async def _inventory(hub: Hub, actor: Actor, project_id: int, chosen: Chosen) -> int:
    if chosen.hosts == FILE:
        name, kind, text, repository = chosen.text, "file", chosen.text, chosen.repository_id
    elif chosen.hosts == PASTED:
        if not chosen.text.strip():
            raise Invalid("Write down at least one host.", field="text")
        name, kind, text, repository = "Hosts", "static", chosen.text, None
    elif chosen.hosts == LOCAL:
        name, kind, text, repository = "This machine", "static", _LOCALHOST, None
    else:
        raise Invalid("Choose the hosts to run on.", field="hosts")
    for one in await inventories.list_inventories(hub, actor, project_id):
        if (one["type"], one["inventory"], one["repository_id"]) == (kind, text, repository):
            return int(one["id"])  # made by an earlier pass through these steps
    draft = InventoryDraft(name=name[:255], type=kind, inventory=text, repository_id=repository)
    return int((await inventories.create_inventory(hub, actor, project_id, draft))["id"])


def repository_name(url: str) -> str:
    """Return the last word of an address: `web` of `git@example.com:ops/web.git`."""
    last = re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")
    return last[:100] or "repository"


def template_name(path: str) -> str:
    """Return a name for what a path leads to: `Deploy app` of `plays/deploy_app.yml`."""
    words = re.sub(r"[_\s.-]+", " ", PurePosixPath(path).stem).strip()
    return (words[:1].upper() + words[1:])[:100] or "Run"


def fresh(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it where it is taken."""
    return next(one for one in (name, *(f"{name} {n}" for n in range(2, len(taken) + 3))) if one not in taken)
