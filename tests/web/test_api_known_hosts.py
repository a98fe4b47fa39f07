"""Known hosts by the API: who may decide, what comes of it, and who is told. W-56."""

from __future__ import annotations

import pytest

from hub.models import Event, KnownHost
from hub.services import host_key_lessons
from hub.services.host_keys import read_lines

from .backup_project import ANOTHER_HOST_KEY as NEW
from .backup_project import HOST_KEY as OLD

PRINT = "SHA256:lYV/xpDatHnlkhWD84qPgKyDtyQJBitZm4LV6zf0SqQ"


@pytest.fixture
async def changed(hub, pid):
    """A host that was trusted at first sight, and then showed another key."""
    for key in (OLD, NEW):
        await host_key_lessons.learn(hub, pid, read_lines(f"web {key}"), "first_use")
    return await KnownHost.get(project_id=pid, trusted=False)


async def test_pasted_keys_are_trusted_and_it_is_kept_who_said_so(admin, pid):
    made = await admin.made(f"/project/{pid}/known_hosts", {"lines": f"Web,db {OLD}\n@cert-authority *.x.org {NEW}"})
    assert [(one["host"], one["authority"], one["status"], one["decided_by"]) for one in made] == [
        ("web", False, "trusted", "admin"), ("db", False, "trusted", "admin"), ("*.x.org", True, "trusted", "admin"),
    ]  # fmt: skip
    assert made[0]["fingerprint"] == PRINT
    again = await admin.made(f"/project/{pid}/known_hosts", {"lines": f"web {OLD}"})
    assert again[0]["id"] == made[0]["id"]
    assert await KnownHost.filter(project_id=pid).count() == 3
    assert await admin.read(f"/project/{pid}/known_hosts/{made[0]['id']}") == again[0]
    reply = await admin.post(f"/project/{pid}/known_hosts", {"lines": "web nonsense"})
    assert (reply.status, reply.json["field"]) == (400, "lines")


async def test_a_changed_key_is_told_and_replaces_the_old_one_only_when_asked(admin, pid, changed):
    at = f"/project/{pid}/known_hosts"
    (found,) = [one for one in await admin.read(at) if one["status"] == "changed"]
    assert (found["id"], found["trusted_fingerprints"]) == (changed.id, [PRINT])
    assert await Event.filter(object_type="known_host", object_id=changed.id).count() == 1
    assert (await admin.post(f"{at}/{changed.id}/approve", {})).status == 204
    assert [one["status"] for one in await admin.read(at)] == ["trusted", "trusted"]
    assert (await admin.post(f"{at}/{changed.id}/approve", {"replace": True})).status == 204
    assert [one["id"] for one in await admin.read(at)] == [changed.id]


async def test_a_revoked_key_stays_refused_until_somebody_approves_it(hub, admin, pid, changed):
    at = f"/project/{pid}/known_hosts/{changed.id}"
    assert (await admin.post(f"{at}/revoke")).status == 204
    assert (await admin.read(at))["status"] == "revoked"
    assert f"@revoked web {NEW}" in await host_key_lessons.lines_of(pid)
    (lesson,) = await host_key_lessons.learn(hub, pid, read_lines(f"web {NEW}"), "first_use")
    assert lesson.refused
    assert "has revoked" in lesson.sentence
    assert (await admin.post(f"{at}/approve", {})).status == 204
    assert (await admin.read(at))["status"] == "trusted"
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404


async def test_revoking_what_is_revoked_already_elsewhere_is_refused(admin, pid):
    await admin.made(f"/project/{pid}/known_hosts", {"lines": f"web {OLD}"})
    row = await KnownHost.get(project_id=pid)
    await KnownHost.create(
        project_id=pid, host="@revoked web", key_type=row.key_type, key=row.key, fingerprint=row.fingerprint,
        created=row.created,
    )  # fmt: skip
    assert (await admin.post(f"/project/{pid}/known_hosts/{row.id}/revoke")).status == 409


async def test_the_policy_of_the_project_counts_before_that_of_the_hub(admin, pid, other):
    at = f"/project/{pid}/host_key_policy"
    assert await admin.read(at) == {"policy": "", "effective": "first_use"}
    assert (await admin.post("/options", {"key": "host_keys", "value": "ask"})).status in {200, 201}
    assert await admin.read(at) == {"policy": "", "effective": "ask"}
    assert (await admin.put(at, {"policy": "off"})).status == 204
    assert await admin.read(at) == {"policy": "off", "effective": "off"}
    assert (await admin.read(f"/project/{other}/host_key_policy"))["effective"] == "ask"
    assert (await admin.put(at, {"policy": "never"})).status == 400
    assert (await admin.put(at, {"policy": ""})).status == 204
    assert (await admin.read(at))["policy"] == ""


async def test_managers_decide_about_keys_and_owners_about_the_policy(admin, manager, runner, pid, changed):
    at = f"/project/{pid}/known_hosts"
    one = f"{at}/{changed.id}"
    for path, body in ((at, {"lines": f"x {OLD}"}), (f"{one}/approve", {}), (f"{one}/revoke", None),
                       (f"{at}/scan", {"host": "x"})):  # fmt: skip
        assert (await runner.post(path, body)).status == 403, path
    assert len(await runner.read(at)) == 2
    assert (await manager.put(f"/project/{pid}/host_key_policy", {"policy": "off"})).status == 403
    assert (await manager.post(f"{at}/{changed.id}/approve", {})).status == 204
    assert (await admin.read(f"{at}/{changed.id}"))["decided_by"] == "manager"


@pytest.mark.parametrize("host", ["", "-oProxyCommand=x", "a b", "user@host", "a;b", "[a]:22", "x" * 300])
async def test_only_a_plain_name_is_scanned(admin, pid, host):
    assert (await admin.post(f"/project/{pid}/known_hosts/scan", {"host": host})).status == 400


async def test_a_project_that_goes_takes_its_policy_along(admin, pid):
    assert (await admin.put(f"/project/{pid}/host_key_policy", {"policy": "off"})).status == 204
    assert f"host_keys.{pid}" in await admin.read("/options")
    assert (await admin.delete(f"/project/{pid}")).status == 204
    assert f"host_keys.{pid}" not in await admin.read("/options")
