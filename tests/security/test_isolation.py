"""What a task's processes get from the hub, and what tasks get from each other: only what is theirs.

That they cannot take what nobody hands them is shown beside this, in `test_isolation_tries`.
"""

from __future__ import annotations

import asyncio
import json
import os

from hub.models import Membership
from hub.plugin import Executor, NoParams, Outcome
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.read import results_of
from hub.testing.scene import commit_files

LOOK = """
import json, os, sys
found = {}
for name in os.listdir("/proc/self/fd"):
    try:
        found[name] = os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        pass
limits = open("/proc/self/status").read()
print("LOOK" + json.dumps({"fds": found, "env": dict(os.environ), "umask": os.umask(0),
                           "sid": os.getsid(0) == os.getpid(), "pgid": os.getpgid(0), "cwd": os.getcwd(),
                           "tty": os.isatty(0)}))
"""


async def look(stage, **members):
    commit_files(stage.folder, {"look.py": LOOK}, "look")
    task = await stage.run(await stage.template("look.py", app="python", **members))
    (line,) = [line for line in await stage.lines(task["id"]) if line.startswith("LOOK")]
    return json.loads(line.removeprefix("LOOK"))


async def test_a_task_inherits_no_descriptor_of_the_hub(stage, tmp_path):
    """Neither the database nor a socket nor a lock, however it was opened."""
    kept = [os.open(tmp_path, os.O_RDONLY), os.open(os.devnull, os.O_RDWR)]
    try:
        seen = await look(stage)
    finally:
        for one in kept:
            os.close(one)
    others = {name: place for name, place in seen["fds"].items() if name not in {"0", "1", "2"}}
    assert all(place.startswith("/proc/") and place.endswith("/fd") for place in others.values()), others
    assert seen["fds"]["0"] == "/dev/null"
    assert seen["fds"]["1"].startswith("pipe:")
    assert str(stage.hub.settings.data_dir / "hub.sqlite3") not in str(seen["fds"])


async def test_a_task_inherits_nothing_of_the_hubs_environment_w57(stage, monkeypatch):
    for name in ("HUB_ADMIN_PASSWORD", "HUB_VAULT_KEYS", "HUB_DATABASE_URL", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY",
                 "LD_PRELOAD_X", "VIRTUAL_ENV", "PYTHONPATH", "SSH_AUTH_SOCK", "GITHUB_TOKEN"):  # fmt: skip
        monkeypatch.setenv(name, "of-the-hub")
    task = await stage.run(await stage.template("environment.sh"))
    lines = [line for line in await stage.lines(task["id"]) if "=" in line]
    assert "of-the-hub" not in "".join(lines)
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    known = {"PATH", "HOME", "TMPDIR", "LANG", "USER", "LOGNAME", "HUB_RUN", "HUB_OUTPUT", *of_the_shell}
    assert {line.partition("=")[0] for line in lines if not line.startswith("SEMAPHORE_TASK_DETAILS_")} <= known


async def test_a_task_has_a_session_of_its_own_and_makes_private_files(stage):
    """So that it cannot write into a terminal of the server, and others cannot read what it makes."""
    seen = await look(stage)
    assert seen["umask"] == 0o077
    assert seen["pgid"] != os.getpgid(0)
    assert seen["tty"] is False


async def test_people_who_launch_at_once_never_see_each_others_answers(stage, people):
    """One template, many people, all at the same moment: each log, row and result holds its own."""
    commit_files(
        stage.folder, {"who.sh": 'echo "I am $NAME with $TOKEN for $SEMAPHORE_TASK_DETAILS_USERNAME"\n'}, "who"
    )
    survey = [{"name": "NAME", "title": "Name"}, {"name": "TOKEN", "title": "Token", "type": "secret"}]
    template = await stage.template("who.sh", survey_vars=survey, allow_parallel_tasks=True)
    actors = []
    for number in range(12):
        actor = await people.actor(f"person{number}")
        await Membership.create(user_id=actor.user_id, project_id=stage.project.id, role="task_runner")
        actors.append(actor)

    async def one(actor, turn):
        mine = f"{actor.username}-{turn}"
        draft = TaskDraft(
            template_id=template.id, message=f"of {mine}", environment=json.dumps({"NAME": mine}),
            secret=json.dumps({"TOKEN": f"token-of-{mine}-secret"}),
        )  # fmt: skip
        made = await launch(stage.hub, actor, stage.project.id, draft)
        return mine, actor, made

    for mine, actor, made in await asyncio.gather(*[one(actor, turn) for actor in actors for turn in range(2)]):
        assert (made["user_id"], made["message"]) == (actor.user_id, f"of {mine}")
        task = await stage.until(made["id"])
        assert task["environment"] == json.dumps({"NAME": mine})
        said = [line for line in await stage.lines(made["id"]) if line.startswith("I am")]
        assert said == [f"I am {mine} with *** for {actor.username}"]


async def test_two_requests_at_once_never_answer_for_each_other(people, mine):
    """The actor travels with the call; nothing of it is kept beside."""
    callers = [await people.somebody(f"p{number}", (mine.project, "guest")) for number in range(10)]
    replies = await asyncio.gather(*[caller.get("/user") for caller in callers * 5])
    for caller, reply in zip(callers * 5, replies, strict=True):
        assert reply.json["username"] == caller.actor.username


class Talkative(Executor):
    """Says a secret in everything that an executor can say."""

    name = "talkative"
    title = "Talkative"

    async def run(self, task, params, task_params, io):
        secret = (await io.secrets())["TOKEN"]
        await io.stage(f"stage {secret}")
        await io.result("said", {"text": secret, "deep": [{secret: [f"x {secret} y", 1, None]}]})
        await io.log(f"logged {secret}")
        return Outcome.failure(3, f"It was {secret}.") if not task.dry_run else Outcome.success()


class Asking(Talkative):
    name = "asking"

    async def run(self, task, params, task_params, io):
        secret = (await io.secrets())["TOKEN"]
        return Outcome.awaiting(f"Use {secret}?", {"with": secret}, {"state": secret})


async def test_what_an_executor_says_beside_the_log_is_masked_too_w51(plugins):
    from dataclasses import replace

    from hub.testing.booted import booted, working
    from hub.testing.scene import make_scene

    secret = "token-of-someone"
    executors = {**plugins.executors, "talkative": Talkative(), "asking": Asking()}
    async with booted(plugins=replace(plugins, executors=executors)) as hub:
        scene = await make_scene(hub, {"x": ""})
        survey = [{"name": "TOKEN", "title": "Token", "type": "secret"}]
        async with working(hub):
            answers = json.dumps({"TOKEN": secret})
            task = await scene.run(await scene.template("x", app="talkative", survey_vars=survey), secret=answers)
            assert task["reason"] == "It was ***."
            number = await scene.launch(await scene.template("x", app="asking", survey_vars=survey), secret=answers)
            parked = await scene.until(number, "waiting_confirmation")
            assert parked["question"] == "Use ***?"
            for one in (task["id"], number):
                results = await results_of(scene.actor, scene.project.id, one)
                assert results
                assert secret not in json.dumps(results, default=str)
                assert secret not in await scene.text(one)
    assert NoParams is Talkative.params_type


LEAVE = """
set -e
cd ..
ls -A . work "$HOME" "$TMPDIR"
touch left work/left "$HOME/left" "$TMPDIR/left"
"""


async def test_a_task_of_one_project_gets_no_shared_file_of_another(stage):
    """Folders of tasks are private and named by the task alone; a second run of a number finds a fresh one."""
    commit_files(stage.folder, {"leave.sh": LEAVE}, "x")
    template = await stage.template("leave.sh")
    for _ in range(3):
        task = await stage.run(template)
        assert task["status"] == "success"
        assert "left" not in [line.strip() for line in await stage.lines(task["id"])]
