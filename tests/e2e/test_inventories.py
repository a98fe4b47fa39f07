"""Inventories from everywhere in a hub that works: fetched, looked at before a run, with facts and hosts kept apart."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Invalid
from hub.models import HostFacts, Inventory, Key, NodeLock, Task
from hub.services import hosts, inventories, keys, log
from hub.services.inventories import InventoryDraft
from hub.services.tasks.launch import TaskDraft
from hub.services.tasks.states import FINISHED
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOKEN = "canary-of-an-inventory-7731"
SCRIPT = f"""#!{sys.executable}
import json, os, sys
assert sys.argv[1:] == ["--zone", "eu $(id)"], sys.argv
secret = {{"login_token": os.environ["INVENTORY_TOKEN"]}}
print(json.dumps({{"web": {{"hosts": ["w1"]}}, "_meta": {{"hostvars": {{"w1": secret}}}}}}))
"""
SITE = "- hosts: all\n  tasks: [{debug: {msg: 'on {{ inventory_hostname }}'}}]\n"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@asynccontextmanager
async def server_of_hosts(certificate: tuple[Path, Path], body: dict[str, Any]) -> AsyncIterator[tuple[str, list[str]]]:
    """A server with TLS that wants a token; (its address, what was asked)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        status = "200 OK" if f"authorization: bearer {TOKEN}" in head.lower() else "403 No"
        away = "302 There\r\nLocation: https://localhost:1/" if head.startswith("GET /away") else status
        text = json.dumps(body).encode()
        writer.write(f"HTTP/1.1 {away}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def inventory(stage: Scene, kind: str, text: str) -> Inventory:
    draft = InventoryDraft.read({"name": kind, "type": kind, "inventory": text})
    made = await inventories.create_inventory(stage.hub, stage.actor, stage.project.id, draft)
    return await Inventory.get(id=made["id"])


async def token_key(stage: Scene) -> int:
    draft = keys.KeyDraft.read({"name": "Token", "type": "string", "string": TOKEN})
    return int((await keys.create_key(stage.hub, stage.actor, stage.project.id, draft))["id"])


async def ended(stage: Scene, task_id: int) -> str:
    """How a task ended, with its log."""
    done = await stage.until(task_id)
    _, _, lines = await log.lines(task_id, 0, 1000)
    return "\n".join([str(done["status"]), *(text for _, _, text in lines)])


async def test_hosts_come_from_an_address_and_from_a_command(
    stage: Scene, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_tool("ansible-playbook")
    commit_files(stage.folder, {"site.yml": SITE, "bin/hosts.py": SCRIPT}, "Site")
    key = await token_key(stage)
    told = {"db": {"hosts": ["d1"], "vars": LOCAL}, "_meta": {"hostvars": {"d1": {"size": 3, "api_token": "x"}}}}
    async with server_of_hosts(certificate, told) as (address, asked):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        from_url = {"url": f"{address}/hosts?zone=eu", "format": "json", "key": key}
        fetched = await inventory(stage, "url", json.dumps(from_url))
        template = await stage.template("site.yml", app="ansible", inventory=fetched)
        before = await hosts.of_template(stage.hub, stage.actor, (stage.project.id, template.id))
        assert ([(one["name"], one["groups"]) for one in before["hosts"]], before["error"]) == ([("d1", ["db"])], ""), (
            before
        )
        done = await ended(stage, await stage.launch(template))
        assert done.startswith("success")
        assert "on d1" in done
        assert TOKEN not in done
        assert len(asked) == 2

        seen = await hosts.of_inventory(stage.hub, stage.actor, stage.project.id, fetched.id)
        assert seen["hosts"][0]["variables"]["size"] == 3
        assert seen["hosts"][0]["variables"]["api_token"] == "(hidden)"
        await Inventory.filter(id=fetched.id).update(inventory=json.dumps(from_url | {"url": f"{address}/away"}))
        seen = await hosts.of_inventory(stage.hub, stage.actor, stage.project.id, fetched.id)
        assert seen["error"] == "The server 127.0.0.1 could not be asked: it sends on to another server, which is not followed."  # fmt: skip  # noqa: E501 - one sentence
        assert seen["hosts"] == []
    facts = await HostFacts.get(inventory_id=fetched.id, host="d1")
    assert "ansible_distribution" in facts.facts
    assert "ansible_env" not in facts.facts
    await lent_facts(stage, template)

    (stage.folder / "bin/hosts.py").chmod(0o755)
    commit_files(stage.folder, {"other.yml": SITE}, "Executable")
    given = {"program": "bin/hosts.py", "arguments": ["--zone", "eu $(id)"], "key": key}
    printed = await inventory(stage, "command", json.dumps(given))
    template = await stage.template("site.yml", app="ansible", inventory=printed)
    seen = await hosts.of_inventory(stage.hub, stage.actor, stage.project.id, printed.id)
    assert [(one["name"], one["groups"]) for one in seen["hosts"]] == [("w1", ["web"])], seen
    assert seen["hosts"][0]["variables"] == {"login_token": "(hidden)"}
    assert TOKEN not in json.dumps(seen, default=str)
    assert await nothing_left(stage)


async def lent_facts(stage: Scene, template: Any) -> None:
    """A play that gathers nothing knows what an earlier run was told."""
    play = "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: 'runs {{ ansible_facts.system }}'}}]\n"
    commit_files(stage.folder, {"later.yml": play}, "Later")
    text = json.dumps({"all": {"hosts": {"d1": LOCAL}}})
    await Inventory.filter(id=template.inventory_id).update(type="static-yaml", inventory=text)
    template.playbook, template.task_params = "later.yml", {"use_cached_facts": True}
    await template.save()
    done = await ended(stage, await stage.launch(template))
    assert done.startswith("success"), done
    assert "runs Linux" in done
    assert "Facts of 1 host are known from earlier runs." in done


async def nothing_left(stage: Scene) -> bool:
    """Looks leave no folder behind."""
    folder = stage.hub.settings.data_dir / "run"
    async with asyncio.timeout(30):
        while [path for path in folder.rglob("look*") if path.is_dir()]:
            await asyncio.sleep(0.05)
    return True


async def test_hosts_of_a_run_follow_the_limit_and_who_may_change_it(stage: Scene) -> None:
    need_tool("ansible-playbook")
    play = "- hosts: '{{ target }}'\n  gather_facts: false\n  tasks: []\n"
    commit_files(stage.folder, {"site.yml": play}, "Site")
    machines = await inventory(stage, "static", "[web]\nw1\nw2\n[db]\nd1\n")
    survey = [{"name": "target", "title": "Target", "default_value": "all"}]
    template = await stage.template(
        "site.yml", app="ansible", inventory=machines, survey_vars=survey, host_limit=2,
        task_params={"allow_override_limit": True},
    )  # fmt: skip

    async def seen(**draft: Any) -> dict[str, Any]:
        at = (stage.project.id, template.id)
        return await hosts.of_template(stage.hub, stage.actor, at, TaskDraft.read(draft))

    found = await seen(params={"limit": ["db", "w2"]}, environment='{"target": "all:!w1"}')
    assert ([one["name"] for one in found["hosts"]], found["error"], found["host_limit"]) == (["d1", "w2"], "", 2)
    nobody = await seen(params={"limit": ["nowhere"]})
    assert (nobody["hosts"], nobody["error"], nobody["note"]) == ([], "", "No host fits the limit “nowhere”.")
    await Inventory.filter(id=machines.id).update(inventory="[broken\n")
    found = await seen()
    assert found["error"].startswith("Ansible could not tell which hosts")
    assert "No inventory was parsed" in found["said"]
    shell = await stage.template("hello.sh")
    with pytest.raises(Invalid, match="does not tell hosts"):
        await hosts.of_template(stage.hub, stage.actor, (stage.project.id, shell.id))


async def test_two_templates_that_lock_their_hosts_wait_for_each_other(stage: Scene, tmp_path: Path) -> None:
    need_tool("ansible-playbook")
    gate = tmp_path / "gate"
    wait = (
        "- hosts: all\n  gather_facts: false\n  tasks: [{command: 'sh -c \"until test -e %s; do sleep 0.1; done\"'}]\n"
    )
    say = "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: second}}]\n"
    commit_files(stage.folder, {"first.yml": wait % gate, "second.yml": say}, "Both")
    variables = "".join(f" {name}={value}" for name, value in LOCAL.items())
    one = await inventory(stage, "static", f"w1{variables}\nw2{variables}\n")
    two = await Inventory.create(project=stage.project, name="Two", type="static", inventory=f"w2{variables}\n")
    lock = {"lock_hosts": True}
    first = await stage.launch(await stage.template("first.yml", app="ansible", inventory=one, task_params=lock))
    async with asyncio.timeout(60):
        while await NodeLock.filter(owner=f"task:{first}").count() != 2:
            await asyncio.sleep(0.05)
    second = await stage.launch(await stage.template("second.yml", app="ansible", inventory=two, task_params=lock))
    async with asyncio.timeout(60):
        while (await Task.get(id=second)).reason != f"Host w2 is used by task {first}.":
            await asyncio.sleep(0.05)
    assert (await Task.get(id=second)).status not in FINISHED
    gate.touch()
    assert (await ended(stage, first)).startswith("success")
    done = await ended(stage, second)
    assert done.startswith("success")
    assert f"Host w2 is used by task {first}. This task waits for it." in done
    assert (await Task.get(id=second)).reason == ""
    assert not await NodeLock.filter(name__startswith="host:").exists()
    assert await Key.filter(project_id=stage.project.id).exists()
