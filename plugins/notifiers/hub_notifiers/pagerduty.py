"""PagerDuty: bad news opens an incident, the good news after it closes it (Events API v2)."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from hub.plugin import Choice, Notice, Notifier, Params, Refused, Secret
from hub_notifiers import outgoing, words
from hub_notifiers.chats import secret_of
from hub_notifiers.fields import Server

_OPENS: Final = {
    "task.failed": "error", "task.waiting_confirmation": "info", "drift.opened": "warning",
    "schedule.failed": "warning", "worker.lost": "critical", "key.expiring": "warning", "test": "info",
}  # fmt: skip
_CLOSES: Final = {"task.success": "task.failed", "task.recovered": "task.failed", "drift.closed": "drift.opened"}


class PagerDutyParams(Params):
    key: Annotated[Secret, Field(title="Integration key")]
    """Integration key of the service (Events API v2)."""
    severity: Annotated[
        str,
        Choice({
            "": "As the hub sees it", "critical": "Critical", "error": "Error", "warning": "Warning", "info": "Info",
        }),
    ] = ""  # fmt: skip
    """How severe every incident is."""
    server: Server = "https://events.pagerduty.com"
    """`https://events.eu.pagerduty.com` for accounts in the European region."""


class PagerDuty(Notifier[PagerDutyParams]):
    """PagerDuty."""

    name = "pagerduty"
    title = "PagerDuty"
    description = "Opens incidents in PagerDuty, and closes them when all is well again."
    params_type = PagerDutyParams

    async def send(self, params: PagerDutyParams, notice: Notice) -> None:
        """Open or close the incident of a template; other news is no business of anybody on call."""
        if notice.event not in _OPENS and notice.event not in _CLOSES:
            raise Refused("PagerDuty is told of trouble and its end; this is neither.")
        content: dict[str, Any] = {
            "routing_key": secret_of(self.title, notice, "key"), "dedup_key": incident(notice),
            "event_action": "resolve" if notice.event in _CLOSES else "trigger",
        }  # fmt: skip
        if notice.event in _OPENS:
            content["payload"] = {
                "summary": words.shortened(notice.sentence, 1000), "source": words.title(notice),
                "severity": params.severity or _OPENS[notice.event], "custom_details": dict(words.facts(notice)),
            }  # fmt: skip
            content["client"] = "Automation Hub"
            content["links"] = [{"href": notice.url, "text": "Open in the hub"}] if notice.url else []
        address = f"{params.server}/v2/enqueue"
        await outgoing.send(outgoing.Message(self.title, address, content, inside=notice.inside))


def incident(notice: Notice) -> str:
    """Return what an incident and its end have in common."""
    event = _CLOSES.get(notice.event, notice.event)
    about = notice.facts.get("template_id") or notice.facts.get("about") or notice.task_id or ""
    return f"automation-hub/{event}/{notice.project_id}/{about}"[:255]
