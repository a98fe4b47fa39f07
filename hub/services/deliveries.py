"""What came to integrations: enough to see why something ran or did not, and nothing that proves a sender."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from tortoise.functions import Max

from hub import meters
from hub.context import Hub
from hub.db import column, exclusive, unit
from hub.errors import Conflict, NotFound
from hub.models import Delivery, Integration
from hub.plugin import Delivery as Request
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.draft import MAX_ID
from hub.services.listing import WHOLE, Asked, Listing, Page

STARTED: Final = "started"
STARTING: Final = "starting"
"""Claimed and not decided yet; for a moment, or for ever when the hub ended meanwhile."""
REFUSED: Final = "refused"
UNMATCHED: Final = "unmatched"
FAILED: Final = "failed"
REPLAYED: Final = "replayed"

KEPT: Final = 100
"""Deliveries of an integration that are kept."""
KEPT_REFUSED: Final = 20
"""Refused ones are counted apart, so that strangers cannot push the others out."""
BODY: Final = 64 * 1024
"""Bytes of a body that are kept."""
REPLAY: Final = timedelta(minutes=10)
"""How long the same signed body counts as the same delivery."""
CLAIM: Final = timedelta(minutes=1)
"""How long a claim without an outcome holds others off."""

PAGE: Final = 50
_VALUE: Final = 1000  # letters of a header
_LENGTH: Final = "content-length"
_HIDDEN: Final = "***"
_PROOF: Final = re.compile(r"auth|cookie|token|secret|signature|password|passwd|credential|key|session|jwt")
"""Headers that prove who sends have one of these in their names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery to be written down."""

    integration: Integration
    request: Request
    outcome: str
    reason: str = ""
    event: str = ""
    task_ids: Sequence[int] = ()
    digest: str = ""
    masks: Collection[str] = field(default=(), repr=False)
    """Secrets that must not be kept, wherever they stand."""


def digest_of(integration_id: int, body: bytes) -> str:
    """Name a signed delivery: its signature follows from the body, and nothing else of it is signed."""
    return hashlib.sha256(b"%d:" % integration_id + body).hexdigest()


async def write(hub: Hub, entry: Entry) -> Delivery:
    """Write a delivery down and forget the oldest."""

    async def work() -> Delivery:
        return await _insert(hub, entry)

    return await unit(work)


async def claim(hub: Hub, entry: Entry) -> tuple[Delivery, Delivery | None]:
    """Write a delivery down as being taken up; for one that came before, return (its replay, the earlier one).

    Of several that come at once, exactly one is taken up.
    """

    async def work() -> tuple[Delivery, Delivery | None]:
        if entry.digest:
            await exclusive(f"delivery/{entry.digest}")
            earlier = await _earlier(hub, entry)
            if earlier is not None:
                again = Entry(entry.integration, entry.request, REPLAYED, f"The same as delivery {earlier.id}.",
                              entry.event, earlier.task_ids, entry.digest, entry.masks)  # fmt: skip
                return await _insert(hub, again), earlier
        return await _insert(hub, entry), None

    return await unit(work)


async def settle(delivery: Delivery, outcome: str, *, reason: str = "", task_ids: Sequence[int] = ()) -> None:
    """Note what became of a claimed delivery."""
    delivery.outcome, delivery.task_ids = outcome, list(task_ids)
    meters.WEBHOOKS.add(outcome)
    delivery.reason = reason[:250] or delivery.reason
    await delivery.save(update_fields=["outcome", "reason", "task_ids"])


LISTING = Listing(
    Delivery,
    columns={
        "id": "id",
        "created": "created",
        "event": "event",
        "outcome": "outcome",
        "reason": "reason",
        "body": "body",
    },
    default="-id",
    searched=("event", "reason", "body"),
    words=("event", "outcome"),
    usual=PAGE,
    most=1000,
    wire_before=True,
)


async def list_deliveries(
    actor: Actor, project_id: int, integration_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Newest deliveries of an integration first, without headers and bodies, for those who may change it."""
    await require(actor, project_id, MANAGE_RESOURCES)
    await find(Integration, project_id, integration_id, "integration")
    return (await LISTING.rows(Delivery.filter(integration_id=integration_id), asked)).shaped(_wire)


async def newest(actor: Actor, project_id: int) -> dict[int, dict[str, Any]]:
    """The newest delivery of each integration of a project by its id, for those who may change them."""
    await require(actor, project_id, MANAGE_RESOURCES)
    own = Delivery.filter(project_id=project_id, integration_id__isnull=False)
    ids = await own.annotate(newest=Max("id")).group_by("integration_id").values_list("newest", flat=True)
    return {one.integration_id or 0: _wire(one) for one in await Delivery.filter(id__in=ids)} if ids else {}


async def get_delivery(actor: Actor, project_id: int, integration_id: int, delivery_id: int) -> dict[str, Any]:
    """One delivery with headers and body, for those who may change the integration."""
    await require(actor, project_id, MANAGE_RESOURCES)
    return whole(await find_delivery(project_id, integration_id, delivery_id))


async def find_delivery(project_id: int, integration_id: int, delivery_id: int) -> Delivery:
    """Return a delivery of this integration and no other. Raises `NotFound`."""
    await find(Integration, project_id, integration_id, "integration")
    which = Delivery.filter(integration_id=integration_id, project_id=project_id)
    found = await which.get_or_none(id=delivery_id) if 0 < delivery_id <= MAX_ID else None
    if found is None:
        raise NotFound("There is no such delivery to this integration.")
    return found


def request_of(delivery: Delivery) -> Request:
    """Return a delivery as it came. Raises `Conflict` when not all of its body was kept."""
    body = delivery.body.encode()
    if delivery.headers.get(_LENGTH) != str(len(body)):
        raise Conflict("Not all of this delivery was kept, so it cannot be taken again; let the sender repeat it.")
    return Request(headers=delivery.headers, query={}, body=body)


def whole(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery with all that is kept of it."""
    complete = delivery.headers.get(_LENGTH) == str(len(delivery.body.encode()))
    return _wire(delivery) | {"headers": delivery.headers, "body": delivery.body, "complete": complete}


def _wire(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "project_id": delivery.project_id,
        "integration_id": delivery.integration_id,
        "created": delivery.created,
        "event": delivery.event,
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "task_ids": delivery.task_ids,
    }


async def _earlier(hub: Hub, entry: Entry) -> Delivery | None:
    now = hub.clock()
    found = await Delivery.filter(
        integration_id=entry.integration.id, digest=entry.digest, outcome__in=[STARTED, STARTING],
        created__gt=now - REPLAY,
    ).order_by("-id").first()  # fmt: skip
    if found is not None and found.outcome == STARTING and found.created <= now - CLAIM:
        return None
    return found


async def _insert(hub: Hub, entry: Entry) -> Delivery:
    refused = entry.outcome == REFUSED
    made = await Delivery.create(
        project_id=entry.integration.project_id,
        integration_id=entry.integration.id,
        created=hub.clock(),
        digest=entry.digest,
        event=_clean(entry.event, entry.masks)[:100],
        outcome=entry.outcome,
        reason=entry.reason[:250],
        headers=_headers(entry),
        body="" if refused else _clean(entry.request.body[:BODY].decode("utf-8", "replace"), entry.masks),
        task_ids=list(entry.task_ids),
    )
    own = Delivery.filter(integration_id=entry.integration.id)
    own = own.filter(outcome=REFUSED) if refused else own.exclude(outcome=REFUSED)
    last = await column(own.order_by("-id").offset(KEPT_REFUSED if refused else KEPT).limit(1), "id")
    if last:
        await own.filter(id__lte=last[0]).delete()
    return made


def _headers(entry: Entry) -> Mapping[str, str]:
    hidden = entry.integration.auth_header.lower()
    kept = {
        name: _clean(value, entry.masks)[:_VALUE]
        for name, value in entry.request.headers.items()
        if name != hidden and not _PROOF.search(name)
    }
    return kept | {_LENGTH: str(len(entry.request.body))}


def _clean(text: str, masks: Collection[str]) -> str:
    """Take out the secret, which a sender may put anywhere, and what no database stores."""
    for mask in masks:
        if len(mask) >= 4:
            text = text.replace(mask, _HIDDEN)
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
