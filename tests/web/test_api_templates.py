"""Templates over the API."""

from __future__ import annotations

import pytest

from hub.models import Event, Inventory, Key, Project, Task, Template, TemplateVault
from hub.services.tasks.states import SUCCESS

VAULT = {"type": "password", "name": "prod"}


@pytest.fixture
def at(scene):
    return f"/project/{scene.project.id}/templates"


@pytest.fixture
def body(scene):
    return {"name": "Hello", "app": "bash", "playbook": "hello.sh", "repository_id": scene.repository.id}


@pytest.fixture
async def full(admin, scene, body):
    """A body with every member."""
    pid, key = scene.project.id, scene.repository.ssh_key_id
    inventory = await admin.made(f"/project/{pid}/inventory", {"name": "I", "type": "static"})
    group = await admin.made(f"/project/{pid}/environment", {"name": "E", "json": "{}"})
    view = await admin.made(f"/project/{pid}/views", {"title": "V"})
    return body | {
        "inventory_id": inventory["id"], "environment_id": group["id"], "view_id": view["id"],
        "description": "What it does", "working_directory": "sub/folder", "type": "build", "start_version": "1.0.0",
        "arguments": '["-v"]', "autorun": True, "git_branch": "dev", "suppress_success_alerts": True,
        "allow_override_args_in_task": True, "allow_override_branch_in_task": True, "allow_parallel_tasks": True,
        "task_params": {"variables": "arguments"}, "runner_tag": "eu", "time_limit": 60,
        "limits": {"memory_mib": 512, "sandbox": "bubblewrap", "network": False},
        "survey_vars": [
            {"name": "who", "title": "W", "required": True, "description": "d", "default_value": "me", "target": "env"},
            {"name": "n", "title": "N", "type": "int", "default_value": "3"},
            {"name": "size", "title": "", "type": "enum", "values": [{"name": "", "value": "b"}], "default_value": "b"},
            {"name": "token", "title": "T", "type": "secret"},
        ],
        "vaults": [VAULT | {"vault_key_id": key}, {"type": "script", "script": "vault.sh"}],
    }  # fmt: skip


async def test_every_member_of_a_template_is_kept_and_listed(admin, at, full, scene):
    made = await admin.made(at, full)
    vaults = made["vaults"]
    assert vaults == [
        {"id": vaults[0]["id"], "project_id": scene.project.id, "template_id": made["id"], "type": "password",
         "vault_key_id": scene.repository.ssh_key_id, "name": "prod"},
        {"id": vaults[1]["id"], "project_id": scene.project.id, "template_id": made["id"], "type": "script",
         "script": "vault.sh"},
    ]  # fmt: skip
    expected = full | {"id": made["id"], "project_id": scene.project.id, "tasks": 0, "vaults": vaults}
    assert made == expected
    assert await admin.read(f"{at}/{made['id']}") == expected | {"permissions": 15}
    assert await admin.read(at) == [expected | {"permissions": None}]


async def test_members_that_are_empty_are_left_out(admin, at, body, scene):
    made = await admin.made(at, body | {"arguments": "", "git_branch": "", "vaults": [], "survey_vars": []})
    assert made == {"id": made["id"], "project_id": scene.project.id, "tasks": 0, **body}
    (event,) = await Event.filter(object_type="template")
    assert (event.object_id, event.description) == (made["id"], f"Template ID {made['id']} created")


async def test_the_newest_task_is_told_with_its_template(admin, at, scene):
    template = await scene.template("hello.sh")
    await Task.filter(id=await scene.launch(template)).update(status=SUCCESS)
    task_id = await scene.launch(template)
    for read in (await admin.read(f"{at}/{template.id}"), (await admin.read(at))[0]):
        assert read["last_task"]["id"] == task_id
        assert read["last_task"]["tpl_alias"] == "hello.sh"
        assert read["tasks"] == 2


async def test_reading_many_templates_takes_few_reads(admin, at, scene, monkeypatch):
    from tortoise.backends.sqlite.client import SqliteClient

    for number in range(12):
        template = await scene.template("hello.sh", name=f"{number:02}")
        await TemplateVault.create(template=template, type="script", script="x")
    count = 0
    original = SqliteClient.execute_query

    async def counted(self, *arguments, **named):
        nonlocal count
        count += 1
        return await original(self, *arguments, **named)

    monkeypatch.setattr(SqliteClient, "execute_query", counted)
    assert len(await admin.read(at)) == 12
    assert count <= 8


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"runner_tag": ""}, "template runner tag can not be empty"),
        ({"app": "ansible", "playbook": "a.yml"}, "template inventory can not be empty"),
        ({"name": ""}, "template name can not be empty"),
        ({"playbook": ""}, "template playbook can not be empty"),
        ({"arguments": "[1"}, "template arguments must be valid JSON"),
        ({"arguments": "[1]"}, None),
        ({"arguments": '"x"'}, None),
        ({"app": "cobol"}, "Invalid app id: cobol"),
        ({"app": ""}, "Invalid app id: "),
        ({"type": "odd"}, None),
        ({"playbook": "../hello.sh"}, None),
        ({"playbook": "/etc/passwd"}, None),
        ({"working_directory": "a/../../b"}, None),
        ({"git_branch": "--upload-pack=x"}, None),
        ({"repository_id": 0}, None),
        ({"repository_id": 2**40}, None),
        ({"time_limit": -1}, None),
        ({"limits": {"memory_mib": -1}}, None),
        ({"limits": {"sandbox": "none"}}, None),
        ({"task_params": {"variables": "nowhere"}}, None),
        ({"task_params": []}, None),
        ({"survey_vars": [{"name": "a b"}]}, None),
        ({"survey_vars": [{"name": "1a"}]}, None),
        ({"survey_vars": [{"name": "a\n"}]}, None),
        ({"survey_vars": [{"name": "a"}, {"name": "a"}]}, None),
        ({"survey_vars": [{"name": "a", "type": "colour"}]}, None),
        ({"survey_vars": [{"name": "a", "type": "int", "default_value": "x"}]}, None),
        ({"survey_vars": [{"name": "a", "type": "enum"}]}, None),
        ({"survey_vars": [{"name": "a", "type": "secret", "default_value": "x"}]}, None),
        ({"survey_vars": [{"name": "a", "target": "disk"}]}, "invalid survey variable target: disk"),
        ({"vaults": [{"type": "password"}]}, None),
        ({"vaults": [{"type": "script"}]}, None),
        ({"vaults": [{"type": "script", "script": "../x"}]}, None),
        ({"vaults": [{"type": "odd"}]}, None),
        ({"vaults": [{"type": "script", "script": "x"}] * 2}, None),
        ({"name": "n" * 101}, None),
    ],
)
@pytest.mark.parametrize("create", [True, False])
async def test_what_cannot_run_is_refused_and_leaves_nothing(admin, at, body, change, text, create):
    if create:
        reply = await admin.post(at, body | change)
    else:
        made = await admin.made(at, body)
        reply = await admin.put(f"{at}/{made['id']}", body | change)
        assert "vaults" not in await admin.read(f"{at}/{made['id']}")
    assert reply.status == 400
    assert text is None or reply.error == text
    assert await Template.all().count() == (0 if create else 1)


async def test_the_default_of_a_choice_is_one_of_its_values_bug_008(admin, at, body):
    survey = [{"name": "a", "type": "enum", "values": [{"name": "X", "value": "x"}], "default_value": "y"}]
    assert (await admin.post(at, body | {"survey_vars": survey})).status == 400
    made = await admin.made(at, body)
    assert (await admin.put(f"{at}/{made['id']}", body | {"survey_vars": survey})).status == 400


@pytest.mark.parametrize(
    "field", ["repository_id", "inventory_id", "environment_id", "view_id", "build_template_id", "vaults"]
)
async def test_things_of_other_projects_cannot_be_named(admin, at, body, pid, none_key, field):
    foreign = {
        "repository_id": lambda: admin.made(f"/project/{pid}/repositories", {
            "name": "R", "git_url": "https://example.org/a", "git_branch": "m", "ssh_key_id": none_key}),
        "inventory_id": lambda: admin.made(f"/project/{pid}/inventory", {"name": "I", "type": "static"}),
        "environment_id": lambda: admin.made(f"/project/{pid}/environment", {"name": "E"}),
        "view_id": lambda: admin.made(f"/project/{pid}/views", {"title": "V"}),
        "build_template_id": lambda: _foreign_build(pid),
    }  # fmt: skip
    if field == "vaults":
        change = {"vaults": [VAULT | {"vault_key_id": none_key}]}
    else:
        change = {"type": "deploy", field: (await foreign[field]())["id"]}
    made = await admin.made(at, body)
    assert (await admin.post(at, body | change)).status == 400
    assert (await admin.put(f"{at}/{made['id']}", body | change)).status == 400
    assert await admin.read(f"{at}/{made['id']}") == made | {"permissions": 15}


async def _foreign_build(pid):
    from hub.models import Key, Repository

    key = await Key.filter(project_id=pid).first()
    repository = await Repository.create(project_id=pid, name="R", git_url="https://example.org/a", ssh_key=key)
    build = await Template.create(project_id=pid, repository=repository, name="B", app="bash", type="build")
    return {"id": build.id}


async def test_a_template_is_replaced_as_a_whole(admin, at, body, full):
    made = await admin.made(at, full)
    assert (await admin.put(f"{at}/{made['id']}", body | {"id": made["id"]})).status == 204
    read = await admin.read(f"{at}/{made['id']}")
    kept = {
        name: made[name] for name in ("working_directory", "time_limit", "limits") if name in made
    }  # older clients omit them
    assert read == {
        **body, "id": made["id"], "project_id": made["project_id"], "tasks": 0, "permissions": 15, **kept,
    }  # fmt: skip
    assert await TemplateVault.all().count() == 0


async def test_what_a_get_gave_can_be_put_back(admin, at, full):
    made = await admin.made(at, full)
    read = await admin.read(f"{at}/{made['id']}")
    assert (await admin.put(f"{at}/{made['id']}", read)).status == 204
    assert await admin.read(f"{at}/{made['id']}") == read


async def test_the_number_of_tasks_survives_a_change(admin, at, body, scene):
    template = await scene.template("hello.sh")
    await scene.launch(template)
    await admin.put(f"{at}/{template.id}", body)
    assert (await admin.read(f"{at}/{template.id}"))["tasks"] == 1


async def test_vaults_of_other_templates_are_never_taken_over(admin, at, body, scene):
    key = scene.repository.ssh_key_id
    first = await admin.made(at, body | {"vaults": [VAULT | {"vault_key_id": key}]})
    second = await admin.made(at, body)
    stolen = {"id": first["vaults"][0]["id"], "type": "script", "script": "x"}
    assert (await admin.put(f"{at}/{second['id']}", body | {"vaults": [stolen]})).status == 204
    assert (await admin.read(f"{at}/{first['id']}"))["vaults"] == first["vaults"]
    assert (await admin.read(f"{at}/{second['id']}"))["vaults"][0]["id"] != first["vaults"][0]["id"]


async def test_build_and_deploy_members_live_only_with_their_type(admin, at, body):
    build = await admin.made(at, body | {"type": "build", "start_version": "1.0"})
    deploy = await admin.made(at, body | {"type": "deploy", "build_template_id": build["id"], "start_version": "2"})
    assert "start_version" not in deploy
    assert deploy["build_template_id"] == build["id"]
    plain = await admin.made(at, body | {"build_template_id": build["id"], "start_version": "2"})
    assert "start_version" not in plain
    assert "build_template_id" not in plain
    follow = body | {"type": "deploy"}
    again = await admin.made(at, follow | {"build_template_id": deploy["id"]})
    assert (await admin.post(at, follow | {"build_template_id": plain["id"]})).status == 400
    for build_id in (deploy["id"], again["id"]):
        reply = await admin.put(f"{at}/{deploy['id']}", follow | {"build_template_id": build_id})
        assert (reply.status, reply.error) == (400, "A deployment can not follow itself.")


async def test_a_template_of_a_missing_plugin_can_be_kept_but_not_made(admin, at, body, scene):
    template = await scene.template("old.cbl", app="cobol")
    assert (await admin.put(f"{at}/{template.id}", body | {"app": "cobol", "name": "Kept"})).status == 204
    assert (await admin.read(f"{at}/{template.id}"))["name"] == "Kept"
    assert (await admin.post(at, body | {"app": "cobol"})).status == 400
    assert (await admin.put(f"{at}/{template.id}", body | {"app": "algol"})).error == "Invalid app id: algol"


async def test_ids_of_body_and_path_must_agree(admin, at, body, pid):
    made = await admin.made(at, body)
    reply = await admin.put(f"{at}/{made['id']}", body | {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "template id in URL and in body must be the same")
    reply = await admin.put(f"{at}/{made['id']}", body | {"project_id": pid})
    assert (reply.status, reply.error) == (400, "You can not move template to other project")
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/refs"), ("GET", "/tasks"),
                         ("GET", "/tasks/last"), ("PUT", "/description")):  # fmt: skip
        assert (await admin.call(method, f"/project/{pid}/templates/{made['id']}{path}", body)).status == 404


async def test_the_description_alone_can_change(admin, at, full):
    made = await admin.made(at, full)
    assert (await admin.put(f"{at}/{made['id']}/description", {"description": "New"})).status == 204
    read = await admin.read(f"{at}/{made['id']}")
    assert (read["description"], read["vaults"]) == ("New", made["vaults"])
    event = await Event.all().order_by("-id").first()
    assert event.description == f"Template ID {made['id']} description updated"


async def test_a_template_is_deleted_with_its_tasks_but_not_under_a_running_one(admin, at, scene):
    template = await scene.template("hello.sh")
    inventory = await Inventory.create(project=scene.project, name="I", type="static", template_id=template.id)
    task_id = await scene.launch(template)
    assert (await admin.delete(f"{at}/{template.id}")).status == 409
    await Task.filter(id=task_id).update(status=SUCCESS)
    assert (await admin.read(f"{at}/{template.id}/refs"))["inventories"] == [{"id": inventory.id, "name": "I"}]
    assert (await admin.delete(f"{at}/{template.id}")).status == 204
    assert await Task.all().count() == 0
    await inventory.refresh_from_db()
    assert inventory.template_id is None


async def test_a_build_template_in_use_is_not_deleted(admin, at, scene):
    build = await scene.template("hello.sh", type="build")
    await scene.template("hello.sh", name="Deploys it", type="deploy", build_template_id=build.id)
    reply = await admin.delete(f"{at}/{build.id}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert "Deploys it" in reply.error


async def test_lists_are_filtered_and_sorted_as_asked(admin, at, scene):
    await scene.template("b.sh", name="a")
    await scene.template("a.py", name="b", app="python")
    for column in ("name", "playbook", "inventory", "environment", "repository"):
        assert len(await admin.read(f"{at}?sort={column}&order=desc")) == 2
    assert [one["name"] for one in await admin.read(at)] == ["a", "b"]
    assert [one["name"] for one in await admin.read(f"{at}?sort=playbook")] == ["b", "a"]
    assert [one["name"] for one in await admin.read(f"{at}?app=python")] == ["b"]
    reply = await admin.get(f"{at}?sort=ssh_key")
    assert (reply.status, reply.error) == (400, "invalid sort column")


async def test_all_tasks_of_a_template_stop(admin, at, scene, people):
    template = await scene.template("hello.sh", allow_parallel_tasks=True)
    ids = [await scene.launch(template) for _ in range(3)]
    _, runner = await people.somebody("runner", project_id=scene.project.id, role="task_runner")
    assert (await runner.post(f"{at}/{template.id}/stop_all_tasks", {})).status == 403
    assert (await admin.call("POST", f"{at}/{template.id}/stop_all_tasks")).status == 400
    assert (await admin.post(f"{at}/{template.id}/stop_all_tasks", {"force": True})).status == 204
    assert {row.status for row in await Task.filter(id__in=ids)} == {"stopped"}


async def test_inventories_are_attached_detached_and_made_default(admin, at, scene):
    template = await scene.template("a.yml", app="ansible")
    fits = await Inventory.create(project=scene.project, name="I", type="static")
    wrong = await Inventory.create(project=scene.project, name="W", type="tofu-workspace")
    path = f"{at}/{template.id}/inventory"
    assert (await admin.post(f"{path}/{fits.id}/detach")).error == "Inventory is not attached to this template"
    assert (await admin.post(f"{path}/{fits.id}/attach")).status == 204
    assert (await admin.post(f"{path}/{fits.id}/attach")).error == "Inventory is already attached to another template"
    assert (await admin.post(f"{path}/{wrong.id}/attach")).error == "Inventory type is not supported for this template"
    assert (await admin.post(f"{path}/{fits.id}/set_default")).status == 204
    assert (await admin.post(f"{path}/{fits.id}/detach")).status == 204
    await template.refresh_from_db()
    await fits.refresh_from_db()
    assert (template.inventory_id, fits.template_id) == (fits.id, None)


async def test_only_those_who_manage_resources_write(at, body, people, scene, stranger):
    pid = scene.project.id
    _, runner = await people.somebody("runner", project_id=pid, role="task_runner")
    _, manager = await people.somebody("manager", project_id=pid, role="manager")
    assert (await runner.post(at, body)).status == 403
    assert (await stranger.get(at)).status == 404
    made = await manager.made(at, body)
    assert (await runner.read(f"{at}/{made['id']}"))["permissions"] == 1
    assert (await manager.read(f"{at}/{made['id']}"))["permissions"] == 5
    assert (await runner.delete(f"{at}/{made['id']}")).status == 403
    assert (await runner.put(f"{at}/{made['id']}/description", {"description": ""})).status == 403


async def test_a_key_in_params_is_one_of_the_project_and_is_not_deleted_while_it_is_used(admin, at, body, scene):
    other = await Project.create(name="Other", created=scene.hub.clock())
    theirs = await Key.create(project=other, name="Theirs", type="string")
    hosts = await admin.made(f"/project/{scene.project.id}/inventory", {"name": "I", "type": "static"})
    body |= {"app": "ansible", "inventory_id": hosts["id"], "task_params": {"galaxy_server_token": theirs.id}}
    reply = await admin.post(at, body)
    assert (reply.status, reply.json["error"]) == (400, "There is no such key in this project.")
    ours = await Key.create(project=scene.project, name="Ours", type="string")
    made = await admin.made(at, body | {"task_params": {"galaxy_server_token": ours.id}})
    key = f"/project/{scene.project.id}/keys/{ours.id}"
    reply = await admin.delete(key)
    assert reply.status == 400
    assert "Hello" in reply.json["error"]
    assert (await admin.delete(f"{at}/{made['id']}")).status == 204
    assert (await admin.delete(key)).status == 204
