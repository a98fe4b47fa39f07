"""New secrets for the key store: pairs that the hub makes up itself, and secrets that take the place of others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Key
from hub.plugin import KeyType
from hub.services import keys
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import Draft, same_project
from hub.services.keys import KeyDraft

GENERATE_SECONDS: Final = 120.0
"""Time to make up a secret; a large RSA key takes seconds on a busy machine."""

_COMMENT = re.compile(r"[^A-Za-z0-9@._-]+", re.ASCII)


class PairDraft(Draft):
    """A key that the hub is to make up."""

    name: str = Field(default="", max_length=255)
    project_id: Id = 0
    type: str = Field(default="ssh", max_length=50)
    generate: str = Field(default="", max_length=50)
    """Kind of secret, such as `ed25519` or `rsa`; the usual one of the type when it is not sent."""
    login: str = Field(default="", max_length=255)
    passphrase: str = Field(default="", max_length=1000, repr=False)
    expires: str | None = Field(default=None, max_length=40)


class RotationDraft(KeyDraft):
    """A new secret for a key that is there, in the member named like its type; or a kind to `generate`."""

    generate: str = Field(default="", max_length=50)
    login: str | None = Field(default=None, max_length=255)
    """Of a secret that is made up; the stored one where it is not sent."""
    passphrase: str = Field(default="", max_length=1000, repr=False)


def comment_of(name: str) -> str:
    """Name a key for other machines: what may stand in `authorized_keys` and in a shell without quotes."""
    return _COMMENT.sub("-", name).strip("-")[:100] or "hub"


def authorized_line(public_key: str, name: str) -> str:
    """Return the line of `authorized_keys` that lets a key in, named so that it is found there again."""
    return " ".join([*public_key.split()[:2], comment_of(name)])


async def generate_key(hub: Hub, actor: Actor, project_id: int, draft: PairDraft) -> dict[str, Any]:
    """Make up a key pair, seal its private half at once, and return the key with its public half."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    if not draft.name:
        raise Invalid("The name of a key can not be empty.", field="name")
    keys.expires_of(draft.expires)
    kind = _type(hub, draft.type)
    given = {"login": draft.login, "passphrase": draft.passphrase, "comment": comment_of(draft.name)}
    members = await _made_up(hub, kind, draft.generate, given)
    body = {"name": draft.name, "type": draft.type, draft.type: members, "expires": draft.expires}
    made = await keys.create_key(hub, actor, project_id, KeyDraft.read(body))
    return made | await keys.told_of(hub, kind, members)


async def rotate_key(
    hub: Hub, actor: Actor, project_id: int, key_id: int, draft: RotationDraft
) -> dict[str, Any]:  # fmt: skip
    """Put a new secret in the place of a stored one. Whatever uses the key goes on using it, from its next task on.

    Its type and name stay, and members that are no secret where they are not sent. Without `expires` it never does.
    """
    await require(actor, project_id, MANAGE_RESOURCES)
    known = await find(Key, project_id, key_id, "key")
    keys.refuse_owned(known)
    if known.source_storage_type:
        raise Invalid(f"This key is kept in {known.source_storage_type}; replace its secret there.")
    if draft.type and draft.type != known.type:
        raise Invalid("The new secret must be of the type that the key has.", field="type")
    expires = keys.expires_of(draft.expires)
    kind = _type(hub, known.type)
    members = await _new_members(hub, kind, known, draft)
    params = keys.secret_params(kind, members)
    await keys.check_params(hub, kind, params)
    stored = params.model_dump(mode="json")

    async def work() -> Key:
        key = await find(Key, project_id, key_id, "key")
        if key.type != known.type:
            raise Invalid("Somebody changed the type of this key meanwhile; load it again.", field="type")
        key.expires = expires
        await key.save(update_fields=["expires"])
        await keys.write_secret(hub, key_id, stored)
        await keys.tell(hub, actor, key, "rotated")
        return key

    made = await store(work)
    await made.refresh_from_db(fields=["secret_changed"])
    return keys.wire(made) | await keys.told_of(hub, kind, stored)


async def _new_members(hub: Hub, kind: KeyType, known: Key, draft: RotationDraft) -> dict[str, Any]:
    """Return the new secret, with what is no secret of the old one where that was not sent."""
    plain = {name: value for name, value in (await _readable(hub, known)).items() if name in kind.shown}
    if draft.generate:
        login = plain.get("login", "") if draft.login is None else draft.login
        given = {"login": str(login), "passphrase": draft.passphrase, "comment": comment_of(known.name)}
        return dict(await _made_up(hub, kind, draft.generate, given))
    sent = draft.model_copy(update={"type": known.type})
    members = {name: value for name, value in sent.secret_members(kind.params_type.model_fields).items()
               if value or name.lower() in plain}  # fmt: skip
    if not {name.lower() for name in members} - {name.lower() for name in kind.shown}:
        raise Invalid("Enter the new secret that is to take the place of the old one.", field=kind.name)
    return plain | members


async def _readable(hub: Hub, key: Key) -> Mapping[str, Any]:
    try:
        return await keys.read_secret(hub, key)
    except Exception:  # noqa: BLE001 - a secret that cannot be opened any more is the best reason for a new one
        return {}


async def _made_up(hub: Hub, kind: KeyType, wanted: str, given: Mapping[str, str]) -> Mapping[str, Any]:
    chosen = wanted or next(iter(kind.generates), "")
    if chosen not in kind.generates:
        known = ", ".join(kind.generates)
        sentence = f"choose one of: {known}." if known else "enter its secret yourself."
        raise Invalid(f"The hub cannot make up such a key of the type {kind.name}; {sentence}", field="generate")
    return await hub.registry.guard(kind, kind.generate(chosen, given), limit=GENERATE_SECONDS)


def _type(hub: Hub, name: str) -> KeyType:
    kind = hub.registry.key_types.get(name)
    if kind is None:
        known = ", ".join(sorted(hub.registry.key_types))
        raise Invalid(f"There is no type of key {name or '(empty)'}; choose one of: {known}.", field="type")
    return kind
