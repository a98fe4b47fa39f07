"""Which hosts a run would touch, told by Ansible before it begins; and runs that must not touch any others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hub.plugin import TaskIO, TaskView
from hub_ansible.chosen import chosen
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.ready import Ready
from hub_ansible.tally import Tally
from hub_ansible.unfit import Unfit
from hub_ansible.variables import write_private

_HEADING: Final = re.compile(r" +hosts \(\d+\):")
PLAIN: Final = {"ANSIBLE_FORCE_COLOR": "False", "ANSIBLE_NOCOLOR": "True"}
_NAMED: Final = 10
"""Hosts that a line of the log names."""


async def hosts_of(argv: Sequence[str], io: TaskIO, env: Mapping[str, str]) -> list[str]:
    """Return every host that this command line would touch, in order. Raises `Unfit` when Ansible cannot tell."""
    done = await io.capture(*argv[:-1], "--list-hosts", argv[-1], env={**env, **PLAIN})
    if done.code:
        raise Unfit(
            "Ansible could not tell which hosts this run would touch; the lines above say why. Nothing was run.",
            code=done.code,
        )
    return read_listing(done.output)


def read_listing(text: str) -> list[str]:
    """Read what `--list-hosts` prints: below each play a heading, and the hosts indented further than it."""
    found: dict[str, None] = {}
    depth = -1
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if _HEADING.fullmatch(line):
            depth = indent
        elif 0 <= depth < indent and line.strip():
            found[line.strip()] = None
        else:
            depth = -1
    return list(found)


async def narrowed(
    ready: Ready, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams, io: TaskIO
) -> tuple[str, ...]:  # fmt: skip
    """Return the command line for no more hosts than allowed, and hold them where the template wants that.

    Costs nothing where nothing of the kind was asked for.
    """
    wanted, argv = chosen(task_params.hosts, "hosts"), ready.argv
    if not wanted and not task.host_limit and not params.lock_hosts:
        return argv
    hosts = await hosts_of(argv, io, ready.env)
    if wanted:
        hosts = await only(wanted, hosts, io)
        argv = limited(argv, str(_written(hosts, io.workspace / "hosts")))
    if 0 < task.host_limit < len(hosts):
        raise Unfit(
            f"This run would touch {len(hosts)} hosts, and its template allows {task.host_limit} at most. Nothing was "
            "run: limit it to fewer hosts, or let the template touch more."
        )
    await io.log(f"This run touches {named(hosts)}.")
    if params.lock_hosts:
        await io.hosts.hold(hosts)
    return argv


def limited(argv: Sequence[str], file: str) -> tuple[str, ...]:
    """Return the command line for the hosts in a file alone."""
    # The last limit counts, so this stands behind the arguments of the template and of the task.
    return (*argv[:-1], f"--limit=@{file}", argv[-1])


async def only(wanted: Sequence[str], hosts: Sequence[str], io: TaskIO) -> list[str]:
    """Return those of the wanted hosts that the template would touch anyway."""
    known = set(hosts)
    kept = [host for host in wanted if host in known]
    if not kept:
        raise Unfit(f"The playbook does not touch {named(wanted)} any more. Nothing was run.")
    if gone := [host for host in wanted if host not in known]:
        await io.log(f"Left out, because the playbook does not touch them any more: {named(gone)}.")
    return kept


def _written(hosts: Iterable[str], path: Path) -> Path:
    write_private(path, "".join(f"{host}\n" for host in hosts))
    return path


async def why_nobody(
    argv: Sequence[str], code: int, tally: Tally, io: TaskIO, env: Mapping[str, str]
) -> str:  # fmt: skip
    """Return a sentence when a limit left no host to run on; empty text when that is not what happened."""
    limits = [word.partition("=")[2] for word in argv if word.startswith("--limit=")]
    if not limits or tally.touched or any(play["hosts"] for play in tally.plays):
        return ""
    if not tally.plays:
        if code != 1:
            return ""
        free = [word for word in argv[:-1] if not word.startswith("--limit=")]
        done = await io.capture(*free, "--list-hosts", argv[-1], env={**env, **PLAIN})
        if done.code:
            return ""  # something else is wrong with the playbook or the inventory
    elif code or not tally.ended:
        return ""
    return f"No host of this run fits the limit “{limits[-1]}”, so nothing was run."


def named(hosts: Sequence[str]) -> str:
    """Return how many hosts, and the names of the first."""
    names = ", ".join(hosts[:_NAMED])
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return f"{len(hosts)} {'host' if len(hosts) == 1 else 'hosts'}" + (f": {names}{more}" if hosts else "")
