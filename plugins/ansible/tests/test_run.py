"""Real runs of real playbooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hub_ansible import AnsibleExecutor, surroundings

YAML_HOSTS = f"""
all:
  vars: {{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}
  children: {{web: {{hosts: {{h1: {{}}, h2: {{}}}}}}}}
"""


async def test_a_playbook_runs_on_a_static_inventory_in_colour(bench: Any) -> None:
    outcome = await bench.run()
    assert (outcome.kind, outcome.code) == ("success", 0)
    assert "on h1" in bench.io.output
    assert "\x1b[0;32m" in bench.io.output
    assert bench.io.stages == ["play", "recap"]


async def test_a_playbook_runs_on_a_yaml_inventory(bench: Any) -> None:
    path = bench.task.inventory.path.with_suffix(".yml")
    path.write_text(YAML_HOSTS)
    bench.inventory(type="static-yaml", text=YAML_HOSTS, path=path)
    assert (await bench.run()).kind == "success"
    assert "on h2" in bench.io.output


async def test_a_playbook_runs_on_a_file_of_the_repository(bench: Any) -> None:
    path = bench.file("hosts/all.yml", YAML_HOSTS)
    bench.inventory(type="file", text="hosts/all.yml", path=path)
    assert (await bench.run()).kind == "success"
    assert bench.playbook_call.argv[:3] == ("ansible-playbook", "-i", str(path))


async def test_a_failed_task_gives_its_exit_code_and_a_sentence(bench: Any) -> None:
    bench.file("site.yml", "- hosts: h1\n  gather_facts: false\n  tasks: [{fail: {msg: broken}}]\n")
    outcome = await bench.run()
    assert (outcome.kind, outcome.code, outcome.reason) == ("failure", 2, "Tasks failed on h1.")


async def test_a_missing_playbook_is_one_clear_line(bench: Any) -> None:
    bench.set(script="sites.yml")
    outcome = await bench.run()
    assert outcome.reason == "The playbook “sites.yml” is not a file of the repository on the branch “main”."
    assert not bench.calls


@pytest.mark.parametrize("script", ["../outside.yml", "link.yml"])
async def test_a_playbook_outside_of_the_checkout_does_not_exist(bench: Any, script: str) -> None:
    """W-55."""
    outside = bench.root.parent / "outside.yml"
    outside.write_text((bench.root / "site.yml").read_text())
    (bench.root / "link.yml").symlink_to(outside)
    bench.set(script=script)
    assert "is not a file of the repository" in (await bench.run()).reason


async def test_a_playbook_whose_name_begins_with_a_dash_is_no_flag(bench: Any) -> None:
    (bench.root / "site.yml").rename(bench.root / "--version")
    bench.set(script="--version")
    assert (await bench.run()).kind == "success"
    assert "on h1" in bench.io.output


@pytest.mark.parametrize("script", ["deploy/site.yml", "site.yml"])
async def test_a_working_directory_is_where_ansible_runs(bench: Any, script: str) -> None:
    bench.file("deploy/site.yml", (bench.root / "site.yml").read_text().replace("on {{", "deploying {{"))
    (bench.root / "site.yml").unlink()
    bench.set(script=script, working_directory="deploy")
    bench.io.checkout = bench.root / "deploy"
    assert (await bench.run()).kind == "success"
    assert bench.playbook_call.argv[-1] == "site.yml"
    assert "deploying h1" in bench.io.output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("all: [unclosed", "The inventory “hosts” is not valid YAML in line 1, column 15: "),
        ("all:\n\thosts: {}", "The inventory “hosts” is not valid YAML in line 2, column 1: "),
        ("- h1\n- h2", "must be a YAML mapping that begins with a group"),
        ("just text", "must be a YAML mapping that begins with a group"),
        ("a: \x07", "The inventory “hosts” is not valid YAML."),
    ],
)
async def test_a_broken_yaml_inventory_is_one_clear_line(bench: Any, text: str, sentence: str) -> None:
    bench.inventory(type="static-yaml", text=text)
    outcome = await bench.run()
    assert outcome.kind == "failure"
    assert sentence in outcome.reason
    assert not bench.calls


async def test_a_broken_ini_inventory_fails_instead_of_running_on_nothing(bench: Any) -> None:
    bench.task.inventory.path.write_text("[group\nfoo")
    outcome = await bench.run()
    assert (outcome.kind, outcome.code) == ("failure", 1)
    assert "No inventory was parsed" in bench.io.output


async def test_an_empty_inventory_serves_playbooks_on_localhost(bench: Any) -> None:
    bench.task.inventory.path.write_text("")
    bench.file("site.yml", "- hosts: localhost\n  gather_facts: false\n  tasks: [{debug: {msg: here}}]\n")
    assert (await bench.run()).kind == "success"
    assert "here" in bench.io.output


async def test_a_limit_that_leaves_no_hosts_fails(bench: Any) -> None:
    outcome = await bench.run({"allow_override_limit": True}, limit=["nowhere"])
    assert (outcome.kind, outcome.code) == ("failure", 1)
    assert "no hosts to target" in bench.io.output
    assert outcome.reason == "No host of this run fits the limit “nowhere”, so nothing was run."
    bench.file("broken.yml", "- hosts: all\n  tasks: [{nonsense: 1, more: 2}]\n")
    bench.set(script="broken.yml")
    broken = await bench.run({"allow_override_limit": True}, limit=["h1"])
    assert "limit" not in broken.reason, "what is wrong with the playbook is put down to the limit"
    bench.set(script="site.yml")
    bench.io.output = ""
    assert (await bench.run(limit=["nowhere"])).kind == "success"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inventory": None}, "This template has no inventory"),
        ({"repository": None}, "This template has no repository"),
        ({"script": ""}, "This template names no playbook"),
    ],
)
async def test_what_is_missing_is_named(bench: Any, changes: dict[str, Any], sentence: str) -> None:
    bench.set(**changes)
    assert sentence in (await bench.run()).reason


async def test_an_inventory_that_is_none_for_ansible_is_refused(bench: Any) -> None:
    bench.inventory(type="terraform-workspace")
    assert "which Ansible cannot use" in (await bench.run()).reason
    bench.inventory(type="file", text="hosts/none", path=bench.root / "none")
    assert (await bench.run()).reason == "The file “hosts/none” of the inventory “hosts” does not exist."


async def test_dry_run_and_diff_change_nothing_and_show_it(bench: Any) -> None:
    bench.file(
        "site.yml",
        "- hosts: h1\n  gather_facts: false\n  tasks: [{copy: {content: new, dest: '{{ playbook_dir }}/made'}}]\n",
    )
    assert (await bench.run(dry_run=True, diff=True)).kind == "success", bench.io.output
    assert "+new" in bench.io.output
    bench.set(dry_run=True)
    assert (await bench.run()).kind == "success"
    assert not (bench.root / "made").exists()


async def test_the_variable_group_wins_over_what_ansible_is_given_by_default(bench: Any) -> None:
    bench.io.base |= {"ANSIBLE_HOST_KEY_CHECKING": "True", "ANSIBLE_FORCE_COLOR": "0"}
    assert (await bench.run()).kind == "success"
    env = bench.playbook_call.env
    assert (env["ANSIBLE_HOST_KEY_CHECKING"], env["ANSIBLE_FORCE_COLOR"], env["PYTHONUNBUFFERED"]) == ("True", "0", "1")
    assert "\x1b[" not in bench.io.output


async def test_ansible_keeps_its_files_in_the_private_folder(bench: Any) -> None:
    assert (await bench.run()).kind == "success"
    env = bench.playbook_call.env
    for name in ("ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_SSH_CONTROL_PATH_DIR"):
        assert Path(env[name]).is_relative_to(bench.io.workspace)
    assert env["ANSIBLE_RETRY_FILES_ENABLED"] == "False"
    assert {path.name for path in bench.root.iterdir()} == {"site.yml"}
    assert not list(Path(bench.io.base["HOME"]).iterdir())


async def test_connections_are_not_shared_when_the_workspace_is_too_deep_for_sockets(bench: Any) -> None:
    bench.io.workspace /= "d" * 90
    bench.io.workspace.mkdir()
    assert (await bench.run()).kind == "success"
    assert "ANSIBLE_SSH_CONTROL_PATH_DIR" not in bench.playbook_call.env
    assert bench.playbook_call.env["ANSIBLE_SSH_ARGS"] == "-C -o ControlMaster=no"
    bench.io.base["ANSIBLE_SSH_ARGS"] = "-C"
    assert (await bench.run()).kind == "success"
    assert bench.playbook_call.env["ANSIBLE_SSH_ARGS"] == "-C"


async def test_ansible_beside_the_hub_is_found_without_a_path(bench: Any) -> None:
    bench.io.base["PATH"] = "/usr/bin:/bin"
    assert (await bench.run()).kind == "success", bench.io.output
    assert bench.playbook_call.argv[0] == str(Path(sys.executable).parent / "ansible-playbook")


async def test_a_worker_without_ansible_says_how_to_get_it(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.io.base["PATH"] = str(bench.root)
    monkeypatch.setattr(surroundings, "_PROGRAM", "ansible-playbook-not-here")
    outcome = await bench.run()
    assert outcome.code == 127
    assert "pip install automation-hub-ansible[core]" in outcome.reason


def test_the_offer_says_what_it_needs() -> None:
    able = AnsibleExecutor.capabilities
    assert able.needs_repository
    assert able.needs_inventory
    assert able.dry_run
    assert not able.approval
    assert able.inventory_types == ("static", "static-yaml", "file")
    assert (AnsibleExecutor.name, AnsibleExecutor.priority) == ("ansible", 1000)
