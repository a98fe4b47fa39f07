"""People: the wire's rules, and what must never happen to administrators."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from hub.context import Hub
from hub.db import unit
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.models import Event, Key, Membership, Project, Repository, Session, Task, Template, Token, User
from hub.services import accounts, sessions, users
from hub.services.actor import SYSTEM, Actor
from hub.services.users import NotAllowed, PasswordDraft, UserDraft
from hub.testing.booted import PASSWORD, administrator


@pytest.fixture
async def admin(hub: Hub) -> Actor:
    return await administrator()


def draft(login: str, **more: object) -> UserDraft:
    return UserDraft.read({"username": login, "name": login.title(), "email": f"{login}@example.org", **more})


async def person(hub: Hub, by: Actor, name: str, **more: object) -> Actor:
    made = await users.create_user(hub, by, draft(name, password=f"{name}-password", **more))
    return Actor("user", made["id"], made["username"], made["name"], made["admin"])


async def test_a_new_user_is_given_back_in_the_shape_of_the_wire(hub: Hub, admin: Actor) -> None:
    made = await users.create_user(hub, admin, draft("jane", password="secret", alert=True))
    created = made.pop("created")
    assert made == {
        "id": 2, "username": "jane", "name": "Jane", "email": "jane@example.org", "admin": False, "external": False,
        "alert": True, "pro": False,
    }  # fmt: skip
    assert created.microsecond == 0
    assert created.tzinfo is not None


async def test_names_are_kept_in_lower_case_so_that_everybody_can_sign_in(hub: Hub, admin: Actor) -> None:
    made = await users.create_user(
        hub, admin, UserDraft(username=" Jane ", name="Jane D", email="Jane@Example.Org", password="x")
    )
    assert (made["username"], made["email"], made["name"]) == ("jane", "jane@example.org", "Jane D")
    assert await accounts.login(hub, "JANE", "x")


@pytest.mark.parametrize("member", ["username", "name", "email"])
@pytest.mark.parametrize("text", ["", "  ", "a\nb"])
async def test_an_empty_or_unprintable_member_is_refused_by_name(
    hub: Hub, admin: Actor, member: str, text: str
) -> None:
    body = draft("jane").model_copy(update={member: text})
    with pytest.raises(Invalid) as refused:
        await users.create_user(hub, admin, body)
    assert refused.value.field == member
    jane = await person(hub, admin, "jane")
    with pytest.raises(Invalid):
        await users.update_user(hub, admin, jane.user_id or 0, body)


async def test_a_name_or_address_that_somebody_signs_in_with_is_refused_also_crosswise(hub: Hub, admin: Actor) -> None:
    await person(hub, admin, "jane")
    for body, field in (
        ({"username": "JANE"}, "username"),
        ({"email": "jane@example.org"}, "email"),
        ({"username": "jane@example.org"}, "username"),
        ({"email": "jane"}, "email"),
    ):
        with pytest.raises(Invalid, match="belongs to another user") as refused:
            await users.create_user(hub, admin, draft("other", **body))
        assert refused.value.field == field
    assert await User.all().count() == 2


async def test_two_requests_for_one_name_make_one_user(hub: Hub, admin: Actor) -> None:
    made = await asyncio.gather(
        *(users.create_user(hub, admin, draft("jane")) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, dict) for one in made) == 1
    assert sum(isinstance(one, Invalid) for one in made) == 4


async def test_only_administrators_add_users_and_the_wire_says_so_with_401(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    with pytest.raises(NotAllowed) as refused:
        await users.create_user(hub, jane, draft("other"))
    assert refused.value.status == 401


async def test_others_see_names_only(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    assert await users.list_users(jane) == [
        {"id": 1, "username": "admin", "name": "admin"}, {"id": 2, "username": "jane", "name": "Jane"},
    ]  # fmt: skip
    seen = await users.get_user(jane, 1)
    assert seen == {
        "id": 1, "created": "0001-01-01T00:00:00Z", "username": "admin", "name": "admin", "email": "",
        "admin": False, "external": False, "alert": False, "pro": False,
    }  # fmt: skip
    assert (await users.get_user(jane, 2))["email"] == "jane@example.org"
    assert (await users.get_user(admin, 2))["email"] == "jane@example.org"
    with pytest.raises(NotFound):
        await users.get_user(admin, 99)


async def test_a_list_can_be_cut_to_a_prefix_in_which_nothing_is_a_wildcard(hub: Hub, admin: Actor) -> None:
    for name in ("jane", "janet", "ja_ck"):
        await person(hub, admin, name)
    assert [one["username"] for one in await users.list_users(admin, prefix="JAN")] == ["jane", "janet"]
    assert [one["username"] for one in await users.list_users(admin, prefix="ja_")] == ["ja_ck"]
    assert await users.list_users(admin, prefix="%") == []


async def test_who_am_i_tells_whether_i_may_create_projects(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    assert (await users.own_user(hub, admin))["can_create_project"] is True
    own = await users.own_user(hub, jane)
    assert own["can_create_project"] is False
    assert own["has_active_subscription"] is False
    assert "password_hash" not in own


async def test_people_change_themselves_and_administrators_everybody(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    john = await person(hub, admin, "john")
    await users.update_user(hub, jane, 2, draft("jane", name="Jane Doe", alert=True))
    assert (await users.get_user(admin, 2))["name"] == "Jane Doe"
    for act in (
        users.update_user(hub, john, 2, draft("jane")),
        users.change_password(hub, john, 2, PasswordDraft(password="x", current_password="john-password")),
        users.delete_user(hub, john, 2),
    ):
        with pytest.raises(NotAllowed):
            await act
    await users.update_user(hub, admin, 2, draft("jane2", admin=True))
    assert (await users.get_user(admin, 2))["admin"] is True


async def test_nobody_changes_their_own_administrator_flag(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    with pytest.raises(NotAllowed):
        await users.update_user(hub, jane, 2, draft("jane", admin=True))
    with pytest.raises(NotAllowed):
        await users.update_user(hub, admin, 1, draft("admin"))
    with pytest.raises(NotAllowed):
        await users.update_user(hub, jane, 2, draft("jane", pro=True))
    assert await User.filter(admin=True).values_list("id", flat=True) == [1]


async def test_the_last_administrator_can_be_neither_demoted_nor_removed(hub: Hub, admin: Actor) -> None:
    with pytest.raises(Conflict):
        await users.delete_user(hub, admin, 1)
    with pytest.raises(Conflict):
        await users.update_user(hub, SYSTEM, 1, draft("admin"))
    await person(hub, admin, "jane", admin=True)
    await users.delete_user(hub, admin, 1)
    assert await User.all().values_list("username", flat=True) == ["jane"]


async def test_two_administrators_who_remove_each_other_leave_one(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane", admin=True)
    ended = await asyncio.gather(
        users.delete_user(hub, admin, 2), users.delete_user(hub, jane, 1), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in ended) == 1
    assert await User.filter(admin=True).count() == 1


async def test_a_user_with_sessions_tokens_tasks_and_projects_can_be_deleted(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    await accounts.login(hub, "jane", "jane-password")
    await sessions.create_token(hub, jane, sessions.TokenDraft())
    now = datetime.now(UTC)
    project = await Project.create(name="p", created=now)
    await Membership.create(project_id=project.id, user_id=2, role="owner")
    key = await Key.create(project_id=project.id, name="k", type="none")
    repository = await Repository.create(project_id=project.id, name="r", git_url="x", git_branch="", ssh_key_id=key.id)
    template = await Template.create(project_id=project.id, repository_id=repository.id, name="t", app="bash")
    task = await Task.create(project_id=project.id, template_id=template.id, user_id=2, created=now)
    await users.delete_user(hub, jane, 2)
    assert not await User.filter(id=2).exists()
    assert await Session.all().count() + await Token.all().count() + await Membership.all().count() == 0
    assert (await Task.get(id=task.id)).user_id is None
    gone = await Event.filter(description="User jane deleted").first()
    assert gone is not None
    assert gone.user_id is None


async def test_changing_ones_own_password_needs_the_current_one(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    for current in ("", "wrong"):
        with pytest.raises(Invalid) as refused:
            await users.change_password(hub, jane, 2, PasswordDraft(password="new", current_password=current))
        assert refused.value.field == "current_password"
    await users.change_password(hub, jane, 2, PasswordDraft(password="new", current_password="jane-password"))
    assert await accounts.login(hub, "jane", "new")
    await users.change_password(hub, admin, 2, PasswordDraft(password="newer"))
    assert await accounts.login(hub, "jane", "newer")
    with pytest.raises(Invalid):
        await users.change_password(hub, admin, 2, PasswordDraft())


async def test_an_update_does_not_go_round_the_current_password(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    with pytest.raises(Invalid):
        await users.update_user(hub, jane, 2, draft("jane", password="new"))
    await users.update_user(hub, jane, 2, draft("jane", password="jane-password"))  # clients repeat what they know
    await users.update_user(hub, jane, 2, draft("jane", password="new", current_password="jane-password"))
    assert await accounts.login(hub, "jane", "new")
    await users.update_user(hub, admin, 2, draft("jane", password="newer"))
    assert await accounts.login(hub, "jane", "newer")


async def test_the_current_password_cannot_be_guessed_for_long(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    refusals = []
    for number in range(11):
        try:
            await users.change_password(hub, jane, 2, PasswordDraft(password="x", current_password=f"no {number}"))
        except HubError as error:
            refusals.append(type(error).__name__)
    assert refusals == ["Invalid"] * 10 + ["TooMany"]


async def test_a_changed_password_ends_every_session_but_the_one_it_was_changed_in(hub: Hub, admin: Actor) -> None:
    await person(hub, admin, "jane")
    here, there = [await accounts.login(hub, "jane", "jane-password") for _ in range(2)]
    jane = await sessions.actor_of_session(hub, here)
    await users.change_password(hub, jane, 2, PasswordDraft(password="new", current_password="jane-password"))
    assert await Session.all().count() == 1
    assert (await sessions.actor_of_session(hub, here)).user_id == 2
    await users.change_password(hub, admin, 2, PasswordDraft(password="newer"))
    assert await Session.all().count() == 0
    assert there


async def test_external_users_have_no_password_and_keep_their_name(hub: Hub, admin: Actor) -> None:
    made = await users.create_user(hub, admin, draft("ext", external=True, password="ignored"))
    assert (await User.get(id=made["id"])).password_hash == ""
    with pytest.raises(Invalid):
        await users.change_password(hub, admin, made["id"], PasswordDraft(password="x"))
    with pytest.raises(Invalid):
        await users.update_user(hub, admin, made["id"], draft("other"))
    await users.update_user(hub, admin, made["id"], draft("ext", name="New", external=False))
    assert (await users.get_user(admin, made["id"]))["external"] is True


async def test_a_refused_change_leaves_nothing_behind(hub: Hub, admin: Actor) -> None:
    jane = await person(hub, admin, "jane")
    await person(hub, admin, "john")
    before = await Event.all().count()
    with pytest.raises(Invalid):
        await users.update_user(hub, jane, 2, draft("john", password="new", current_password="jane-password"))
    assert await Event.all().count() == before
    assert await accounts.login(hub, "jane", "jane-password")


async def test_what_administrators_do_to_people_is_on_record(hub: Hub, admin: Actor) -> None:
    await person(hub, admin, "jane")
    await users.update_user(hub, admin, 2, draft("jane"))
    await users.delete_user(hub, admin, 2)
    rows = await Event.filter(object_type="user").order_by("id").values_list("description", "user_id")
    assert rows == [("User jane created", 1), ("User jane updated", 1), ("User jane deleted", 1)]


async def test_a_person_is_found_by_name_or_address_for_the_command_line(hub: Hub, admin: Actor) -> None:
    await person(hub, admin, "jane")
    assert (await users.actor_named(SYSTEM, "JANE@example.org")).user_id == 2
    with pytest.raises(NotFound, match="There is no user nobody"):
        await users.actor_named(SYSTEM, "nobody")

    async def clash() -> None:
        await User.filter(id=1).update(email="jane")

    await unit(clash)
    with pytest.raises(NotFound, match="two users"):
        await users.actor_named(SYSTEM, "jane")


async def test_the_passwords_are_nowhere_in_the_database(hub: Hub, admin: Actor) -> None:
    await person(hub, admin, "jane")
    found = [str(row) for row in await User.all().values()] + [str(row) for row in await Event.all().values()]
    assert not any("jane-password" in row or PASSWORD in row for row in found)
