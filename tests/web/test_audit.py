"""The audit: who did what from where, and what changed with it; filtered, exported, and never with a secret."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tortoise import fields

from hub.models import Event, Membership, Project, User
from hub.services import changes, projects
from hub.services.actor import asked_from
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.web.app import make_app
from hub.web.tables import cell

SECRET = "canary-4711"


@pytest.fixture
async def changed(admin, pid):
    """A project in which a variable group and a key were changed, with secrets."""
    group = await admin.made(
        f"/project/{pid}/environment", {"name": "Vars", "project_id": pid, "json": "{}", "env": "{}"}
    )
    key = await admin.made(
        f"/project/{pid}/keys",
        {"name": "Login", "type": "login_password", "project_id": pid, "login_password": {"password": SECRET}},
    )
    draft = {**group, "name": "Variables", "json": json.dumps({"token": SECRET}), "env": "{}"}
    assert (await admin.put(f"/project/{pid}/environment/{group['id']}", draft)).status == 204
    renamed = {"id": pid, "name": "=cmd()", "max_parallel_tasks": 3}
    assert (await admin.put(f"/project/{pid}", renamed)).status == 204
    return {"group": group["id"], "key": key["id"]}


async def entries(client, path):
    return [(one["description"], one["changes"]) for one in await client.read(path)]


async def test_a_change_is_told_with_what_was_and_what_is_but_no_secret(admin, pid, changed):
    found = await entries(admin, f"/project/{pid}/audit?limit=2")
    assert found == [
        ("Project updated", {"name": ["First", "=cmd()"], "max_parallel_tasks": [0, 3]}),
        ("Environment Variables updated", {"name": ["Vars", "Variables"], "json": None}),
    ]
    made = dict(await entries(admin, f"/project/{pid}/audit"))["Access Key Login created"]
    assert made["type"] == [None, "login_password"]
    rows = await Event.all().values_list("description", "changes", "actor")
    assert SECRET not in repr(rows)
    assert {actor for _, _, actor in rows if _} == {"admin (token)"}


async def test_a_replaced_secret_is_told_as_such(admin, pid, changed):
    key = {"id": changed["key"], "project_id": pid, "name": "Login", "type": "login_password", "override_secret": True}
    body = {**key, "login_password": {"password": SECRET * 2}}
    assert (await admin.put(f"/project/{pid}/keys/{changed['key']}", body)).status == 204
    at = f"/project/{pid}/environment/{changed['group']}"
    for secret in (
        {"operation": "create", "name": "token", "secret": SECRET},
        {"operation": "update", "name": "pass", "secret": SECRET},
        {"operation": "update", "name": "word", "secret": ""},
        {"operation": "delete"},
    ):
        group = await admin.read(at)
        (known,) = group.get("secrets") or [{}]
        assert (await admin.put(at, {**group, "secrets": [{"type": "env", **known, **secret}]})).status == 204
    assert [one for _, one in await entries(admin, f"/project/{pid}/audit?limit=5")] == [
        {"secrets.word": None},
        {"secrets.pass": ["pass", "word"]},
        {"secrets.token": ["token", "pass"], "secrets.pass": None},
        {"secrets.token": None},
        {"secret": None},
    ]


async def test_a_workspace_that_is_made_along_with_its_template_has_changes_of_its_own(admin, pid):
    none = await admin.made(f"/project/{pid}/keys", {"name": "None", "type": "none", "project_id": pid})
    repository = {"name": "Code", "project_id": pid, "git_url": "https://git.example.org/a.git", "git_branch": "main"}
    repository = await admin.made(f"/project/{pid}/repositories", repository | {"ssh_key_id": none["id"]})
    draft = {"name": "Infra", "app": "terraform", "project_id": pid, "repository_id": repository["id"]}
    template = await admin.made(f"/project/{pid}/templates", draft)
    told = dict(await entries(admin, f"/project/{pid}/audit?limit=2"))
    assert told["Inventory default created"]["type"] == [None, "terraform-workspace"]
    made = told[f"Template ID {template['id']} created"]
    assert made["app"] == [None, "terraform"]
    assert made["inventory_id"][1] is not None


async def test_the_address_of_the_request_is_kept(admin, pid):
    token = asked_from.set("192.0.2.7")
    try:
        assert (await admin.put(f"/project/{pid}", {"id": pid, "name": "Elsewhere"})).status == 204
    finally:
        asked_from.reset(token)
    [newest] = await admin.read("/audit?limit=1")
    assert (newest["address"], newest["actor"], newest["project_name"]) == ("192.0.2.7", "admin (token)", "Elsewhere")
    assert len(await admin.read("/audit?address=192.0.2.7")) == 1


async def test_filters_and_pages_leave_what_was_asked_for(admin, pid, changed):
    place = f"/project/{pid}/audit"
    assert [one["object_id"] for one in await admin.read(f"{place}?object_type=key,environment&q=created")] == [
        changed["key"], changed["group"]
    ]  # fmt: skip
    assert await admin.read(f"{place}?actor=nobody") == []
    assert await admin.read(f"{place}?created__gt=2999-01-01T00:00:00Z") == []
    first = await admin.get(f"{place}?limit=2")
    assert first.headers["X-Has-Next"] == "true"
    following = first.headers["Link"].split("<")[1].split(">")[0].removeprefix("/api")
    whole = [one["id"] for one in await admin.read(place)]
    assert [*(one["id"] for one in first.json), *(one["id"] for one in await admin.read(following))] == whole[:4]


async def test_only_those_who_manage_see_it(admin, manager, runner, guest, stranger, pid, changed):
    assert await manager.read(f"/project/{pid}/audit") == await admin.read(f"/project/{pid}/audit")
    for client, status in ((runner, 403), (guest, 403), (stranger, 404)):
        for path in ("audit", "audit/csv", "audit/jsonl"):
            assert (await client.get(f"/project/{pid}/{path}")).status == status
    for path in ("/audit", "/audit/csv"):
        assert (await manager.get(path)).status == 403
    seen = (await guest.read(f"/project/{pid}/events"))[0]
    assert (seen["actor"], "changes" in seen, "address" in seen) == ("admin (token)", False, False)


async def test_a_file_holds_everything_and_runs_nothing(admin, pid, changed, monkeypatch):
    monkeypatch.setattr("hub.services.audit._BATCH", 2)
    whole = await admin.read(f"/project/{pid}/audit")
    reply = await admin.get(f"/project/{pid}/audit/csv")
    assert reply.headers["Content-Disposition"] == f'attachment; filename="audit-project-{pid}.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.data.decode())))
    assert [int(one["id"]) for one in rows] == [one["id"] for one in whole]
    assert {one["project_name"] for one in rows} == {"'=cmd()"}
    assert json.loads(rows[0]["changes"])["name"] == ["First", "=cmd()"]
    lines = (await admin.get(f"/project/{pid}/audit/jsonl?q=updated")).data.splitlines()
    assert [json.loads(one)["description"] for one in lines] == ["Project updated", "Environment Variables updated"]
    assert len((await admin.get("/audit/jsonl")).data.splitlines()) >= len(whole)
    assert (await admin.get("/audit/csv?sort=none")).status == 400


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_no_cell_is_a_formula(text):
    assert cell(text) == f"'{text}"


def test_plain_cells_stay_as_they_are():
    assert [cell(one) for one in (None, "a=b", -5, {"a": [1, None]})] == ["", "a=b", "-5", '{"a":[1,null]}']


def test_every_column_that_may_hold_a_secret_is_hidden():
    """By its name or its kind: free texts and JSON of the watched models are hidden, or looked at and named here."""
    harmless = {"args", "description", "limits", "tags", "body", "notes", "path", "start_version",
                "events", "secret_changed", "template_ids"}  # fmt: skip
    wrong = []
    for model in changes.WATCHED:
        for name, one in model._meta.fields_map.items():
            free = isinstance(one, fields.TextField | fields.JSONField | fields.BinaryField)
            telling = any(word in name for word in ("secret", "password", "digest", "token", "hash", "private"))
            telling = telling and not name.endswith(("_id", "_storage", "_key", "_type", "prefix")) and one.has_db_field
            known = changes.HIDDEN.get(model, frozenset()) | changes.BY_ITSELF
            if (free or telling) and name not in known | harmless:
                wrong.append(f"{model.__name__}.{name}")
    assert wrong == []


async def test_what_fails_leaves_nothing(admin, pid):
    before = await Event.all().count()
    assert (await admin.put(f"/project/{pid}", {"id": pid + 1, "name": "Wrong"})).status == 400
    assert (await Project.get(id=pid)).name == "First"
    assert await Event.all().count() == before


async def test_pages_show_what_changed_and_link_to_it(hub, scene, people):
    app = make_app(hub)
    reader = Reader(app)
    assert (await reader.sign_in("admin", PASSWORD)).status == 303
    assert (await Reader(app).sign_in("admin", "wrong")).status == 401
    assert (await Reader(app).sign_in("hunter2", "wrong")).status == 401
    place = f"/project/{scene.project.id}"
    await reader.send(f"{place}/settings", {"name": "<b>Bold</b>", "max_parallel_tasks": "4"})
    page = (await reader.get(f"{place}/activity?kind=project")).text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<del>Scene</del>" in page
    whole = (await reader.get("/audit")).text
    assert "Sign-in failed for a name that nobody has" in whole
    assert "hunter2" not in whole
    assert "Signed in" in whole
    assert f'href="{place}/activity"' in whole
    nothing = (await reader.get("/audit?q=nothing+like+that&from=2020-01-01&to=wrong")).text
    assert "Nothing fits" in nothing
    file = await reader.get(f"{place}/activity/file?format=jsonl&kind=project")
    assert [json.loads(one)["description"] for one in file.text.splitlines()] == ["Project updated"]
    assert (await reader.get("/audit/file?q=Signed")).text.startswith("id,created,actor,")


async def test_members_who_do_not_manage_see_what_happened_without_what_changed(hub, scene):
    app = make_app(hub)
    user = await User.create(created=hub.clock(), username="eve", name="Eve", email="eve@example.org",
                             password_hash=await hash_password("changeme"))  # fmt: skip
    await Membership.create(project_id=scene.project.id, user_id=user.id, role="guest")
    draft = projects.ProjectDraft(name="Renamed")
    await projects.update_project(hub, scene.actor, scene.project.id, draft)
    reader = Reader(app)
    await reader.sign_in("eve", "changeme")
    page = (await reader.get(f"/project/{scene.project.id}/activity")).text
    assert "The settings of the project were changed" in page
    assert "<del>" not in page
    assert (await reader.get(f"/project/{scene.project.id}/activity/file")).status == 403
    assert (await reader.get("/audit")).status == 403
