"""Answers to requests that came with an idempotency key, kept for a day, sealed because they may show a secret once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from tortoise.exceptions import IntegrityError

from hub.context import Hub
from hub.db import unit
from hub.errors import Conflict, Reused, Unavailable
from hub.models import IdempotencyKey
from hub.services.actor import Actor
from hub.vault import place

KEPT = timedelta(hours=24)
_PURGED = timedelta(hours=1)
"""How much longer than needed a row may stay, so that not every request deletes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a key."""

    digest: str
    """Of who asks, of what, and of the key."""
    request: str
    """Digest of the body."""

    @classmethod
    def of(cls, actor: Actor, what: str, key: str, body: bytes) -> Self:
        """Name a request; the key of one person is another one than the same key of another."""
        who = f"user {actor.user_id}" if actor.user_id is not None else f"{actor.kind} {actor.source_id}"
        digest = hashlib.sha256(json.dumps([who, what, key]).encode()).hexdigest()
        return cls(digest, hashlib.sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer."""

    status: int
    content_type: str
    body: str


async def claim(hub: Hub, asked: Asked) -> Kept | None:
    """Take the key for this request and return None, or return the answer that was given before.

    Raises `Reused` for a key of another request, and `Conflict` while the first one is not answered. Of several at
    once one gets the key: its row can be made but once.
    """
    oldest = hub.clock() - KEPT
    await IdempotencyKey.filter(created__lt=oldest - _PURGED).delete()
    await IdempotencyKey.filter(digest=asked.digest, created__lt=oldest).delete()
    sealed = hub.vault.seal(json.dumps({"request": asked.request}), _where(asked))

    async def work() -> None:
        await IdempotencyKey.create(digest=asked.digest, request="", created=hub.clock(), answer=sealed)

    try:
        await unit(work)
    except IntegrityError:
        return await _before(hub, asked)
    return None


async def keep(hub: Hub, asked: Asked, answer: Kept) -> None:
    """Keep the answer for those who ask again."""
    members = {"request": asked.request, "type": answer.content_type, "body": answer.body}
    sealed = hub.vault.seal(json.dumps(members), _where(asked))
    await IdempotencyKey.filter(digest=asked.digest).update(status=answer.status, answer=sealed)


async def release(asked: Asked) -> None:
    """Give the key back: the request was refused, nothing was done, and it may be sent again."""
    await IdempotencyKey.filter(digest=asked.digest, status=0).delete()


async def _before(hub: Hub, asked: Asked) -> Kept | None:
    row = await IdempotencyKey.get_or_none(digest=asked.digest)
    if row is None:
        raise Conflict("A request with this Idempotency-Key was refused just now; send it again.")
    try:
        stored = json.loads(hub.vault.open(row.answer, _where(asked)))
    except Unavailable:
        raise Conflict(
            "The answer to this Idempotency-Key can not be read any more. Look whether it was done, then use a new key."
        ) from None
    if stored["request"] != asked.request:
        raise Reused("This Idempotency-Key was used for a request with another body. Use a new key for a new request.")
    if row.status == 0:
        raise Conflict(
            "A request with this Idempotency-Key was begun and has no answer yet. Wait and send it again; if it stays "
            "so, look whether it was done, then use a new key."
        )
    return Kept(row.status, stored["type"], stored["body"])


def _where(asked: Asked) -> bytes:
    """What the sealed text belongs to; the row has no id before it is made, but its digest is its own."""
    return place("idempotency_key", "answer", asked.digest)
