"""Invitations: who may make them, for whom they are good, when they are not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Event, Invite, Membership, Role, User
from hub.services import invites, users
from hub.services.actor import SYSTEM
from hub.services.invites import InviteDraft, InviteTokenDraft
from hub.testing.booted import administrator


@pytest.fixture
async def owner(people, pid):
    return (await people.somebody("owner", project_id=pid, role="owner"))[1]


async def invite(client, pid, **members):
    return await client.made(f"/project/{pid}/invites", {"role": "task_runner"} | members)


async def test_an_invitation_is_made_listed_accepted(people, owner, pid):
    jane_id, jane = await people.somebody("jane")
    made = await invite(owner, pid, email="Jane@Example.org ")
    assert made["status"] == "pending"
    assert (made["email"], made["user_id"], made["user"]["username"]) == ("jane@example.org", jane_id, "jane")
    assert made["inviter_user"]["username"] == "owner"
    assert made["link"].endswith(f"/accept-invite/{made['token']}")
    reply = await jane.post("/invites/accept", {"token": made["token"]})
    assert (reply.status, reply.json) == (200, {"project_id": pid})
    assert (await jane.read(f"/project/{pid}/role"))["role"] == "task_runner"
    listed = await owner.read(f"/project/{pid}/invites")
    assert [one["status"] for one in listed] == ["accepted"]
    assert listed[0]["accepted_at"]
    assert "token" not in listed[0]
    texts = await Event.filter(project_id=pid).values_list("description", flat=True)
    wanted = {f"Invite ID {made['id']} {what}" for what in ("created", "accepted")}
    assert wanted | {f"User ID {jane_id} added to team"} <= set(texts)


async def test_the_token_is_shown_once_and_only_its_digest_is_kept(owner, pid):
    made = await invite(owner, pid, email="new@example.org")
    for path in (f"/project/{pid}/invites", f"/project/{pid}/invites/{made['id']}", f"/project/{pid}/events"):
        assert made["token"] not in (await owner.get(path)).data.decode()
    assert made["token"] not in str(await Invite.all().values())


async def test_an_invitation_is_good_for_a_week_unless_told(hub, owner, pid):
    await invite(owner, pid, email="a@example.org")
    row = await Invite.get()
    assert row.expires_at - row.created == timedelta(days=7)
    later = (hub.clock() + timedelta(days=30)).isoformat()
    made = await invite(owner, pid, email="b@example.org", expires_at=later)
    assert made["expires_at"][:10] == later[:10]
    for wrong in ("yesterday", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00"):
        body = {"email": "c@example.org", "role": "guest", "expires_at": wrong}
        reply = await owner.post(f"/project/{pid}/invites", body)
        assert (reply.status, reply.json["field"]) == (400, "expires_at")


@pytest.mark.parametrize("role", ["guest", "task_runner", "manager"])
async def test_only_those_who_change_the_team_invite_or_see_invitations(people, owner, pid, role):
    made = await invite(owner, pid, email="x@example.org")
    member = (await people.somebody("member", project_id=pid, role=role))[1]
    path = f"/project/{pid}/invites"
    assert (await member.post(path, {"email": "y@example.org", "role": "guest"})).status == 403
    assert (await member.get(path)).status == 403
    assert (await member.get(f"{path}/{made['id']}")).status == 403
    assert (await member.put(f"{path}/{made['id']}", {"status": "declined"})).status == 403
    assert (await member.delete(f"{path}/{made['id']}")).status == 403


async def test_strangers_and_other_projects_find_no_invitation(owner, stranger, admin, other, pid):
    made = await invite(owner, pid, email="x@example.org")
    for caller, project in ((stranger, pid), (admin, other), (owner, other)):
        for method, body in (("GET", None), ("PUT", {"status": "declined"}), ("DELETE", None)):
            reply = await caller.call(method, f"/project/{project}/invites/{made['id']}", body)
            assert reply.status == 404, (method, project)
    assert await Invite.all().count() == 1


@pytest.mark.parametrize(
    "body",
    [{"role": "guest"}, {"email": "nonsense", "role": "guest"}, {"email": "a b@example.org", "role": "guest"},
     {"email": "@example.org", "role": "guest"}, {"email": "x@example.org"}, {"email": "x@example.org", "role": "king"},
     {"user_id": 4711, "role": "guest"}, {"username": "unknown", "role": "guest"},
     {"user_id": 1, "email": "x@example.org", "role": "guest"}],
)  # fmt: skip
async def test_what_is_wrong_with_an_invitation_answers_400(owner, pid, body):
    assert (await owner.post(f"/project/{pid}/invites", body)).status == 400
    assert await Invite.all().count() == 0


async def test_members_and_those_who_are_invited_answer_409(people, owner, pid):
    jane_id, _ = await people.somebody("jane")
    member_id, _ = await people.somebody("member", project_id=pid, role="guest")
    path = f"/project/{pid}/invites"
    for who in ({"user_id": member_id}, {"username": "MEMBER"}, {"email": "MEMBER@example.org"}):
        assert (await owner.post(path, who | {"role": "guest"})).status == 409
    await invite(owner, pid, username="jane")
    for who in ({"user_id": jane_id}, {"username": "jane"}, {"email": "jane@example.org"}):
        assert (await owner.post(path, who | {"role": "guest"})).status == 409
    await invite(owner, pid, email="later@example.org")
    await people.somebody("later")
    assert (await owner.post(path, {"username": "later", "role": "guest"})).status == 409


@pytest.mark.parametrize("status", ["declined", "expired"])
async def test_an_invitation_that_came_to_nothing_makes_room_for_another(owner, pid, status):
    made = await invite(owner, pid, email="x@example.org")
    assert (await owner.put(f"/project/{pid}/invites/{made['id']}", {"status": status})).status == 204
    again = await invite(owner, pid, email="x@example.org")
    assert again["token"] != made["token"]
    assert await Invite.all().count() == 1


async def test_nobody_gives_more_rights_than_their_own(admin, pid):
    await Role.create(slug="host", name="Host", permissions=8 | 1, project_id=pid)
    await Role.create(slug="ops", name="Ops", permissions=4, project_id=None)
    grant = replace(await invites.require(await administrator(), pid), permissions=9, admin=False)
    for role in ("owner", "manager", "ops"):
        with pytest.raises(Forbidden):
            await invites._refuse_more(grant, role)
    for role in ("guest", "task_runner", "host"):
        await invites._refuse_more(grant, role)
    with pytest.raises(Invalid):
        await invites._refuse_more(grant, "unknown")


async def test_a_role_of_another_project_is_none_here(owner, pid, other):
    await Role.create(slug="theirs", name="Theirs", permissions=0, project_id=other)
    reply = await owner.post(f"/project/{pid}/invites", {"email": "x@example.org", "role": "theirs"})
    assert reply.status == 400


async def test_a_row_named_like_a_built_in_role_changes_nothing(owner, pid):
    """S16: a role row called guest must not make guests mighty, nor let them be refused."""
    await Role.create(slug="guest", name="Guest", permissions=15, project_id=pid)
    await invite(owner, pid, email="x@example.org", role="guest")


async def test_only_who_was_invited_may_accept(people, owner, stranger, nobody, pid):
    _, jane = await people.somebody("jane")
    by_person = await invite(owner, pid, username="jane")
    by_address = await invite(owner, pid, email="new@example.org")
    for token in (by_person["token"], by_address["token"]):
        assert (await stranger.post("/invites/accept", {"token": token})).status == 403
        assert (await nobody.post("/invites/accept", {"token": token})).status == 401
    assert (await jane.post("/invites/accept", {"token": by_address["token"]})).status == 403
    _, new = await people.somebody("new")
    assert (await new.post("/invites/accept", {"token": by_address["token"]})).status == 200
    assert (await jane.post("/invites/accept", {"token": by_person["token"]})).status == 200


async def test_a_token_that_is_none_answers_404(stranger):
    for body in ({}, {"token": ""}, {"token": "x" * 43}):
        assert (await stranger.post("/invites/accept", body)).status == 404
    assert (await stranger.post("/invites/accept", {"token": 1})).status == 400


async def test_an_invitation_is_good_once(people, owner, pid):
    jane_id, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 200
    await owner.delete(f"/project/{pid}/users/{jane_id}")
    reply = await jane.post("/invites/accept", {"token": made["token"]})
    assert (reply.status, reply.error) == (400, "This invitation was accepted before; ask for a new one.")
    again = await invite(owner, pid, username="jane")
    assert (await jane.post("/invites/accept", {"token": again["token"]})).status == 200


async def test_of_many_acceptances_at_once_one_counts(people, owner, pid):
    jane_id, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    replies = await asyncio.gather(*(jane.post("/invites/accept", {"token": made["token"]}) for _ in range(4)))
    statuses = sorted(reply.status for reply in replies)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {400, 409}
    assert await Membership.filter(project_id=pid, user_id=jane_id).count() == 1


async def test_an_expired_invitation_is_refused_with_a_sentence_and_can_be_opened_again(hub, people, owner, pid):
    _, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    later = replace(hub, clock=lambda: hub.clock() + timedelta(days=7, seconds=1))
    actor = await users.actor_named(SYSTEM, "jane")
    with pytest.raises(Invalid, match="expired"):
        await invites.accept(later, actor, InviteTokenDraft(token=made["token"]))
    listed = await invites.list_invites(later, await administrator(), pid)
    assert listed[0]["status"] == "expired"
    await Invite.all().update(expires_at=hub.clock())
    reply = await jane.post("/invites/accept", {"token": made["token"]})
    assert (reply.status, reply.error) == (400, "This invitation has expired; ask for a new one.")
    assert (await owner.put(f"/project/{pid}/invites/{made['id']}", {"status": "pending"})).status == 204
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 200


async def test_an_expired_invitation_makes_room_for_another(hub, people, owner, pid):
    await people.somebody("jane")
    await invite(owner, pid, username="jane")
    await Invite.all().update(expires_at=hub.clock())
    await invite(owner, pid, username="jane")


async def test_a_withdrawn_or_deleted_invitation_is_good_for_nothing(people, owner, pid):
    _, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    path = f"/project/{pid}/invites/{made['id']}"
    assert (await owner.put(path, {"status": "declined"})).status == 204
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 400
    assert (await owner.delete(path)).status == 204
    assert (await owner.delete(path)).status == 404
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 404


async def test_statuses_that_nobody_may_set_are_refused(people, owner, pid):
    _, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    path = f"/project/{pid}/invites/{made['id']}"
    for status in ("accepted", "", "PENDING", "x"):
        assert (await owner.put(path, {"status": status})).status == 400
    await jane.post("/invites/accept", {"token": made["token"]})
    assert (await owner.put(path, {"status": "pending"})).status == 409


async def test_an_invitation_by_somebody_who_lost_the_right_is_good_for_nothing(people, admin, owner, pid):
    _, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane", role="owner")
    inviter = await User.get(username="owner")
    query = Membership.filter(project_id=pid, user_id=inviter.id)
    for role in ("guest", "manager"):
        await query.update(role=role)
        assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 403
    await query.delete()
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 403
    assert (await admin.put(f"/project/{pid}/invites/{made['id']}", {"status": "pending"})).status == 204
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 200


async def test_an_invitation_of_a_deleted_person_is_good_for_nothing(people, admin, owner, pid):
    _, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    await User.filter(username="owner").delete()
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 403
    assert (await admin.read(f"/project/{pid}/invites"))[0]["inviter_user_id"] == 0


async def test_who_became_a_member_meanwhile_gets_409(people, owner, pid):
    jane_id, jane = await people.somebody("jane")
    made = await invite(owner, pid, username="jane")
    await Membership.create(project_id=pid, user_id=jane_id, role="guest")
    assert (await jane.post("/invites/accept", {"token": made["token"]})).status == 409
    assert (await jane.read(f"/project/{pid}/role"))["role"] == "guest"


async def test_invitations_are_sorted_as_the_wire_says(owner, pid):
    await invite(owner, pid, email="a@example.org", role="task_runner")
    await invite(owner, pid, email="b@example.org", role="guest")

    async def emails(query):
        return [one["email"][0] for one in await owner.read(f"/project/{pid}/invites{query}")]

    assert await emails("") == ["a", "b"]
    assert await emails("?sort=created&order=desc") == ["b", "a"]
    assert await emails("?sort=role") == ["b", "a"]
    assert (await owner.get(f"/project/{pid}/invites?sort=digest")).status == 400


async def test_two_invitations_for_one_person_at_once_are_one(hub, owner, pid):
    async def one():
        return await invites.create_invite(
            hub, await administrator(), pid, InviteDraft(email="x@example.org", role="guest")
        )

    done = await asyncio.gather(*(one() for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Conflict", "dict"]
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, Conflict | NotFound)]
