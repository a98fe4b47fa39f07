"""Tells the hub what happens on which host, beside whatever writes the log. Runs inside of Ansible, 2.15 and newer.

Ansible loads this file by its path, perhaps with another Python than the hub's: it imports nothing of the hub and keeps
to Python 3.9. Events are lines of JSON, appended to the file that `HUB_ANSIBLE_EVENTS` names; without it, it does
nothing. A file takes what is written whether it is read or not, and the first write that fails is the last one: a run
is never held up and never fails because of this. Arguments and results of tasks are not written, only what they say
about a failure, cut; of tasks with `no_log` not even that.
"""

from __future__ import annotations

import functools
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible import __version__ as ansible_version
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: automation_hub
type: aggregate
short_description: Tells the automation hub what happens on which host
description:
  - Appends one line of JSON for each event to a file of the task that the hub runs.
"""

VARIABLE = "HUB_ANSIBLE_EVENTS"
MOST_HOSTS = "HUB_ANSIBLE_MOST_HOSTS"  # the run ends before a task begins on one more than that, as after `add_host`
LONGEST_NAME = 250
LONGEST_MESSAGE = 1000
MOST_ITEMS = 20  # failed items of one task on one host that are told one by one
MOST_FACTS = 16 * 1024  # bytes of what one host tells of itself; the largest parts are left out first
MOST_FACTS_OF_ALL = 24 * 1024 * 1024
MOST_BYTES = 96 * 1024 * 1024  # of all events together; 500,000 results take about 40 MB

ENCODER = json.JSONEncoder(separators=(",", ":"))
HIDDEN = "The output is hidden, because the task says no_log."


def cut(value: Any, longest: int = LONGEST_NAME) -> str:
    """Return a text that is no longer than that."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def message_of(result: Mapping[str, Any]) -> str:
    """Return what a result says about its failure."""
    if result.get("_ansible_no_log") or "censored" in result:
        return HIDDEN
    said = result.get("msg")
    if isinstance(said, (list, tuple)):
        said = "; ".join(one for one in said if isinstance(one, str))
    parts = [said.strip()] if isinstance(said, str) else []
    for name in ("stderr", "module_stderr", "module_stdout", "stdout"):
        text = result.get(name)
        if isinstance(text, str) and text.strip() and text.strip() not in parts:
            parts.append(text.strip()[-LONGEST_MESSAGE:])
            break
    return cut("\n".join(part for part in parts if part), LONGEST_MESSAGE)


def lines_of(diff: Any) -> int:
    """Return how many lines a diff holds on both sides; the texts themselves stay where they are."""
    count = 0
    for one in diff if isinstance(diff, (list, tuple)) else [diff]:
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("prepared"), str):
            changed = [line for line in one["prepared"].splitlines() if line[:1] in ("+", "-")]
            count += sum(line[:3] not in ("+++", "---") for line in changed)
            continue
        before, after = one.get("before"), one.get("after")
        if before != after:
            count += sum(len(side.splitlines()) for side in (before, after) if isinstance(side, str))
    return count


def items_of(results: Any) -> dict[str, int]:
    """Return how many items of a loop ended how."""
    counts: dict[str, int] = {}
    for one in results if isinstance(results, (list, tuple)) else ():
        if not isinstance(one, dict):
            continue
        for state in ("failed", "unreachable", "skipped", "changed"):
            if one.get(state):
                break
        else:
            state = "ok"
        counts[state] = counts.get(state, 0) + 1
    return counts


def raw(result: Any) -> Any:
    """Return a result to look at: as it came where that is known, because `_result` is a deep copy since 2.19."""
    content = getattr(result, "_return_data", None)
    return result._result if content is None else content


SECRET = re.compile("passw|secret|token|credential|private_key|api_?key", re.IGNORECASE)
UNKEPT = ("ansible_env", "ansible_cmdline", "ansible_proc_cmdline", "ansible_local", "module_setup", "gather_subset")


def facts_of(action: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a host told of itself, without what may hold secrets or is too large; nothing for other tasks."""
    if action.rpartition(".")[2] not in ("setup", "gather_facts") or content.get("_ansible_no_log"):
        return {}
    told = content.get("ansible_facts")
    if not isinstance(told, dict):
        return {}
    sizes, kept = {}, {}
    for name, value in told.items():
        if name in UNKEPT or name.startswith("ansible_ssh_host_key") or SECRET.search(name):
            continue
        kept[name] = without_secrets(value)
        sizes[name] = len(ENCODER.encode({name: kept[name]}))
    total = sum(sizes.values())
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if total <= MOST_FACTS:
            break
        total -= sizes[name]
        del kept[name]
    return kept


def without_secrets(value: Any) -> Any:
    """Return a value without members that are named like secrets."""
    if isinstance(value, dict):
        return {str(name): without_secrets(one) for name, one in value.items() if not SECRET.search(str(name))}
    if isinstance(value, (list, tuple)):
        return [without_secrets(one) for one in value]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


class Journal:
    """The file of events: written in whole lines, given up for good at the first trouble."""

    def __init__(self, path: str) -> None:
        self._left = MOST_BYTES
        self._file: int | None = None
        if not path:
            return
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one event."""
        if self._file is None:
            return
        line = ENCODER.encode(event).encode() + b"\n"
        self._left -= len(line)
        try:
            fits = self._left >= 0 and os.write(self._file, line) == len(line)
        except OSError:
            fits = False
        if not fits:
            self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def quiet(method: Callable[..., None]) -> Callable[..., None]:
    """Let no error out: what cannot be told is not told any more, and the play goes on."""

    @functools.wraps(method)
    def told(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - the events are less than the play
            self.disabled = True

    return told


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible tells no types
    """What Ansible calls."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "automation_hub"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        path = os.environ.pop(VARIABLE, "")  # not for the tasks' own processes
        self._journal = Journal(path)
        self._numbers: dict[str, int] = {}
        self._began: dict[tuple[str, str], float] = {}
        self._items: dict[tuple[str, str], int] = {}
        self._facts_left = MOST_FACTS_OF_ALL
        self._most_hosts = int(os.environ.pop(MOST_HOSTS, "") or 0)
        self._touched: set[str] = set()
        if not path:
            self.disabled = True

    @quiet
    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._say("start", version=ansible_version)

    @quiet
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._say("play", name=cut(play.get_name().strip()))

    @quiet
    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._say("nobody")

    @quiet
    def v2_playbook_on_task_start(self, task: Any, is_conditional: Any) -> None:
        self._number(task)

    @quiet
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._number(task, handler=True)

    @quiet
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        name = host.get_name()
        self._began[(task._uuid, name)] = time.monotonic()
        if self._most_hosts:
            self._touched.add(name)
            if len(self._touched) > self._most_hosts:
                self._say("too_many", host=cut(name))
                raise SystemExit(1)  # the one thing that Ansible does not take from a callback as a mere warning

    @quiet
    def v2_runner_on_ok(self, result: Any) -> None:
        self._result("changed" if result.is_changed() else "ok", result)
        facts = facts_of(str(result._task.action), raw(result))
        self._facts_left -= MOST_FACTS if facts else 0
        if facts and self._facts_left >= 0:
            self._say("facts", host=cut(result._host.get_name()), facts=facts)

    @quiet
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result("skipped", result)

    @quiet
    def v2_runner_on_failed(self, result: Any, ignore_errors: Any = None) -> None:
        self._result("ignored" if ignore_errors else "failed", result, told=True)

    @quiet
    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = getattr(result._task, "ignore_unreachable", False)
        self._result("ignored" if ignored is True else "unreachable", result, told=True)

    @quiet
    def v2_runner_item_on_failed(self, result: Any) -> None:
        key = (result._task._uuid, result._host.get_name())
        self._items[key] = self._items.get(key, 0) + 1
        if self._items[key] > MOST_ITEMS:
            return
        content = result._result
        label = "" if message_of(content) == HIDDEN else content.get("_ansible_item_label", content.get("item", ""))
        self._say(
            "item", task=self._number(result._task), host=cut(key[1]), item=cut(label), message=message_of(content)
        )

    @quiet
    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            counts["failed"] = counts.pop("failures", 0)
            self._say("host", host=cut(host), counts={name: count for name, count in counts.items() if count})
        self._say("end")

    def _number(self, task: Any, *, handler: bool = False) -> int:
        """Return the number of a task, telling of it when it is seen for the first time."""
        number = self._numbers.get(task._uuid)
        if number is None:
            number = self._numbers[task._uuid] = len(self._numbers)
            facts: dict[str, Any] = {"name": cut(task.get_name().strip()), "action": cut(task.action)}
            if handler:
                facts["handler"] = True
            self._say("task", task=number, **facts)
        return number

    def _result(self, state: str, result: Any, *, told: bool = False) -> None:
        content, host = raw(result), result._host.get_name()
        key = (result._task._uuid, host)
        event: dict[str, Any] = {"task": self._number(result._task), "host": cut(host), "state": state}
        began = self._began.pop(key, None)
        if began is not None:
            event["seconds"] = round(time.monotonic() - began, 3)
        if "results" in content:
            event["items"] = items_of(content["results"])
        if "diff" in content and not content.get("_ansible_no_log"):
            event["diff"] = lines_of(result._result["diff"])
        if told and not self._items.pop(key, 0):
            event["message"] = message_of(result._result)
        self._say("result", **event)

    def _say(self, kind: str, **facts: Any) -> None:
        self._journal.write({"event": kind, "at": round(time.time(), 3), **facts})
