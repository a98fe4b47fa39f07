"""Templates with several variable groups, and survey answers that become environment variables."""

from __future__ import annotations

import pytest

from hub.models import TemplateEnvironment
from hub.services.tasks import brief


@pytest.fixture
def at(scene):
    return f"/project/{scene.project.id}"


@pytest.fixture
async def groups(admin, at, scene):
    async def group(name, variables, env, *secrets):
        body = {"name": name, "json": variables, "env": env, "project_id": scene.project.id, "secrets": list(secrets)}
        return (await admin.made(f"{at}/environment", body))["id"]

    def secret(name, value, kind="var"):
        return {"type": kind, "name": name, "secret": value, "operation": "create"}

    return [
        await group("Base", '{"a": "base", "b": "base", "x": "open"}', '{"E": 1, "F": true}', secret("s", "base")),
        await group(
            "Site", '{"b": "site", "s": "open now"}', '{"E": 2}', secret("x", "hidden"), secret("T", "t", "env")
        ),
        await group("Host", '{"b": "host"}', '{"T": "open"}'),
    ]


@pytest.fixture
def body(scene):
    return {"name": "Hello", "app": "bash", "playbook": "hello.sh", "repository_id": scene.repository.id}


async def briefed(hub, scene, template_id, **members):
    from hub.models import Template

    return await brief.load(hub, await scene.launch(await Template.get(id=template_id), **members))


async def test_groups_are_merged_in_their_order_and_the_later_wins(admin, hub, at, scene, body, groups):
    base, site, host = groups
    made = await admin.made(f"{at}/templates", body | {"environment_id": base, "environment_ids": [site, host]})
    assert (made["environment_id"], made["environment_ids"]) == (base, [site, host])
    one = await briefed(hub, scene, made["id"], environment='{"a": "answer"}')
    assert one.variables == {"a": "answer", "b": "host", "s": "open now"}
    assert one.secret_variables == {"x": "hidden"}  # open in the first group, secret in the second
    assert (one.env, one.secret_env) == ({"E": "2", "F": "true", "T": "open"}, {})
    await admin.put(f"{at}/templates/{made['id']}", made | {"environment_ids": [host, base, site]})
    assert (await briefed(hub, scene, made["id"])).variables["b"] == "site"


async def test_a_client_that_does_not_know_the_list_leaves_it(admin, at, body, groups):
    made = await admin.made(f"{at}/templates", body | {"environment_ids": groups})
    one = f"{at}/templates/{made['id']}"
    assert (await admin.put(one, body | {"environment_id": groups[0]})).status == 204
    assert (await admin.read(one))["environment_ids"] == groups
    (listed,) = await admin.read(f"{at}/templates")
    assert listed["environment_ids"] == groups
    assert (await admin.put(one, body | {"environment_ids": []})).status == 204
    assert "environment_ids" not in await admin.read(one)


async def test_lists_with_groups_of_other_projects_or_doubles_are_refused(admin, at, body, groups, pid):
    foreign = (await admin.made(f"/project/{pid}/environment", {"name": "Foreign", "json": "{}"}))["id"]
    for wrong in ([foreign], [groups[0], 999], [0], [groups[0], groups[0]]):
        assert (await admin.post(f"{at}/templates", body | {"environment_ids": wrong})).status == 400
    assert await TemplateEnvironment.all().count() == 0
    assert await admin.read(f"{at}/templates") == []


async def test_a_listed_group_is_in_use(admin, at, body, groups):
    made = await admin.made(f"{at}/templates", body | {"environment_ids": groups[1:]})
    refs = await admin.read(f"{at}/environment/{groups[1]}/refs")
    assert refs["templates"] == [{"id": made["id"], "name": "Hello"}]
    reply = await admin.delete(f"{at}/environment/{groups[1]}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert (await admin.delete(f"{at}/templates/{made['id']}")).status == 204
    assert (await admin.delete(f"{at}/environment/{groups[1]}")).status == 204


async def test_answers_reach_the_environment_of_the_programs(admin, stage, hub):
    survey = [
        {"name": "REGION", "title": "Region", "target": "env", "default_value": "north"},
        {"name": "API_WORD", "title": "Word", "type": "secret", "target": "env"},
        {"name": "size", "title": "Size"},
    ]
    body = {"name": "Env", "app": "bash", "playbook": "environment.sh", "repository_id": stage.repository.id}
    made = await admin.made(f"/project/{stage.project.id}/templates", body | {"survey_vars": survey})
    assert made["survey_vars"][0]["target"] == "env"
    from hub.models import Template

    template = await Template.get(id=made["id"])
    task = await stage.run(template, environment='{"size": "3"}', secret='{"API_WORD": "abracadabra"}')
    assert task["status"] == "success"
    text = await stage.text(task["id"])
    assert "\nREGION=north" in text
    assert "API_WORD=" in text
    assert "abracadabra" not in text


@pytest.mark.parametrize(
    "name",
    ["PATH", "LD_PRELOAD", "GIT_SSH_COMMAND", "HUB_DATABASE_URL", "path", "BASH_ENV", "PYTHONPATH", "ANSIBLE_CONFIG",
     "SSH_AUTH_SOCK", "NODE_OPTIONS", "TF_CLI_ARGS", "HOME"],
)  # fmt: skip
async def test_names_that_change_which_program_runs_are_refused(admin, at, body, name):
    survey = [{"name": name, "title": "Danger", "target": "env"}]
    reply = await admin.post(f"{at}/templates", body | {"survey_vars": survey})
    assert (reply.status, reply.json["field"]) == (400, "survey_vars")
    assert name in reply.error
    await admin.made(f"{at}/templates", body | {"survey_vars": [survey[0] | {"target": ""}]})


async def test_names_that_only_tell_something_are_taken(admin, at, body):
    survey = [{"name": name, "target": "env"} for name in ("TF_VAR_size", "REGION", "HTTPS_PROXY", "DEBUG")]
    await admin.made(f"{at}/templates", body | {"survey_vars": survey})
    reply = await admin.post(f"{at}/templates", body | {"survey_vars": [survey[0] | {"target": "file"}]})
    assert reply.error == "invalid survey variable target: file"
