"""The part of a task's page that tells what happened on which host: recap, matrix, failures, one host, one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request

from hub.services.tasks import again, matrix
from hub.services.tasks.matrix import Failure, Host, Matrix
from hub.services.tasks.states import FINISHED
from hub.services.tasks.whereabouts import MOST, lines_of
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit

HOSTS: Final = 50  # to a page
STEPS: Final = 60
FIRST: Final = 3  # failures that are shown above the recap
SECONDS: Final = 3  # between two looks at a running task

VIEWS: Final = ("recap", "matrix", "failures", "host", "step")
LOOKS: Final = {
    "ok": (N_("OK"), "✓"),
    "changed": (N_("Changed"), "◆"),
    "skipped": (N_("Skipped"), "–"),
    "ignored": (N_("Ignored"), "!"),
    "rescued": (N_("Rescued"), "↺"),
    "failed": (N_("Failed"), "✕"),
    "unreachable": (N_("Unreachable"), "⊘"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of it a reader wants to see: what the address says."""

    view: str
    text: str
    only: str
    page: int
    columns: int
    host: str
    step: int

    def address(self, **changes: Any) -> dict[str, Any]:
        """Return the parts of an address that shows this, with changes; what is usual is left out."""
        values = {
            "hosts": self.view, "q": self.text, "only": self.only, "page": self.page, "columns": self.columns,
            "host": self.host, "step": self.step, **changes,
        }  # fmt: skip
        usual = {"hosts": "recap", "q": "", "only": "", "page": 0, "columns": 0, "host": "", "step": -1}
        return {name: value for name, value in values.items() if value != usual[name]}


def asked() -> Asked:
    """Read the address; what makes no sense is as if it was not there."""
    view = request.args.get("hosts", "recap")
    step = visit.query_number("step")
    return Asked(
        view=view if view in VIEWS else "recap",
        text=request.args.get("q", "").strip()[:250],
        only=request.args.get("only", "") if request.args.get("only", "") in LOOKS else "",
        page=visit.query_number("page") or 0,
        columns=visit.query_number("columns") or 0,
        host=request.args.get("host", "")[:250],
        step=-1 if step is None else step,
    )


async def shown(project_id: int, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template needs; `matrix` has no version when there is nothing to show."""
    here = visit.visit()
    found = await matrix.load(here.actor, project_id, task["id"])
    executor = here.hub.registry.executors.get(task.get("tpl_app", ""))
    finished = task["status"] in FINISHED
    live = not finished and executor is not None and executor.capabilities.needs_inventory
    wish = asked()
    values: dict[str, Any] = {"matrix": found, "asked": wish, "looks": LOOKS, "poll": SECONDS if live else 0,
                              "word": word, "sign": sign,
                              "again": finished and here.may_run and again.can_narrow(executor)}  # fmt: skip
    if not found.version:
        return values
    return values | await _view(found, wish, task["id"])


async def part(project_id: int, task: Mapping[str, Any]) -> Response:
    """Draw it alone, for a script; nothing while it is as it was."""
    values = await shown(project_id, task)
    if values["poll"] and request.args.get("seen") == values["matrix"].version:
        return Response(b"", 204)
    return await visit.show("parts/task_hosts.html", task=task, **values)


async def _view(found: Matrix, wish: Asked, task_id: int) -> dict[str, Any]:
    if wish.view == "matrix":
        return _matrix(found, wish)
    if wish.view == "failures":
        return await _failures(found.failures, wish, task_id)
    if wish.view == "host":
        return await _one_host(found, wish, task_id)
    if wish.view == "step":
        return await _one_step(found, wish, task_id)
    recap = _paged(_chosen(found.hosts, wish), wish.page, HOSTS)
    first = found.fatal()[:FIRST] if not wish.page and not wish.text and not wish.only else ()
    return recap | {"failures": await _told(first, task_id)}


def _matrix(found: Matrix, wish: Asked) -> dict[str, Any]:
    columns = min(wish.columns, max(0, (len(found.steps) - 1) // STEPS))
    first = columns * STEPS
    steps = found.steps[first : first + STEPS]
    pages = {"columns": columns, "more_columns": len(found.steps) > first + STEPS, "first_column": first}
    return _paged(_chosen(found.hosts, wish), wish.page, HOSTS) | pages | {"steps": steps}


async def _failures(all_of_them: Sequence[Failure], wish: Asked, task_id: int) -> dict[str, Any]:
    text = wish.text.lower()
    fitting = [one for one in all_of_them if text in f"{one.host}\n{one.task}\n{one.text}".lower()]
    page = _paged(fitting, wish.page, MOST)
    return page | {"failures": await _told(page["rows"], task_id)}


async def _one_host(found: Matrix, wish: Asked, task_id: int) -> dict[str, Any]:
    host = next((one for one in found.hosts if one.name == wish.host), None)
    if host is None:
        return {"host": None, "rows": []}
    told = await _told([one for one in found.failures if one.host == host.name][:MOST], task_id)
    seen = [step for step in found.steps if step.state(host.number)]
    fitting = [step for step in seen if not wish.only or step.state(host.number) == wish.only]
    return _paged(fitting, wish.page, 4 * HOSTS) | {"host": host, "told": _by_step(told)}


async def _one_step(found: Matrix, wish: Asked, task_id: int) -> dict[str, Any]:
    step = next((one for one in found.steps if one.number == wish.step), None)
    if step is None:
        return {"step": None, "rows": []}
    order = {state: place for place, state in enumerate(matrix.WORST_FIRST)}
    seen = [host for host in found.hosts if step.state(host.number)]
    fitting = [host for host in seen if not wish.only or step.state(host.number) == wish.only]
    page = _paged(sorted(fitting, key=lambda host: order[step.state(host.number)]), wish.page, HOSTS)
    names = {host.name for host in page["rows"]}
    about = [one for one in found.failures if one.number == step.number and one.host in names]
    told = await _told(about[:MOST], task_id)
    slowest = next((one.name for one in found.hosts if step.slowest and one.number == step.slowest[0]), "")
    return page | {"step": step, "told": _by_host(told), "slowest": slowest}


def _chosen(hosts: Sequence[Host], wish: Asked) -> list[Host]:
    text = wish.text.lower()
    return [one for one in hosts if text in one.name.lower() and (not wish.only or one.fits(wish.only))]


def _paged(rows: Sequence[Any], page: int, size: int) -> dict[str, Any]:
    page = min(page, max(0, (len(rows) - 1) // size))
    return {
        "rows": rows[page * size : (page + 1) * size], "total": len(rows), "page": page, "first": page * size,
        "more": len(rows) > (page + 1) * size,
    }  # fmt: skip


async def _told(failures: Sequence[Failure], task_id: int) -> list[tuple[Failure, int | None]]:
    """Return failures, each with its line of the log, counted from 1."""
    lines = await lines_of(task_id, failures)
    return [(one, lines[place] + 1 if place in lines else None) for place, one in enumerate(failures)]


def _by_step(told: Sequence[tuple[Failure, int | None]]) -> dict[int, list[tuple[Failure, int | None]]]:
    found: dict[int, list[tuple[Failure, int | None]]] = {}
    for one in told:
        found.setdefault(one[0].number, []).append(one)
    return found


def _by_host(told: Sequence[tuple[Failure, int | None]]) -> dict[str, list[tuple[Failure, int | None]]]:
    found: dict[str, list[tuple[Failure, int | None]]] = {}
    for one in told:
        found.setdefault(one[0].host, []).append(one)
    return found


def word(state: str) -> str:
    """Return how a state is called."""
    return _(LOOKS[state][0]) if state in LOOKS else state


def sign(state: str) -> str:
    """Return the sign of a state."""
    return LOOKS[state][1] if state in LOOKS else "·"
