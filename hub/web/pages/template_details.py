"""Every setting of a template in words, in sections, for its page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.plugin import Executor
from hub.services import environments, keys, templates, views
from hub.web.forms import fields_of
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import template_limits, visit
from hub.web.pages.names import by_id, names
from hub.web.pages.resource import NOTHING

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One setting."""

    label: str
    texts: Sequence[str]
    code: bool = False
    address: str = ""
    """Where what it names is."""


@dataclass(slots=True)
class Section:
    """Settings that belong together; what says nothing is left out."""

    title: str
    facts: list[Fact] = field(default_factory=list)

    def add(self, label: str, value: Any, *, code: bool = False, address: str = "") -> None:
        """Add a setting, unless it is empty."""
        texts = [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one not in ("", None)]
        if texts and value is not False:
            self.facts.append(Fact(label, texts, code, address))

    def tick(self, label: str, *, on: bool) -> None:
        """Add a setting that is on or off."""
        self.facts.append(Fact(label, [_("Yes") if on else _("No")]))


async def sections(template: Row, executor: Executor | None) -> list[Section]:
    """Return every setting of a template."""
    found = [
        await _what(template, executor), _arguments(template), await _own(template, executor), _asked(template),
        await _versions(template), _queue(template), _limits(template), await _vaults(template),
    ]  # fmt: skip
    return [one for one in found if one.facts]


async def _what(template: Row, executor: Executor | None) -> Section:
    here, known = visit.visit(), await names(template["project_id"])
    pid = {"project_id": template["project_id"]}
    one = Section(_("What it runs"))
    one.add(
        phrase(executor.capabilities.script_label) if executor else _("Script"), template.get("playbook"), code=True
    )
    one.add(_("Working directory"), template.get("working_directory"), code=True)
    for label, things, member, endpoint in (
        (_("Repository"), known.repository, "repository_id", "repositories_edit"),
        (_("Inventory"), known.inventory, "inventory_id", "inventory_edit"),
        (_("Variable group"), known.environment, "environment_id", "environment_edit"),
    ):
        thing = template.get(member)
        address = visit.address(endpoint, **pid, item_id=thing) if thing else ""
        one.add(label, things.get(thing) if thing else "", address=address)
    groups = by_id(await environments.list_environments(here.actor, template["project_id"]))
    one.add(_("Further variable groups"), [groups[group] for group in template.get("environment_ids") or ()])
    one.add(_("Branch"), template.get("git_branch"), code=True)
    if template.get("view_id"):
        tabs = by_id(await views.list_views(here.actor, template["project_id"]), "title")
        address = visit.address("view_templates", **pid, view_id=template["view_id"])
        one.add(_("View"), tabs.get(template["view_id"]), address=address)
    return one


def _arguments(template: Row) -> Section:
    one = Section(_("Arguments"))
    try:
        value = json.loads(template.get("arguments") or "null")
    except ValueError:
        value = template.get("arguments")
    if isinstance(value, Mapping):
        for stage, words in value.items():
            one.add(str(stage), words, code=True)
    else:
        one.add(_("Arguments"), value, code=True)
    return one


async def _own(template: Row, executor: Executor | None) -> Section:
    """Return the executor's own options that are not as they usually are."""
    one = Section(_("Options of %(app)s", app=phrase(executor.title) if executor else template.get("app", "")))
    params = template.get("task_params") or {}
    if executor is None:
        one.add(_("Options"), json.dumps(params, ensure_ascii=False) if params else "", code=True)
        return one
    for made in fields_of(executor.params_type, params, prefix=""):
        if not made.telling:
            continue
        if made.widget == "tick":
            one.tick(made.label, on=bool(made.value))
        elif made.widget == "key":
            known = by_id(await keys.list_keys(visit.visit().actor, template["project_id"]))
            one.add(made.label, known.get(params.get(made.name)) or "")
        elif made.widget == "words":
            one.add(made.label, str(made.value).splitlines(), code=True)
        else:
            titles = {option.value: option.title for option in made.options}
            one.add(made.label, titles.get(str(made.value), str(made.value)))
    return one


def _asked(template: Row) -> Section:
    one = Section(_("What a task may choose"))
    labels = {
        "allow_override_args_in_task": _("Arguments"), "allow_override_branch_in_task": _("Branch"),
    }  # fmt: skip
    for name, label in labels.items():
        if template.get(name):
            one.tick(label, on=True)
    if (template.get("task_params") or {}).get("allow_override_inventory"):
        one.tick(_("Inventory"), on=True)
    return one


async def _versions(template: Row) -> Section:
    one = Section(_("Versions"))
    kind = template.get("type")
    if not kind:
        return one
    one.add(_("Purpose"), {"build": _("Build"), "deploy": _("Deploy")}.get(str(kind), kind))
    one.add(_("First version"), template.get("start_version"), code=True)
    if template.get("build_template_id"):
        path = {"project_id": template["project_id"], "template_id": template["build_template_id"]}
        above = await templates.get_template(visit.visit().actor, path["project_id"], path["template_id"])
        one.add(_("Build template"), above["name"], address=visit.address("template", **path))
        one.tick(_("Deploys every successful build by itself"), on=bool(template.get("autorun")))
    return one


def _queue(template: Row) -> Section:
    one = Section(_("Queue and workers"))
    one.tick(_("Several tasks at once"), on=bool(template.get("allow_parallel_tasks")))
    one.add(_("Concurrency group"), template.get("concurrency_group"))
    one.add(_("Priority"), template.get("priority") or "")
    one.add(_("Longest wait"), _seconds(template.get("queue_limit")))
    one.add(_("Time limit"), _seconds(template.get("time_limit")))
    one.add(_("Most hosts"), template.get("host_limit") or "")
    one.add(_("Worker tag"), template.get("runner_tag"))
    if template.get("suppress_success_alerts"):
        one.tick(_("Tells of successes"), on=False)
    one.add(_("Tasks so far"), str(template.get("tasks", 0)))
    return one


def _limits(template: Row) -> Section:
    one = Section(_("What its programs may use"))
    for made in template_limits.fields(template.get("limits") or {}, NOTHING, {}):
        if made.widget == "tick" and made.value:
            one.tick(made.label, on=True)
        elif made.widget != "tick":
            one.add(made.label, made.value if made.value != "0" else "")
    return one


async def _vaults(template: Row) -> Section:
    one = Section(_("Vaults"))
    if template.get("vaults"):
        known = by_id(await keys.list_keys(visit.visit().actor, template["project_id"]))
        for vault in template["vaults"]:
            one.add(vault.get("name") or "default", vault.get("script") or known.get(vault.get("vault_key_id")),
                    code=bool(vault.get("script")))  # fmt: skip
    return one


def _seconds(value: Any) -> str:
    seconds = int(value or 0)
    if not seconds:
        return ""
    if seconds % 60:
        return _("%(s)ss", s=seconds)
    return _("%(m)sm %(s)ss", m=seconds // 60, s=0)
