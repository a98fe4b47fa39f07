"""The key store: sealed secrets, of types that plugins bring."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ConfigDict, Field, ValidationError

from hub.context import Hub
from hub.errors import Invalid, NotFound, Unavailable
from hub.models import Key, SecretStorage
from hub.plugin import KeyType, Params, Refused, SecretBackend
from hub.services import changes, events, key_users, refs
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, remove, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.moments import moment_of
from hub.services.reading import hidden, shown, shown_by
from hub.vault import place

LISTING = Listing(
    Key,
    columns={
        "id": "id",
        "name": "name",
        "type": "type",
        "source_storage_id": "source_storage_id",
        "source_storage_key": "source_storage_key",
        "source_storage_type": "source_storage_type",
        "expires": "expires",
        "secret_changed": "secret_changed",
    },
    searched=("name", "source_storage_key"),
    words=("type", "source_storage_type"),
)

CHECK_SECONDS: Final = 10.0
"""Time that a type has to look at a secret."""
EXPIRY_NOTICE: Final = timedelta(days=14)
"""How long before a secret expires people are warned."""
IN_USE = "Access Key is in use by one or more templates"


class KeyDraft(Draft):
    """The wire's body of a key; the secret members of a type are in the member named like the type."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    id: Id = 0
    name: str = Field(default="", max_length=255)
    type: str = Field(default="", max_length=50)
    project_id: Id = 0
    override_secret: bool = False
    owner: str = Field(default="", max_length=20)
    source_storage_id: Id = 0
    source_storage_key: str | None = Field(default=None, max_length=1000)
    source_storage_type: str | None = Field(default=None, max_length=20)
    expires: str | None = Field(default=None, max_length=40)
    """When the secret is to be replaced; null for never, and left as it is when it is not sent. Ours."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show the declared members alone: the others are secrets."""
        return ((name, value) for name, value in super().__repr_args__() if name in type(self).model_fields)

    def secret_members(self, known: Collection[str]) -> Mapping[str, Any]:
        """Return what was sent for the type; as in `string`, a plain value is its member of the same name."""
        given = (self.model_extra or {}).get(self.type)
        if given is None:
            return {}
        if isinstance(given, Mapping):
            return given
        if self.type not in known:
            raise Invalid(f"The member {self.type} must be an object.", field=self.type)
        return {self.type: given}


async def list_keys(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Shared keys of a project, without secrets."""
    grant = await require(actor, project_id)
    found = await LISTING.rows(Key.filter(project_id=project_id, owner=""), asked, hidden=hidden(grant, "key"))
    shapes = [wire(key) | ({"empty": True} if is_empty(key) else {}) for key in found]
    return found.of(shown_by(grant, "key", shapes))


async def get_key(actor: Actor, project_id: int, key_id: int) -> dict[str, Any]:
    """One key, without its secret."""
    grant = await require(actor, project_id)
    key = await find(Key, project_id, key_id, "key")
    if key.owner and not grant.held & MANAGE_RESOURCES:  # its very name belongs to a variable group
        raise NotFound("There is no such key in this project.")
    return shown(grant, "key", wire(key))


async def about_key(hub: Hub, actor: Actor, project_id: int, key_id: int) -> dict[str, Any]:
    """What its type tells of a stored key without its secret, such as the public half and when a certificate ends."""
    await require(actor, project_id, MANAGE_RESOURCES)
    key = await find(Key, project_id, key_id, "key")
    refuse_owned(key)
    kind = hub.registry.key_types.get(key.type)
    if kind is None or is_empty(key):
        return {}
    return await told_of(hub, kind, await read_secret(hub, key))


async def plain_members(hub: Hub, actor: Actor, project_id: int, key_id: int) -> dict[str, str]:
    """What of a stored key is no secret, such as its login; nothing of one that cannot be read."""
    await require(actor, project_id, MANAGE_RESOURCES)
    key = await find(Key, project_id, key_id, "key")
    refuse_owned(key)
    kind = hub.registry.key_types.get(key.type)
    if kind is None or key.source_storage_type or is_empty(key):
        return {}
    try:
        stored = await read_secret(hub, key)
    except (Unavailable, KeyError, ValueError):  # one that cannot be opened any more can still be replaced
        return {}
    return {name: str(stored[name]) for name in kind.shown if stored.get(name)}


async def told_of(hub: Hub, kind: KeyType, members: Mapping[str, Any]) -> dict[str, Any]:
    """What a type tells of these members, but for what is secret in them."""
    params = secret_params(kind, members)
    return dict(await hub.registry.guard(kind, kind.about(params), limit=CHECK_SECONDS))


async def key_refs(actor: Actor, project_id: int, key_id: int) -> refs.Refs:
    """What uses a key."""
    await require(actor, project_id)
    await find(Key, project_id, key_id, "key")
    found = await refs.of_key(project_id, key_id)
    mappings = await key_users.mappings_of(project_id, key_id)
    return found | ({"host_configs": mappings} if mappings else {})


async def create_key(hub: Hub, actor: Actor, project_id: int, draft: KeyDraft) -> dict[str, Any]:
    """Check and seal a new key."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    if draft.owner:
        raise Invalid("Secrets of a variable group are made by changing the group, not in the key store.",
                      field="owner")  # fmt: skip
    _check_name(draft)
    source, members = await _checked(hub, project_id, draft)
    source["expires"] = expires_of(draft.expires)

    async def work() -> Key:
        key = await Key.create(project_id=project_id, name=draft.name, type=draft.type, **source)
        await write_secret(hub, key.id, members)
        await tell(hub, actor, key, "created")
        return key

    return wire(await store(work))


async def update_key(hub: Hub, actor: Actor, project_id: int, key_id: int, draft: KeyDraft) -> None:
    """Rename a key and say when it expires; with `override_secret` replace type, secret and where that is kept, too."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, key_id, "Key")
    same_project(draft.project_id, project_id)
    known = await find(Key, project_id, key_id, "key")
    refuse_owned(known)
    _check_name(draft)
    source, members = await _checked(hub, project_id, draft, known) if draft.override_secret else ({}, {})
    expires = expires_of(draft.expires)

    async def work() -> None:
        key = await find(Key, project_id, key_id, "key")
        key.name = draft.name
        if not draft.omits("expires"):
            key.expires = expires
        if draft.override_secret:
            await key_users.refuse_other_type(project_id, key_id, key.type, draft.type)
            key.update_from_dict({"type": draft.type, **source})
        await key.save()
        if draft.override_secret:
            await write_secret(hub, key.id, members)
        await tell(hub, actor, key, "updated")

    await store(work)


async def delete_key(hub: Hub, actor: Actor, project_id: int, key_id: int) -> None:
    """Delete a key that nothing uses."""
    await require(actor, project_id, MANAGE_RESOURCES)
    refuse_owned(await find(Key, project_id, key_id, "key"))

    async def work() -> None:
        key = await find(Key, project_id, key_id, "key")
        others = await key_users.others(hub, project_id, key_id)
        refs.refuse(IN_USE, await refs.of_key(project_id, key_id), others=others.all)
        others.refuse(IN_USE)
        await key.delete()
        await tell(hub, actor, key, "deleted")

    await remove(work, IN_USE)


async def read_secret(hub: Hub, key: Key) -> dict[str, Any]:
    """Return the secret members of a key; empty when nothing is stored. Raises `Unavailable`."""
    if key.source_storage_type:
        return await _from_backend(hub, key)
    if not key.secret:
        return {}
    opened = json.loads(hub.vault.open(key.secret, place("key", "secret", key.id)))
    return dict(opened)


async def write_secret(hub: Hub, key_id: int, members: Mapping[str, Any], *, told: str = "secret") -> None:
    """Seal the secret members of a key for its row, in the unit under way; empty ones are stored as nothing.

    The event that follows tells by the name `told` that they were replaced.
    """
    changes.note_hidden(told)
    filled = {name: value for name, value in members.items() if value not in ("", None)}
    sealed = hub.vault.seal(json.dumps(filled), place("key", "secret", key_id)) if filled else None
    await Key.filter(id=key_id).update(secret=sealed, secret_changed=hub.clock())


async def _from_backend(hub: Hub, key: Key) -> dict[str, Any]:
    backend = hub.registry.secret_backends.get(str(key.source_storage_type))
    if backend is None:
        raise Unavailable(f"The key {key.name} is kept in {key.source_storage_type}, and no plugin knows that place.")
    text = await hub.registry.guard(backend, backend.read(_backend_params(hub, backend), key.source_storage_key or ""))
    if key.type == "string":
        return {"string": text}
    try:
        return dict(json.loads(text))
    except ValueError:
        raise Unavailable(f"What is stored for the key {key.name} is not a JSON object.") from None


def _backend_params(hub: Hub, backend: SecretBackend) -> Params:
    """Return what the administrator set for a secret backend: the table `[plugins.secrets.<name>]` of `hub.toml`."""
    tables = hub.settings.plugins.get("secrets")
    given = tables.get(backend.name) if isinstance(tables, Mapping) else None
    try:
        return backend.params_type.model_validate(given or {})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        member = ".".join(str(part) for part in fault["loc"])
        raise Unavailable(
            f"{backend.title} is not set up as a place for secrets: {member or 'its table'} in "
            f"[plugins.secrets.{backend.name}] of hub.toml is missing or wrong. Ask an administrator."
        ) from None


async def _checked(
    hub: Hub, project_id: int, draft: KeyDraft, known: Key | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Return (columns of the place, secret members), both checked."""
    kind = hub.registry.key_types.get(draft.type)
    if kind is None:
        names = ", ".join(sorted(hub.registry.key_types))
        raise Invalid(f"There is no type of key {draft.type or '(empty)'}; choose one of: {names}.", field="type")
    brought = "vault" in hub.registry.secret_backends
    if draft.source_storage_type == "vault" and (draft.source_storage_id or not brought):
        await _refuse_storage(project_id, draft.source_storage_id)
    if draft.source_storage_type:
        return _source(hub, draft), {}
    given = draft.secret_members(kind.params_type.model_fields)
    if known is not None and known.type == kind.name and not known.source_storage_type and _renews(kind, given):
        given = await read_secret(hub, known) | {name: value for name, value in given.items() if value}
    params = secret_params(kind, given)
    await check_params(hub, kind, params)
    return _DATABASE, params.model_dump(mode="json")


async def check_params(hub: Hub, kind: KeyType, params: Params) -> None:
    """Let the type look at a secret. Raises `Invalid` where one member is to blame, else as the type does."""
    try:
        await hub.registry.guard(kind, kind.check(params), limit=CHECK_SECONDS)
    except Refused as refusal:
        if not refusal.field:
            raise
        raise Invalid(str(refusal), field=f"{kind.name}.{refusal.field}") from None


def _renews(kind: KeyType, given: Mapping[str, Any]) -> bool:
    """Tell whether only what can be replaced alone was sent."""
    filled = {name for name, value in given.items() if value}
    return bool(filled) and filled <= set(kind.renewable)


_DATABASE: dict[str, Any] = {"source_storage_type": None, "source_storage_key": None, "source_storage_id": None}


async def _refuse_storage(project_id: int, storage_id: int) -> None:
    """Tell why a key cannot be kept in a secret storage; `env` and `file` are named themselves."""
    if not storage_id:
        raise Invalid("A key that is kept in a secret storage must name it.", field="source_storage_id")
    found = await SecretStorage.get_or_none(id=storage_id, project_id=project_id)
    if found is None:
        raise NotFound("There is no such secret storage in this project.")
    raise Invalid(f"No plugin reads secrets from a storage of the type {found.type}.", field="source_storage_type")


def _source(hub: Hub, draft: KeyDraft) -> dict[str, Any]:
    backend = hub.registry.secret_backends.get(str(draft.source_storage_type))
    if backend is None:
        raise Invalid(f"No plugin brings the place for secrets {draft.source_storage_type}.",
                      field="source_storage_type")  # fmt: skip
    if draft.source_storage_id:
        raise Invalid("There is no such secret storage in this project.", field="source_storage_id")
    try:
        _backend_params(hub, backend)
    except Unavailable as error:
        raise Invalid(error.sentence, field="source_storage_type") from None
    return {
        "source_storage_type": backend.name,
        "source_storage_key": draft.source_storage_key or "",
        "source_storage_id": None,
    }


def secret_params(kind: KeyType, given: Mapping[str, Any]) -> Params:
    """Read the members that the type knows, in any case as on the wire; a fault is told without its value."""
    names = {name.lower(): name for name in kind.params_type.model_fields}
    known = {names[name.lower()]: value for name, value in given.items() if name.lower() in names and value is not None}
    try:
        return kind.params_type.model_validate(known)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        text = fault["msg"].removeprefix("Value error, ").rstrip(".")
        member = ".".join(str(part) for part in fault["loc"])
        sentence = f"The member {member} is wrong: {text}." if member else f"{text}."
        raise Invalid(sentence, field=f"{kind.name}.{member}".rstrip(".")) from None


def _check_name(draft: KeyDraft) -> None:
    if not draft.name:
        raise Invalid("The name of a key can not be empty.", field="name")


def expires_of(text: str | None) -> datetime | None:
    """Read when a secret is to be replaced; None for never. Raises `Invalid`."""
    return moment_of(text, "expires") if text else None


def refuse_owned(key: Key) -> None:
    """Raise `Invalid` for a secret that belongs to another thing."""
    if key.owner == "vault":
        raise Invalid("This is the token of a secret storage; change it there.")
    if key.owner:
        raise Invalid("This secret belongs to a variable group; change it there.")


def is_empty(key: Key) -> bool:
    """Tell whether nothing is stored."""
    if key.type == "none":
        return False
    return not (key.source_storage_key if key.source_storage_type else key.secret)


async def tell(hub: Hub, actor: Actor, key: Key, verb: str) -> None:
    """Write down what somebody did to a key, and tell plugins."""
    await events.record(hub, actor, "key", key.id, f"Access Key {key.name} {verb}", project_id=key.project_id)
    await events.announce(hub, actor, f"key.{verb}", key.id, key.project_id, key_type=key.type)


def wire(key: Key) -> dict[str, Any]:
    """Return a key as the wire has it; `expires` and `secret_changed` are ours, and there when they are known."""
    shape: dict[str, Any] = {
        "id": key.id,
        "name": key.name,
        "type": key.type,
        "project_id": key.project_id,
        "string": "",
        "login_password": {"login": "", "password": ""},
        "ssh": {"login": "", "passphrase": "", "private_key": ""},
    }
    for member in (
        "owner", "source_storage_id", "source_storage_key", "source_storage_type", "expires", "secret_changed",
    ):  # fmt: skip
        if getattr(key, member):
            shape[member] = getattr(key, member)
    return shape
