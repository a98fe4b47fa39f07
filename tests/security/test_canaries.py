"""Secrets of every kind go through real tasks that shout them, and are then looked for everywhere they must not be."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import asyncssh
import pytest

from hub.models import Task, TaskChunk
from hub.testing.booted import administrator, booted, working
from hub.testing.scene import Scene, commit_files, make_scene
from hub.testing.tools import need_tool
from hub.web.api.routing import ROUTES
from hub.web.app import make_app
from hub.web.pages import PAGES

from .people import Caller, People

ADMIN = "cnry-Admin-8d1f/w+rd"
SECRETS = {
    "key store password": "cnry-Login 5e2a/+&=é'\"x",
    "passphrase": "cnry-Phrase-77b1",
    "vault password": "cnry-Vault-91cc-0d",
    "secret variable": "cnry-Var-first-line\ncnry-Var-second-line\ncnry-Var-third",
    "secret of the environment": "cnry-Env-$(id)-{{ 1 }}",
    "secret answer": "cnry-Answer-;-4f4f",
}
BIN = Path(sys.executable).parent

SHOUT = r"""
import base64, json, os, sys, urllib.parse
for name, text in sorted(os.environ.items()):
    if "cnry" not in text: continue
    raw = text.encode()
    print(name, text)
    for coded in (base64.b64encode(raw), base64.b64encode(b"user:" + raw), base64.urlsafe_b64encode(raw)):
        print(coded.decode())
    print(urllib.parse.quote(text), urllib.parse.quote(text, safe=""), urllib.parse.quote_plus(text))
    print(json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text))
    for line in text.split("\n"): print(">", line, base64.b64encode(line.encode()).decode(), file=sys.stderr)
    for at in range(0, len(text), 3): sys.stdout.write(text[at:at + 3]); sys.stdout.flush()
    print()
"""
SCRIPT = """python3 shout.py
set -x
for one in "$@"; do : "$one"; done
echo "$VAR_CANARY $ANSWER"
sleep 0.3
cat "$OUT"/none
"""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars_files: [sealed.yml]
  tasks:
    - debug: {msg: "{{ VAR_CANARY }} {{ VAR_CANARY | b64encode }} {{ ANSWER | urlencode }} {{ ANSWER }}"}
    - debug: {var: VAR_CANARY}
    - command: python3 shout.py
      register: shouted
      args: {chdir: "{{ playbook_dir }}"}
    - debug: {var: shouted}
    - debug: {msg: "{{ from_the_vault }}"}
    - fail: {msg: "{{ lookup('env', 'ENV_CANARY') }}"}
"""


def forms(secret: str) -> set[bytes]:
    """What to look for: the secret and each line of it, plain and encoded. Written here a second time on purpose."""
    found: set[bytes] = set()
    for text in {secret, *secret.split("\n")}:
        raw = text.encode()
        found |= {raw, base64.b64encode(raw), base64.urlsafe_b64encode(raw)}
        written = (quote(text), quote(text, safe=""), quote_plus(text), repr(text)[1:-1], json.dumps(text)[1:-1])
        found |= {one.encode() for one in written}
        found.add(base64.b64encode(b"user:" + raw)[8:-4])
    return {form for form in found if len(form) >= 8 and b"\n" not in form}


def seen(secrets: dict[str, str], data: bytes) -> list[str]:
    """Names of the secrets that are in the data in any form."""
    return [name for name, secret in secrets.items() if any(form in data for form in forms(secret))]


class CommandLines:
    """Collects the command line of every process of the machine while it lasts."""

    def __init__(self) -> None:
        self.found: set[bytes] = set()

    @asynccontextmanager
    async def collecting(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(0.01)

    def _look(self) -> None:
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    self.found.add((folder / "cmdline").read_bytes())
                except OSError:
                    continue


@pytest.fixture
def git_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that writes down its arguments and environment before it works; returns where."""
    real, notes, folder = need_tool("git"), tmp_path / "git-calls", tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\n{{ echo "$0 $*"; env; }} >> {notes}\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return notes


async def make_project(scene: Scene, app, secrets: dict[str, str], out: Path) -> dict[str, int]:
    """Everything through the API, as people do it; return the ids of the templates."""
    caller = await People(scene.hub, app).with_token(scene.actor)
    at = f"/project/{scene.project.id}"
    secrets["API token"] = caller.token
    login = {"login": "root", "password": secrets["key store password"]}
    user = await caller.made(f"{at}/keys", {"name": "user", "type": "login_password", "login_password": login})
    vault = await caller.made(
        f"{at}/keys",
        {"name": "vault", "type": "login_password", "login_password": {"password": secrets["vault password"]}},
    )
    private = {"login": "git", "private_key": secrets["private key"], "passphrase": secrets["passphrase"]}
    ssh = await caller.made(f"{at}/keys", {"name": "ssh", "type": "ssh", "ssh": private})
    group = await caller.made(f"{at}/environment", {
        "name": "group", "json": '{"plain": "x"}', "env": json.dumps({"OUT": str(out)}),
        "secrets": [
            {"operation": "create", "type": "var", "name": "VAR_CANARY", "secret": secrets["secret variable"]},
            {"operation": "create", "type": "env", "name": "ENV_CANARY",
             "secret": secrets["secret of the environment"]},
        ],
    })  # fmt: skip
    hosts = f"h ansible_connection=local ansible_python_interpreter={sys.executable}"
    inventory = await caller.made(f"{at}/inventory", {
        "name": "hosts", "type": "static", "inventory": hosts, "ssh_key_id": user["id"], "become_key_id": user["id"],
    })  # fmt: skip
    repository = await caller.made(f"{at}/repositories", {
        "name": "code", "git_url": str(scene.folder), "git_branch": "main", "ssh_key_id": ssh["id"],
    })  # fmt: skip
    common = {
        "repository_id": repository["id"], "environment_id": group["id"], "inventory_id": inventory["id"],
        "survey_vars": [{"name": "ANSWER", "title": "Answer", "type": "secret", "required": True}],
    }  # fmt: skip
    bash = await caller.made(f"{at}/templates", common | {"name": "bash", "app": "bash", "playbook": "shout.sh"})
    ansible = await caller.made(f"{at}/templates", common | {
        "name": "ansible", "app": "ansible", "playbook": "shout.yml", "task_params": {"allow_debug": True},
        "vaults": [{"type": "password", "vault_key_id": vault["id"], "name": "default"}],
    })  # fmt: skip
    return {"bash": bash["id"], "ansible": ansible["id"]}


def sealed_file(folder: Path, password: str) -> str:
    """A file that only the vault's password opens."""
    (folder / "password").write_text(password)
    (folder / "plain").write_text("from_the_vault: opened\n")
    subprocess.run(
        [BIN / "ansible-vault", "encrypt", "--vault-id", f"default@{folder}/password", folder / "plain"], check=True,
        capture_output=True, env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    return (folder / "plain").read_text()


async def everything_that_is_answered(hub, caller: Caller, ids: dict[str, int]) -> dict[str, bytes]:
    """Every GET of the API and of the pages, filled with the ids of what there is."""
    answers = {}
    paths = [f"/api{route.path}" for route in ROUTES.all if route.method == "GET"]
    paths += [re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", page.rule) for page in PAGES if "GET" in page.methods]
    for path in paths:
        filled = re.sub(r"\{(\w+)\}", lambda part: str(ids.get(part[1], "bash")), path)
        reply = await caller.call("GET", filled)
        assert reply.status < 500, (filled, reply.data)
        answers[filled] = reply.data
    return answers


@pytest.fixture
async def swept(plugins, tmp_path, git_calls, caplog, monkeypatch):
    """A hub in which both templates ran, and what was seen meanwhile."""
    need_tool("ansible-playbook")
    caplog.set_level(logging.DEBUG)
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh", SECRETS["passphrase"]).decode()
    secrets = SECRETS | {"private key": private, "admin password": ADMIN}
    out = tmp_path / "out"
    out.mkdir()
    lines = CommandLines()
    async with booted(plugins=plugins, admin_password=ADMIN) as hub:
        files = {"shout.py": SHOUT, "shout.sh": SCRIPT, "shout.yml": PLAYBOOK,
                 "sealed.yml": sealed_file(tmp_path, SECRETS["vault password"])}  # fmt: skip
        scene, app = await make_scene(hub, files), make_app(hub)
        reply = await Caller(app).call("POST", "/api/auth/login", {"auth": "admin", "password": ADMIN})
        secrets["session"] = reply.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        templates = await make_project(scene, app, secrets, out)
        caller = Caller(app, cookie=secrets["session"])
        tasks = {}
        async with working(hub), lines.collecting():
            for name, template in templates.items():
                made = await caller.made(f"/project/{scene.project.id}/tasks", {
                    "template_id": template, "secret": json.dumps({"ANSWER": secrets["secret answer"]}),
                    "params": {"debug": True, "debug_level": 5} if name == "ansible" else {},
                })  # fmt: skip
                assert "cnry" not in json.dumps(made)
                tasks[name] = (await scene.until(made["id"]))["id"]
            await asyncio.sleep(0)
        yield {"hub": hub, "scene": scene, "caller": caller, "tasks": tasks, "templates": templates, "lines": lines,
               "secrets": secrets, "git": git_calls.read_bytes(), "log": caplog}  # fmt: skip


async def test_canaries_are_found_nowhere_w48_w51_w57_w58(swept):
    """One run of both templates, and every place that anybody could look at afterwards."""
    hub, scene, secrets = swept["hub"], swept["scene"], swept["secrets"]
    places: dict[str, bytes] = {}
    for name, task_id in swept["tasks"].items():
        text = await scene.text(task_id)
        assert text.count("***") > 10, text  # it did shout
        places[f"log of {name}"] = text.encode()
    assert "opened" in await scene.text(swept["tasks"]["ansible"])
    chunks = await TaskChunk.all().count()
    assert chunks
    for name, task_id in swept["tasks"].items():
        ids = {"project_id": scene.project.id, "task_id": task_id, "template_id": swept["templates"][name]}
        ids |= {"key_id": 2, "repository_id": 2, "inventory_id": 1, "environment_id": 1, "view_id": 1, "user_id": 1}
        async with working(hub):
            answered = await everything_that_is_answered(hub, swept["caller"], ids)
        places |= {f"{path} after {name}": data for path, data in answered.items()}
    for path in hub.settings.data_dir.rglob("*"):
        if path.is_file() and not path.is_symlink() and scene.folder not in path.parents:
            places[str(path)] = path.read_bytes()
    assert any(name.endswith("hub.sqlite3-wal") for name in places)
    places["command lines"] = b"\n".join(swept["lines"].found)
    assert b"shout.sh" in places["command lines"]
    assert b"ansible-playbook" in places["command lines"]
    places["calls of git"] = swept["git"]
    assert b"GIT_ASKPASS" in places["calls of git"]
    places["log of the hub"] = swept["log"].text.encode()
    found = {name: names for name, data in places.items() if (names := seen(secrets, data))}
    assert found == {}
    assert await Task.filter(secret__isnull=False).count() == 0
    assert list((hub.settings.data_dir / "run").rglob("*")) == []
    assert open_to_others(hub.settings.data_dir, but=scene.folder) == []


def open_to_others(top: Path, *, but: Path) -> list[Path]:
    """Files that another user of the machine could reach: no folder above them keeps others out."""
    return [
        path
        for path in top.rglob("*")
        if but not in (path, *path.parents) and not path.is_symlink() and path.stat().st_mode & 0o077
        and not any(above.stat().st_mode & 0o077 == 0 for above in path.parents if above.is_relative_to(top))
    ]  # fmt: skip


def test_the_search_finds_every_form():
    for name, secret in SECRETS.items():
        raw = secret.encode()
        for shown in (raw, base64.b64encode(raw), base64.b64encode(b"user:" + raw + b"!"), quote(secret).encode(),
                      json.dumps(secret).encode(), repr(secret).encode(), secret.split("\n")[-1].encode()):  # fmt: skip
            assert seen(SECRETS, b"<" + shown + b">") == [name], shown


@pytest.fixture
async def asking(stage: Scene, caplog):
    """A script that asks for a secret, and the administrator."""
    caplog.set_level(logging.DEBUG)
    commit_files(stage.folder, {"shout.py": SHOUT, "shout.sh": "python3 shout.py\n"}, "shout")
    survey = [{"name": "ANSWER", "title": "Answer", "type": "secret", "required": True}]
    template = await stage.template("shout.sh", survey_vars=survey)
    return stage, template, await People(stage.hub, make_app(stage.hub)).with_token(stage.actor)


async def test_a_failure_inside_the_hub_tells_no_secret(asking, monkeypatch, caplog):
    """What is written for the administrator then holds a traceback, but no value of a variable."""
    from hub.worker import run

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(run, "task_view", broken)
    scene, template, _ = asking
    task = await scene.run(template, secret=json.dumps({"ANSWER": SECRETS["secret answer"]}))
    assert task["status"] == "error"
    assert "broken on purpose" in caplog.text
    assert "broken on purpose" not in await scene.text(task["id"]) + json.dumps(task, default=str)
    assert seen(SECRETS, caplog.text.encode()) == []


async def test_refused_requests_repeat_no_secret(asking, caplog):
    """A password typed into the wrong field, a key that does not open, a body of the wrong shape."""
    scene, template, caller = asking
    secret = SECRETS["key store password"]
    at = f"/api/project/{scene.project.id}"
    secrets = [{"operation": "create", "secret": secret}]
    bodies: list[tuple[str, dict[str, Any]]] = [
        (f"{at}/keys", {"name": "x", "type": "login_password", "login_password": {"login": [secret]}}),
        (f"{at}/keys", {"name": "x", "type": "login_password", "login_password": secret}),
        (f"{at}/keys", {"name": "x", "type": "ssh", "ssh": {"private_key": secret}}),
        (f"{at}/keys", {"name": "x", "type": "ssh", "ssh": [secret]}),
        (f"{at}/environment", {"name": "x", "json": "{}", "secrets": secrets}),
        (f"{at}/environment", {"name": "x", "json": "{}", "secrets": [secret]}),
        (f"{at}/environment", {"name": "x", "json": secret}),
        (f"{at}/tasks", {"template_id": template.id, "secret": secret}),
        (f"{at}/tasks", {"template_id": template.id, "secret": {"ANSWER": secret}}),
        ("/api/users", {"username": "x", "password": {"a": secret}}),
        ("/api/auth/login", {"auth": "admin", "password": secret}),
        ("/api/users/1/password", {"password": secret, "current_password": secret}),
        (f"{at}/repositories", {"name": "x", "git_url": f"https://u:{quote(secret)}@example.org/x",
                                "git_branch": "main", "ssh_key_id": 1}),
    ]  # fmt: skip
    for path, body in bodies:
        reply = await caller.call("POST", path, body)
        assert 400 <= reply.status < 500, (path, reply.data)
        assert seen({"it": secret}, reply.data) == [], (path, reply.data)
    assert seen({"it": secret}, caplog.text.encode()) == []


async def test_the_hubs_own_objects_show_no_secret(plugins):
    async with booted(plugins=plugins, admin_password=ADMIN) as hub:
        shown = repr(hub) + repr(hub.settings) + str(hub.settings) + repr(await administrator())
        ring = json.loads((hub.settings.data_dir / "vault.json").read_text())
    assert ADMIN not in shown
    assert ring["keys"]
    assert not any(key in shown for key in ring["keys"].values())


def test_a_hub_that_writes_everything_down_writes_no_statements_values():
    """At the level `debug`, libraries would log each statement of the database with all its values."""
    import hub.db  # noqa: F401 - what its import does is the test

    for name in ("aiosqlite", "tortoise", "tortoise.db_client", "asyncpg"):
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG), name
