"""What stands beside the log of a task: its stages, what people decided, and the passport of the run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from hub.services.tasks.passport import passport_of
from hub.services.tasks.stages import stages_of
from hub.services.tasks.states import CONFIRMED, HELD, REJECTED
from hub.web.encoding import dumps
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit

_STAGES: Final = {
    "init": N_("Preparation"), "dependencies": N_("Dependencies"), "plan": N_("Plan"), "apply": N_("Apply"),
    "outputs": N_("Outputs"), "play": N_("Playbook"), "recap": N_("Recap"), "running": N_("Script"),
}  # fmt: skip
_ISOLATION: Final = {
    "none": N_("Nothing keeps it from the files of the hub"), "landlock": "Landlock", "bubblewrap": "bubblewrap",
}  # fmt: skip
_SHOWN: Final = 12
"""Commands that the page shows; the JSON has all."""

Fact = tuple[str, Any]


async def shown(project_id: int, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template needs."""
    here = visit.visit()
    found = await passport_of(here.actor, project_id, task["id"])
    return await staged(project_id, task) | {
        "decisions": [one for one in found["moves"] if one["target"] in {CONFIRMED, REJECTED}],
        "passes": [_facts(one) for one in found["passes"]],
        "passport_text": json.dumps(json.loads(dumps(found)), indent=2, ensure_ascii=False),
    }


async def staged(project_id: int, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stages; the last one of a task that works is under way, unless it is over."""
    found = await stages_of(visit.visit().actor, project_id, task["id"])
    stages = [replace(one, end=one.end or task.get("end")) for one in found]
    named = [{**asdict(one), "title": _(_STAGES.get(one.name, one.name)), "seconds": one.seconds} for one in stages]
    for one in named:
        one["runs"] = one["end"] is None and task["status"] in HELD
    return {"stages": named, "stages_seconds": sum(one.seconds for one in stages)}


def _facts(one: Mapping[str, Any]) -> list[Fact]:
    """Return the lines of one pass, in the reader's language; what it does not tell is left out."""
    worker, isolation = one.get("worker") or {}, one.get("isolation") or {}
    plugin, inventory = one.get("plugin") or {}, one.get("inventory") or {}
    repository = one.get("repository") or {}
    kind = _(_ISOLATION.get(str(isolation.get("kind")), "")) if isolation.get("kind") else ""
    user = _("as the user %(name)s", name=isolation["user"]) if isolation.get("user") else ""
    facts: list[Fact] = [
        (_("Worker"), _joined(worker.get("host"), worker.get("node"))),
        (_("Hub"), _joined(worker.get("hub"), f"Python {worker['python']}" if worker.get("python") else "")),
        (_("System"), _joined(worker.get("system"))),
        (_("Isolation"), _joined(kind, user)),
        (_("Plugin"), _joined(plugin.get("distribution") or plugin.get("name"), plugin.get("version"))),
        (_("Versions"), [tool.get("version") or name for name, tool in sorted((one.get("tools") or {}).items())]),
        (_("Commands"), [_command(each) for each in (one.get("commands") or [])[:_SHOWN]]),
        (_("Script"), _joined(one.get("script"))),
        (
            _("Repository"),
            _joined(repository.get("name"), repository.get("branch")),
        ),
        (_("Inventory"), _joined(inventory.get("name"))),
        (_("Limits"), _pairs(one.get("limits"))),
        (_("Parameters"), _pairs(one.get("params"))),
        (_("Variables"), _pairs(one.get("variables"))),
        (_("Environment variables"), _pairs(one.get("env"))),
        (_("Secrets given"), list(one.get("secrets") or ())),
    ]
    return [(label, value) for label, value in facts if value]


def _joined(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)


def _pairs(values: Mapping[str, Any] | None) -> list[str]:
    told = {name: value for name, value in (values or {}).items() if value not in (None, "", [], {}, False)}
    return [
        f"{name} = {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in sorted(told.items())
    ]


def _command(one: Mapping[str, Any]) -> str:
    line = shlex.join(str(word) for word in one.get("argv") or ())
    return f"{line}  → {one['code']}" if one.get("code") else line
