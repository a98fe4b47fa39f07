"""Telegram, by a bot."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

from pydantic import Field

from hub.plugin import Notice, Notifier, Params, PluginError, Refused, Secret
from hub_notifiers import outgoing, words
from hub_notifiers.chats import secret_of
from hub_notifiers.fields import Server

_TOKEN: Final = re.compile(r"[0-9]+:[A-Za-z0-9_-]+", re.ASCII)


class TelegramParams(Params):
    token: Secret
    """Token of the bot, as BotFather gave it."""
    chat: str = Field(default="", max_length=100)
    """Id of the chat, or `@name` of a public channel. A project may name another one in its settings."""
    thread: int | None = Field(default=None, ge=1)
    """Topic within the chat, where it has topics."""
    server: Server = "https://api.telegram.org"
    """Another server of the Bot API, if you run your own."""


class Telegram(Notifier[TelegramParams]):
    """Telegram."""

    name = "telegram"
    title = "Telegram"
    description = "Writes to a chat of Telegram through a bot."
    params_type = TelegramParams

    async def send(self, params: TelegramParams, notice: Notice) -> None:
        """Send a text to the project's own chat, or to that of the channel."""
        chat = notice.chat or params.chat
        if not chat:
            raise Refused("Telegram needs the id of a chat: that of the channel, or the project's own.")
        token = secret_of(self.title, notice, "token")
        if not _TOKEN.fullmatch(token):
            raise PluginError("The token of the Telegram bot is none; BotFather gives such as 123456:ABC-DEF.")
        content: dict[str, Any] = {
            "chat_id": chat, "text": text(notice), "parse_mode": "HTML", "link_preview_options": {"is_disabled": True},
        }  # fmt: skip
        if params.thread and not notice.chat:
            content["message_thread_id"] = params.thread
        address = f"{params.server}/bot{token}/sendMessage"
        await outgoing.send(outgoing.Message(self.title, address, content, inside=notice.inside))


def text(notice: Notice) -> str:
    """Return the message in Telegram's HTML."""
    rows = [f"{words.sign(notice)} <b>{_plain(words.title(notice), 200)}</b>", _plain(notice.sentence, 1000)]
    rows += [f"{name}: {_plain(value, 300)}" for name, value in words.facts(notice) if name != "Project"]
    if notice.url:
        rows.append(f'<a href="{escape(notice.url)}">Open in the hub</a>')
    return "\n".join(rows)


def _plain(raw: str, most: int) -> str:
    return escape(words.shortened(raw, most), quote=False)
