"""DingTalk, by a robot of a group."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Annotated, Final
from urllib.parse import quote_plus

from pydantic import Field

from hub.plugin import Notice, Notifier, Params, PluginError, Retry, Secret
from hub_notifiers import outgoing, words
from hub_notifiers.chats import secret_of

_TOO_MANY: Final = frozenset({130101, 660026, 410100})
_REFUSED: Final = 310000
"""A word, address or signature that the robot's safety settings want is missing."""


class DingTalkParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the robot, with its access token; whoever knows it can write there."""
    secret: Annotated[Secret | None, Field(title="Signing secret")] = None
    """What messages are signed with, where the robot's safety settings ask for a signature."""


class DingTalk(Notifier[DingTalkParams]):
    """DingTalk."""

    name = "dingtalk"
    title = "DingTalk"
    description = "Writes to a group of DingTalk through a robot."
    params_type = DingTalkParams

    async def send(self, params: DingTalkParams, notice: Notice) -> None:
        """Send a text in Markdown, signed where a secret is known; refusals come with the status 200."""
        address = secret_of(self.title, notice, "url")
        if secret := notice.secrets.get("secret", "").strip():
            address += ("&" if "?" in address else "?") + signature(secret, str(round(time.time() * 1000)))
        title = words.shortened(f"{words.sign(notice)} {words.title(notice)}", 100)
        content = {"msgtype": "markdown", "markdown": {"title": title, "text": text(notice)}}
        answer = await outgoing.send(outgoing.Message(self.title, address, content, inside=notice.inside))
        code = answer.members().get("errcode", 0)
        if code in _TOO_MANY:
            raise Retry("DingTalk takes no more messages for now.", after=60)
        if code == _REFUSED:
            raise PluginError(
                "DingTalk refused the message: the robot's safety settings ask for a signature or a word."
            )
        if code != 0:
            raise PluginError(f"DingTalk refused the message (its error {words.shortened(str(code), 20)}).")


def signature(secret: str, moment: str) -> str:
    """Return the members of the address that prove the secret at a moment, in milliseconds."""
    digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    return f"timestamp={moment}&sign={quote_plus(base64.b64encode(digest))}"


def text(notice: Notice) -> str:
    """Return the message in Markdown."""
    rows = [f"#### {words.sign(notice)} {words.quiet(words.markdown(words.title(notice)))}"]
    rows.append(words.quiet(words.markdown(notice.sentence)))
    rows += [f"- {name}: {words.quiet(words.markdown(value))}" for name, value in words.facts(notice)]
    if notice.url:
        rows.append(f"[Open in the hub]({notice.url})")
    return "\n\n".join(rows)
