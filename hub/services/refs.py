"""What refers to a thing: the wire's lists for people to look at before they delete it, and the refusal itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tortoise.expressions import Q

from hub.errors import InUse, User
from hub.models import Inventory, Repository, Template

KINDS = ("templates", "inventories", "repositories", "integrations", "schedules", "access_keys")
"""Members of the wire's answer; each is always there."""

_SINGULAR = {
    "templates": "template",
    "inventories": "inventory",
    "repositories": "repository",
    "integrations": "integration",
    "schedules": "template_schedules",
    "access_keys": "key",
}
_WORDS = {"template_schedules": "schedule of the template", "environment": "variable group"}
_SHOWN = 5  # names in a refusal; the page shows all

Refs = dict[str, list[dict[str, Any]]]


async def of_key(project_id: int, key_id: int) -> Refs:
    """Repositories and inventories that use a key, and templates that open a vault with it."""
    return _refs(
        templates=await _named(Template, project_id, Q(vaults__vault_key_id=key_id)),
        inventories=await _named(Inventory, project_id, Q(ssh_key_id=key_id) | Q(become_key_id=key_id)),
        repositories=await _named(Repository, project_id, Q(ssh_key_id=key_id)),
    )


async def of_repository(project_id: int, repository_id: int) -> Refs:
    """Templates and inventories that live in a repository, and schedules that watch it, by their templates' names."""
    return _refs(
        schedules=await _named(Template, project_id, Q(schedules__repository_id=repository_id)),
        templates=await _named(Template, project_id, Q(repository_id=repository_id)),
        inventories=await _named(Inventory, project_id, Q(repository_id=repository_id)),
    )


async def of_inventory(project_id: int, inventory_id: int) -> Refs:
    """Templates that work on an inventory."""
    return _refs(templates=await _named(Template, project_id, Q(inventory_id=inventory_id)))


async def of_environment(project_id: int, environment_id: int) -> Refs:
    """Templates that use a variable group."""
    either = Q(environment_id=environment_id) | Q(environments__environment_id=environment_id)
    return _refs(templates=await _named(Template, project_id, either))


async def of_template(project_id: int, template_id: int) -> Refs:
    """Templates that deploy what a template builds, inventories attached to it, and whether schedules start it."""
    return _refs(
        schedules=await _named(Template, project_id, Q(id=template_id, schedules__template_id=template_id)),
        templates=await _named(Template, project_id, Q(build_template_id=template_id)),
        inventories=await _named(Inventory, project_id, Q(template_id=template_id)),
    )


async def of_view(project_id: int, view_id: int) -> Refs:
    """Templates that a view shows."""
    return _refs(templates=await _named(Template, project_id, Q(view_id=view_id)))


def none() -> Refs:
    """For things that nothing refers to, such as a schedule."""
    return _refs()


def refuse(text: str, blocking: Refs, *but: str, others: Sequence[User] = ()) -> None:
    """Raise `InUse` with the wire's text and the names of what refers to the thing; kinds in `but` do not block.

    `others` use it, too; they are told with the refusal, but are none by themselves.
    """
    users = [
        User(_SINGULAR[kind], row["id"], row["name"])
        for kind, rows in blocking.items()
        if kind not in but
        for row in rows
    ]  # fmt: skip
    if users:
        raise _refusal(text, users, [*users, *(one for one in others if one not in users)])


def refuse_for(text: str, users: Sequence[User]) -> None:
    """Raise `InUse` with a text and the names of what refers to a thing, if anything does."""
    if users:
        raise _refusal(text, users, users)


def _refusal(text: str, users: Sequence[User], told: Sequence[User]) -> InUse:
    """Name what refers to the thing; a single one in a sentence of its own, which can be said in any language."""
    name = users[0].name
    match [one.kind for one in users]:
        case ["template"]:
            return InUse(f"{text}: template “{name}”.", told)
        case ["inventory"]:
            return InUse(f"{text}: inventory “{name}”.", told)
        case ["integration"]:
            return InUse(f"{text}: integration “{name}”.", told)
        case ["channel"]:
            return InUse(f"{text}: channel “{name}”.", told)
    return InUse(_sentence(text, users), told)


def _sentence(text: str, users: Sequence[User]) -> str:
    told = ", ".join(f"{_WORDS.get(one.kind, one.kind)} “{one.name}”" for one in users[:_SHOWN])
    more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
    return f"{text}: {told}{more}."


async def _named(
    model: type[Template | Inventory | Repository], project_id: int, which: Q
) -> list[dict[str, Any]]:  # fmt: skip
    rows = await model.filter(which, project_id=project_id).order_by("name", "id").distinct().values("id", "name")
    return [dict(row) for row in rows]


def _refs(**found: list[dict[str, Any]]) -> Refs:
    known: Mapping[str, list[dict[str, Any]]] = found
    return {kind: known.get(kind, []) for kind in KINDS}
