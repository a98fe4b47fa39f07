"""Channels: where people are told, of a project or of the whole hub."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import rows
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Channel, Template
from hub.plugin import Notifier
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require, require_admin
from hub.services.actor import Actor
from hub.services.belongings import Id, store
from hub.services.draft import MAX_ID, Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.notices import channel_params as keeping
from hub.services.notices import names
from hub.services.notices.channel_params import Kept
from hub.services.notices.listeners import changed
from hub.services.params import key_members

MOST: Final = 100
"""Channels of one project, or of the whole hub."""
_MOST_TEMPLATES: Final = 1000


class ChannelDraft(Draft):
    """Body of a channel. `secrets` holds values for fields that name a key, in place of the key's id in `params`.

    A secret that is left out stays as it is; an empty one is taken away.
    """

    id: Id = 0
    project_id: Id = 0
    name: str = Field(default="", max_length=255)
    notifier: str = Field(default="", max_length=100)
    params: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, str | None] = Field(default_factory=dict, repr=False)
    events: list[str] = Field(default_factory=lambda: list(names.USUAL))
    template_ids: list[int] | None = None
    active: bool = True


LISTING = Listing(
    Channel,
    columns={"id": "id", "name": "name", "notifier": "notifier", "active": "active", "created": "created"},
    words=("notifier",),
)  # fmt: skip


async def _may(actor: Actor, project_id: int | None) -> None:
    if project_id is None:
        require_admin(actor)
    else:
        await require(actor, project_id, MANAGE_RESOURCES)


def list_notifiers(hub: Hub) -> list[dict[str, Any]]:
    """Ways to tell people, with what each needs to know."""
    found = sorted(hub.registry.notifiers.values(), key=lambda one: one.title.lower())
    return [
        {
            "name": one.name, "title": one.title, "description": one.description,
            "params": one.params_type.model_json_schema(), "secrets": key_members(one.params_type),
        }
        for one in found
    ]  # fmt: skip


async def list_channels(
    hub: Hub, actor: Actor, project_id: int | None, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Channels of a project, or of the whole hub, each with how its last notice fared."""
    await _may(actor, project_id)
    page = await LISTING.rows(_of(project_id), asked)
    last = await _last([one.id for one in page])
    return page.shaped(lambda one: _wire(hub, one) | {"last": last.get(one.id)})


async def get_channel(hub: Hub, actor: Actor, project_id: int | None, channel_id: int) -> dict[str, Any]:
    """One channel."""
    await _may(actor, project_id)
    found = await find(project_id, channel_id)
    return _wire(hub, found) | {"last": (await _last([found.id])).get(found.id)}


async def create_channel(hub: Hub, actor: Actor, project_id: int | None, draft: ChannelDraft) -> dict[str, Any]:
    """Add a channel."""
    await _may(actor, project_id)
    same_project(draft.project_id, project_id or 0)
    notifier = keeping.notifier_of(hub, draft.notifier)
    columns = await _columns(project_id, draft)
    kept = await keeping.checked(hub, notifier, draft.params, draft.secrets, project_id=project_id)

    async def work() -> Channel:
        if await _of(project_id).count() >= MOST:
            raise Conflict(f"There are {MOST} channels already. Delete some that nobody needs.")
        made = await Channel.create(
            project_id=project_id, notifier=notifier.name, params={}, created=hub.clock(), **columns
        )
        made.params = keeping.stored(hub, made.id, kept)
        await made.save(update_fields=["params"])
        await _tell(hub, actor, made, "created")
        return made

    return _wire(hub, await store(work)) | {"last": None}


async def update_channel(
    hub: Hub, actor: Actor, project_id: int | None, channel_id: int, draft: ChannelDraft
) -> None:  # fmt: skip
    """Replace a channel; secrets that were not sent stay."""
    await _may(actor, project_id)
    same_id(draft.id, channel_id, "Channel")
    same_project(draft.project_id, project_id or 0)
    found = await find(project_id, channel_id)
    notifier = keeping.notifier_of(hub, draft.notifier or found.notifier)
    before = keeping.opened(hub, found) if notifier.name == found.notifier else None
    columns = await _columns(project_id, draft)
    _refuse_lost(notifier, before, draft)
    kept = await keeping.checked(hub, notifier, draft.params, draft.secrets, project_id=project_id, before=before)

    async def work() -> None:
        channel = await find(project_id, channel_id)
        stored = keeping.stored(hub, channel_id, kept)
        channel.update_from_dict({**columns, "notifier": notifier.name, "params": stored})
        await channel.save()
        await _tell(hub, actor, channel, "updated")

    await store(work)


async def delete_channel(hub: Hub, actor: Actor, project_id: int | None, channel_id: int) -> None:
    """Delete a channel with what waited to be sent over it."""
    await _may(actor, project_id)

    async def work() -> None:
        channel = await find(project_id, channel_id)
        await channel.delete()
        await _tell(hub, actor, channel, "deleted")

    await store(work)


async def find(project_id: int | None, channel_id: int) -> Channel:
    """Return a channel of this project, or of the whole hub; `NotFound` for every other id."""
    row: Channel | None = await _of(project_id).get_or_none(id=channel_id) if 0 < channel_id <= MAX_ID else None
    if row is None:
        raise NotFound("There is no such channel here.")
    return row


def _of(project_id: int | None) -> Any:
    return Channel.filter(project_id__isnull=True) if project_id is None else Channel.filter(project_id=project_id)


def _refuse_lost(notifier: Notifier[Any], before: Kept | None, draft: ChannelDraft) -> None:
    """Ask for the secrets anew when they would go to another place, so that nobody has them sent to themselves."""
    if before is None:
        return
    places = [name for name in ("server", "host", "port") if name in notifier.params_type.model_fields]
    same = all(draft.params.get(name, before.given.get(name)) == before.given.get(name) for name in places)
    if same and not draft.secrets.get("url") and draft.params.get("url") is None:
        return
    for name, value in before.secrets.items():
        if value and name != "url" and name not in draft.secrets and draft.params.get(name) is None:
            raise Invalid("The channel leads elsewhere now, so write this secret down again.", field=f"secrets.{name}")


async def _columns(project_id: int | None, draft: ChannelDraft) -> dict[str, Any]:
    if not draft.name.strip():
        raise Invalid("Give the channel a name.", field="name")
    unknown = [one for one in draft.events if one not in names.EVENTS]
    if unknown:
        raise Invalid(
            f"There is no event {unknown[0]}; choose from: {', '.join(names.EVENTS)}.", field="events",
            allowed=names.EVENTS,
        )  # fmt: skip
    wanted = None if draft.template_ids is None else sorted(set(draft.template_ids))
    if wanted is not None:
        if project_id is None:
            raise Invalid("A channel of the whole hub hears of every template.", field="template_ids")
        if len(wanted) > _MOST_TEMPLATES:
            raise Invalid(f"Name {_MOST_TEMPLATES} templates at most.", field="template_ids")
        known = await Template.filter(project_id=project_id, id__in=wanted).count()
        if known != len(wanted):
            raise Invalid("There is no such template in this project.", field="template_ids")
    ordered = [one for one in names.EVENTS if one in draft.events]
    return {"name": draft.name.strip(), "events": ordered, "template_ids": wanted, "active": draft.active}


async def _last(channel_ids: list[int]) -> dict[int, dict[str, Any]]:
    """How the last notice of each of these channels fared."""
    if not channel_ids:
        return {}
    places = ", ".join("?" * len(channel_ids))
    found = await rows(_LAST.format(places=places), channel_ids, times=("created", "settled"))
    return {
        row["channel_id"]: {name: row[name] for name in ("state", "event", "error", "created", "settled")}
        for row in found
    }


async def _tell(hub: Hub, actor: Actor, channel: Channel, verb: str) -> None:
    await changed(hub)
    text = f"Channel ID {channel.id} ({channel.name}) {verb}"
    await events.record(hub, actor, "channel", channel.id, text, project_id=channel.project_id)
    await events.announce(hub, actor, f"channel.{verb}", channel.id, channel.project_id, notifier=channel.notifier)


def _wire(hub: Hub, channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id, "project_id": channel.project_id, "name": channel.name, "notifier": channel.notifier,
        "params": channel.params.get("given", {}), "secrets": _held(hub, channel), "events": channel.events,
        "template_ids": channel.template_ids, "active": channel.active, "created": channel.created,
    }  # fmt: skip


def _held(hub: Hub, channel: Channel) -> list[str]:
    """Names of the secrets that the channel holds itself."""
    if not channel.params.get(keeping.SEALED):
        return []
    return sorted(name for name, value in keeping.opened(hub, channel).secrets.items() if value)


_LAST = """
    SELECT "channel_id", "state", "event", "error", "created", "settled" FROM "notification"
    WHERE "id" IN (SELECT MAX("id") FROM "notification" WHERE "channel_id" IN ({places}) GROUP BY "channel_id")
"""
