"""What must be so after a fault: nothing hangs or ran twice, no line is missing, the hub goes on, and it is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.db import column
from hub.models import Event, Task
from hub.services.outages import Outages
from hub.services.tasks.states import FINISHED
from hub.testing.scene import Scene

NOTE = 'echo "$SEMAPHORE_TASK_DETAILS_ID" >> {}; '
"""First words of a script, which then tells in that file that it was started."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is found when a fault is over, and the tasks that it met have ended."""

    statuses: Mapping[int, str]
    """Of every task of the hub."""
    logs: Mapping[int, Sequence[str]]
    starts: Sequence[int]
    told: Sequence[str]
    """Events, reasons of tasks, and lines of their logs."""
    further: int
    """A task that was started afterwards, in the same hub."""

    def check(self, wrote: Mapping[int, Sequence[str]], *, tells: str) -> None:
        """Judge. `wrote` has what each task that the fault met had written; `tells` is what is said about the fault."""
        hanging = {number: status for number, status in self.statuses.items() if status not in FINISHED}
        assert not hanging
        assert Counter(self.starts) == Counter(wrote.keys()), "a task did not run, or ran twice"
        for number, lines in wrote.items():
            kept = iter(self.logs[number])
            missing = [line for line in lines if line not in kept]  # each is looked for behind the one before
            assert not missing, (number, missing[:3], len(missing))
        assert self.statuses[self.further] == "success"
        assert any(re.search(tells, text) for text in self.told), (tells, self.told[-20:])


async def aftermath(scene: Scene, starts: Path, met: Collection[int], *, further: str = "hello.sh") -> Aftermath:
    """Wait for the end of these tasks, run a further one, and look at everything."""
    ended = [await scene.until(number) for number in met]
    after = await scene.run(await scene.template(further, name=f"after {max(met)}"))
    outages = Outages(scene.hub)
    for _ in range(2):  # an outage is over when a look finds nothing of it
        await outages.look()
    logs = {number: await scene.lines(number) for number in met}
    first = await Event.filter(object_type="task", object_id=min(met)).order_by("id").first()
    events = await column(Event.filter(id__gt=first.id if first else 0).order_by("id"), "description")
    return Aftermath(
        statuses=dict(await Task.all().values_list("id", "status")), logs=logs, starts=read_starts(starts, met),
        told=[*events, *reasons(ended), *of(logs)],
        further=after["id"],
    )  # fmt: skip


def reasons(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why these tasks ended as they did."""
    return [str(task.get("reason") or "") for task in tasks]


def of(logs: Mapping[int, Sequence[str]]) -> list[str]:
    """The lines that may be the hub's own: the last ones of each log."""
    return [line for lines in logs.values() for line in lines[-20:] if len(line) < 1000]


def read_starts(path: Path, met: Collection[int]) -> list[int]:
    """Which of these tasks have noted that they were started, as often as they did."""
    noted = [int(line) for line in path.read_text().split()] if path.exists() else []
    return [number for number in noted if number in met]


def runs(pid: int) -> bool:
    """True while a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False
