"""Variables, as a real playbook sees them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from hub_ansible.unfit import Unfit
from hub_ansible.variables import extra_vars

from hub.plugin import TaskView

DUMP = """
- hosts: h1
  gather_facts: false
  tasks:
    - copy: {dest: "{{ playbook_dir }}/seen.json", content: "{{ %s | to_json }}"}
"""

NASTY = [
    *("", " ", "yes", "No", "on", "null", "~", "12", "012", "0x1f", "1_000", "1.5", "1e3", ".inf", ".nan", "true"),
    *("=", "<<", "-", "?", "---", "...", "2026-01-02", "2026-01-02 03:04:05", "12:30:45", "# no comment", "a: b"),
    *("a b", "a=b c='d'", "[1, 2]", "{a: 1}", "@file", "%tag", "!vault x", "!unsafe x", "&a", "*a", "| x", "> x"),
    *("'", '"', "\\", "\\n", "line\nline\n", "\ttab", " lead", "trail ", "x" * 5000, "c:\\dir"),
    *("ÄÖ ß 漢字 🚀", "\x85", "\u2028", "\ufeff", "\x7f", "\x1b[31m", "{{", "}}", "{% x %}", "{# x #}"),
    *("$HOME", "`id`", "$(id)", "a;b|c"),
]


async def seen(bench: Any, expression: str, **params: Any) -> Any:
    bench.file("site.yml", DUMP % expression)
    outcome = await bench.run(params)
    assert outcome.kind == "success", bench.io.output
    return json.loads((bench.root / "seen.json").read_text())


async def test_every_value_arrives_with_its_type(bench: Any) -> None:
    """W-12, W-50: also texts that look like something else, and texts with spaces and equal signs."""
    value = {
        "texts": NASTY,
        "numbers": [0, -3, 1.5, 1e22, 10**15],
        "flags": [True, False, None],
        "deep": {"list": [[1, ["x", {"y": None}]]], "12": "key", "yes": 1, "a b": 2, "": 3},
        "empty": [{}, [], ""],
    }
    bench.set(variables={"probe": value})
    assert await seen(bench, "probe") == value


async def test_secrets_arrive_as_texts_and_win_over_variables(bench: Any) -> None:
    bench.set(variables={"token": "plain", "other": 1})
    bench.io.secret_values = {"token": "va lue X=injected", "pin": "0123", "flag": "yes"}
    expression = "[token, pin, flag, other, X | default('none')]"
    assert await seen(bench, expression) == ["va lue X=injected", "0123", "yes", 1, "none"]


async def test_templates_in_variables_are_never_evaluated(bench: Any) -> None:
    """W-49: a survey answer is data, wherever it stands and however the playbook uses it."""
    marker = bench.root / "pwned"
    trap = f"{{{{ lookup('pipe', 'touch {marker}') }}}}"
    bench.set(variables={"a": trap, "deep": {"list": [trap, {trap: trap}]}}, message=trap, username=trap)
    bench.io.secret_values = {"s": trap}
    bench.file(
        "site.yml",
        """
- hosts: h1
  gather_facts: false
  vars: {again: "{{ a }}", keys: "{{ deep.list[1].keys() | list }}"}
  tasks:
    - set_fact: {fact: "{{ deep }}", flat: "{{ deep.list[1] | dict2items }}"}
    - debug: {msg: "{{ again }} {{ keys }} {{ fact }} {{ flat }} {{ s }} {{ semaphore_vars }} {{ keys[0] }}"}
    - debug: {var: flat}
    - debug: {msg: "{{ item }}"}
      loop: "{{ flat + keys + deep.list }}"
    - command: "echo {{ a | quote }} {{ flat[0].key | quote }}"
    - copy: {dest: "{{ playbook_dir }}/seen.json", content: "{{ [a, deep, s] | to_json }}"}
""",
    )
    assert (await bench.run()).kind == "success", bench.io.output
    assert json.loads((bench.root / "seen.json").read_text()) == [trap, {"list": [trap, {trap: trap}]}, trap]
    assert not marker.exists()


async def test_a_template_may_choose_to_evaluate_variables_but_never_secrets(bench: Any) -> None:
    bench.set(
        variables={"name": "till", "path": "/srv/{{ name }}", "nested": [{"x": "{{ 1 + 1 }} tills"}]},
        message="{{ name }}",
    )
    bench.io.secret_values = {"password": "{{ name }}"}
    expression = "[path, nested, password, semaphore_vars.task_details.message]"
    expected = ["/srv/till", [{"x": "2 tills"}], "{{ name }}", "{{ name }}"]
    assert await seen(bench, expression, template_extra_vars=True) == expected


async def test_playbooks_find_the_facts_of_the_task(bench: Any) -> None:
    bench.set(message="Go", url="https://hub/x", template_type="build", version="1.2", incoming_version=None)
    assert await seen(bench, "semaphore_vars") == {
        "task_details": {
            "id": 42,
            "username": "jane",
            "url": "https://hub/x",
            "commit_hash": bench.task.repository.commit_hash,
            "commit_message": "Add the first play",
            "inventory_name": "hosts",
            "inventory_id": 3,
            "repository_name": "playbooks",
            "repository_id": 1,
            "message": "Go",
            "type": "build",
            "target_version": "1.2",
        }
    }


async def test_neither_secrets_nor_variables_are_seen_in_a_process_list(bench: Any) -> None:
    """W-48."""
    bench.set(variables={"plain": "variable-value"})
    bench.io.secret_values = {"token": "secret-value"}
    assert (await bench.run()).kind == "success"
    for call in bench.calls:
        assert not [word for word in call.argv if "variable-value" in word or "secret-value" in word]
    file = bench.io.workspace / "extra_vars.yml"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", [object(), {"a": [b"bytes"]}, "\ud800", {"k": {"\udfff": 1}}])
async def test_variables_that_cannot_be_written_end_the_task_before_ansible_runs(bench: Any, value: Any) -> None:
    """W-17."""
    bench.set(variables={"odd": value})
    outcome = await bench.run()
    assert outcome.kind == "failure"
    assert "“odd”" in outcome.reason
    assert not bench.calls


@pytest.mark.parametrize("depth", [sys.getrecursionlimit() // 3, sys.getrecursionlimit()])
def test_nesting_without_end_is_a_sentence(bench: Any, depth: int) -> None:
    value: Any = []
    for _ in range(depth):
        value = [value]
    task: TaskView = replace(bench.task, variables={"deep": value})
    with pytest.raises(Unfit, match="too deeply"):
        extra_vars(task, {}, templates=False)
