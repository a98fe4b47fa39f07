"""An integration and the secret that its sender is to prove itself with, made together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hub.context import Hub
from hub.errors import Invalid
from hub.services import integrations, keys
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import store
from hub.services.integrations import IntegrationDraft
from hub.services.keys import KeyDraft

LEAST: Final = 16
"""Letters of a secret; shorter ones are guessed."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What the sender is going to prove itself with."""

    secret: str = field(repr=False)
    login: str = ""
    """Of senders that sign in with a login and a password; empty for others."""

    def key(self, name: str) -> KeyDraft:
        """Return the key that holds it."""
        if len(self.secret) < LEAST:
            raise Invalid(f"Write a secret of at least {LEAST} letters; strangers must not guess it.", field="secret")
        members: dict[str, Any] = {"type": "string", "string": self.secret}
        if self.login:
            members = {"type": "login_password", "login_password": {"login": self.login, "password": self.secret}}
        return KeyDraft.read({"name": f"Webhook: {name}"[:255], **members})


async def save(
    hub: Hub, actor: Actor, at: tuple[int, int | None], draft: IntegrationDraft, secret: NewSecret
) -> int:  # fmt: skip
    """Create the integration at (project, None), or replace the one at (project, integration), with a new key.

    Either both are there afterwards or nothing is. Returns the id of the integration.
    """
    project_id, integration_id = at
    await require(actor, project_id, MANAGE_RESOURCES)
    key_draft = secret.key(draft.name)

    async def work() -> int:
        key = await keys.create_key(hub, actor, project_id, key_draft)
        wanted = draft.model_copy(update={"auth_secret_id": key["id"]})
        if integration_id is not None:
            await integrations.update_integration(hub, actor, project_id, integration_id, wanted)
            return integration_id
        made = await integrations.create_integration(hub, actor, project_id, wanted)
        return int(made["id"])

    return await store(work)
