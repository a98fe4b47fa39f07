"""Backing a project up, restoring it as a new one or into one that is there, and copying it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import Field

from hub.context import Hub
from hub.db import exclusive, hold_still, transaction, unit
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Membership, Project
from hub.services import events, known_hosts, projects
from hub.services.access import EVERYTHING, MANAGE_RESOURCES, MANAGE_USERS, UPDATE_PROJECT, require
from hub.services.actor import Actor
from hub.services.backup import document as documents
from hub.services.backup import opened as secrets
from hub.services.backup.document import Document
from hub.services.backup.locked import check_passphrase
from hub.services.backup.merge import Report, merge
from hub.services.backup.opened import Opened
from hub.services.backup.param_keys import name_keys
from hub.services.backup.picture import Picture, take
from hub.services.draft import Draft, refuse_unfit
from hub.services.known_hosts import PolicyDraft
from hub.services.projects import ProjectDraft
from hub.services.retention import MEMBERS

T = TypeVar("T")

RESTORES = UPDATE_PROJECT | MANAGE_RESOURCES | MANAGE_USERS
"""Bits that a document can make use of: it may change the project, its things and its roles."""


class BackupDraft(Draft):
    """Body of a backup with secrets."""

    passphrase: str = Field(default="", repr=False)


class CopyDraft(Draft):
    """Body of a copy."""

    name: str = Field(default="", max_length=255)
    secrets: bool = False


class RestoreDraft(Draft):
    """A document with what belongs beside it; a document alone is taken as well."""

    backup: dict[str, Any] | None = None
    name: str = Field(default="", max_length=255)
    passphrase: str = Field(default="", repr=False)


class _Undone(Exception):
    """Ends a unit that was only to be tried."""


async def _picture(hub: Hub, project_id: int) -> Picture:
    return await name_keys(hub, await take(project_id))


async def backup(hub: Hub, actor: Actor, project_id: int) -> dict[str, Any]:
    """Return a project as a document, without secrets."""
    await require(actor, project_id, MANAGE_RESOURCES)
    async with transaction():
        await hold_still()
        return (await _picture(hub, project_id)).document().shape()


async def backup_with_secrets(hub: Hub, actor: Actor, project_id: int, draft: BackupDraft) -> dict[str, Any]:
    """Return a project as a document with its secrets, locked; for those who may do everything in it."""
    await require(actor, project_id, EVERYTHING)
    check_passphrase(draft.passphrase)

    async def work() -> tuple[Picture, Opened]:
        await hold_still()
        picture = await _picture(hub, project_id)
        text = "Backup with secrets made"
        await events.record(hub, actor, "project", project_id, text, project_id=project_id)
        await events.announce(hub, actor, "project.secrets_exported", project_id, project_id)
        return picture, await secrets.read(hub, picture)

    picture, opened = await unit(work)
    document = picture.document()
    await secrets.lock(document, opened, draft.passphrase)
    return document.shape()


async def restore(hub: Hub, actor: Actor, body: Any, *, dry_run: bool = False) -> dict[str, Any]:
    """Make a project of a document, all or nothing; return it, or with `dry_run` what would become of it."""
    _require_creator(hub, actor)
    document, opened, name = await _opened(body)

    async def work() -> tuple[dict[str, Any], Report]:
        return await _make(hub, actor, document, opened, name)

    if dry_run:
        return (await tried(work))[1].shape() | {"name": name}
    return (await unit(work))[0]


async def restore_into(
    hub: Hub, actor: Actor, project_id: int, body: Any, *, dry_run: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Put a document into a project that is there; return what changed, or with `dry_run` what would."""
    await require(actor, project_id, RESTORES)
    document, opened, name = await _opened(body)

    async def work() -> Report:
        await exclusive(f"restore {project_id}")
        before = await _picture(hub, project_id)
        report = await merge(hub, actor, before, document, opened)
        await _settings(hub, actor, before, document)
        await events.record(hub, actor, "project", project_id, "Backup restored", project_id=project_id)
        return report

    report = await tried(work) if dry_run else await unit(work)
    return report.shape() | {"name": name}


async def copy(hub: Hub, actor: Actor, project_id: int, draft: CopyDraft) -> dict[str, Any]:
    """Make another project like this one; with its secrets for those who may do everything in it."""
    await require(actor, project_id, EVERYTHING if draft.secrets else MANAGE_RESOURCES)
    _require_creator(hub, actor)

    async def work() -> dict[str, Any]:
        await hold_still()
        picture = await _picture(hub, project_id)
        opened = await secrets.read(hub, picture) if draft.secrets else Opened()
        document = picture.document()
        name = draft.name.strip() or await _free_name(picture.project.name)
        made, _ = await _make(hub, actor, document, opened, name)
        text = f"Project copied as {name}" + (" with its secrets" if draft.secrets else "")
        await events.record(hub, actor, "project", project_id, text, project_id=project_id)
        return made

    return await unit(work)


def _require_creator(hub: Hub, actor: Actor) -> None:
    projects.require_creator(hub, actor)
    if actor.project_id is not None:
        raise Forbidden("This token is for one project only.")


async def _opened(body: Any) -> tuple[Document, Opened, str]:
    refuse_unfit(body)
    wrapped = isinstance(body, Mapping) and "backup" in body
    draft = RestoreDraft.read(body) if wrapped else RestoreDraft()
    raw: Any = draft.backup if wrapped else body
    document = documents.read(raw)
    opened = await secrets.unlock(document, raw, draft.passphrase)
    return document, opened, draft.name.strip() or document.meta.name


async def _make(
    hub: Hub, actor: Actor, document: Document, opened: Opened, name: str
) -> tuple[dict[str, Any], Report]:  # fmt: skip
    if not name:
        raise Invalid("The backup does not say how the project is called.", field="meta.name")
    await exclusive("names of projects")
    if await Project.filter(name=name).exists():
        raise Invalid(f"project with name '{name}' already exists", field="name")
    meta = document.meta
    project = await Project.create(
        name=name, created=hub.clock(), alert=meta.alert, alert_chat=meta.alert_chat,
        max_parallel_tasks=meta.max_parallel_tasks, type=meta.type, **_kept(document),
    )  # fmt: skip
    if actor.user_id is not None:
        await Membership.create(project_id=project.id, user_id=actor.user_id, role="owner")
    report = await merge(hub, actor, Picture(project), document, opened)
    await _host_keys(hub, actor, project.id, document)
    await events.record(hub, actor, "project", project.id, "Project restored", project_id=project.id)
    await events.announce(hub, actor, "project.created", project.id, project.id)
    return projects.wire(project), report


async def _settings(hub: Hub, actor: Actor, before: Picture, document: Document) -> None:
    """Take over what the document says of the project itself, but for its name."""
    meta, known = document.meta.model_dump(), before.document().meta.model_dump()
    if not document.meta.model_fields_set or {**meta, "name": ""} == {**known, "name": ""}:
        return
    draft = ProjectDraft.read(meta | {"name": before.project.name})
    await projects.update_project(hub, actor, before.project.id, draft)
    await Project.filter(id=before.project.id).update(**_kept(document))
    await _host_keys(hub, actor, before.project.id, document)


async def _host_keys(hub: Hub, actor: Actor, project_id: int, document: Document) -> None:
    """Take over the policy; a document that names none changes none, so that nobody is less careful by accident."""
    if document.meta.host_keys:
        await known_hosts.set_policy(hub, actor, project_id, PolicyDraft(policy=document.meta.host_keys))


def _kept(document: Document) -> dict[str, Any]:
    return document.meta.model_dump(include=set(MEMBERS))


async def _free_name(name: str) -> str:
    taken = {str(one) for one in await Project.all().values_list("name", flat=True)}
    for number in range(2, 1000):
        candidate = f"{name[:245]} ({number})"
        if candidate not in taken:
            return candidate
    raise Conflict("Choose a name for the copy.")


async def tried(work: Callable[[], Awaitable[T]]) -> T:
    """Do everything and undo it again, so that the answer is what would really happen."""
    done: list[T] = []

    async def try_it() -> None:
        done.append(await work())
        raise _Undone

    with contextlib.suppress(_Undone):
        await unit(try_it)
    return done[0]
