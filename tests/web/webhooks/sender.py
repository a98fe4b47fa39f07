"""Sends requests as forges and scripts really send them."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from quart import Quart

from hub.models import Integration, IntegrationAlias, IntegrationMatcher, Key
from hub.services.keys import write_secret
from hub.testing.scene import Scene

SECRET = "It's a Secret to Everybody"
PUSH = {
    "ref": "refs/heads/main", "after": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "number": 12345678,
    "sender": {"login": "octocat"}, "commits": [{"id": "c1"}],
}  # fmt: skip
BODY = json.dumps(PUSH).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Hooks:
    """Sends requests, and makes what they come to."""

    scene: Scene
    app: Quart
    template: Any

    async def key(self, *, type_: str = "login_password", **members: str) -> int:
        key = await Key.create(project=self.scene.project, name="Hook", type=type_)
        await write_secret(self.scene.hub, key.id, members or {"login": "hook", "password": SECRET})
        return key.id

    async def integration(self, **members: Any) -> Integration:
        given = {"name": "Push", "auth_method": "github", "template_id": self.template.id} | members
        if "auth_secret_id" not in given:
            given["auth_secret_id"] = await self.key()
        return await Integration.create(project=self.scene.project, **given)

    async def alias(self, integration: Integration | None = None, name: str = "0123456789abcdef") -> str:
        await IntegrationAlias.create(alias=name, project=self.scene.project, integration=integration)
        return name

    async def send(self, alias: str, body: bytes, *, method: str = "POST", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.app.test_client().open(f"/api/integrations/{alias}", method=method, data=body, headers=named)

    async def push(self, alias: str, payload: Any = None, **headers: str) -> Any:
        """Send as GitHub does."""
        body = json.dumps(PUSH if payload is None else payload).encode()
        signed = {"X_Hub_Signature_256": f"sha256={signature(body)}", "X_GitHub_Event": "push",
                  "Content_Type": "application/json"}  # fmt: skip
        return await self.send(alias, body, **(signed | headers))


async def error(reply: Any) -> str:
    return str(json.loads(await reply.get_data(as_text=False))["error"])


async def matcher(integration: Integration, key: str, value: str, **members: str) -> None:
    given = {"match_type": "body", "method": "equals", "body_data_type": "json"} | members
    await IntegrationMatcher.create(integration=integration, name=key, key=key, value=value, **given)
