"""What hosts tell of themselves: without secrets, bounded, and lent to later runs as plain facts."""

from __future__ import annotations

import json
from typing import Any

TELLING = """#!/usr/bin/python
import json
facts = {
    "ansible_system": "Linux", "ansible_env": {"TOKEN": "canary-1"}, "ansible_cmdline": {"key": "canary-2"},
    "ansible_local": {"app": "canary-3"}, "db_password": "canary-4", "net": {"api_token": "canary-5", "mtu": 9000},
    "large": "x" * 40000, "middle": "y" * 9000, "ansible_ssh_host_key_rsa_public": "AAAA",
}
print(json.dumps({"changed": False, "ansible_facts": facts}))
"""
GATHER = "- hosts: h1\n  gather_facts: false\n  tasks:\n    - setup:\n    - set_fact: {other: 1}\n"
HIDDEN = "- hosts: h1\n  gather_facts: false\n  tasks: [{setup: , no_log: true}]\n"
USE = """
- hosts: all
  gather_facts: false
  tasks:
    - debug: {msg: "runs {{ ansible_facts.system | default('?') }} {{ ansible_facts.trap | default('') }}"}
"""


def told(bench: Any) -> list[Any]:
    return [data for kind, data in bench.io.results if kind == "facts"]


async def test_facts_are_told_without_what_may_be_secret_and_the_largest_parts_are_left_out(bench: Any) -> None:
    bench.file("library/setup.py", TELLING)
    bench.file("site.yml", GATHER)
    assert (await bench.run()).kind == "success", bench.io.output
    (data,) = told(bench)
    assert data["hosts"].keys() == {"h1"}
    facts = data["hosts"]["h1"]
    assert (facts["ansible_system"], facts["net"], len(facts["middle"])) == ("Linux", {"mtu": 9000}, 9000)
    assert facts.keys() == {"ansible_system", "net", "middle"}
    assert "canary" not in json.dumps(data)

    bench.io.results.clear()
    bench.file("site.yml", HIDDEN)
    assert (await bench.run()).kind == "success", bench.io.output
    assert told(bench) == []


async def test_facts_of_earlier_runs_are_lent_where_the_template_wants_them_and_are_never_evaluated(bench: Any) -> None:
    marked = {
        "__ansible_type": "_AnsibleTaggedStr",
        "value": "{{ 6 * 7 }}",
        "tags": [{"__ansible_type": "TrustedAsTemplate"}],
    }
    bench.io.known_facts = {
        "h1": {"ansible_system": "Plan9", "ansible_trap": marked},
        "../h2": {"ansible_system": "Out"},
    }
    bench.file("site.yml", USE)
    assert (await bench.run()).kind == "success", bench.io.output
    assert "runs ? " in bench.io.output
    assert "Plan9" not in bench.io.output
    assert (await bench.run({"use_cached_facts": True})).kind == "success", bench.io.output
    assert "runs Plan9 " in bench.io.output
    assert "42" not in bench.io.output
    assert bench.io.lines[-1] == "Facts of 1 host are known from earlier runs."
    bench.io.base["ANSIBLE_CACHE_PLUGIN"] = "memory"
    bench.io.output = ""
    assert (await bench.run({"use_cached_facts": True})).kind == "success"
    assert "Plan9" not in bench.io.output
