"""What a run did on which host, for people to read: the recap, the matrix of hosts and tasks, one host, one task.

It is made of three results that an executor may give again and again while it runs, in the shapes that docs/plugins.md
describes: `ansible_hosts`, `ansible_tasks` and `ansible_errors`. What a plugin left out, or wrote otherwise, is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from hub.services.actor import Actor
from hub.services.listing import Asked
from hub.services.tasks.read import results_of
from hub.services.tasks.results import ERRORS, HOSTS, TASKS

STATES: Final = ("", "ok", "changed", "skipped", "ignored", "failed", "unreachable")
"""By the number that a cell holds: what became of a task on a host. Nothing, then from fine to worst."""
WORST_FIRST: Final = ("unreachable", "failed", "ignored", "changed", "ok", "skipped")
HOST_STATES: Final = ("unreachable", "failed", "changed", "ok", "skipped")
"""What a host is called by, the worst first. What was rescued or ignored makes it no worse."""
BESIDE: Final = ("rescued", "ignored")
COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
_RUN: Final = 8
"""A run of equal cells is one number: how many, times this, plus the state."""
_MOST_CELLS: Final = 10_000
"""Hosts of one row; what lies beyond makes no sense."""


@dataclass(frozen=True, slots=True)
class Host:
    """What happened to one host."""

    number: int
    name: str
    counts: Mapping[str, int]
    seconds: float
    diff: int

    @property
    def state(self) -> str:
        """The worst that happened to it."""
        return next((state for state in HOST_STATES if self.counts[state]), "ok")

    def fits(self, state: str) -> bool:
        """Whether it is called by this state, or has some of what is counted beside."""
        return self.counts[state] > 0 if state in BESIDE else self.state == state


@dataclass(frozen=True, slots=True)
class Step:
    """One task of the playbook; its number is what failures refer to."""

    number: int
    name: str
    action: str
    play: str
    seconds: float
    diff: int
    handler: bool
    slowest: tuple[int, float] | None
    """Number of the host that took longest, and its seconds."""
    cells: bytes
    """State by number of the host; hosts beyond the end did not see the task."""

    def state(self, host: int) -> str:
        """Return what became of it on a host."""
        return STATES[self.cells[host]] if host < len(self.cells) else ""

    def counts(self) -> dict[str, int]:
        """Return on how many hosts it ended how, the worst first; without those where nothing happened."""
        found = {state: self.cells.count(STATES.index(state)) for state in reversed(STATES) if state}
        return {state: count for state, count in found.items() if count}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed on a host."""

    host: str
    task: str
    number: int
    item: str
    text: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """All of it. Hosts come with the worst first, failures that were ignored come last."""

    hosts: Sequence[Host] = ()
    steps: Sequence[Step] = ()
    failures: Sequence[Failure] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many hosts, tasks and failures were too many to be kept."""
    ended: bool = False
    """The run has come to its own end, so that the recap is the tool's."""
    version: str = ""
    """Changes with each change of the results."""

    def totals(self) -> dict[str, int]:
        """Return how many hosts ended how, the worst first, and on how many something was rescued or ignored."""
        found = {state: sum(host.fits(state) for host in self.hosts) for state in (*HOST_STATES, *BESIDE)}
        return {state: count for state, count in found.items() if count}

    def columns(self) -> list[str]:
        """Return the counts that are worth a column: the usual ones, and what happened on any host."""
        usual = ("ok", "changed", "failed")
        return [name for name in COUNTS if name in usual or any(host.counts[name] for host in self.hosts)]

    @property
    def diff(self) -> int:
        """Return how many lines of files changed, where the run was asked to show them."""
        return sum(host.diff for host in self.hosts)

    def bad(self) -> list[str]:
        """Return the names of hosts on which something failed or that were not reached."""
        return [host.name for host in self.hosts if host.counts["failed"] or host.counts["unreachable"]]

    def fatal(self) -> list[Failure]:
        """Return for each bad host what ended its run: the last failure that was not ignored."""
        bad = set(self.bad())
        last = {one.host: one for one in self.failures if one.state != "ignored" and one.host in bad}
        return list(last.values())


async def load(actor: Actor, project_id: int, task_id: int) -> Matrix:
    """Read what is known by now. Raises `NotFound`."""
    data: dict[str, Mapping[str, Any]] = {}
    seen: list[str] = []
    for kind in (HOSTS, TASKS, ERRORS):
        found = await results_of(actor, project_id, task_id, Asked(filters={"kind": kind}))
        if found:
            data[kind] = found[-1]["data"]
            seen.append(f"{found[-1]['created'].timestamp():.3f}")
    return read(data.get(HOSTS, {}), data.get(TASKS, {}), data.get(ERRORS, {}), version="-".join(seen))


def read(
    hosts: Mapping[str, Any], tasks: Mapping[str, Any], errors: Mapping[str, Any], *, version: str = ""
) -> Matrix:  # fmt: skip
    """Make sense of the three results."""
    plays = [_text(play.get("name")) for play in _rows(tasks.get("plays"))]
    known = [_host(number, row) for number, row in enumerate(_rows(hosts.get("hosts")))]
    return Matrix(
        hosts=sorted(known, key=lambda host: (HOST_STATES.index(host.state), host.name)),
        steps=[_step(row, plays) for row in _rows(tasks.get("tasks"))],
        failures=sorted(map(_failure, _rows(errors.get("errors"))), key=lambda one: one.state == "ignored"),
        left_out={
            "hosts": _whole(hosts.get("left_out")),
            "tasks": _whole(tasks.get("left_out")),
            "failures": _whole(errors.get("left_out")),
        },
        ended=hosts.get("ended") is True,
        version=version,
    )


def _host(number: int, row: Mapping[str, Any]) -> Host:
    counts = {name: _whole(row.get(name)) for name in COUNTS}
    return Host(number, _text(row.get("host")), counts, _seconds(row.get("seconds")), _whole(row.get("diff")))


def _step(row: Mapping[str, Any], plays: Sequence[str]) -> Step:
    play, slowest = _whole(row.get("play")), row.get("slowest")
    return Step(
        number=_whole(row.get("number")),
        name=_text(row.get("name")),
        action=_text(row.get("action")),
        play=plays[play] if play < len(plays) else "",
        seconds=_seconds(row.get("seconds")),
        diff=_whole(row.get("diff")),
        handler=row.get("handler") is True,
        slowest=(_whole(slowest[0]), _seconds(slowest[1])) if isinstance(slowest, list) and len(slowest) == 2 else None,
        cells=b"".join(_cells(row.get("cells"))),
    )


def _cells(runs: Any) -> Iterator[bytes]:
    left = _MOST_CELLS
    for run in runs if isinstance(runs, list) else ():
        count, state = divmod(_whole(run), _RUN)
        yield bytes([state if state < len(STATES) else 0]) * min(count, left)
        left -= min(count, left)


def _failure(row: Mapping[str, Any]) -> Failure:
    at = row.get("at")
    known = isinstance(at, int | float) and 0 < at < 1e11
    return Failure(
        host=_text(row.get("host")),
        task=_text(row.get("task")),
        number=_whole(row.get("number")),
        item=_text(row.get("item")),
        text=_text(row.get("error")),
        state=row["state"] if row.get("state") in STATES else "failed",
        at=datetime.fromtimestamp(float(at), UTC) if known and at is not None else None,
    )


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _seconds(value: Any) -> float:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
    return float(value) if fine else 0.0
