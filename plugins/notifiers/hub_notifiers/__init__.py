"""Tells people what happens in the hub: by e-mail, in chats, and to other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Host, Notifier, hookimpl
from hub_notifiers import egress
from hub_notifiers.chats import Discord, Mattermost, RocketChat, Slack
from hub_notifiers.dingtalk import DingTalk
from hub_notifiers.email import Email
from hub_notifiers.pagerduty import PagerDuty
from hub_notifiers.push import Gotify, Ntfy
from hub_notifiers.teams import Teams
from hub_notifiers.telegram import Telegram
from hub_notifiers.webhook import Webhook

HUB_API = 1


@hookimpl
def hub_notifiers() -> Sequence[Notifier[Any]]:
    """Bring every notifier."""
    return [
        Email(), Slack(), Teams(), Telegram(), Mattermost(), RocketChat(), Discord(), DingTalk(), Gotify(), Ntfy(),
        PagerDuty(), Webhook(),
    ]  # fmt: skip


@hookimpl
def hub_startup(host: Host) -> None:
    """Read which inner networks the administrator lets channels of projects reach."""
    egress.allow(host.setting("HUB_NOTIFY_NETWORKS") or host.setting("notify_networks") or "")
