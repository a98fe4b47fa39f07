"""Looks for drift: a run that only says what would change, on every host that the template is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.plugin import TaskIO
from hub_ansible.params import AnsibleTaskParams
from hub_ansible.tally import Tally
from hub_ansible.unfit import Unfit

_CHECK: Final = frozenset({"--check", "-C"})
_OTHER: Final = ("--syntax-check", "--list-hosts", "--list-tasks", "--list-tags")
"""Arguments with which nothing is run at all."""


def refuse_parts(task_params: AnsibleTaskParams) -> None:
    """Raise `Unfit` for a look at less than the template is for."""
    if task_params.drift and _narrowed(task_params):
        raise Unfit("A look for drift is at everything that the template is for: leave out hosts, limit and tags.")


async def tell(io: TaskIO, argv: Sequence[str], task_params: AnsibleTaskParams, tally: Tally) -> None:
    """Tell which hosts differ; or, after a run that has put everything right, that none does."""
    if not tally.ended or any(word in _OTHER for word in argv):
        return  # nothing is known of what happened, so nothing is told
    if task_params.drift:
        changed = [row["host"] for row in tally.hosts()["hosts"] if row.get("changed")]
        found = [{"name": name, "action": "change"} for name in changed]
        await io.result("drift", {"drifted": bool(found), "resources": found, "look": True})
    elif not _CHECK & set(argv) and not _narrowed(task_params):
        await io.result("drift", {"drifted": False, "resources": []})


def _narrowed(task_params: AnsibleTaskParams) -> bool:
    parts = (task_params.limit, task_params.tags, task_params.skip_tags)
    return bool(task_params.hosts) or any(one is not None for one in parts)
