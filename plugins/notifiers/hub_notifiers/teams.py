"""Microsoft Teams, by a workflow that posts what comes to its address."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import Field

from hub.plugin import Notice, Notifier, Params, Secret
from hub_notifiers import outgoing, words
from hub_notifiers.chats import secret_of

_COLORS: Final = {words.GOOD: "Good", words.BAD: "Attention", words.WARN: "Warning", words.CALM: "Default"}
_MARKS: Final = re.compile(r"([\\`*_\[\]])")


class TeamsParams(Params):
    url: Annotated[Secret, Field(title="Secret address")]
    """Address of the workflow “Post to a channel when a webhook request is received”; whoever knows it can write."""


class Teams(Notifier[TeamsParams]):
    """Microsoft Teams."""

    name = "teams"
    title = "Microsoft Teams"
    description = "Posts a card to a channel or chat of Microsoft Teams."
    params_type = TeamsParams

    async def send(self, params: TeamsParams, notice: Notice) -> None:
        """Send an adaptive card."""
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card(notice),
        }  # fmt: skip
        content = {"type": "message", "attachments": [attachment]}
        url = secret_of(self.title, notice, "url")
        await outgoing.send(outgoing.Message(self.title, url, content, inside=notice.inside))


def card(notice: Notice) -> dict[str, Any]:
    """Return the card."""
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": _plain(words.title(notice)), "size": "Medium", "weight": "Bolder", "wrap": True},
        {"type": "TextBlock", "text": f"{words.sign(notice)} {_plain(notice.sentence)}", "wrap": True,
         "color": _COLORS[words.mood(notice)]},
        {"type": "FactSet", "facts": [{"title": name, "value": _plain(value)} for name, value in words.facts(notice)]},
    ]  # fmt: skip
    shape: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "msteams": {"width": "Full"}, "body": body,
    }  # fmt: skip
    if notice.url:
        shape["actions"] = [{"type": "Action.OpenUrl", "title": "Open in the hub", "url": notice.url}]
    return shape


def _plain(text: str) -> str:
    """Cards know a little Markdown."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
