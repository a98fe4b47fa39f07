"""From an empty hub to a run, and what forms do with what people enter: all without scripts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Environment, Inventory, Key, Repository, Task, Template, User, View
from hub.plugin import Panel, PanelRequest
from hub.services.keys import read_secret
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader, Sheet
from hub.testing.scene import Scene, make_repository
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def sent(reader: Reader, path: str, form: dict[str, Any]) -> Sheet:
    """Send a form that is expected to work."""
    sheet = await reader.send(path, form)
    assert sheet.status == 303, re.findall(r'invalid-feedback[^>]*>([^<]+)|role="alert"[^§]*?<div>([^<]+)', sheet.text)
    return sheet


def said(sheet: Sheet) -> list[str]:
    """Sentences beside fields."""
    return re.findall(r'invalid-feedback d-block"[^>]*>([^<]*)<', sheet.text)


async def test_a_person_goes_from_an_empty_hub_to_a_run(hub: Hub, reader: Reader) -> None:
    folder = make_repository(hub.settings.data_dir / "repositories" / "mine", {"hello.sh": "echo hello $who\n"})
    assert "Create the first project" in (await reader.get("/projects")).text
    home = await sent(reader, "/project/new", {"name": "Mine"})
    front = await reader.follow(home)
    assert "From here to the first run" in front.text
    root = home.place.removesuffix("/setup")
    await sent(reader, f"{root}/keys/new", {
        "name": "deploy", "type": "login_password", "login_password-login": "me", "login_password-password": "s3cret",
    })  # fmt: skip
    key = await Key.get(name="deploy")
    assert (await read_secret(hub, key))["password"] == "s3cret"
    none = await Key.get(type="none")
    await sent(reader, f"{root}/repositories/new", {
        "name": "code", "git_url": str(folder), "git_branch": "main", "ssh_key_id": str(none.id),
    })  # fmt: skip
    await sent(reader, f"{root}/inventory/new", {
        "name": "hosts", "type": "static", "inventory-text": "[all]\r\nlocalhost\r\n",
    })  # fmt: skip
    assert (await Inventory.get(name="hosts")).inventory == "[all]\nlocalhost\n"
    repository = await Repository.get(name="code")
    await sent(reader, f"{root}/templates/new", {
        "app": "bash", "name": "Greet", "playbook": "hello.sh", "repository_id": str(repository.id),
        "survey-0-name": "who", "survey-0-title": "Whom?", "survey-0-type": "string", "survey-0-required": "true",
        "survey-0-default": "world", "params-variables": "both", "time_limit": "5", "arguments": "--one\n--two words",
        "limits-memory_mib": "512", "limits-processes": "0", "limits-open_files": "",
    })  # fmt: skip
    template = await Template.get(name="Greet")
    assert template.survey_vars == [{"name": "who", "title": "Whom?", "required": True, "default_value": "world"}]
    assert json.loads(str(template.arguments)) == ["--one", "--two words"]
    assert template.time_limit == 300
    assert template.limits == {"memory_mib": 512}
    form = await reader.get(f"{root}/templates/{template.id}/run")
    assert 'value="world"' in form.text
    away = await sent(reader, f"{root}/templates/{template.id}/run", {"survey-who": "moon", "message": "Why not"})
    task = await Task.get()
    assert away.place == f"{root}/tasks/{task.id}"
    assert json.loads(task.environment) == {"who": "moon"}
    page = await reader.get(away.place)
    assert "Why not" in page.text
    assert "moon" in page.text


async def test_a_new_project_comes_with_examples_for_who_wants_to_look_around(reader: Reader) -> None:
    home = await sent(reader, "/project/new", {"name": "Look", "demo": "true"})
    assert home.place.endswith("/templates")
    page = await reader.get(home.place)
    assert await Template.all().count() > 2
    assert page.text.count("/run") >= await Template.all().count()


async def test_what_was_forgotten_is_said_beside_its_field(scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}"
    sheet = await reader.send(
        f"{root}/templates/new", {"app": "bash", "name": "", "playbook": "x.sh", "repository_id": "1"}
    )
    assert sheet.status == 400
    assert said(sheet) == ["Template name can not be empty."]
    assert 'value="x.sh"' in sheet.text
    sheet = await reader.send(f"{root}/environment/new", {"name": "g", "json": "{", "env": "A=1"})
    assert said(sheet)[0].startswith("Line 1: This is not valid JSON")
    sheet = await reader.send(f"{root}/environment/new", {"name": "g", "env": "A=1\nnonsense"})
    assert said(sheet) == ["Line 2 must look like NAME=value."]
    sheet = await reader.send(f"{root}/keys/new", {"name": "k", "type": "ssh", "ssh-private_key": "no key at all"})
    assert sheet.status == 400
    assert said(sheet)[0].startswith("This is not a private SSH key that the hub can read.")
    assert "no key at all" not in sheet.text


async def test_questions_are_answered_with_sentences_beside_them(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh", survey_vars=[
        {"name": "who", "title": "Whom?", "required": True},
        {"name": "often", "title": "How often?", "type": "int"},
        {"name": "where", "title": "Where?", "type": "enum", "values": [{"name": "Here", "value": "here"}]},
        {"name": "word", "title": "Word", "type": "secret"},
    ])  # fmt: skip
    run = f"/project/{scene.project.id}/templates/{template.id}/run"
    assert said(await reader.send(run, {"survey-who": ""})) == ["Whom? is required."]
    assert said(await reader.send(run, {"survey-who": "x", "survey-often": "many"})) == [
        "How often? must be a whole number."
    ]
    sheet = await reader.send(run, {"survey-who": "", "survey-word": "hush-hush"})
    assert "hush-hush" not in sheet.text
    await sent(reader, run, {"survey-who": "me", "survey-often": "", "survey-where": "", "survey-word": "hush-hush"})
    task = await Task.get()
    assert json.loads(task.environment) == {"who": "me"}
    assert "hush-hush" not in str(task.secret)
    again = await reader.get(f"{run}?task={task.id}")
    assert 'value="me"' in again.text
    assert "hush-hush" not in again.text


async def test_a_run_offers_only_what_its_template_allows(scene: Scene, reader: Reader) -> None:
    await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="localhost")
    template = await scene.template("play.yml", app="ansible", inventory_id=1, task_params={"limit": ["web1", "web2"]})
    run = f"/project/{scene.project.id}/templates/{template.id}/run"
    closed = (await reader.get(run)).text
    for name in ("params-limit", "params-tags", "params-debug", "git_branch", "arguments", "inventory_id"):
        assert f'name="{name}"' not in closed
    assert 'name="params-dry_run"' in closed
    await Template.filter(id=template.id).update(
        task_params={"limit": ["web1", "web2"], "allow_override_limit": True, "allow_override_inventory": True},
        allow_override_branch_in_task=True, allow_override_args_in_task=True,
    )  # fmt: skip
    opened = (await reader.get(run)).text
    for name in ("params-limit", "git_branch", "arguments", "inventory_id"):
        assert f'name="{name}"' in opened
    assert "web1\nweb2</textarea>" in opened
    await sent(reader, run, {"params-limit": "web1", "params-dry_run": "true", "arguments": "-v", "inventory_id": "1"})
    task = await Task.get()
    assert task.params == {
        "limit": ["web1"], "dry_run": True, "drift": False, "diff": False, "hosts": [],
        "skip_galaxy_install": False,
    }  # fmt: skip
    assert task.arguments == '["-v"]'


async def test_editing_keeps_what_the_form_does_not_show(scene: Scene, reader: Reader) -> None:
    template = await scene.template(
        "hello.sh", task_params={"variables": "environment", "of_another_app": 1}, suppress_success_alerts=True
    )
    root = f"/project/{scene.project.id}/templates/{template.id}"
    await sent(reader, f"{root}/edit", {
        "name": "New name", "playbook": "hello.sh", "repository_id": str(scene.repository.id),
        "params-variables": "arguments",
    })  # fmt: skip
    await template.refresh_from_db()
    assert template.name == "New name"
    given = {"artifacts": [], "bring_artifacts": False}
    assert template.task_params == {"variables": "arguments", "of_another_app": 1, **given}
    assert template.suppress_success_alerts


async def test_a_key_keeps_its_secret_until_another_is_entered(hub: Hub, scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}/keys"
    await sent(reader, f"{root}/new", {"name": "token", "type": "string", "string-string": "first"})
    key = await Key.get(name="token")
    page = await reader.get(f"{root}/{key.id}")
    assert "first" not in re.sub(r"<[^>]*aria[^>]*>", "", page.text)
    await sent(reader, f"{root}/{key.id}", {"name": "renamed", "type": "string", "string-string": ""})
    await key.refresh_from_db()
    assert (key.name, await read_secret(hub, key)) == ("renamed", {"string": "first"})
    await sent(reader, f"{root}/{key.id}", {"name": "renamed", "type": "string", "string-string": "second"})
    await key.refresh_from_db()
    assert await read_secret(hub, key) == {"string": "second"}


async def test_secret_variables_are_added_replaced_and_removed(hub: Hub, scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}/environment"
    await sent(reader, f"{root}/new", {
        "name": "group", "json": '{"a": 1}', "env": "LANG=C\nEMPTY=", "secret-0-name": "one", "secret-0-value": "v1",
        "secret-0-type": "var", "secret-1-name": "two", "secret-1-value": "v2", "secret-1-type": "env",
    })  # fmt: skip
    group = await Environment.get(name="group")
    assert json.loads(str(group.env)) == {"LANG": "C", "EMPTY": ""}
    first, second = await Key.filter(environment_id=group.id).order_by("id")
    page = (await reader.get(f"{root}/{group.id}")).text
    assert "v1" not in page
    await sent(reader, f"{root}/{group.id}", {
        "name": "group", "json": "", "env": "", "secret-0-id": str(first.id), "secret-0-name": "uno",
        "secret-0-value": "", "secret-0-type": "var",
    })  # fmt: skip
    assert not await Key.filter(id=second.id).exists()
    await first.refresh_from_db()
    assert (first.name, await read_secret(hub, first)) == ("uno", {"string": "v1"})


async def test_what_is_in_use_is_not_deleted_and_the_page_says_by_whom(scene: Scene, reader: Reader) -> None:
    await scene.template("hello.sh")
    address = f"/project/{scene.project.id}/repositories/{scene.repository.id}"
    sheet = await reader.follow(await reader.send(f"{address}/delete"))
    assert "hello.sh" in sheet.text
    assert await Repository.filter(id=scene.repository.id).exists()


async def test_the_history_is_filtered_and_goes_on_by_the_last_one_seen(scene: Scene, reader: Reader) -> None:
    hello, fail = await scene.template("hello.sh"), await scene.template("fail.sh")
    for number in range(34):
        await scene.launch(hello, message=f"run {number}")
    odd = await scene.launch(fail, message="100% odd")
    root = f"/project/{scene.project.id}/history"
    first = (await reader.get(root)).text
    assert first.count('id="task-') == 30
    older = re.search(rf'href="({root}\?after=[\w-]+)"', first)
    assert older
    assert (await reader.get(older[1])).text.count('id="task-') == 5
    for query in ("q=100%25+odd", f"template={fail.id}", "q=FAIL.sh"):
        found = (await reader.get(f"{root}?{query}")).text
        assert re.findall(r'id="task-(\d+)"', found) == [str(odd)], query
    assert "No task fits" in (await reader.get(f"{root}?q=_")).text
    part = await reader.get(root, **{"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'id="tasks"' in part.text


async def test_views_are_made_moved_and_deleted(scene: Scene, reader: Reader) -> None:
    root = f"/project/{scene.project.id}/views"
    for title in ("One", "Two"):
        await sent(reader, root, {"title": title})
    one, two = await View.filter(project=scene.project).order_by("position")
    await sent(reader, f"{root}/{one.id}/move", {"step": "down"})
    assert [view.title for view in await View.filter(project=scene.project).order_by("position")] == ["Two", "One"]
    refused = (await reader.send(f"{root}/{one.id}", {"title": " ", "hidden": "true", "open": "true"})).text
    row = refused.partition(f'action="{root}/{one.id}"')[2].partition("</form>")[0]
    assert f'aria-describedby="title-{one.id}-error"' in row
    assert 'name="open"' in row
    assert 'value="true" checked' in row
    assert f'id="title-{two.id}-error"' not in refused
    await sent(reader, f"{root}/{two.id}/delete", {})
    assert await View.filter(project=scene.project).count() == 1


async def test_an_administrator_adds_somebody_who_joins_a_team(app: Quart, scene: Scene, reader: Reader) -> None:
    person = {"name": "Mina", "username": "mina", "email": "mina@example.org", "password": "correct horse"}
    await sent(reader, "/users/new", person)
    taken = await reader.send("/users/new", {**person, "email": "other@example.org"})
    assert said(taken) == ["The username mina belongs to another user."]
    assert "correct horse" not in taken.text
    mina = await User.get(username="mina")
    team = f"/project/{scene.project.id}/team"
    await sent(reader, team, {"username": mina.username, "role": "guest"})
    own = Reader(app)
    await own.sign_in("mina", "correct horse")
    assert (await own.get(f"/project/{scene.project.id}/history")).status == 200
    await sent(reader, f"{team}/{mina.id}/remove", {})
    assert (await own.get(f"/project/{scene.project.id}/history")).status == 404


async def test_changing_the_password_needs_the_old_one(app: Quart, reader: Reader) -> None:
    form = {"current_password": "wrong", "password": "fresh one", "repeated": "fresh one"}
    assert said(await reader.send("/account/password", form)) == ["The current password is wrong."]
    differ = await reader.send("/account/password", {**form, "repeated": "other"})
    assert said(differ) == ["The two passwords differ."]
    await sent(reader, "/account/password", {**form, "current_password": PASSWORD})
    assert (await Reader(app).sign_in("admin", "fresh one")).status == 303


async def test_a_running_task_is_stopped_by_a_form(scene: Scene, reader: Reader) -> None:
    task = await scene.launch(await scene.template("wait.sh"))
    address = f"/project/{scene.project.id}/tasks/{task}"
    assert (await reader.send(f"{address}/stop", {}, **{"X-Quiet": "yes"})).status == 204
    assert (await scene.task(task))["status"] == "stopped"
    late = await reader.send(f"{address}/confirm", {}, **{"X-Quiet": "yes"})
    assert late.status == 409
    assert json.loads(late.text)["error"] == "The task does not wait for a confirmation."


async def test_only_a_run_with_one_before_it_leads_to_a_comparison(scene: Scene, reader: Reader) -> None:
    template, other = await scene.template("hello.sh"), await scene.template("hello.sh", name="Other")
    tasks = [await scene.launch(one) for one in (template, other, template)]
    pages = {task: (await reader.get(f"/project/{scene.project.id}/tasks/{task}")).text for task in tasks}
    assert [task for task in tasks if f"/tasks/{task}/compare" in pages[task]] == tasks[2:]


async def test_a_panel_that_fails_is_a_sentence_on_the_page(
    hub: Hub, scene: Scene, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def good(request: PanelRequest) -> str:
        return f"<b>{request.slot} {request.ids['task_id']}</b>"

    async def bad(_request: PanelRequest) -> str:
        raise RuntimeError("a secret detail")

    from hub.registry import Contribution, Registry

    brought = (Contribution("sample", Panel("Good", good)), Contribution("sample", Panel("Bad", bad)))
    monkeypatch.setattr(Registry, "panels", lambda _self, _slot: brought)
    task = await scene.launch(await scene.template("hello.sh"))
    page = await reader.get(f"/project/{scene.project.id}/tasks/{task}")
    assert page.status == 200
    assert f"<b>task {task}</b>" in page.text
    assert "The plugin sample failed" in page.text
    assert "a secret detail" not in page.text


async def test_names_from_people_are_only_text(scene: Scene, reader: Reader) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    template = await scene.template("hello.sh", name=evil, description=evil)
    task = await scene.launch(template, message=evil)
    root = f"/project/{scene.project.id}"
    for address in ("/history", "/templates", f"/templates/{template.id}/details", f"/templates/{template.id}/run",
                    f"/tasks/{task}", f"/history?q={evil}"):  # fmt: skip
        page = await reader.get(root + address)
        assert "<script>alert" not in page.text, address
        assert "<img src=x" not in page.text, address
