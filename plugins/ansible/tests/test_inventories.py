"""Inventories of every shape, read by the real Ansible: folders, programs, plugins, layers."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from hub.plugin import Refused

LOCAL = f"[all:vars]\nansible_connection=local\nansible_python_interpreter={sys.executable}\n"
SCRIPT = f"""#!{sys.executable}
import json
print(json.dumps({{"db": {{"hosts": ["db1"]}}, "_meta": {{"hostvars": {{"db1": {{"ansible_connection": "local"}}}}}}}}))
"""
GENERATED = """
plugin: ansible.builtin.generator
hosts: {name: "{{ zone }}-{{ number }}", parents: [{name: "{{ zone }}"}]}
layers: {zone: [north, south], number: [1, 2]}
"""
CONSTRUCTED = """
plugin: ansible.builtin.constructed
strict: false
groups: {old: release < 10, secretive: db_password is defined}
keyed_groups: [{prefix: release, key: "'r' ~ release"}]
"""
VAULTED = """
plain: 1
wrapped: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  3132
"""


def use(bench: Any, *names: str) -> None:
    paths = tuple(bench.root / name for name in names)
    bench.inventory(type="file", text=",".join(names), path=paths[0], paths=paths)


async def all_of(bench: Any) -> Any:
    """What people see of the inventory alone."""
    bench.set(script="")
    return await bench.executor.hosts(bench.task, *types(bench), bench.io)


def types(bench: Any) -> tuple[Any, Any]:
    return bench.executor.params_type(), bench.executor.task_params_type()


async def test_layers_of_every_kind_add_up_and_a_playbook_runs_on_them(bench: Any) -> None:
    bench.file("hosts/static.ini", f"[web]\nw1 release=9\nw2 release=12 db_password=hunter2\n{LOCAL}")
    bench.file("hosts/group_vars/web.yml", "from_group_vars: 'yes'\nlogin: https://jane:hunter2@example.org/\n")
    bench.file("hosts/program.py", SCRIPT, 0o755)
    bench.file("generated.yml", GENERATED)
    bench.file("constructed.yml", CONSTRUCTED)
    use(bench, "hosts", "generated.yml", "constructed.yml")
    assert (await bench.run({"limit": ["old", "db"]})).kind == "success", bench.io.output
    assert "on w1" in bench.io.output
    assert "on db1" in bench.io.output
    assert "on w2" not in bench.io.output

    found = await all_of(bench)
    assert found.hosts == ("db1", "north-1", "north-2", "south-1", "south-2", "w1", "w2")
    assert found.groups["north"] == ("north-1", "north-2")
    assert found.groups["release_r12"] == found.groups["secretive"] == ("w2",)
    assert (found.variables["w2"]["from_group_vars"], found.variables["w2"]["db_password"]) == ("yes", "(hidden)")
    assert found.variables["w1"]["login"] == "https://…@example.org/"
    assert "hunter2" not in json.dumps({host: dict(one) for host, one in found.variables.items()})


async def test_a_layer_that_cannot_be_read_is_no_smaller_inventory(bench: Any) -> None:
    bench.file("static.ini", f"w1\n{LOCAL}")
    bench.file("broken.yml", "plugin: no.such.plugin\n")
    use(bench, "static.ini", "broken.yml")
    assert (await bench.run()).kind == "failure"
    assert "on w1" not in bench.io.output


async def test_what_a_vault_closes_stays_closed_for_those_who_look(bench: Any) -> None:
    bench.file("hosts/static.ini", f"[web]\nw1\n{LOCAL}")
    bench.file("hosts/group_vars/web.yml", VAULTED)
    use(bench, "hosts")
    found = await all_of(bench)
    assert (found.variables["w1"]["plain"], found.variables["w1"]["wrapped"]) == (1, "(encrypted)")
    bench.file("hosts/group_vars/all.yml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n")
    found = await all_of(bench)
    assert found.hosts == ("w1",)
    assert "plain" not in found.variables["w1"]
    assert found.note.startswith("Variables of group_vars and host_vars are left out")


async def test_the_hosts_of_a_run_are_told_before_it_with_their_groups(bench: Any) -> None:
    template, task = bench.executor.params_type(limit=["h2"]), bench.executor.task_params_type()
    found = await bench.executor.hosts(bench.task, template, task, bench.io)
    assert (found.hosts, dict(found.groups), dict(found.variables)) == (("h2",), {"web": ("h2",)}, {})
    assert not bench.calls
    assert not bench.io.stages
    bench.file("site.yml", "- hosts: '{{ missing }}'\n")
    with pytest.raises(Refused, match="could not tell which hosts"):
        await bench.executor.hosts(bench.task, *types(bench), bench.io)
