"""Commands for hubs elsewhere, against a real web server: what they print, what they keep, and their exit codes."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner

from hub import cli
from hub.cli.task_remote import _below
from hub.models import Task
from hub.services.tasks.states import WAITING_CONFIRMATION
from hub.testing.scene import commit_files


class Terminal:
    """Somebody's home, and the commands that they type there."""

    def __init__(self, home: Path, url: str, token: str) -> None:
        self.home, self.url, self.token = home, url, token
        self.kept = home / "hub" / "login.json"

    async def run(self, *arguments: str, stdin: str = "", code: int = 0, **env: str) -> str:
        """Run a command to its end; return what it printed, the errors of one that had to fail."""
        given = {"XDG_CONFIG_HOME": str(self.home), "HUB_SERVER": None, "HUB_TOKEN": None} | env
        done = await asyncio.to_thread(CliRunner().invoke, cli._root, arguments, input=stdin, env=given)
        assert done.exit_code == code, (arguments, done.output, done.exception)
        assert self.token not in done.output
        assert "Traceback" not in done.output
        return done.stderr if code in {1, 2} else done.stdout

    async def sign_in(self) -> str:
        return await self.run("login", self.url, stdin=f"{self.token}\n")

    async def json(self, *arguments: str) -> list:
        return json.loads(await self.run(*arguments, "--output", "json"))


@pytest.fixture
async def terminal(tmp_path, served, stage):
    return Terminal(tmp_path, f"http://127.0.0.1:{served.port}", await served.token(stage.actor))


async def test_login_keeps_a_token_that_works_and_logout_forgets_it(terminal, stage):
    told = await terminal.sign_in()
    assert told == f"You are {stage.actor.username} at {terminal.url}. Kept in {terminal.kept}.\n"
    assert stat.S_IMODE(terminal.kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(terminal.kept.parent.stat().st_mode) == 0o700
    assert json.loads(terminal.kept.read_text()) == {"server": terminal.url, "token": terminal.token}
    assert stage.project.name in await terminal.run("project", "list")
    await terminal.run("logout")
    assert list(terminal.kept.parent.iterdir()) == []
    assert "hub login" in await terminal.run("project", "list", code=2)
    await terminal.run("logout")


async def test_a_token_that_does_not_work_is_not_kept(terminal):
    await terminal.run("login", terminal.url, stdin="wrong\n", code=1)
    await terminal.run("login", terminal.url, stdin="\n", code=2)
    await terminal.run("login", stdin=f"{terminal.token}\n", code=2)
    await terminal.run("login", "ftp://nowhere", stdin="x\n", code=1)
    assert not terminal.kept.exists()


async def test_a_hub_may_be_named_by_option_or_environment(terminal, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{terminal.token}\n")
    listed = ("project", "list")
    for arguments, stdin, env in (
        (("--server", terminal.url, "--token-file", str(file)), "", {}),
        (("--server", terminal.url, "--token-file", "-"), terminal.token, {}),
        (("--token-file", str(file)), "", {"HUB_SERVER": f"{terminal.url}/"}),
        ((), "", {"HUB_SERVER": terminal.url, "HUB_TOKEN": terminal.token}),
        (("--token-file", str(file)), "", {"HUB_SERVER": terminal.url, "HUB_TOKEN": "wrong"}),
    ):
        assert "NAME" in await terminal.run(*arguments, *listed, stdin=stdin, **env)
    for arguments, env in (
        (("--server", terminal.url), {}),
        (("--server", terminal.url, "--token-file", str(tmp_path / "none")), {}),
        (("--server", terminal.url, "--token-file", "-"), {}),
        (("--server", "nonsense"), {"HUB_TOKEN": "x"}),
        ((), {"HUB_TOKEN": terminal.token}),
    ):
        await terminal.run(*arguments, *listed, code=2, **env)
    assert "cannot be reached" in await terminal.run("--server", "http://127.0.0.1:1", *listed, code=1, HUB_TOKEN="x")


async def test_a_kept_token_goes_to_no_other_hub(terminal):
    await terminal.sign_in()
    assert "There is no token" in await terminal.run("--server", "http://127.0.0.1:1", "project", "list", code=2)
    terminal.kept.write_text("{")
    assert "cannot be read" in await terminal.run("project", "list", code=2)


async def test_a_template_is_run_with_the_exit_code_of_its_tool(terminal, stage):
    await terminal.sign_in()
    project = stage.project.name
    for script in ("hello.sh", "fail.sh", "environment.sh"):
        await stage.template(script)
    found = await terminal.json("template", "list", "--project", project)
    assert [one["name"] for one in found] == ["environment.sh", "fail.sh", "hello.sh"]
    assert "hello" in (await terminal.run("template", "run", "hello.sh", "--project", project)).splitlines()
    assert "it goes wrong" in await terminal.run("template", "run", "fail.sh", "--project", project, code=3)
    ended = json.loads(
        await terminal.run(
            "template", "run", "environment.sh", "--project", str(stage.project.id), "--var", "colour=blue",
            "--message", "by hand", "--output", "json",
        )
    )  # fmt: skip
    assert (ended["status"], ended["message"]) == ("success", "by hand")
    assert json.loads((await Task.get(id=ended["id"])).environment) == {"colour": "blue"}
    for wrong in (("--var", "=x"), ("--secrets-stdin",)):
        await terminal.run("template", "run", "hello.sh", "--project", project, *wrong, stdin="[]", code=2)
    await terminal.run("template", "run", "no such", "--project", project, code=2)
    assert "no project nowhere" in await terminal.run("template", "list", "--project", "nowhere", code=1)


async def test_tasks_are_seen_stopped_confirmed_and_rejected(terminal, stage):
    await terminal.sign_in()
    project = ("--project", stage.project.name)
    template = await stage.template("wait.sh")
    going = int(await terminal.run("template", "run", "wait.sh", *project, "--no-follow"))
    await stage.until(going, "running")
    asking = {"status": WAITING_CONFIRMATION, "created": stage.hub.clock(), "playbook": "", "environment": ""}
    no = await Task.create(template=template, project=stage.project, **asking)
    found = await terminal.json("task", "list", *project, "--status", WAITING_CONFIRMATION)
    assert [one["id"] for one in found] == [no.id]
    assert str(going) in await terminal.run("task", "list", *project, "--template", "wait.sh", "--limit", "5")
    await terminal.run("task", "reject", str(no.id), *project, "--reason", "not today")
    assert (await stage.task(no.id))["reason"].endswith(": not today")
    assert "wait for a confirmation" in await terminal.run("task", "confirm", str(going), *project, code=1)
    await terminal.run("task", "stop", str(going), *project, "--force")
    told = await terminal.run("task", "log", str(going), *project, "--follow", code=130)
    assert "begun" in told.splitlines()
    assert await terminal.run("task", "log", str(going), *project) == told
    assert "no such task" in await terminal.run("task", "log", "999", *project, code=1)


async def test_anything_of_the_api_is_within_reach(terminal, stage, tmp_path):
    await terminal.sign_in()
    views = f"/project/{stage.project.id}/views"
    body = {"project_id": stage.project.id, "title": "v", "position": 0}
    (tmp_path / "body.json").write_text(json.dumps(body))
    made = json.loads(await terminal.run("api", "post", views, "--data", f"@{tmp_path / 'body.json'}"))
    assert made["title"] == "v"
    await terminal.run("api", "POST", f"/api{views}", "--data", "-", stdin=json.dumps({**body, "title": "w"}))
    found = json.loads(await terminal.run("api", "GET", views, "--query", "title=w", "--query", "limit=1"))
    assert [one["title"] for one in found] == ["w"]
    assert await terminal.run("api", "DELETE", f"{views}/{made['id']}") == ""
    assert await terminal.run("api", "GET", "/ping") == "pong\n"
    assert (await terminal.run("api", "GET", f"{views}/{made['id']}", code=1)).strip().endswith(".")
    for wrong in ("{", f"@{tmp_path / 'none'}"):
        await terminal.run("api", "POST", views, "--data", wrong, code=2)


async def test_what_a_task_left_is_shown_and_downloaded(terminal, stage, tmp_path):
    script = 'mkdir a; echo hi > a/b.txt; echo "version=1" >> "$HUB_OUTPUT"\n'
    commit_files(stage.folder, {"left.sh": script}, "leaves something")
    task = await stage.run(await stage.template("left.sh", task_params={"artifacts": ["a"]}))
    await terminal.sign_in()
    here = (str(task["id"]), "--project", stage.project.name)
    assert await terminal.json("task", "outputs", *here) == [
        {"name": "version", "value": "1", "type": "string", "sensitive": False}
    ]
    assert "a/b.txt" in await terminal.run("task", "artifacts", *here)
    await terminal.run("task", "artifacts", *here, "--to", str(tmp_path / "to"))
    assert (tmp_path / "to" / "a" / "b.txt").read_bytes() == b"hi\n"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../..", "."])
def test_a_hub_that_names_a_file_elsewhere_is_not_believed(tmp_path, name):
    with pytest.raises(ClickException):
        _below(tmp_path, name)
