"""Whatever people write into a field stays text: no shell, no template, no option and no environment of a process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hub.errors import HubError, Invalid
from hub.models import Inventory, Membership
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.scene import Scene, commit_files

from .people import People

SHOW = """
for one in "$@"; do printf '<%s>\\n' "$one"; done
printf 'answer=<%s>\\n' "$ANSWER"
printf 'message=<%s>\\n' "$SEMAPHORE_TASK_DETAILS_MESSAGE"
"""
PLAYBOOK = f"""
- hosts: all
  gather_facts: false
  vars: {{ansible_connection: local, ansible_python_interpreter: {sys.executable}}}
  tasks:
    - debug: {{msg: "answer=<{{{{ ANSWER }}}}>"}}
    - debug: {{msg: "message=<{{{{ semaphore_vars.task_details.message | default('') }}}}>"}}
      tags: [always]
"""


def texts(marker: Path) -> list[str]:
    """Each would leave the file `marker` behind where something evaluates it."""
    return [
        f"$(touch {marker})", f"`touch {marker}`", f"; touch {marker}", f"a\ntouch {marker}\n", f"| touch {marker} #",
        f"&& touch {marker}", f"'; touch {marker}; '", f'"; touch {marker}; "', f"$(touch${{IFS}}{marker})",
        f"{{{{ lookup('pipe', 'touch {marker}') }}}}", f"{{% set x = lookup('pipe', 'touch {marker}') %}}",
        f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}$(touch {marker})", f"${{x:-$(touch {marker})}}",
        f"-c touch${{IFS}}{marker}", "--help", "-", "--", "-e", "--syntax-check", f"@{marker}", "@/etc/passwd",
        f"\uff04(touch {marker})", f"\u2028touch {marker}", "%24%28id%29", "<(id)", "!id", "~root", "*",
        "\\x00", "\x1b[31m",
    ]  # fmt: skip


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
async def shell(stage: Scene):
    commit_files(stage.folder, {"show.sh": SHOW}, "show")
    return await stage.template(
        "show.sh", allow_override_args_in_task=True, survey_vars=[{"name": "ANSWER", "title": "Answer"}]
    )


@pytest.fixture
async def play(stage: Scene):
    commit_files(stage.folder, {"show.yml": PLAYBOOK}, "show")
    inventory = await Inventory.create(project=stage.project, name="hosts", type="static", inventory="h1\nh2\n")
    allowed = {"allow_override_limit": True, "allow_override_tags": True, "allow_override_skip_tags": True}
    return await stage.template(
        "show.yml", app="ansible", inventory=inventory, task_params=allowed,
        survey_vars=[{"name": "ANSWER", "title": "Answer"}],
    )  # fmt: skip


async def test_arguments_answers_and_messages_reach_a_script_as_they_are(stage, shell, marker):
    wanted = texts(marker)
    task = await stage.run(shell, arguments=json.dumps(wanted), environment=json.dumps({"ANSWER": "x"}))
    log = await stage.text(task["id"])
    assert task["status"] == "success", log
    for text in wanted:
        shown = text.removesuffix("\n") if text.endswith("\n") else text
        assert f"<{shown}" in log, text
    for text in wanted[:12]:
        task = await stage.run(shell, environment=json.dumps({"ANSWER": text}), message=text)
        log = await stage.text(task["id"])
        assert task["status"] == "success", (text, log)
        assert f"<ANSWER={text}>" in log
        assert f"answer=<{text}>" in log
        assert f"message=<{text}>" in log
    assert not marker.exists()


async def test_a_nul_in_an_answer_runs_nothing(stage, shell, marker):
    for members in ({"environment": json.dumps({"ANSWER": f"x\0$(touch {marker})"})},
                    {"secret": json.dumps({"ANSWER": f"x\0$(touch {marker})"})}):  # fmt: skip
        with pytest.raises(Invalid, match="NUL"):
            await stage.launch(shell, **members)
    task = await stage.run(shell, environment='{"ANSWER": "x"}', arguments=json.dumps([f"x\0$(touch {marker})"]))
    assert task["status"] == "error"
    assert "NUL" in task["reason"]
    assert not marker.exists()


async def test_answers_and_messages_are_no_templates_of_ansible_w49_w50(stage, play, marker):
    """All at once: an answer of each kind, as a list, and in the name of an answer's member."""
    wanted = texts(marker)
    answers = json.dumps({"ANSWER": [*wanted, {text: text for text in wanted}]})
    task = await stage.run(play, environment=answers, message="{{ 6 * 7 }} $(id) ansible_host=evil x=y")
    log = await stage.text(task["id"])
    assert task["status"] == "success", log
    assert "message=<{{ 6 * 7 }} $(id) ansible_host=evil x=y>" in log
    assert "{{ lookup('pipe', 'touch" in log
    assert not marker.exists()


@pytest.mark.parametrize("member", ["limit", "tags", "skip_tags"])
async def test_limits_and_tags_are_no_options_and_no_templates(stage, play, marker, member):
    """They are one word each after their own flag; what Ansible cannot use, it refuses."""
    for text in (f"$(touch${{IFS}}{marker})", f"{{{{ lookup('pipe', 'touch {marker}') }}}}", "--help", "@/etc/passwd"):
        task = await stage.run(play, environment='{"ANSWER": "x"}', params={member: [text]})
        log = await stage.text(task["id"])
        assert "usage: ansible" not in log, text
        assert "root:x:" not in log
        assert not marker.exists(), text


async def test_a_branch_is_a_name_and_nothing_else(stage, shell, marker):
    for text in [*texts(marker), f"$(touch${{IFS}}{marker})", "--upload-pack=touch", "main --help", "refs/../main",
                 "main:evil", "+main", "ext::sh", "main\0", "@{-1}", "HEAD", "-main", "main.lock"]:  # fmt: skip
        try:
            task = await stage.run(shell, git_branch=text)
        except HubError:
            continue
        assert task["status"] == "error", text
    assert not marker.exists()


async def test_a_script_and_a_working_directory_are_paths_and_nothing_else(stage, marker):
    for text in texts(marker):
        for members in ({"playbook": text}, {"working_directory": text}):
            template = await stage.template("hello.sh", name="x")
            await template.update_from_dict(members).save()
            task = await stage.run(template)
            assert task["status"] == "error", members
    assert not marker.exists()


async def test_a_script_whose_name_is_an_option_is_run_as_a_script(stage, marker):
    for name in ("-c", "--rcfile", "-i", "--help", f"$(touch {marker.name})", "a b", "{{ 1 }}.sh"):
        commit_files(stage.folder, {name: "echo it ran as a script\n"}, "odd")
        task = await stage.run(await stage.template(name, name="odd"))
        assert "it ran as a script" in await stage.text(task["id"]), name


async def test_names_of_things_are_inert(stage, marker):
    """Those of templates and people stand in the log and in the facts of a task."""
    commit_files(stage.folder, {"show.sh": SHOW}, "show")
    for text in texts(marker):
        task = await stage.run(await stage.template("show.sh", name=text[:100]))
        assert task["status"] == "success"
    assert not marker.exists()


STEERING = (
    "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV", "ENV", "IFS", "PS4", "SHELLOPTS", "PYTHONPATH",
    "PYTHONSTARTUP", "PERL5OPT", "NODE_OPTIONS", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_COUNT", "HOME",
    "TMPDIR", "SSH_AUTH_SOCK", "SSH_ASKPASS", "PROMPT_COMMAND", "HUB_RUN", "HUB_ADMIN_PASSWORD", "LESSOPEN", "PAGER",
    "SEMAPHORE_TASK_DETAILS_USERNAME", "JAVA_TOOL_OPTIONS", "RUBYOPT", "GCONV_PATH", "path", "Ld_Preload",
)  # fmt: skip


async def test_answers_never_steer_the_processes_that_run(stage, marker, tmp_path):
    """Even where a template's editor declared such a name without thinking of it."""
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "env").write_text(f"#!/bin/sh\ntouch {marker}\n")
    (evil / "env").chmod(0o755)
    (evil / "startup").write_text(f"touch {marker}\n")
    commit_files(stage.folder, {"show.sh": "env | sort\n"}, "show")
    survey = [{"name": name, "title": name} for name in STEERING]
    template = await stage.template("show.sh", survey_vars=survey)
    for value in (str(evil), str(evil / "startup")):
        for kind in ("environment", "secret"):
            task = await stage.run(template, **{kind: json.dumps(dict.fromkeys(STEERING, value))})
            log = await stage.text(task["id"])
            assert "HOME=" in log
            assert not [line for line in log.splitlines() if line.partition("=")[2] == value], kind
    assert not marker.exists()


async def test_who_may_only_run_adds_no_variable(stage, people, shell):
    actor = await people.actor("runner")
    await Membership.create(user_id=actor.user_id, project_id=stage.project.id, role="task_runner")
    for name in (*STEERING, "ansible_connection", "anything", "ANSWER ", "answer", "", "ANSWER\0"):
        for kind in ("environment", "secret"):
            draft = TaskDraft(template_id=shell.id, **{kind: json.dumps({name: "evil"})})
            with pytest.raises(HubError):
                await launch(stage.hub, actor, stage.project.id, draft)


async def test_what_pages_show_is_escaped(stage, app):
    """Names, messages and branches with markup in them, on every page that shows them."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"
    template = await stage.template("hello.sh", name=evil, description=evil)
    await stage.project.update_from_dict({"name": evil}).save()
    await stage.repository.update_from_dict({"name": evil}).save()
    task = await stage.run(template, message=evil)
    caller = await People(stage.hub, app).with_session(stage.actor)
    at = f"/project/{stage.project.id}"
    shown = 0
    for path in (at, f"{at}/history", f"{at}/templates", f"{at}/templates/{template.id}", f"{at}/activity",
                 f"{at}/tasks/{task['id']}", f"{at}/repositories", "/projects"):  # fmt: skip
        reply = await caller.call("GET", path)
        assert reply.status in {200, 302, 303, 404}, path
        text = reply.data.decode()
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        shown += "alert(1)" in text
    assert shown > 2
