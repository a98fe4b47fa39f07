"""Known hosts of a project: which keys of ssh servers its tasks and its git trust, and who said so. W-56."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import exclusive
from hub.errors import Conflict, Invalid
from hub.models import Event, KnownHost, Option
from hub.services import events, host_key_lessons, questions
from hub.services.access import MANAGE_RESOURCES, UPDATE_PROJECT, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import Draft, same_project
from hub.services.host_key_lessons import ASK, MOST, OPTION, POLICIES, elders, is_instead, tell
from hub.services.host_keys import AUTHORITY, REVOKED, HostKey, name_of, read_lines, read_shown, split_place
from hub.services.listing import WHOLE, Asked, Listing, Page

_WHAT: Final = "known host"
_PORT: Final = 22
_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.:%-]{0,229}", re.ASCII)


class KnownHostDraft(Draft):
    """Lines of a known_hosts file: names with their keys, and authorities (`@cert-authority`).

    They are trusted, unless `trusted` is false: then they wait for approval.
    """

    project_id: Id = 0
    lines: str = Field(default="", max_length=200_000)
    trusted: bool = True


class ScanDraft(Draft):
    """A server whose keys a worker fetches; they wait for approval."""

    host: str = ""
    port: int = Field(default=_PORT, ge=1, le=65535)


class ApprovalDraft(Draft):
    """With `replace`, the other keys of this very host are forgotten."""

    replace: bool = False


class PolicyDraft(Draft):
    """`first_use`, `ask` or `off`; empty for the hub's own choice."""

    policy: str = ""


LISTING = Listing(
    KnownHost,
    columns={
        "id": "id", "host": "host", "key_type": "key_type", "fingerprint": "fingerprint", "trusted": "trusted",
        "created": "created",
    },
    default="host",
    searched=("host", "fingerprint"),
    words=("key_type",),
)  # fmt: skip


async def list_known_hosts(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Known hosts of a project, by name."""
    await require(actor, project_id)
    page = await LISTING.rows(KnownHost.filter(project_id=project_id), asked)
    return page.of(await _shapes(project_id, list(page)))


async def get_known_host(actor: Actor, project_id: int, known_host_id: int) -> dict[str, Any]:
    """One known host."""
    await require(actor, project_id)
    return (await _shapes(project_id, [await find(KnownHost, project_id, known_host_id, _WHAT)]))[0]


async def add_known_hosts(hub: Hub, actor: Actor, project_id: int, draft: KnownHostDraft) -> list[dict[str, Any]]:
    """Trust the keys of pasted lines; a key that waited for approval is approved."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    keys = await asyncio.to_thread(read_lines, draft.lines)

    async def work() -> list[KnownHost]:
        await exclusive(f"known_hosts {project_id}")
        return [await put(hub, actor, project_id, key, trusted=draft.trusted) for key in keys]

    return await _shapes(project_id, await store(work))


async def put(hub: Hub, actor: Actor, project_id: int, key: HostKey, *, trusted: bool) -> KnownHost:
    """Store one key, or decide anew about it, in the unit under way."""
    trusted = trusted and key.marker != REVOKED
    places = {key.place, key.host, f"{REVOKED} {key.host}"} if key.marker != AUTHORITY else {key.place}
    row = await KnownHost.filter(project_id=project_id, host__in=places, fingerprint=key.fingerprint).first()
    if row is not None and (row.host, row.trusted) == (key.place, trusted):
        return row
    if row is None:
        if await KnownHost.filter(project_id=project_id).count() >= MOST:
            raise Conflict(f"A project has at most {MOST} known hosts. Delete some that are gone.")
        row = KnownHost(project_id=project_id, key_type=key.type, key=key.key, fingerprint=key.fingerprint)
        row.created = hub.clock()
    row.host, row.trusted = key.place, trusted
    await row.save()
    verb = "revoked" if key.marker == REVOKED else "approved" if trusted else "pending"
    await tell(hub, actor, row, verb, {"pending": "waits for approval"}.get(verb, verb))
    return row


async def approve(hub: Hub, actor: Actor, project_id: int, known_host_id: int, draft: ApprovalDraft) -> None:
    """Trust a key."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        await exclusive(f"known_hosts {project_id}")
        row = await find(KnownHost, project_id, known_host_id, _WHAT)
        marker, host = split_place(row.host)
        if marker == REVOKED:
            await _refuse_double(row, host)
            row.host = host
        row.trusted = True
        await row.save()
        await tell(hub, actor, row, "approved", "approved")
        if draft.replace and marker != AUTHORITY:
            for old in await KnownHost.filter(project_id=project_id, host=host, trusted=True).exclude(id=row.id):
                await old.delete()
                await tell(hub, actor, old, "deleted", "replaced by another one")

    await store(work)


async def revoke(hub: Hub, actor: Actor, project_id: int, known_host_id: int) -> None:
    """Never trust a key again, not even at first sight."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        await exclusive(f"known_hosts {project_id}")
        row = await find(KnownHost, project_id, known_host_id, _WHAT)
        place = f"{REVOKED} {split_place(row.host)[1]}"
        if row.host != place:
            await _refuse_double(row, place)
        row.host, row.trusted = place, False
        await row.save()
        await tell(hub, actor, row, "revoked", "revoked")

    await store(work)


async def _refuse_double(row: KnownHost, place: str) -> None:
    if await KnownHost.filter(project_id=row.project_id, host=place, fingerprint=row.fingerprint).exists():
        raise Conflict("This project has another entry for the same host and key. Delete one of the two.")


async def delete_known_host(hub: Hub, actor: Actor, project_id: int, known_host_id: int) -> None:
    """Forget a key; the host is as unknown as before."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        row = await find(KnownHost, project_id, known_host_id, _WHAT)
        await row.delete()
        await tell(hub, actor, row, "deleted", "deleted")

    await store(work)


async def scan(hub: Hub, actor: Actor, project_id: int, draft: ScanDraft) -> list[dict[str, Any]]:
    """Let a worker fetch a server's keys. New ones wait for approval. Raises `Unavailable` with the worker's words."""
    await require(actor, project_id, MANAGE_RESOURCES)
    host = draft.host.strip().lower()
    if not _PLAIN_HOST.fullmatch(host):
        raise Invalid("Enter the name or address of a server, without a user and without a port.", field="host")
    lines = await questions.ask(hub, "host_keys", {"host": host, "port": draft.port})
    shown = await asyncio.to_thread(read_shown, "\n".join(str(line) for line in lines))
    name = name_of(host, draft.port)
    await host_key_lessons.learn(hub, project_id, [key for key in shown if key.host == name], ASK)
    prints = [key.fingerprint for key in shown]
    rows = KnownHost.filter(project_id=project_id, host__in=[name, f"{REVOKED} {name}"], fingerprint__in=prints)
    return await _shapes(project_id, await rows.order_by("id"))


async def policy(actor: Actor, project_id: int) -> dict[str, Any]:
    """How the project meets keys that it does not know: its own choice, and what counts."""
    await require(actor, project_id)
    own = await host_key_lessons.chosen_policy(project_id)
    return {"policy": own, "effective": await host_key_lessons.policy_of(project_id)}


async def set_policy(hub: Hub, actor: Actor, project_id: int, draft: PolicyDraft) -> None:
    """Choose that for the project, or leave it to the hub."""
    await require(actor, project_id, UPDATE_PROJECT)
    if draft.policy not in {"", *POLICIES}:
        raise Invalid(f"The policy must be one of: {', '.join(POLICIES)}; or empty for the hub's own.", field="policy")
    key = f"{OPTION}.{project_id}"

    async def work() -> None:
        if draft.policy:
            await Option.update_or_create(defaults={"value": draft.policy}, key=key)
        else:
            await Option.filter(key=key).delete()
        text = f"Checking of host keys set to {draft.policy or 'the choice of the hub'}"
        await events.record(hub, actor, "project", project_id, text, project_id=project_id)

    await store(work)


async def _shapes(project_id: int, rows: Sequence[KnownHost]) -> list[dict[str, Any]]:
    undecided = any(not row.trusted and not row.host.startswith(REVOKED) for row in rows)
    trusted = await KnownHost.filter(project_id=project_id, trusted=True) if undecided else []
    people = await _deciders(project_id, [row.id for row in rows])
    return [_shape(row, trusted, people) for row in rows]


async def _deciders(project_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Return who last decided about each entry: its events tell."""
    found = Event.filter(project_id=project_id, object_type="known_host", object_id__in=ids).order_by("id")
    return {row[0]: row[1] or "" for row in await found.values_list("object_id", "user__username")} if ids else {}


def _shape(row: KnownHost, trusted: Iterable[KnownHost], people: dict[int, str]) -> dict[str, Any]:
    marker, host = split_place(row.host)
    decided = "revoked" if marker == REVOKED else "trusted" if row.trusted else ""
    old = [] if decided else [one for one in elders(trusted, host) if is_instead(one, row.key_type)]
    status = decided or ("changed" if old else "pending")
    shape = {
        "id": row.id, "project_id": row.project_id, "host": host, "authority": marker == AUTHORITY,
        "key_type": row.key_type, "key": row.key, "fingerprint": row.fingerprint, "status": status,
        "decided_by": people.get(row.id, ""), "created": row.created,
    }  # fmt: skip
    if status == "changed":
        shape["trusted_fingerprints"] = [one.fingerprint for one in old]
    return shape
