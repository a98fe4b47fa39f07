"""Any other program: a request with the facts as JSON, signed so that its receiver knows whom it is from."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from hub.plugin import Choice, Notice, Notifier, Params, PluginError, Secret, Words
from hub_notifiers import outgoing
from hub_notifiers.chats import secret_of

_HEADER: Final = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)", re.ASCII)
_OWN: Final = frozenset({
    "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
_MOST: Final = 20


def _headers(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) > _MOST:
        raise ValueError(f"write {_MOST} headers at most")
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise ValueError("write each header as `Name: value`")
        name = found[1].lower()
        if name in _OWN or name.startswith(("x-hub-", "proxy-")):
            raise ValueError(f"the header {found[1]} is set by the hub itself")
    return lines


class WebhookParams(Params):
    url: Annotated[Secret, Field(title="Address")]
    """Where the request goes."""
    method: Annotated[str, Choice({"POST": "POST", "PUT": "PUT", "PATCH": "PATCH"})] = "POST"
    """How it is sent."""
    secret: Annotated[Secret | None, Field(title="Signing secret")] = None
    """What requests are signed with: header `X-Hub-Signature`."""
    authorization: Secret | None = None
    """Value of the header `Authorization`, such as `Bearer …`."""
    headers: Annotated[Words, AfterValidator(_headers)] = ()
    """More headers, each as `Name: value`; nothing secret."""


class Webhook(Notifier[WebhookParams]):
    """A webhook."""

    name = "webhook"
    title = "Webhook"
    description = "Sends a signed request with the facts as JSON to any address."
    params_type = WebhookParams

    async def send(self, params: WebhookParams, notice: Notice) -> None:
        """Send the facts."""
        body = json.dumps(picture(notice), ensure_ascii=False).encode()
        headers = dict(line.split(":", 1) for line in params.headers)
        headers = {name: value.strip() for name, value in headers.items()}
        headers |= {"X-Hub-Event": notice.event, "X-Hub-Delivery": notice.id}
        if authorization := notice.secrets.get("authorization", "").strip():
            if not re.fullmatch(r"[\x20-\x7e]+", authorization):
                raise PluginError("The value for the header Authorization holds signs that no header can hold.")
            headers["Authorization"] = authorization
        if secret := notice.secrets.get("secret", ""):
            moment = str(int(time.time()))
            headers |= {"X-Hub-Timestamp": moment, "X-Hub-Signature": f"sha256={signature(secret, moment, body)}"}
        url = secret_of("the webhook", notice, "url")
        await outgoing.send(
            outgoing.Message("the webhook", url, headers=headers, method=params.method, body=body, inside=notice.inside)
        )


def signature(secret: str, moment: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of `<timestamp>.<body>`, in hexadecimal digits."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def picture(notice: Notice) -> dict[str, Any]:
    """Return what is sent."""
    return {
        "id": notice.id, "event": notice.event, "sentence": notice.sentence, "url": notice.url,
        "project": {"id": notice.project_id, "name": notice.project_name} if notice.project_id else None,
        "task": {
            "id": notice.task_id, "status": notice.status, "template": notice.template_name, "author": notice.author,
            "version": notice.version, "message": notice.message,
        } if notice.task_id else None,
        "facts": dict(notice.facts),
    }  # fmt: skip
