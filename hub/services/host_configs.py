"""Host configurations: which key to use for a host, or for addresses that begin with a URL.

The mappings and their rules are here; `git_mappings` says what they cover, and a worker's git asks that.
"""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from pydantic import Field

from hub.context import Hub
from hub.db import exclusive
from hub.errors import Invalid, NotFound
from hub.models import HostConfig, Key
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown

_WHAT: Final = "mapping"
_HOST: Final = re.compile(
    r"(?=.{1,253}\.?$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?"
)
_URL: Final = re.compile(r"[A-Za-z0-9._~:/\[\]@!$&()*+,;=%?#-]+")
_URL_KEYS: Final = ("ssh", "login_password")


class HostConfigDraft(Draft):
    """The wire's body of a mapping."""

    id: Id = 0
    project_id: Id = 0
    type: str = Field(default="", max_length=50)
    host: str = Field(default="", max_length=500)
    ssh_key_id: Id = 0


LISTING = Listing(
    HostConfig,
    columns={"id": "id", "type": "type", "host": "host", "ssh_key_id": "ssh_key_id"},
    default="host",
    searched=("host",),
    words=("type",),
)


async def list_host_configs(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Mappings of a project, by host."""
    grant = await require(actor, project_id)
    query = HostConfig.filter(project_id=project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "host_config"))
    return found.shaped(lambda one: shown(grant, "host_config", _wire(one)))


async def get_host_config(actor: Actor, project_id: int, host_config_id: int) -> dict[str, Any]:
    """One mapping."""
    grant = await require(actor, project_id)
    return shown(grant, "host_config", _wire(await find(HostConfig, project_id, host_config_id, _WHAT)))


async def create_host_config(hub: Hub, actor: Actor, project_id: int, draft: HostConfigDraft) -> dict[str, Any]:
    """Add a mapping."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    host = _checked_host(draft)

    async def work() -> HostConfig:
        await _refuse_double(project_id, draft.type, host, but=0)
        key_id = await _checked_key(project_id, draft, host)
        made = await HostConfig.create(project_id=project_id, type=draft.type, host=host, ssh_key_id=key_id)
        await _tell(hub, actor, made, "created")
        return made

    return _wire(await store(work))


async def update_host_config(
    hub: Hub, actor: Actor, project_id: int, host_config_id: int, draft: HostConfigDraft
) -> None:  # fmt: skip
    """Replace a mapping."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, host_config_id, "Host config")
    same_project(draft.project_id, project_id)

    async def work() -> None:
        found = await find(HostConfig, project_id, host_config_id, _WHAT)
        host = _checked_host(draft)
        await _refuse_double(project_id, draft.type, host, but=found.id)
        found.type, found.host = draft.type, host
        found.ssh_key_id = await _checked_key(project_id, draft, host)
        await found.save()
        await _tell(hub, actor, found, "updated")

    await store(work)


async def delete_host_config(hub: Hub, actor: Actor, project_id: int, host_config_id: int) -> None:
    """Delete a mapping; its key stays."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        found = await find(HostConfig, project_id, host_config_id, _WHAT)
        await found.delete()
        await _tell(hub, actor, found, "deleted")

    await store(work)


def _refuse(text: str, field: str = "host") -> NoReturn:
    raise Invalid(text, field=field)


def _checked_host(draft: HostConfigDraft) -> str:
    """Return the host or URL without spaces around it. Raises `Invalid` in the words of the wire."""
    if draft.type not in {"host", "url"}:
        _refuse("unsupported mapping type", "type")
    host = draft.host.strip()
    if not host:
        _refuse("host or URL can not be empty")
    if draft.type == "host":
        if not _HOST.fullmatch(host):
            _refuse("host must be a host name")
        return host
    return _checked_url(host)


def _checked_url(text: str) -> str:
    if not text.lower().startswith(("http://", "https://")):
        _refuse("URL must start with http:// or https://")
    if not _URL.fullmatch(text):
        _refuse("URL contains invalid characters")
    try:
        parts = urlsplit(text)
        place, port = parts.hostname or "", parts.port
    except ValueError:
        _refuse("URL must be a git URL")
    if "@" in parts.netloc:
        _refuse("URL must not contain credentials")
    if not _HOST.fullmatch(place) or port == 0 or parts.query or parts.fragment or ".." in parts.path.split("/"):
        _refuse("URL must be a git URL")
    return text


async def _refuse_double(project_id: int, type_: str, host: str, *, but: int) -> None:
    """Names of hosts are the same in any case, so the constraint of the table alone would not do."""
    await exclusive(f"host_configs {project_id}")
    if type_ == "host":
        query = HostConfig.filter(project_id=project_id, type=type_, host__iexact=host)
    else:
        query = HostConfig.filter(project_id=project_id, type=type_, host=host)
    if await query.exclude(id=but).exists():
        _refuse(f"a mapping for {host} already exists")


async def _checked_key(project_id: int, draft: HostConfigDraft, host: str) -> int:
    needed = "a host mapping needs an SSH key"
    if draft.type == "url":
        needed = "a URL mapping needs an SSH key or a login/password credential"
    if not draft.ssh_key_id:
        _refuse(needed, "ssh_key_id")
    key = await Key.get_or_none(id=draft.ssh_key_id, project_id=project_id, owner="")
    if key is None:
        raise NotFound("There is no such key in this project.")
    if key.type not in (_URL_KEYS if draft.type == "url" else ("ssh",)):
        _refuse(needed, "ssh_key_id")
    if key.type == "login_password" and not host.lower().startswith("https://"):
        _refuse("a login/password credential can only be used with an https URL", "ssh_key_id")
    return key.id


async def _tell(hub: Hub, actor: Actor, one: HostConfig, verb: str) -> None:
    await events.record(hub, actor, "host_config", one.id, f"Mapping for {one.host} {verb}", project_id=one.project_id)
    await events.announce(hub, actor, f"host_config.{verb}", one.id, one.project_id)


def _wire(one: HostConfig) -> dict[str, Any]:
    return {
        "id": one.id,
        "project_id": one.project_id,
        "type": one.type,
        "host": one.host,
        "ssh_key_id": one.ssh_key_id,
    }
