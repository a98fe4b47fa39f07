"""The page of one template: every setting, what would be executed, what starts it, its figures, and who may do what."""

from __future__ import annotations

import html

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import (
    Environment,
    Integration,
    Inventory,
    Key,
    Role,
    Schedule,
    Star,
    Task,
    TemplateEnvironment,
    TemplateRole,
    TemplateVault,
)
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

from .live_server import person


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_the_details_tell_every_setting_and_what_would_be_executed(scene: Scene, reader: Reader) -> None:
    own = {"project": scene.project}
    group, more = [await Environment.create(**own, name=name, json='{"a": 7}') for name in ("First", "Second")]
    vault = await Key.create(**own, name="Vault key", type="login_password")
    template = await scene.template(
        "site.yml", name="Deploy", app="ansible", environment=group, git_branch="stable", arguments='["--forks", "9"]',
        inventory=await Inventory.create(**own, name="Hosts", type="static", inventory=""), runner_tag="big",
        task_params={"tags": ["web"], "become": True, "allow_override_limit": True}, host_limit=12, time_limit=90,
        limits={"memory_mib": 512}, allow_override_branch_in_task=True, concurrency_group="database",
    )  # fmt: skip
    await TemplateEnvironment.create(template=template, environment=more, position=0)
    await TemplateVault.create(template=template, name="dev", type="password", vault_key=vault)
    sheet = await reader.get(f"/project/{scene.project.id}/templates/{template.id}/details")
    for text in ("Hosts", "First", "Second", "stable", "--forks", "web", "12", "90s", "512", "database", "Vault key",
                 "big", "Allow override limit"):  # fmt: skip
        assert text in sheet.text, text
    shown = html.unescape(sheet.text)
    assert "ansible-playbook -i '<inventory Hosts>'" in shown, shown[shown.index("What would be executed</h2>") :][
        :1500
    ]
    assert "--vault-id=dev@" in sheet.text
    assert "--forks 9" in sheet.text


async def test_an_app_that_is_gone_and_a_command_that_cannot_be_told_are_said(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh", app="gone", task_params={"x": 1}, arguments='{"plan": ["-a"]}')
    sheet = await reader.get(f"/project/{scene.project.id}/templates/{template.id}/details")
    assert "The executor gone is not installed" in sheet.text
    assert "The command line cannot be told before a run." in sheet.text


async def test_what_starts_and_uses_a_template_is_listed(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh", name="Build", type="build", start_version="1.0")
    other = await scene.template("hello.sh", name="Other")
    await scene.template("hello.sh", name="Ship", type="deploy", build_template=template)
    for name, one in (("Nightly", template), ("Elsewhere", other)):
        await Schedule.create(project=scene.project, template=one, name=name, cron_format="0 3 * * *", active=True)
        await Integration.create(project=scene.project, template=one, name=f"Hook of {name}")
    sheet = await reader.get(f"/project/{scene.project.id}/templates/{template.id}/starts")
    for text in ("Nightly", "Hook of Nightly", "Ship"):
        assert text in sheet.text
    assert "Elsewhere" not in sheet.text
    assert sheet.text.count("<time") >= 4
    empty = await reader.get(f"/project/{scene.project.id}/templates/{other.id + 1}/starts")
    assert "No schedule starts it." in empty.text


async def test_figures_are_of_this_template_alone(scene: Scene, reader: Reader) -> None:
    mine, other = [await scene.template("hello.sh", name=name) for name in ("Mine", "Other")]
    now = scene.hub.clock()
    for template, status in ((mine, "success"), (mine, "error"), (other, "error")):
        await Task.create(
            project=scene.project, template=template, status=status, created=now, start=now, end=now
        )  # fmt: skip
    sheet = await reader.get(f"/project/{scene.project.id}/templates/{mine.id}/figures?days=7")
    assert "2 tasks ended; 1 of them failed (50 %)." in sheet.text
    assert sheet.text.count("run-dot") == 2
    odd = await reader.get(f"/project/{scene.project.id}/templates/{mine.id}/figures?days=8")
    assert odd.status == 200


async def test_who_may_do_what_names_people_with_what_all_of_it_comes_to(scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    await Role.create(slug="helper", name="Helper", permissions=0, project=scene.project)
    await TemplateRole.create(template=template, role_slug="helper", permissions=1)
    await person(scene, "jane", role="helper")
    await person(scene, "joe", role="guest")
    text = (await reader.get(f"/project/{scene.project.id}/templates/{template.id}/perms")).text
    people = text[text.index("People") :]
    jane, joe = people.index("jane"), people.index("joe")
    assert "run it" in people[jane : jane + 200]
    assert "look only" in people[joe : joe + 200]


async def test_who_may_not_run_a_template_sees_no_command_and_may_star_it(hub: Hub, scene: Scene, app: Quart) -> None:
    from hub.models import User
    from hub.services.passwords import hash_password

    template = await scene.template("hello.sh", arguments='["--quiet"]')
    guest = await person(scene, "guest", role="guest")
    await User.filter(id=guest.user_id).update(password_hash=await hash_password(PASSWORD))
    browser = Reader(app)
    await browser.sign_in("guest", PASSWORD)
    root = f"/project/{scene.project.id}/templates/{template.id}"
    sheet = await browser.get(f"{root}/details")
    assert "Your role does not let you run tasks in this project." in sheet.text
    assert "bash hello.sh" not in sheet.text
    assert (await browser.send(f"{root}/star", {"starred": "true"})).place == root
    assert await Star.filter(user_id=guest.user_id).count() == 1
    assert (await browser.get(f"{root}/export/file")).status == 403
