"""Pages of a team: invitations from making to accepting, roles changed in place, leaving."""

from __future__ import annotations

import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Invite, Membership, Role, User
from hub.services.passwords import hash_password
from hub.services.team import SUGGESTED
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader, Sheet
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def somebody(hub: Hub, name: str) -> User:
    return await User.create(created=hub.clock(), username=name, name=name.title(), email=f"{name}@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip


def link_of(sheet: Sheet) -> str:
    """The path of the link on a page that shows a new invitation."""
    found = re.search(r'id="invite-link">https?://[^/]+([^<]+)<', sheet.text)
    assert found, sheet.text
    return found[1]


async def test_an_invitation_goes_from_the_form_to_the_team(scene: Scene, app: Quart, reader: Reader) -> None:
    await somebody(scene.hub, "jane")
    await Role.create(slug="night", name="Night shift", permissions=1, project=scene.project)
    root = f"/project/{scene.project.id}/invites"
    assert "Nobody is invited" in (await reader.get(root)).text
    link = link_of(await reader.send(f"{root}/new", {"whom": "jane@example.org", "role": "night", "days": "1"}))
    assert link not in (await reader.get(root)).text
    invite = await Invite.get()
    fresh = link_of(await reader.send(f"{root}/{invite.id}/renew", {}))
    jane = Reader(app)
    asked = await jane.get(fresh)
    assert asked.place.startswith("/auth/login?return=")
    form = await jane.get(asked.place)
    assert "Sign in to see your invitation." in form.text
    back = await jane.post("/auth/login", {"username": "jane", "password": PASSWORD, "return": fresh})
    assert back.place == fresh
    assert (await jane.get(link)).status == 404  # the first link ended when the second was made
    page = (await jane.get(fresh)).text
    assert "admin invites you to the project Scene as Night shift." in page
    assert (await jane.send(fresh, {})).status == 303
    assert (await Membership.get(user__username="jane")).role == "night"
    assert "accepted" in (await reader.get(root)).text
    refused = await reader.follow(await reader.send(f"{root}/{invite.id}/renew", {}))
    assert "This invitation was accepted; change the team instead." in refused.text


async def test_an_invitation_is_withdrawn_renewed_and_deleted(scene: Scene, app: Quart, reader: Reader) -> None:
    await somebody(scene.hub, "jane")
    root = f"/project/{scene.project.id}/invites"
    link = link_of(await reader.send(f"{root}/new", {"whom": "jane", "role": "guest", "days": "7"}))
    invite = await Invite.get()
    await reader.send(f"{root}/{invite.id}/withdraw", {})
    jane = Reader(app)
    await jane.sign_in("jane", PASSWORD)
    assert "This invitation was declined before" in (await jane.get(link)).text
    assert "withdrawn" in (await reader.get(root)).text
    fresh = link_of(await reader.send(f"{root}/{invite.id}/renew", {}))
    assert (await jane.get(fresh)).status == 200
    await reader.send(f"{root}/{invite.id}/delete", {})
    assert (await jane.get(fresh)).status == 404
    assert not await Invite.exists()


async def test_somebody_else_is_led_to_sign_in_as_the_one_who_was_invited(
    scene: Scene, app: Quart, reader: Reader
) -> None:
    form = {"whom": "jane@example.org", "role": "guest", "days": "7"}
    link = link_of(await reader.send(f"/project/{scene.project.id}/invites/new", form))
    wrong = await reader.get(link)
    assert wrong.status == 403
    assert "Sign in as somebody else" in wrong.text
    assert f'name="return" value="{link}"' in wrong.text
    assert (await reader.send("/auth/logout", {"return": link})).place.startswith("/auth/login?return=/accept-invite/")


@pytest.mark.parametrize(
    ("form", "field", "text"),
    [
        ({"whom": "", "role": "guest"}, "whom", "Write the e-mail address of the person whom you invite."),
        ({"whom": "nobody", "role": "guest"}, "whom", "There is no such user; invite them by their e-mail address."),
        ({"whom": "a@b.c", "role": "king"}, "role", "There is no role king in this project."),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_told_beside_its_field(
    scene: Scene, reader: Reader, form: dict[str, str], field: str, text: str
) -> None:
    sheet = await reader.send(f"/project/{scene.project.id}/invites/new", form)
    assert sheet.status == 400
    assert re.search(rf'id="f-{field}-error">{re.escape(text)}<', sheet.text)


async def test_somebody_who_is_there_or_invited_is_named_beside_the_field(scene: Scene, reader: Reader) -> None:
    jane = await somebody(scene.hub, "jane")
    root = f"/project/{scene.project.id}"
    form = {"whom": "jane", "role": "guest", "days": "30"}
    link_of(await reader.send(f"{root}/invites/new", form))
    again = await reader.send(f"{root}/invites/new", form)
    assert again.status == 400
    assert 'id="f-whom-error">This person is invited already' in again.text
    assert 'role="alert"' not in again.text
    await reader.send(f"{root}/team", {"username": jane.username, "role": "guest"})
    member = await reader.send(f"{root}/invites/new", form)
    assert 'id="f-whom-error">This person is a member of the project already.' in member.text
    late = await reader.send(f"{root}/team", {"username": jane.username, "role": "manager"})
    assert late.status == 400
    assert 'id="f-username-error">This user is a member of the project already.' in late.text
    assert '<option value="manager" selected>' in late.text.partition('id="f-role"')[2]


async def test_whom_a_search_finds_is_suggested_to_those_who_manage_the_team(
    scene: Scene, app: Quart, reader: Reader
) -> None:
    jane, maria = await somebody(scene.hub, "jane"), await somebody(scene.hub, "maria")
    for number in range(12):
        await somebody(scene.hub, f"guest{number}")
    await Membership.create(project=scene.project, user=jane, role="manager")
    team, asking = f"/project/{scene.project.id}/team", {"HX-Request": "true"}
    assert (await reader.get(f"{team}?q=guest", **asking)).text.count('role="option"') == SUGGESTED
    found = (await reader.get(f"{team}?q=mar+IA", **asking)).text
    assert 'data-value="maria"' in found
    assert "<main" not in found
    assert "Nobody else fits" in (await reader.get(f"{team}?q=jane", **asking)).text  # is in the team
    assert 'data-value="maria"' in (await reader.get(f"{team}?q=maria%40example", **asking)).text
    manager = Reader(app)
    await manager.sign_in("jane", PASSWORD)
    refused = await manager.get(f"{team}?q=maria", **asking)
    assert (refused.status, "data-value" in refused.text) == (403, False)
    await Membership.filter(user=jane).update(role="owner")
    assert 'data-value="maria"' in (await manager.get(f"{team}?q=maria", **asking)).text
    hidden = await manager.get(f"{team}?q=maria%40example", **asking)  # addresses are for administrators
    assert "data-value" not in hidden.text
    wrong = await manager.send(team, {"username": "mari", "role": "guest"})
    assert 'id="f-username-error">Nobody signs in with this name.' in wrong.text
    await manager.send(team, {"username": " Maria ", "role": "guest"})
    assert await Membership.filter(user=maria, role="guest").exists()


async def test_roles_are_changed_in_place_and_members_leave(scene: Scene, app: Quart, reader: Reader) -> None:
    jane = await somebody(scene.hub, "jane")
    await Role.create(slug="night", name="Night shift", permissions=1, project=scene.project)
    await Membership.create(project=scene.project, user=jane, role="guest")
    team = f"/project/{scene.project.id}/team"
    await reader.send(f"{team}/{jane.id}", {"role": "night"})
    assert (await Membership.get(user=jane)).role == "night"
    hers = Reader(app)
    await hers.sign_in("jane", PASSWORD)
    page = (await hers.get(team)).text
    assert "Night shift" in page
    assert "<select" not in page.partition('id="rows"')[2].partition("</table>")[0]
    assert (await hers.get(f"/project/{scene.project.id}/invites")).status == 403
    assert (await hers.send(f"{team}/leave", {})).place == "/projects"
    assert (await hers.get(team)).status == 404
    await Membership.create(project=scene.project, user=jane, role="owner")
    assert "Leave this project" not in (await hers.get(team)).text
    refused = await hers.follow(await hers.send(f"{team}/leave", {}))
    assert "You are an owner of this project and cannot leave the project" in refused.text
