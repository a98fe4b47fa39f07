"""Pages of custom roles, of the hub and of a project, and of what they may do with one template."""

from __future__ import annotations

import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Invite, Membership, Role, TemplateRole, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Marks, Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def member(scene: Scene, app: Quart, name: str, role: str) -> Reader:
    """Somebody in the project, signed in."""
    user = await User.create(created=scene.hub.clock(), username=name, name=name.title(), email=f"{name}@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip
    await Membership.create(project=scene.project, user=user, role=role)
    reader = Reader(app)
    await reader.sign_in(name, PASSWORD)
    return reader


def beside(text: str, field: str) -> str:
    found = re.search(rf'id="f-{field}-error">([^<]*)<', text)
    assert found, field
    return found[1]


async def test_a_role_is_made_changed_used_and_deleted(scene: Scene, app: Quart, reader: Reader) -> None:
    root = f"/project/{scene.project.id}/roles"
    assert "Night shift" not in (await reader.get(root)).text
    assert (await reader.send(f"{root}/new", {"name": "Night shift", "permissions": "run"})).place == root
    role = await Role.get(slug="night_shift")
    assert (role.name, role.permissions, role.project_id) == ("Night shift", 1, scene.project.id)
    form = Marks((await reader.get(f"{root}/night_shift")).text)
    ticks = {one["value"]: "checked" in one for one in form.all("input") if one.get("name") == "permissions"}
    assert ticks == {"run": True, "manage": False, "update": False, "team": False}
    assert (await reader.send(f"{root}/night_shift", {"name": "Night", "permissions": "manage"})).status == 303
    await role.refresh_from_db()
    assert (role.name, role.permissions) == ("Night", 4)
    await member(scene, app, "mina", "night_shift")
    listed = (await reader.get(root)).text
    assert "manage resources" in listed
    away = await reader.send(f"{root}/night_shift/delete", {})
    page = await reader.follow(away)
    assert "The role night_shift is in use by mina. Give them another role first." in page.text
    assert f'href="/project/{scene.project.id}/team"' in page.text
    assert "Mina" in page.text
    await Membership.filter(role="night_shift").delete()
    assert (await reader.send(f"{root}/night_shift/delete", {})).place == root
    assert not await Role.exists()


async def test_a_role_of_the_hub_is_for_every_project(scene: Scene, reader: Reader) -> None:
    assert "No roles of the whole hub yet" in (await reader.get("/roles")).text
    made = await reader.send("/roles/new", {"name": "Release", "slug": "release", "permissions": "run"})
    assert made.place == "/roles"
    assert (await Role.get(slug="release")).project_id is None
    assert "of the whole hub" in (await reader.get(f"/project/{scene.project.id}/roles")).text
    assert 'value="release"' in (await reader.get(f"/project/{scene.project.id}/team")).text
    assert (await reader.get(f"/project/{scene.project.id}/roles/release")).status == 404


@pytest.mark.parametrize(
    ("form", "field", "text"),
    [
        ({"name": "", "slug": "x"}, "name", "Role name cannot be empty."),
        ({"name": "Owner", "slug": "owner"}, "slug", "The slug owner is reserved; choose another."),
        ({"name": "Ночь"}, "slug", "The slug of a role has small letters"),
        ({"name": "Again", "slug": "taken"}, "slug", "The slug taken is taken; choose another."),
    ],
)
async def test_what_is_wrong_with_a_role_is_told_beside_its_field(
    reader: Reader, form: dict[str, str], field: str, text: str
) -> None:
    await Role.create(slug="taken", name="Taken")
    sheet = await reader.send("/roles/new", form)
    assert sheet.status == 400
    assert text in beside(sheet.text, field)


async def test_nobody_gives_more_than_they_have(scene: Scene, app: Quart) -> None:
    await Role.create(slug="lead", name="Lead", permissions=9, project=scene.project)
    lead, guest = await member(scene, app, "lead", "lead"), await member(scene, app, "guest", "guest")
    root = f"/project/{scene.project.id}"
    refused = await lead.send(f"{root}/roles/new", {"name": "More", "permissions": "manage"})
    assert refused.status == 400
    assert "You cannot give or take the right to change things in this project" in beside(refused.text, "permissions")
    told = "You cannot give a role that may do more than you may."
    invited = await lead.send(f"{root}/invites/new", {"whom": "a@b.c", "role": "owner"})
    assert beside(invited.text, "role") == told
    added = await lead.send(f"{root}/team", {"username": "guest", "role": "owner"})
    assert "You cannot give or take the right to" in beside(added.text, "role")
    team = (await lead.get(f"{root}/team")).text
    assert 'value="lead"' in team
    assert 'value="owner"' not in team
    assert "New role" not in (await guest.get(f"{root}/roles")).text
    assert ">Save<" not in (await guest.get(f"{root}/roles/lead")).text
    assert (await guest.send(f"{root}/roles/new", {"name": "Mine"})).status == 400
    assert (await guest.get("/roles")).status == 403
    assert await Role.all().count() == 1


async def test_pending_invitations_are_named_among_what_uses_a_role(scene: Scene, reader: Reader) -> None:
    await Role.create(slug="night", name="Night", project=scene.project)
    await Invite.create(project=scene.project, email="a@b.c", role="night", digest="x", created=scene.hub.clock())
    page = f"/project/{scene.project.id}/roles/night"
    assert "1 invitation that nobody has answered offers it." in (await reader.get(page)).text
    refused = await reader.follow(await reader.send(f"{page}/delete", {}))
    assert "in use by invitations that nobody has answered yet" in refused.text


async def test_a_role_gets_rights_on_one_template_and_loses_them(scene: Scene, app: Quart, reader: Reader) -> None:
    template = await scene.template("hello.sh")
    page = f"/project/{scene.project.id}/templates/{template.id}/perms"
    assert "there is none yet" in (await reader.get(page)).text
    await Role.create(slug="look", name="Look closer", project=scene.project)
    mina = await member(scene, app, "mina", "look")
    run = f"/project/{scene.project.id}/templates/{template.id}/run"
    assert "Your role does not let you run tasks" in (await mina.send(run, {})).text
    assert (await reader.send(f"{page}/look", {"permissions": "run"})).place == page
    assert "only here" in (await reader.get(page)).text
    assert (await mina.send(run, {})).status == 303
    await TemplateRole.filter(role_slug="look").update(permissions=1 | 8)
    await reader.send(f"{page}/look", {"permissions": "manage"})
    assert (await TemplateRole.get(role_slug="look")).permissions == 4 | 8  # what the form does not show is kept
    assert (await mina.get(f"{page}/look")).status == 200
    assert (await reader.send(f"{page}/look/remove", {})).place == page
    assert not await TemplateRole.exists()
    assert (await mina.send(f"{page}/look", {"permissions": "run"})).status == 400
    assert (await reader.get(f"{page}/nobody")).status == 404
