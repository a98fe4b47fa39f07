"""What our callback plugin tells of a run, and what it adds up to."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hub_ansible.follow import Follower
from hub_ansible.tally import MOST_CELLS, STATES, Tally

from hub.plugin import Stopped
from hub.testing import RecordingIO

PLAYBOOK = """
- name: Nobody
  hosts: nowhere
  tasks: [{ping: {}}]
- name: Build
  hosts: all:!gone
  gather_facts: false
  tasks:
    - name: Say it
      debug: {msg: hello}
    - name: Change a file
      copy: {content: "a\\nb\\n", dest: "{{ playbook_dir }}/made-{{ inventory_hostname }}"}
      diff: true
      notify: Restart
    - name: Left out
      debug: {msg: never}
      when: false
    - name: Does not matter
      command: "false"
      ignore_errors: true
    - name: Guarded
      block:
        - fail: {msg: rescue me}
          when: inventory_hostname == 'h2'
      rescue:
        - debug: {msg: rescued}
    - name: Loop
      command: "{{ item }}"
      loop: ["true", "false", "sh -c 'echo why >&2; exit 3'"]
      when: inventory_hostname == 'h1'
    - name: Secret
      command: echo s3cr3t-value {{ undefined_thing | default('') }}
      failed_when: true
      no_log: true
      when: inventory_hostname == 'h2'
  handlers:
    - name: Restart
      debug: {msg: again}
- name: Elsewhere
  hosts: gone
  gather_facts: false
  tasks: [{name: Knock, ping: {}}]
"""

HOSTS = f"""
[web]
h1
h2
h3
[gone]
lost ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1
[nowhere]
[all:vars]
ansible_connection=local
ansible_python_interpreter={sys.executable}
"""


OWN_CALLBACK = """
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME, CALLBACK_NEEDS_ENABLED = 2.0, "notification", "theirs", True
    def v2_playbook_on_stats(self, stats):
        open("theirs.txt", "w").write("called")
"""


def _cells(run: list[int]) -> list[str]:
    """Return the states of a row of the matrix."""
    return [("", *STATES)[one % 8] for one in run for _ in range(one // 8)]


async def test_a_run_is_told_host_by_host_and_task_by_task_beside_the_callbacks_of_others(bench: Any) -> None:
    """W-75."""
    bench.task.inventory.path.write_text(HOSTS)
    bench.file("site.yml", PLAYBOOK)
    bench.file("ansible.cfg", "[defaults]\ncallback_plugins = mine\ncallbacks_enabled = theirs\n")
    bench.file("mine/theirs.py", OWN_CALLBACK)
    bench.io.base["ANSIBLE_STDOUT_CALLBACK"] = "minimal"
    outcome = await bench.run()
    assert outcome.code in {2, 4, 6}, bench.io.output
    assert "h1 | SUCCESS" in bench.io.output, "the output is not what was asked for"
    assert (bench.root / "theirs.txt").read_text() == "called"
    assert bench.io.stages == ["play", "recap"]
    assert not list(bench.io.workspace.glob("events*"))
    assert len(bench.io.results) == 3, "results are not replaced"
    kept = dict(bench.io.results)
    hosts = kept["ansible_hosts"]
    recap = {one.pop("host"): {k: v for k, v in one.items() if k != "seconds"} for one in hosts["hosts"]}
    assert recap == {
        "h1": {"ok": 3, "changed": 2, "failed": 1, "skipped": 2, "ignored": 1, "diff": 2},
        "h2": {"ok": 4, "changed": 2, "failed": 1, "skipped": 2, "rescued": 1, "ignored": 1, "diff": 2},
        "h3": {"ok": 4, "changed": 2, "skipped": 4, "ignored": 1, "diff": 2},
        "lost": {"unreachable": 1},
    }
    assert hosts["ended"] is True
    tasks = kept["ansible_tasks"]
    assert [(one["name"], one["hosts"]) for one in tasks["plays"]] == [
        ("Nobody", False), ("Build", True), ("Elsewhere", True),
    ]  # fmt: skip
    order = list(recap)
    rows = {one["name"]: dict(zip(order, _cells(one["cells"]), strict=False)) for one in tasks["tasks"]}
    assert rows["Change a file"] == dict.fromkeys(("h1", "h2", "h3"), "changed")
    assert rows["Left out"] == dict.fromkeys(("h1", "h2", "h3"), "skipped")
    assert rows["Does not matter"] == dict.fromkeys(("h1", "h2", "h3"), "ignored")
    assert (rows["Loop"]["h1"], rows["Secret"]["h2"], rows["Knock"]["lost"]) == ("failed", "failed", "unreachable")
    assert [one["name"] for one in tasks["tasks"] if one.get("handler")] == ["Restart"]
    errors = kept["ansible_errors"]["errors"]
    said = {(one["host"], one["task"], one.get("item", "")): one["error"] for one in errors}
    assert said["h1", "Loop", "sh -c 'echo why >&2; exit 3'"].startswith("non-zero return code")
    assert "why" in said["h1", "Loop", "sh -c 'echo why >&2; exit 3'"]
    assert said["h2", "fail", ""] == "rescue me"
    assert "no_log" in said["h2", "Secret", ""]
    assert "s3cr3t" not in json.dumps(kept)
    assert "refused" in said["lost", "Knock", ""]


def _event(**facts: Any) -> bytes:
    return json.dumps({"at": 1.0, **facts}).encode()


def test_what_is_no_event_is_passed_over() -> None:
    tally = Tally()
    tally.read([
        b"", b"[1]", b"{", b"[" * 100_000, b'"text"', b"\xff\xfe", b"x" * 100_000,
        _event(event="result", host=7, state="ok"), _event(event="result", host="h1", state="fine", task="x"),
        _event(event="task", task=-4, name=["a"]), _event(event="host", host="h1", counts={"ok": "x", "failed": True}),
        _event(event="item", host=None, message={"a": 1}), _event(event="result", host="h1", state="ok", seconds=1e400),
    ])  # fmt: skip
    assert tally.hosts()["hosts"] == [{"host": "h1", "ok": 1}]
    assert [one["error"] for one in tally.errors()["errors"]] == [""]


def test_a_thousand_hosts_on_five_hundred_tasks_take_little_room() -> None:
    tally = Tally()
    tally.read([_event(event="play", name="All")])
    hosts = [f"web-{number:04}.example.org" for number in range(1000)]
    for task in range(500):
        tally.read([_event(event="task", task=task, name=f"Task number {task}", action="ansible.builtin.template")])
        tally.read([
            _event(event="result", task=task, host=host, state=("ok", "changed")[(place + task) % 50 == 0], seconds=0.1)
            for place, host in enumerate(hosts)
        ])  # fmt: skip
    for place in range(2000):
        tally.read([_event(event="item", task=1, host=hosts[place % 1000], message="x" * 5000)])
    parts = {"hosts": tally.hosts(), "tasks": tally.tasks(), "errors": tally.errors()}
    sizes = {part: len(json.dumps(data, separators=(",", ":"))) for part, data in parts.items()}
    assert sizes["hosts"] < 100_000, sizes
    assert sizes["tasks"] < 250_000, sizes
    assert sizes["errors"] < 600_000, sizes
    assert tally.errors()["left_out"] == 1500
    assert MOST_CELLS >= 500_000


class _Deaf(RecordingIO):
    async def result(self, kind: str, data: Any, *, replace: bool = False) -> None:
        raise OSError("the database is gone")


async def test_results_that_cannot_be_kept_do_not_change_how_a_run_ends(tmp_path: Path) -> None:
    io = _Deaf(tmp_path)
    follower = Follower(io, io.workspace / "events")

    async def work() -> int:
        Path(follower.env["HUB_ANSIBLE_EVENTS"]).write_bytes(_event(event="play", name="All") + b"\n")
        return 3

    assert await follower.run(work) == 3
    assert not list(io.workspace.iterdir())


async def test_what_was_seen_before_a_stop_is_kept(tmp_path: Path) -> None:
    io = RecordingIO(tmp_path)
    follower = Follower(io, io.workspace / "events")

    async def work() -> int:
        failed = _event(event="result", host="h1", state="failed", message="no", task=0)
        lines = [_event(event="play", name="All"), failed]
        Path(follower.env["HUB_ANSIBLE_EVENTS"]).write_bytes(b"\n".join(lines) + b'\n{"event":"res')
        raise Stopped

    with pytest.raises(Stopped):
        await follower.run(work)
    kept = dict(io.results)
    assert kept["ansible_hosts"]["hosts"] == [{"host": "h1", "failed": 1}]
    assert kept["ansible_hosts"]["ended"] is False
    assert kept["ansible_errors"]["errors"][0]["error"] == "no"
    assert len(io.results) == 3
