"""The hub as a whole: how every part of it is, for administrators, and what it is made of, for everybody."""

from __future__ import annotations

import asyncio
import platform
from functools import cache
from importlib import metadata
from typing import Any, Final

from quart import Response

from hub import __version__
from hub.services import health as service
from hub.services.info import ansible_version
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.drawing import Look
from hub.web.pages.routing import Who, page

_LOOKS: Final = {
    "ok": Look(N_("fine"), "ok", "circle-check"), "warn": Look(N_("look at it"), "warn", "alert-triangle"),
    "bad": Look(N_("broken"), "bad", "circle-x"), "unknown": Look(N_("not known"), "warn", "help"),
}  # fmt: skip
_TITLES: Final = {
    "database": (N_("Database"), "database"), "queue": (N_("Queue"), "list-numbers"),
    "workers": (N_("Workers"), "server"),
    "tasks": (N_("Tasks"), "terminal-2"), "storage": (N_("Files and disk"), "box"),
    "upkeep": (N_("Upkeep"), "refresh"), "schedules": (N_("Schedules"), "calendar-time"),
    "deliveries": (N_("Webhooks of the last day"), "webhook"), "notices": (N_("Notices of the last day"), "bell"),
    "keys": (N_("Secrets"), "key"), "plugins": (N_("Plugins"), "plug"),
}  # fmt: skip
_REASONS: Final = {
    ("database", "away"): N_("The database does not answer."),
    ("database", "slow"): N_("The database answers slowly. Is its machine busy, or far away?"),
    ("database", "tables"): N_("The tables do not fit this version. Run hub db migrate."),
    ("queue", "away"): N_("Redis does not answer: tasks wait until it does. Nothing is lost."),
    ("queue", "slow"): N_("Redis answers slowly. Is its machine busy, or far away?"),
    ("workers", "none"): N_("No worker takes tasks. Start one with hub worker."),
    ("workers", "lost"): N_(
        "A worker has gone silent. Its tasks end as errors, or run again if their template says so."
    ),
    ("workers", "open"): N_(
        "A worker runs tasks that can read the files of the hub. Set HUB_TASK_USER or HUB_SANDBOX there."
    ),
    ("workers", "other_version"): N_("A worker has another version than this server. Bring both to the same one."),
    ("tasks", "no_workers"): N_("Tasks wait, and there is no worker to take them."),
    ("tasks", "long"): N_("A task has been waiting for long. Add slots or workers, or look at what it waits for."),
    ("storage", "away"): N_("The place for files does not answer: logs are not archived and artifacts not kept."),
    ("storage", "disk"): N_("The disk gets full. Make room, or let old tasks and logs go sooner."),
    ("upkeep", "late"): N_("Nobody has looked lately for old tasks and logs that may go. Is a server running?"),
    ("upkeep", "never"): N_("Nobody has looked yet for old tasks and logs that may go."),
    ("schedules", "late"): N_("A schedule should have started something by now. Is a server running?"),
    ("deliveries", "failed"): N_("A right request from outside could not start its task. Its delivery says why."),
    ("notices", "overdue"): N_("Notices wait to be sent. Is a server running?"),
    ("notices", "failed"): N_("A notice could not be sent. Its channel says why."),
    ("keys", "over"): N_("A secret in a key store is past its time. Replace it."),
    ("keys", "soon"): N_("A secret in a key store expires soon. Replace it in time."),
    ("plugins", "problems"): N_("A plugin has a problem. The page of plugins says which."),
}  # fmt: skip
_WAYS: Final = {"workers": "workers", "tasks": "workers", "plugins": "plugins"}
"""Where more is told of a part."""

LIBRARIES: Final = (
    "quart", "hypercorn", "tortoise-orm", "pluggy", "pydantic", "arq", "redis", "asyncssh", "gitpython", "cryptography",
    "authlib", "jinja2", "orjson", "babel", "cronsim", "segno",
)  # fmt: skip
SCRIPTS: Final = (
    ("htmx", "0BSD"), ("Tabler", "MIT"), ("Tabler Icons", "MIT"), ("uPlot", "MIT"), ("Swagger UI", "Apache-2.0"),
)  # fmt: skip
"""What the pages bring to the browser, with licences."""


@page("/system", Who.ADMIN)
async def system_health() -> Response:
    """Every part with its light, in words."""
    here = visit.visit()
    found = await service.health(here.hub, here.actor)
    parts = [_drawn(one) for one in found["parts"]]
    template = "parts/system.html" if visit.wants_fragment() else "system.html"
    return await visit.show(template, section="health", health=found, parts=parts, look=_look(found["state"]))


def _look(state: str) -> Look:
    look = _LOOKS[state]
    return Look(_(look.label), look.color, look.icon)


def _drawn(part: dict[str, Any]) -> dict[str, Any]:
    title, icon = _TITLES[part["name"]]
    reason = _REASONS.get((part["name"], part["reason"]), "")
    if part["reason"] == "away" and not reason:
        reason = N_("It could not be looked at; the log of the hub says why.")
    return {
        **part, "title": _(title), "icon": icon, "look": _look(part["state"]), "why": _(reason) if reason else "",
        "way": visit.address(_WAYS[part["name"]]) if part["name"] in _WAYS else "",
    }  # fmt: skip


@page("/about", Who.USER)
async def about() -> Response:
    """Versions, licences and where to read on; Ansible, a program that starts slowly, is asked apart."""
    if visit.wants_fragment():
        return await visit.show("parts/ansible.html", ansible=(await ansible_version()).partition("\n")[0])
    libraries = await asyncio.to_thread(_libraries)
    return await visit.show(
        "about.html", section="about", hub_version=__version__, python=platform.python_version(), libraries=libraries,
        scripts=SCRIPTS, plugins=visit.the_hub().registry.plugins,
    )  # fmt: skip


@cache
def _libraries() -> list[tuple[str, str, str]]:
    """Return (name, version, licence) of what the hub stands on."""
    found = []
    for name in LIBRARIES:
        try:
            about: Any = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        licence = about.get("License-Expression") or about.get("License") or _classified(about)
        found.append((about["Name"], about["Version"], licence.splitlines()[0][:60] if licence else "—"))
    return found


def _classified(about: Any) -> str:
    names = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier", []) if one.startswith("License ::")]
    return ", ".join(names)
