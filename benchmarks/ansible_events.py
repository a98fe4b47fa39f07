"""Measures what the hub's callback plugin costs a run of Ansible: the same playbook with and without, in turns.

usage: python benchmarks/ansible_events.py [--plays 20] [--hosts 50] [--rounds 3]

Prints processor time and wall clock of both, and the ratios. Read the ratio of processor time on a machine that has
other work to do: it is what the plugin adds, whoever else waits for the cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hub_ansible.follow import CALLBACKS, VARIABLE
from hub_ansible.tally import Tally


def _prepare(folder: Path, plays: int, hosts: int) -> None:
    play = "- hosts: all\n  gather_facts: false\n  tasks: [{name: Say it, debug: {msg: hello}}]\n"
    (folder / "site.yml").write_text(play * plays)
    names = "".join(f"host{number:03}\n" for number in range(hosts))
    (folder / "hosts").write_text(f"{names}[all:vars]\nansible_connection=local\n")


def _run(folder: Path, events: Path | None) -> tuple[float, float]:
    """Return (processor seconds, seconds) of one run."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "ANSIBLE_HOME": str(folder / "home")}
    if events is not None:
        events.write_text("")
        env |= {VARIABLE: str(events), "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS)}
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts", "site.yml"]
    began = time.monotonic()
    with subprocess.Popen(argv, cwd=folder, env=env, stdout=subprocess.DEVNULL) as program:
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise SystemExit(f"ansible-playbook ended with exit code {program.returncode}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plays", type=int, default=20)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, asked.plays, asked.hosts)
        events = folder / "events"
        bare, told = [], []
        for _ in range(asked.rounds):
            bare.append(_run(folder, None))
            told.append(_run(folder, events))
        tally = Tally()
        tally.read(events.read_bytes().split(b"\n"))
        assert tally.touched == asked.hosts
        size = events.stat().st_size
    print(f"{asked.plays} plays x {asked.hosts} hosts, {asked.rounds} rounds, {size / 1024:.0f} KiB of events")
    for place, what in enumerate(("processor", "wall clock")):
        one, other = (statistics.median(run[place] for run in runs) for runs in (bare, told))
        print(f"{what:>10}: bare {one:6.2f} s, with events {other:6.2f} s, ratio {other / one:.3f}")


if __name__ == "__main__":
    main()
