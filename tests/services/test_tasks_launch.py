"""Launching: survey answers, and who may override what (docs/adr/0004)."""

from __future__ import annotations

import json

import pytest

from hub.errors import Forbidden, Invalid, NotFound
from hub.models import Environment, Inventory, Project, Task
from hub.plugin import Outcome
from hub.services import apps
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.tasks import brief, dispatch, finish
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.moves import subject_of
from hub.testing.booted import administrator
from hub.testing.scene import Scene

from .launching import enum, member, start, variable
from .task_steps import claim

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
async def runner(scene: Scene) -> Actor:
    """A member who may run tasks and nothing else."""
    return await member(scene, "task_runner")


# who


async def test_a_guest_may_not_start_tasks(scene):
    with pytest.raises(Forbidden):
        await start(scene, await member(scene, "guest"), await scene.template("hello.sh"))
    assert await Task.all().count() == 0


async def test_a_template_of_another_project_is_not_there(scene):
    other = await Project.create(name="Other", created=scene.hub.clock())
    template = await scene.template("hello.sh")
    with pytest.raises(NotFound):
        await launch(scene.hub, scene.actor, other.id, TaskDraft(template_id=template.id))


async def test_an_app_that_nobody_brings_is_told(scene):
    with pytest.raises(Invalid, match="cobol is not installed"):
        await start(scene, scene.actor, await scene.template("hello.sh", app="cobol"))


# survey


async def test_defaults_are_filled_in_by_the_server_w19(scene, runner):
    survey = [variable("size", default_value="large"), variable("note")]
    task = await start(scene, runner, await scene.template("hello.sh", survey_vars=survey))
    assert json.loads(task.environment) == {"size": "large"}


@pytest.mark.parametrize("given", ["{}", '{"size": ""}', '{"size": null}'])
async def test_a_required_variable_needs_an_answer(scene, runner, given):
    template = await scene.template("hello.sh", survey_vars=[variable("size", required=True)])
    with pytest.raises(Invalid, match="Size is required"):
        await start(scene, runner, template, environment=given)


@pytest.mark.parametrize("value", ["12", 12, "-3", "+7", " 5 "])
async def test_whole_numbers_pass(scene, runner, value):
    template = await scene.template("hello.sh", survey_vars=[variable("count", type="int")])
    assert await start(scene, runner, template, environment=json.dumps({"count": value}))


@pytest.mark.parametrize("value", ["1.5", "x", True, "1e3", "９", 1.5, [1], "9" * 30])
async def test_what_is_no_whole_number_is_refused(scene, runner, value):
    template = await scene.template("hello.sh", survey_vars=[variable("count", type="int")])
    with pytest.raises(Invalid, match="whole number"):
        await start(scene, runner, template, environment=json.dumps({"count": value}))


async def test_an_answer_must_be_one_of_the_choices(scene, runner):
    template = await scene.template("hello.sh", survey_vars=[enum("place", "north", "south")])
    assert await start(scene, runner, template, environment='{"place": "north"}')
    with pytest.raises(Invalid, match="one of: north, south"):
        await start(scene, runner, template, environment='{"place": "east"}')


async def test_a_secret_answer_is_sealed_and_never_shown_wherever_it_was_sent(scene, runner):
    survey = [variable("password", type="secret"), variable("token", type="secret")]
    template = await scene.template("hello.sh", survey_vars=survey)
    draft = TaskDraft(template_id=template.id, environment='{"password": "hunter2"}', secret='{"token": "hunter3"}')
    made = await launch(scene.hub, runner, scene.project.id, draft)
    row = await Task.filter(id=made["id"]).values()
    assert "hunter" not in json.dumps([made, row], default=str)
    loaded = await brief.load(scene.hub, made["id"])
    assert loaded.secret_variables == {"password": "hunter2", "token": "hunter3"}
    assert loaded.variables == {}
    assert "hunter" not in repr(loaded)


@pytest.mark.parametrize("outcome", [Outcome.success(), Outcome.failure(3)])
async def test_secret_answers_are_gone_when_the_task_ends(scene, runner, outcome):
    template = await scene.template("hello.sh", survey_vars=[variable("password", type="secret")])
    task = await start(scene, runner, template, secret='{"password": "hunter2"}')
    assert task.secret
    await dispatch.admit(scene.hub)
    await claim(scene.hub, task.id)
    await finish.finish(scene.hub, await subject_of(task.id), outcome)
    assert (await Task.get(id=task.id)).secret is None


async def test_secret_answers_outlive_a_wait_for_a_person(scene, runner):
    template = await scene.template("hello.sh", survey_vars=[variable("password", type="secret")])
    task = await start(scene, runner, template, secret='{"password": "hunter2"}')
    await dispatch.admit(scene.hub)
    await claim(scene.hub, task.id)
    await finish.finish(scene.hub, await subject_of(task.id), Outcome.awaiting("?", {}, {}))
    assert (await brief.load(scene.hub, task.id)).secret_variables == {"password": "hunter2"}


@pytest.mark.parametrize("where", ["environment", "secret"])
async def test_variables_that_the_survey_does_not_know_are_for_editors_only(scene, runner, where):
    template = await scene.template("hello.sh", survey_vars=[variable("size")])
    with pytest.raises(Invalid, match="does not ask for the variable colour"):
        await start(scene, runner, template, **{where: '{"colour": "red"}'})
    assert await start(scene, scene.actor, template, **{where: '{"colour": "red"}'})


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "1", "nonsense"])
@pytest.mark.parametrize("where", ["environment", "secret"])
async def test_answers_must_be_a_json_object(scene, where, text):
    with pytest.raises(Invalid, match=where):
        await start(scene, scene.actor, await scene.template("hello.sh"), **{where: text})


@pytest.mark.parametrize("text", ["", "{}", "null", "  "])
async def test_no_answers_are_no_answers_w11(scene, text):
    task = await start(scene, scene.actor, await scene.template("hello.sh"), environment=text, secret=text)
    assert (task.environment, task.secret) == ("", None)


async def test_answers_win_over_the_variable_group(scene, runner):
    group = await Environment.create(
        project=scene.project, name="g", json='{"size": "s", "kept": 1}', env='{"A": true}'
    )
    template = await scene.template("hello.sh", environment=group, survey_vars=[variable("size")])
    task = await start(scene, runner, template, environment='{"size": "l"}')
    loaded = await brief.load(scene.hub, task.id)
    assert loaded.variables == {"size": "l", "kept": 1}
    assert loaded.env == {"A": "true"}


# overrides: docs/adr/0004


@pytest.mark.parametrize(
    "members",
    [{"git_branch": "other"}, {"playbook": "fail.sh"}, {"commit_hash": COMMIT}],
    ids=lambda one: next(iter(one)),
)
async def test_overrides_need_the_templates_leave_or_the_right_to_edit_it(scene, runner, members):
    template = await scene.template("hello.sh")
    with pytest.raises(Forbidden):
        await start(scene, runner, template, **members)
    task = await start(scene, scene.actor, template, **members)
    assert {name: getattr(task, name) for name in members} == members


async def test_naming_what_the_template_says_anyway_is_no_override(scene, runner):
    template = await scene.template("hello.sh", git_branch="main")
    task = await start(scene, runner, template, git_branch="main", playbook="hello.sh")
    assert (task.git_branch, task.playbook) == (None, "")


async def test_a_template_may_let_runners_choose_the_branch(scene, runner):
    template = await scene.template("hello.sh", allow_override_branch_in_task=True)
    assert (await start(scene, runner, template, git_branch="other")).git_branch == "other"
    assert (await start(scene, runner, template, commit_hash=COMMIT)).commit_hash == COMMIT


async def test_a_commit_that_the_template_ran_may_run_again(scene, runner):
    template = await scene.template("hello.sh")
    first = await start(scene, scene.actor, template)
    await Task.filter(id=first.id).update(commit_hash=COMMIT)
    assert (await start(scene, runner, template, commit_hash=COMMIT)).commit_hash == COMMIT


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a..b", "a b", "-x", "a\nb"])
async def test_a_branch_that_git_would_misread_is_refused_w54(scene, branch):
    with pytest.raises(Invalid):
        await start(scene, scene.actor, await scene.template("hello.sh"), git_branch=branch)


async def test_arguments_are_ignored_without_the_templates_leave_as_on_the_wire(scene):
    closed = await scene.template("hello.sh")
    allowed = await scene.template("hello.sh", name="open", allow_override_args_in_task=True)
    assert (await start(scene, scene.actor, closed, arguments='["a"]')).arguments is None
    assert (await start(scene, scene.actor, allowed, arguments='["a"]')).arguments == '["a"]'
    with pytest.raises(Invalid, match="list of texts"):
        await start(scene, scene.actor, allowed, arguments="[1]")


async def test_an_inventory_may_be_chosen_where_the_template_says_so(scene):
    there = await Inventory.create(project=scene.project, name="there", type="static", inventory="localhost")
    other = await Project.create(name="Other", created=scene.hub.clock())
    foreign = await Inventory.create(project=other, name="foreign", type="static", inventory="localhost")
    closed = await scene.template("hello.sh")
    allowed = await scene.template("hello.sh", name="open", task_params={"allow_override_inventory": True})
    assert (await start(scene, scene.actor, closed, inventory_id=there.id)).inventory_id is None
    assert (await start(scene, scene.actor, allowed, inventory_id=there.id)).inventory_id == there.id
    with pytest.raises(Invalid):
        await start(scene, scene.actor, allowed, inventory_id=foreign.id)


async def test_members_that_a_client_must_not_set_are_ignored_w53(scene):
    template = await scene.template("hello.sh")
    forged = {"template_id": template.id, "status": "success", "start": "2020-01-01T00:00:00Z", "user_id": 99,
              "schedule_id": 5, "integration_id": 6, "version": "9.9", "lease_owner": "me", "exit_code": 0}  # fmt: skip
    made = await launch(scene.hub, scene.actor, scene.project.id, TaskDraft.read(forged))
    task = await Task.get(id=made["id"])
    assert (task.status, task.start, task.user_id, task.version) == ("waiting", None, scene.actor.user_id, None)
    assert (task.schedule_id, task.integration_id, task.lease_owner, task.exit_code) == (None, None, None, None)


def test_no_draft_takes_a_nul_character():
    class Named(Draft):
        name: str = ""

    for draft, body in ((TaskDraft, {"message": "a\0b"}), (Named, {"name": "\0"})):
        with pytest.raises(Invalid, match="NUL"):
            draft.read(body)


async def test_an_app_that_is_switched_off_starts_nothing(hub, scene):
    """However it is asked: a person, a schedule and a webhook all come this way."""
    template = await scene.template("hello.sh")
    admin = await administrator()
    await apps.set_active(hub, admin, "bash", apps.AppActiveDraft(active=False))
    with pytest.raises(Invalid, match="is switched off on this hub"):
        await scene.launch(template)
    assert await Task.all().count() == 0
    await apps.set_active(hub, admin, "bash", apps.AppActiveDraft(active=True))
    assert await scene.launch(template)
    await apps.set_active(hub, admin, "bash", apps.AppActiveDraft(active=False))
    await apps.delete_app(hub, admin, "bash")
    assert await scene.launch(template)
