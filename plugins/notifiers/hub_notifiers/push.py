"""Messages to phones and desktops: Gotify and ntfy."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from hub.plugin import Notice, Notifier, Params, Secret
from hub_notifiers import outgoing, words
from hub_notifiers.chats import secret_of
from hub_notifiers.fields import Server

_GOTIFY: Final = {words.BAD: 8, words.WARN: 6, words.GOOD: 4, words.CALM: 2}
_NTFY: Final = {words.BAD: 4, words.WARN: 4, words.GOOD: 3, words.CALM: 2}
_TAGS: Final = {words.BAD: "x", words.WARN: "warning", words.GOOD: "white_check_mark", words.CALM: "large_blue_diamond"}


class GotifyParams(Params):
    server: Server
    """Address of your Gotify, such as `https://push.example.com`."""
    token: Secret
    """Token of the application that messages come from."""


class NtfyParams(Params):
    topic: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
    """Topic to publish to. On a public server, whoever guesses it can read along."""
    token: Secret | None = None
    """Access token, where the server asks for one."""
    server: Server = "https://ntfy.sh"
    """Another server, if you run your own."""


class Gotify(Notifier[GotifyParams]):
    """Gotify."""

    name = "gotify"
    title = "Gotify"
    description = "Sends messages through a Gotify server."
    params_type = GotifyParams

    async def send(self, params: GotifyParams, notice: Notice) -> None:
        """Send a message in Markdown; bad news is louder."""
        extras: dict[str, Any] = {"client::display": {"contentType": "text/markdown"}}
        rows = [words.markdown(notice.sentence)]
        rows += [f"- {name}: {words.markdown(value)}" for name, value in words.facts(notice)]
        if notice.url:
            extras["client::notification"] = {"click": {"url": notice.url}}
            rows.append(f"[Open in the hub]({notice.url})")
        content = {
            "title": f"{words.sign(notice)} {words.title(notice)}", "message": "\n\n".join(rows), "extras": extras,
            "priority": _GOTIFY[words.mood(notice)],
        }  # fmt: skip
        headers = {"X-Gotify-Key": secret_of(self.title, notice, "token")}
        address = f"{params.server}/message"
        await outgoing.send(outgoing.Message(self.title, address, content, headers, inside=notice.inside))


class Ntfy(Notifier[NtfyParams]):
    """Ntfy."""

    name = "ntfy"
    title = "ntfy"
    description = "Publishes to a topic of ntfy."
    params_type = NtfyParams

    async def send(self, params: NtfyParams, notice: Notice) -> None:
        """Publish a message; bad news is louder."""
        rows = [notice.sentence, *(f"{name}: {value}" for name, value in words.facts(notice) if name == "Reason")]
        mood = words.mood(notice)
        content: dict[str, Any] = {
            "topic": params.topic, "title": words.title(notice), "message": words.shortened("\n".join(rows), 3000),
            "priority": _NTFY[mood], "tags": [_TAGS[mood]],
        }  # fmt: skip
        if notice.url:
            content["click"] = notice.url
        token = notice.secrets.get("token", "").strip()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        await outgoing.send(outgoing.Message(self.title, f"{params.server}/", content, headers, inside=notice.inside))
