"""Roles and collections: installed from files on this machine, and only once."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_ansible.galaxy import Place, requirement_files
from hub_ansible.surroundings import Surroundings

BIN = Path(sys.executable).parent
QUIET = {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null"}


def run(*argv: str, cwd: Path) -> None:
    env = QUIET | {"HOME": str(cwd), "ANSIBLE_HOME": str(cwd / ".ansible")}
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True, env=env)


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A built collection `shop.till` whose role says `rang 1`."""
    root = tmp_path / "till"
    (root / "roles/ring/tasks").mkdir(parents=True)
    (root / "roles/ring/tasks/main.yml").write_text("- debug: {msg: rang 1}\n")
    (root / "README.md").write_text("Till\n")
    (root / "galaxy.yml").write_text("namespace: shop\nname: till\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\n")
    run("ansible-galaxy", "collection", "build", cwd=root)
    return root / "shop-till-1.0.0.tar.gz"


@pytest.fixture
def role(tmp_path: Path) -> Path:
    """A git repository with a role."""
    root = tmp_path / "greet"
    for name, text in {
        "tasks/main.yml": "- debug: {msg: greeted}\n",
        "meta/main.yml": "galaxy_info: {author: x}\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for words in ("init -q -b main", "add .", "-c user.name=x -c user.email=x@x commit -q -m x"):
        run("git", *words.split(), cwd=root)
    return root


@pytest.fixture
def shop(bench: Any, collection: Path, role: Path) -> Any:
    bench.file("collections/requirements.yml", f"collections: [{{name: {collection}, type: file}}]\n")
    bench.file("roles/requirements.yaml", f"- {{src: 'git+file://{role}', name: greet, version: main}}\n")
    bench.file("site.yml", "- hosts: h1\n  gather_facts: false\n  roles: [shop.till.ring, greet]\n")
    return bench


def installs(bench: Any) -> list[tuple[str, ...]]:
    return [call.argv[1:3] for call in bench.calls if "galaxy" in call.argv[0]]


async def test_collections_then_roles_are_installed_and_found(shop: Any) -> None:
    assert (await shop.run()).kind == "success", shop.io.output
    assert "rang 1" in shop.io.output
    assert "greeted" in shop.io.output
    assert installs(shop) == [("collection", "install"), ("role", "install")]
    assert shop.io.stages == ["init", "play", "recap"]
    assert "No requirements.yml file found. Skip galaxy install process." in shop.io.lines


async def test_a_second_task_uses_what_the_first_installed(shop: Any) -> None:
    """W-21: whatever its own folders are."""
    assert (await shop.run()).kind == "success", shop.io.output
    first, shop.io.calls, shop.io.output = shop.calls, [], ""
    other = shop.io.workspace.parent / "w2"
    other.mkdir(mode=0o700)
    shop.io.workspace = other
    assert (await shop.run()).kind == "success", shop.io.output
    assert "rang 1" in shop.io.output
    assert not installs(shop)
    assert len(first) == 3
    assert "collections/requirements.yml has no changes. Skip galaxy install process." in shop.io.lines


@pytest.mark.parametrize("change", ["project", "commit", "arguments", "server", "config", "requirements"])
async def test_whatever_decides_the_content_decides_the_cache(shop: Any, change: str, collection: Path) -> None:
    assert (await shop.run()).kind == "success", shop.io.output
    shop.io.calls = []
    shop.io.workspace = shop.io.workspace.parent / "w2"
    shop.io.workspace.mkdir(mode=0o700)
    params: dict[str, Any] = {}
    match change:
        case "project":
            shop.set(project_id=9)
        case "commit":
            shop.set(repository=replace(shop.task.repository, commit_hash="beef"))
        case "arguments":
            params = {"galaxy_args": ["--no-deps"]}
        case "server":
            shop.io.base["ANSIBLE_GALAXY_IGNORE_CERTS"] = "true"
        case "config":
            shop.file("ansible.cfg", "[galaxy]\nignore_certs = true\n")
        case "requirements":
            shop.file("collections/requirements.yml", f"collections:\n- {{name: {collection}, type: file}}\n")
            shop.file("roles/requirements.yaml", (shop.root / "roles/requirements.yaml").read_text() + "\n")
    assert (await shop.run(params)).kind == "success", shop.io.output
    assert installs(shop) == [("collection", "install"), ("role", "install")]


async def test_a_task_may_leave_the_installation_out(shop: Any) -> None:
    await shop.run(skip_galaxy_install=True)
    assert not installs(shop)
    assert shop.io.stages == ["play"]


async def test_a_failed_installation_ends_the_task_and_keeps_nothing(shop: Any, collection: Path) -> None:
    collection.unlink()
    outcome = await shop.run()
    assert outcome.kind == "failure"
    assert outcome.reason.startswith("Installing the collections of collections/requirements.yml failed with exit code")
    assert not [path for path in shop.io.cache.iterdir() if path.name.startswith("ansible-")]


async def test_the_agent_of_the_user_key_serves_private_roles(shop: Any) -> None:
    shop.inventory(user_key=shop.key(7, private_key="PEM"))
    assert (await shop.run()).kind == "success", shop.io.output
    assert {call.env["SSH_AUTH_SOCK"] for call in shop.calls} == {str(shop.io.workspace / "agent-7.sock")}
    assert "StrictHostKeyChecking=accept-new" in shop.calls[0].env["GIT_SSH_COMMAND"]
    assert "GIT_SSH_COMMAND" not in shop.playbook_call.env


async def test_the_repositorys_own_folders_and_settings_come_first(shop: Any) -> None:
    shop.file("ansible.cfg", "[defaults]\nroles_path = vendor/roles:~/more ; note\n")
    shop.file("vendor/roles/greet/tasks/main.yml", "- debug: {msg: vendored}\n")
    shop.io.base["ANSIBLE_COLLECTIONS_PATH"] = "/opt/collections"
    assert (await shop.run()).kind == "success", shop.io.output
    assert "vendored" in shop.io.output
    env = shop.playbook_call.env
    roles, collections = env["ANSIBLE_ROLES_PATH"].split(":"), env["ANSIBLE_COLLECTIONS_PATH"].split(":")
    assert roles[:3] == [f"{shop.root}/roles", f"{shop.root}/vendor/roles", "~/more"]
    assert collections[:2] == [f"{shop.root}/collections", "/opt/collections"]
    assert all("/ansible-" in paths[-1] for paths in (roles, collections))


async def test_a_file_without_the_kind_is_left_alone(bench: Any) -> None:
    bench.file("requirements.yml", "collections: []\n")
    assert (await bench.run()).kind == "success"
    assert not installs(bench)
    assert bench.io.lines == [
        "No collections/requirements.yml file found. Skip galaxy install process.",
        "requirements.yml names no collections. Skip galaxy install process.",
        "No roles/requirements.yml file found. Skip galaxy install process.",
        "requirements.yml names no roles. Skip galaxy install process.",
    ]


def test_eight_places_are_looked_at_in_order(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path, tmp_path / "play/site.yml", Surroundings(), "ansible-galaxy")
    for kind in ("collection", "role"):
        names = [f"play/{kind}s", "play", f"{kind}s", "."]
        files = [tmp_path / name / "requirements.yml" for name in names]
        assert requirement_files(kind, place) == ([], files)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".yaml").touch()
        if os.fspath(file.parent).endswith("play"):
            file.touch()
    found, missing = requirement_files("role", place)
    assert [file.suffix for file in found] == [".yaml", ".yml", ".yaml", ".yaml"]
    assert not missing
