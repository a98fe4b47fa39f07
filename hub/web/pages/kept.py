"""The part of a project's settings that says how long it keeps its tasks and logs, and what would go with that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.services import retention
from hub.services.retention import MEMBERS
from hub.web.forms import Field, whole_number
from hub.web.i18n import gettext as _
from hub.web.pages import visit


def fields(hub: Hub, values: Mapping[str, str], errors: Mapping[str, str]) -> list[Field]:
    """Return the four limits."""
    usual, group = hub.settings, _("What is kept")
    told = {
        "keep_tasks": (_("Tasks of each template"), _hint(usual.max_tasks_per_template, _(
            "So many finished tasks of each template stay; older ones go with their logs."))),
        "keep_days": (_("Days that tasks are kept"), _hint(usual.keep_days, _(
            "Finished tasks that ended longer ago go with their logs."))),
        "keep_log_days": (_("Days that logs are kept"), _hint(usual.keep_log_days, _(
            "Logs go after so many days; their tasks stay in the history."))),
        "keep_log_mib": (_("MiB that logs may take"), _(
            "As they are stored, compressed. The oldest logs go first; their tasks stay. 0 is without limit.")),
    }  # fmt: skip
    return [
        Field(name, label, "number", values.get(name, "0"), help=text, error=errors.get(name, ""), limits={"min": 0},
              group=group)
        for name, (label, text) in told.items()
    ]  # fmt: skip


def _hint(usual: int, text: str) -> str:
    own = _("0 leaves it to the hub, which keeps %(count)s.", count=usual) if usual else _("0 keeps everything.")
    return f"{text} {own}"


async def picture(project_id: int, sent: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what would go with the limits of the form, else with those of the project."""
    here = visit.visit()
    errors: dict[str, str] = {}
    wished: dict[str, int | None] = {**numbers_of(sent, MEMBERS if sent else (), errors)}
    try:
        return None if errors else await retention.look(here.hub, here.actor, project_id, wished)
    except Invalid:
        return None


def numbers_of(sent: Mapping[str, str], names: Iterable[str], errors: dict[str, str]) -> dict[str, int]:
    """Read the whole numbers of a form; what is none is told in `errors`."""
    found = {}
    for name in names:
        try:
            found[name] = whole_number(sent.get(name, ""))
        except ValueError as error:
            errors[name] = str(error)
    return found
