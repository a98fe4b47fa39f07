"""Environments, shown to people as variable groups: variables, variables of processes, and secret ones of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Environment, Key, SecretStorage
from hub.services import changes, events, refs
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, remove, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.keys import write_secret
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown

IN_USE = "Environment is in use by one or more templates"

_OWNERS = {"var": "variable", "env": "environment"}
_TYPES = {owner: type_ for type_, owner in _OWNERS.items()}


LONGEST_NAME = 255
"""Characters of the name of a secret."""


class SecretDraft(Draft):
    """One wanted change of a group's secrets."""

    id: Id = 0
    type: str = ""
    name: str = Field(default="", max_length=LONGEST_NAME)
    secret: str = Field(default="", repr=False)
    operation: str = ""


class EnvironmentDraft(Draft):
    """The wire's body of an environment."""

    id: Id = 0
    name: str = Field(default="", max_length=255)
    project_id: Id = 0
    password: str | None = Field(default=None, max_length=255, repr=False)
    """Nothing reads it, on the wire as here; of its text nothing is kept, as it would lie in the clear."""
    variables: str = Field(default="", alias="json")
    env: str | None = None
    secrets: list[SecretDraft] = Field(default_factory=list)
    secret_storage_id: Id = 0
    secret_storage_key_prefix: str | None = Field(default=None, max_length=1000)


LISTING = Listing(
    Environment,
    columns={"id": "id", "name": "name", "json": "json", "env": "env", "secret_storage_id": "secret_storage_id"},
    searched=("name", "json", "env"),
)


async def list_environments(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Variable groups of a project, without their secrets' names."""
    grant = await require(actor, project_id)
    query = Environment.filter(project_id=project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "environment"))
    return found.shaped(lambda one: shown(grant, "environment", _wire(one)))


async def get_environment(actor: Actor, project_id: int, environment_id: int) -> dict[str, Any]:
    """One variable group with the names of its secrets, never their values."""
    grant = await require(actor, project_id)
    shape = _wire(await find(Environment, project_id, environment_id, "variable group"))
    rows = await Key.filter(environment_id=environment_id).order_by("id").values("id", "name", "owner")
    if rows:
        shape["secrets"] = [
            {
                "id": row["id"],
                "type": _TYPES.get(row["owner"], "var"),
                "name": row["name"],
                "secret": "",
                "operation": "",
            }
            for row in rows
        ]
    return shown(grant, "environment", shape)


async def environment_refs(actor: Actor, project_id: int, environment_id: int) -> refs.Refs:
    """What uses a variable group."""
    await require(actor, project_id)
    await find(Environment, project_id, environment_id, "variable group")
    return await refs.of_environment(project_id, environment_id)


async def create_environment(hub: Hub, actor: Actor, project_id: int, draft: EnvironmentDraft) -> dict[str, Any]:
    """Add a variable group with its secrets, all or nothing.

    A secret storage and prefix are noted with it; its secrets are kept in the hub's own database all the same.
    """
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    columns = _columns(draft) | {"secret_storage_key_prefix": draft.secret_storage_key_prefix or None}

    async def work() -> Environment:
        storage_id = await refer(SecretStorage, project_id, draft.secret_storage_id, "secret_storage_id")
        environment = await Environment.create(project_id=project_id, secret_storage_id=storage_id, **columns)
        await _apply(hub, environment, draft.secrets)
        await _tell(hub, actor, environment, "created")
        return environment

    return _wire(await store(work))


async def update_environment(
    hub: Hub, actor: Actor, project_id: int, environment_id: int, draft: EnvironmentDraft
) -> None:  # fmt: skip
    """Replace a variable group and change its secrets, all or nothing (S6)."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, environment_id, "Environment")
    same_project(draft.project_id, project_id)
    columns = _columns(draft)

    async def work() -> None:
        environment = await find(Environment, project_id, environment_id, "variable group")
        environment.update_from_dict(columns)
        await environment.save()
        await _apply(hub, environment, draft.secrets)
        await _tell(hub, actor, environment, "updated")

    await store(work)


async def delete_environment(hub: Hub, actor: Actor, project_id: int, environment_id: int) -> None:
    """Delete a variable group that no template uses, with its secrets."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        environment = await find(Environment, project_id, environment_id, "variable group")
        refs.refuse(IN_USE, await refs.of_environment(project_id, environment_id))
        await environment.delete()
        await _tell(hub, actor, environment, "deleted")

    await remove(work, IN_USE)


def _columns(draft: EnvironmentDraft) -> dict[str, Any]:
    if not draft.name:
        raise Invalid("Environment name can not be empty", field="name")
    _check_object(draft.variables, "Extra variables", "json")
    for name, value in _check_object(draft.env or "", "Environment variables", "env").items():
        if isinstance(value, dict | list):
            raise Invalid("Environment variables values must be scalar", field="env")
        _check_process(name, value, "env")
    return {"name": draft.name, "password": draft.password and "", "json": draft.variables, "env": draft.env}


def _check_object(text: str, what: str, field: str) -> dict[str, Any]:
    """Read a JSON object; empty text is none. Numbers that are none in JSON (NaN) are refused."""
    if not text:
        return {}
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Invalid(f"{what} must be valid JSON", field=field) from None
    if not isinstance(value, dict):
        raise Invalid(f"{what} must be valid JSON", field=field)
    if "" in value:
        raise Invalid(f"{what} key can not be empty", field=field)
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_process(name: str, value: Any, field: str) -> None:
    """Refuse what no process can be given."""
    if "=" in name or "\0" in name:
        raise Invalid("The name of an environment variable must not hold “=” or NUL.", field=field)
    if "\0" in str(value):
        raise Invalid(f"The environment variable {name} must not hold NUL.", field=field)


async def _apply(hub: Hub, environment: Environment, wanted: Sequence[SecretDraft]) -> None:
    """Make, change and delete secrets in the unit under way; the first fault undoes everything."""
    for change in wanted:
        if change.operation in {"create", "update"}:
            await _write(hub, environment, change)
        elif change.operation == "delete":
            key = await _secret(environment, change.id)
            await key.delete()
            changes.note_hidden(_told(key.name))
    names = await Key.filter(environment_id=environment.id).values_list("owner", "name")
    doubles = [name for owner, name in names if names.count((owner, name)) > 1]
    if doubles:
        raise Invalid(f"Two secrets of this group are named {doubles[0]}.", field="secrets")


async def _write(hub: Hub, environment: Environment, change: SecretDraft) -> None:
    owner = _OWNERS.get(change.type)
    if owner is None:
        raise Invalid("The type of a secret must be var or env.", field="secrets")
    if not change.name:
        raise Invalid("The name of a secret can not be empty.", field="secrets")
    if change.type == "env":
        _check_process(change.name, change.secret, "secrets")
    if change.operation == "create":
        with changes.apart():
            key = await Key.create(
                project_id=environment.project_id,
                environment_id=environment.id,
                name=change.name,
                type="string",
                owner=owner,
            )
        await write_secret(hub, key.id, {"string": change.secret}, told=_told(key.name))
        return
    key = await _secret(environment, change.id)
    changes.note(_told(key.name), key.name, change.name)
    key.name, key.owner = change.name, owner
    with changes.apart():
        await key.save(update_fields=["name", "owner"])
    if change.secret:
        await write_secret(hub, key.id, {"string": change.secret}, told=_told(key.name))


def _told(name: str) -> str:
    return f"secrets.{name}"


async def _secret(environment: Environment, key_id: int) -> Key:
    key = await Key.get_or_none(id=key_id, environment_id=environment.id)
    if key is None:
        raise NotFound("There is no such secret in this variable group.")
    return key


async def _tell(hub: Hub, actor: Actor, environment: Environment, verb: str) -> None:
    await events.record(hub, actor, "environment", environment.id, f"Environment {environment.name} {verb}",
                        project_id=environment.project_id)  # fmt: skip
    await events.announce(hub, actor, f"environment.{verb}", environment.id, environment.project_id)


def _wire(environment: Environment) -> dict[str, Any]:
    shape = {
        "id": environment.id,
        "name": environment.name,
        "project_id": environment.project_id,
        "password": environment.password and "",
        "json": environment.json,
        "env": environment.env,
    }
    if environment.secret_storage_id:
        shape["secret_storage_id"] = environment.secret_storage_id
    if environment.secret_storage_key_prefix:
        shape["secret_storage_key_prefix"] = environment.secret_storage_key_prefix
    return shape
