"""Chats that take messages at a secret address: Slack, Mattermost, Rocket.Chat, Discord."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from hub.plugin import Notice, Notifier, Params, PluginError, Secret
from hub_notifiers import outgoing, words

_PLAIN = {words.GOOD: "good", words.BAD: "danger", words.WARN: "warning"}


class SlackParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the incoming webhook, as Slack shows it; whoever knows it can write there."""


class MattermostParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the incoming webhook, as Mattermost shows it; whoever knows it can write there."""
    channel: str = Field(default="", max_length=100)
    """Channel to write to, where the webhook is not locked to one."""


class RocketChatParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the incoming webhook, as Rocket.Chat shows it; whoever knows it can write there."""
    channel: str = Field(default="", max_length=100)
    """Channel or user to write to, with the leading `#` or `@`, where it is not the webhook's own."""


class DiscordParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the webhook, as Discord shows it; whoever knows it can write there."""


class Slack(Notifier[SlackParams]):
    """Slack, by an incoming webhook."""

    name = "slack"
    title = "Slack"
    description = "Writes to a channel of Slack."
    params_type = SlackParams

    async def send(self, params: SlackParams, notice: Notice) -> None:
        """Send an attachment in the colour of the news."""
        attachment = {
            "color": _PLAIN.get(words.mood(notice), words.color(notice)),
            "fallback": _slack(notice.sentence), "title": _slack(words.title(notice)),
            "text": _slack(f"{words.sign(notice)} {notice.sentence}"), "mrkdwn_in": [],
            "fields": [{"title": name, "value": _slack(value), "short": len(value) < 30}
                       for name, value in words.facts(notice)],
        }  # fmt: skip
        await _post(self.title, notice, {"attachments": [_linked(attachment, notice)]})


class Mattermost(Notifier[MattermostParams]):
    """Mattermost, by an incoming webhook."""

    name = "mattermost"
    title = "Mattermost"
    description = "Writes to a channel of Mattermost."
    params_type = MattermostParams

    async def send(self, params: MattermostParams, notice: Notice) -> None:
        """Send an attachment in the colour of the news."""
        attachment = {
            "color": words.color(notice), "fallback": words.quiet(notice.sentence),
            "title": words.quiet(words.title(notice)),
            "text": f"{words.sign(notice)} {words.quiet(words.markdown(notice.sentence))}",
            "fields": [{"title": name, "value": words.quiet(words.markdown(value)), "short": len(value) < 30}
                       for name, value in words.facts(notice)],
        }  # fmt: skip
        content = {"attachments": [_linked(attachment, notice)]}
        await _post(self.title, notice, content | ({"channel": params.channel} if params.channel else {}))


class RocketChat(Notifier[RocketChatParams]):
    """Rocket.Chat, by an incoming webhook."""

    name = "rocketchat"
    title = "Rocket.Chat"
    description = "Writes to a channel of Rocket.Chat."
    params_type = RocketChatParams

    async def send(self, params: RocketChatParams, notice: Notice) -> None:
        """Send an attachment in the colour of the news."""
        attachment = {
            "color": words.color(notice), "title": words.quiet(words.title(notice)),
            "fields": [{"title": name, "value": words.quiet(words.markdown(value)), "short": len(value) < 30}
                       for name, value in words.facts(notice)],
        }  # fmt: skip
        text = f"{words.sign(notice)} {words.quiet(words.markdown(notice.sentence))}"
        content: dict[str, Any] = {"text": text, "attachments": [_linked(attachment, notice)]}
        await _post(self.title, notice, content | ({"channel": params.channel} if params.channel else {}))


class Discord(Notifier[DiscordParams]):
    """Discord, by a webhook."""

    name = "discord"
    title = "Discord"
    description = "Writes to a channel of Discord."
    params_type = DiscordParams

    async def send(self, params: DiscordParams, notice: Notice) -> None:
        """Send an embed in the colour of the news; it calls nobody."""
        embed: dict[str, Any] = {
            "title": words.shortened(words.markdown(words.title(notice)), 256),
            "description": words.shortened(f"{words.sign(notice)} {words.markdown(notice.sentence)}", 4000),
            "color": int(words.color(notice).removeprefix("#"), 16),
            "fields": [{"name": name, "value": words.shortened(words.markdown(value), 1024), "inline": len(value) < 30}
                       for name, value in words.facts(notice)],
        }  # fmt: skip
        if notice.url:
            embed["url"] = notice.url
        await _post(self.title, notice, {"embeds": [embed], "allowed_mentions": {"parse": []}})


def _linked(attachment: dict[str, Any], notice: Notice) -> dict[str, Any]:
    return attachment | ({"title_link": notice.url} if notice.url else {})


def _slack(text: str) -> str:
    """Slack gives these three signs a meaning: links, and calls to everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post(service: str, notice: Notice, content: Any) -> None:
    await outgoing.send(outgoing.Message(service, secret_of(service, notice, "url"), content, inside=notice.inside))


def secret_of(service: str, notice: Notice, name: str) -> str:
    """Return the value of a secret that cannot be done without."""
    found = notice.secrets.get(name, "").strip()
    if not found:
        raise PluginError(f"The secret {name} of {service} is empty. Write it down anew.")
    return found
