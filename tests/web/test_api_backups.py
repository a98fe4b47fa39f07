"""Projects as documents: what is written, what is taken, and that nothing is left of what is refused."""

from __future__ import annotations

import json

import pytest

from hub.models import (
    Environment,
    Event,
    Integration,
    IntegrationAlias,
    Inventory,
    Key,
    Project,
    Repository,
    Role,
    Schedule,
    Template,
    TemplateVault,
    View,
)
from hub.services import keys, schedule_params
from hub.services.actor import Actor
from hub.services.backup import projects as service
from hub.testing.booted import administrator, booted

from .backup_project import (
    ANSWER,
    CANARY,
    GROUP_SECRET,
    KEY_SECRET,
    TOKEN_SECRET,
    furnished,
    of_theirs,
    of_years_ago,
    unnamed,
)

PASSPHRASE = "correct horse battery"
COUNTED = (Project, Key, Repository, Inventory, Environment, Template, View, Role, Schedule, Integration, Event)


@pytest.fixture
async def everything(hub) -> int:
    return await furnished(hub, await administrator())


async def counts() -> list[int]:
    return [await model.all().count() for model in COUNTED]


async def test_what_is_restored_is_what_was_backed_up(admin, everything):
    first = await admin.read(f"/project/{everything}/backup")
    reply = await admin.post("/projects/restore", {"backup": first, "name": "Another"})
    assert reply.status == 200, reply.data
    made = reply.json
    assert made["name"] == "Another"
    assert made["max_parallel_tasks"] == 3
    assert unnamed(await admin.read(f"/project/{made['id']}/backup")) == unnamed(first)
    for kind in ("keys", "repositories", "inventories", "environments", "templates", "views", "integrations",
                 "schedules", "roles", "secret_storages", "host_configs",
                 "freezes", "known_hosts"):  # fmt: skip
        assert first[kind], kind


async def test_keys_in_params_travel_by_name_and_never_by_a_foreign_id(admin, everything):
    """The id of a key of one project is that of another key, or of none, wherever the document goes."""

    async def token_of(pid: int) -> object:
        (deploy,) = (one for one in await admin.read(f"/project/{pid}/templates") if one["name"] == "A deploy")
        return (deploy["task_params"] or {}).get("galaxy_server_token")

    document = await admin.read(f"/project/{everything}/backup")
    (deploy,) = (one for one in document["templates"] if one["name"] == "A deploy")
    assert deploy["task_params"]["galaxy_server_token"] == {"key": "Outside"}
    made = (await admin.post("/projects/restore", {"backup": document, "name": "Else"})).json
    keys = {one["name"]: one["id"] for one in await admin.read(f"/project/{made['id']}/keys")}
    assert await token_of(made["id"]) == keys["Outside"]
    deploy["task_params"]["galaxy_server_token"] = keys["Outside"]
    made = (await admin.post("/projects/restore", {"backup": document, "name": "Yet another"})).json
    assert await token_of(made["id"]) is None
    deploy["task_params"]["galaxy_server_token"] = {"key": "Nowhere"}
    reply = await admin.post("/projects/restore", {"backup": document, "name": "Third"})
    assert reply.status == 400
    assert "there is no key named “Nowhere”" in reply.json["error"]


async def test_a_backup_is_pretty_and_holds_no_secret_and_no_address(admin, everything):
    reply = await admin.get(f"/project/{everything}/backup")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.data == json.dumps(reply.json, indent=2, sort_keys=True, ensure_ascii=False).encode()
    assert CANARY not in reply.data.decode()
    for alias in await IntegrationAlias.all():
        assert alias.alias not in reply.data.decode()
    assert (await admin.call("HEAD", f"/project/{everything}/backup")).status == 200


@pytest.mark.parametrize("document", [of_theirs, of_years_ago])
async def test_documents_of_other_servers_are_taken(admin, document):
    told = (await admin.post("/projects/restore?dry_run=true", document())).json
    before = await counts()
    reply = await admin.post("/projects/restore", document())
    assert reply.status == 200, reply.data
    assert reply.json["name"] == document()["meta"]["name"]
    assert told["counts"]["added"] > 5
    assert told["missing_secrets"]
    assert await counts() != before


async def test_a_document_of_another_server_loses_nothing_that_can_be_kept(admin):
    told = (await admin.post("/projects/restore?dry_run=true", of_theirs())).json
    assert told["name"] == "homelab"
    assert told["missing_secrets"] == ["keys/GitHub", "keys/vault"]
    assert any("whose they are: 1." in one for one in told["warnings"])
    assert any("“once” is over" in one for one in told["warnings"])
    pid = (await admin.post("/projects/restore", of_theirs())).json["id"]
    deploy = await Template.get(project_id=pid, name="deploy").prefetch_related("build_template", "view")
    assert (deploy.build_template.name, deploy.view.title) == ("build", "All")
    assert await TemplateVault.filter(template_id=deploy.id, vault_key__name="vault").exists()
    nightly = await Schedule.get(project_id=pid, name="nightly")
    assert nightly.active
    assert nightly.next_run_at is not None
    once = await Schedule.get(project_id=pid, name="once")
    assert (once.active, once.run_at, once.next_run_at) == (False, None, None)
    aliases = [one.alias for one in await IntegrationAlias.filter(project_id=pid)]
    assert len(aliases) == 3
    assert not {"aaaa1111aaaa1111", "cccc3333cccc3333"} & set(aliases)
    assert await Integration.filter(project_id=pid).count() == 1


async def test_documents_of_years_ago_keep_their_vaults_and_times(admin):
    pid = (await admin.post("/projects/restore", of_years_ago())).json["id"]
    template = await Template.get(project_id=pid)
    assert (template.app, template.type, template.arguments) == ("ansible", "", '["--diff"]')
    assert await TemplateVault.filter(template_id=template.id, vault_key__name="v").exists()
    assert (await Schedule.get(project_id=pid)).cron_format == "0 5 * * *"
    assert json.loads((await Environment.get(project_id=pid)).json) == {"a": 1}


def broken(change) -> dict:
    document = of_theirs()
    change(document)
    return document


WRONG = {
    "keys.4": lambda one: one["keys"].append({"name": "GitHub", "type": "ssh"}),
    "repositories.0.ssh_key": lambda one: one["repositories"][0].update(ssh_key="gone"),
    "inventories.0.ssh_key": lambda one: one["inventories"][0].update(ssh_key="gone"),
    "templates.0.vaults.0.vault_key": lambda one: one["templates"][0]["vaults"][0].update(vault_key="gone"),
    "templates.0.view": lambda one: one["templates"][0].update(view="gone"),
    "templates.0.build_template": lambda one: one["templates"][1].update(type="deploy", build_template="deploy"),
    "templates.1": lambda one: one["templates"][1].update(app="cobol"),
    "templates.1.survey_vars.0.required": lambda one: one["templates"][1]["survey_vars"][0].update(required="yes"),
    "keys.1": lambda one: one["keys"][1].update(type="retina"),
    "schedules.0": lambda one: one["schedules"][0].update(cron_format="never"),
    "schedules.0.template": lambda one: one["schedules"][0].update(template="gone"),
    "schedules.1.task_params.inventory_name": lambda one: one["schedules"][1]["task_params"].update(inventory_name="?"),
    "integrations.0": lambda one: one["integrations"][0].update(auth_method="telepathy"),
    "repositories.0": lambda one: one["repositories"][0].update(git_url="ext::sh -c id"),
    "meta.max_parallel_tasks": lambda one: one["meta"].update(max_parallel_tasks="many"),
    "roles.0.permissions": lambda one: one["roles"][0].update(permissions=99),
    "templates": lambda one: one.update(templates={"name": "x"}),
    "version": lambda one: one.update(version=99),
    "meta.name": lambda one: one["meta"].update(name=""),
}


@pytest.mark.parametrize("path", WRONG)
async def test_what_is_wrong_is_named_and_nothing_is_left(admin, path):
    before = await counts()
    for query in ("?dry_run=true", ""):
        reply = await admin.post(f"/projects/restore{query}", broken(WRONG[path]))
        assert reply.status == 400, reply.data
        assert reply.json["field"] == path
        assert reply.error.endswith(".")
    assert await counts() == before


@pytest.mark.parametrize("body", [{}, [], "text", 7, {"templates": None, "x": 1}, {"backup": None}, {"backup": 3}])
async def test_what_is_no_backup_is_refused(admin, body):
    reply = await admin.post("/projects/restore", body)
    assert reply.status == 400, reply.data


async def test_too_many_things_are_refused(admin):
    document = {"meta": {"name": "x"}, "views": [{"title": f"v{number}"} for number in range(5001)]}
    reply = await admin.post("/projects/restore", document)
    assert (reply.status, await Project.filter(name="x").exists()) == (413, False)


async def test_a_name_is_good_once(admin):
    assert (await admin.post("/projects/restore", of_theirs())).status == 200
    reply = await admin.post("/projects/restore", of_theirs())
    assert (reply.status, reply.error) == (400, "project with name 'homelab' already exists")


async def test_a_dry_run_changes_nothing(admin, everything):
    before = await counts()
    document = await admin.read(f"/project/{everything}/backup")
    told = await admin.post("/projects/restore?dry_run=true", {"backup": document, "name": "New"})
    assert told.status == 200
    assert set(told.json["counts"]) == {"added", "changed", "same", "kept"}
    assert await counts() == before


async def test_restoring_into_a_project_adds_and_changes_and_deletes_nothing(admin, everything):
    document = await admin.read(f"/project/{everything}/backup")
    same = (await admin.post(f"/project/{everything}/restore", document)).json
    assert same["counts"] == {"added": 0, "changed": 0, "same": len(same["changes"]), "kept": 0}
    document["views"][0]["hidden"] = True
    document["keys"].append({"name": "Fresh", "type": "ssh"})
    del document["host_configs"], document["repositories"], document["inventories"]
    for query in ("?dry_run=true", ""):
        told = (await admin.post(f"/project/{everything}/restore{query}", document)).json
        states = {(one["kind"], one["name"]): one["state"] for one in told["changes"]}
        assert states["views", document["views"][0]["title"]] == "changed"
        assert states["keys", "Fresh"] == "added"
        assert states["repositories", "Code"] == "kept"
        assert states["templates", "Z build"] == "same"
        assert await Key.filter(name="Fresh").exists() == (query == "")
    login = await Key.get(project_id=everything, name="Login")
    assert login.secret


async def test_a_document_can_bring_one_template_alone(admin, everything):
    document = {"templates": [{"name": "More", "app": "bash", "playbook": "x.sh", "repository": "Code"}]}
    told = (await admin.post(f"/project/{everything}/restore", document)).json
    assert told["counts"]["added"] == 1
    assert (await Project.get(id=everything)).max_parallel_tasks == 3


async def test_secrets_travel_locked_and_open_with_their_passphrase_alone(hub, admin, everything):
    reply = await admin.post(f"/project/{everything}/backup", {"passphrase": PASSPHRASE})
    assert reply.status == 200
    for text in (CANARY, PASSPHRASE):
        assert text not in reply.data.decode()
    document = reply.json
    wrong = await admin.post("/projects/restore", {"backup": document, "passphrase": "not the passphrase", "name": "W"})
    assert (wrong.status, wrong.json["field"]) == (400, "passphrase")
    right = {"backup": document, "passphrase": PASSPHRASE, "name": "Opened"}
    told = (await admin.post("/projects/restore?dry_run=true", right)).json
    assert told["missing_secrets"] == []
    pid = (await admin.post("/projects/restore", right)).json["id"]
    login = await Key.get(project_id=pid, name="Login")
    assert (await keys.read_secret(hub, login))["password"] == KEY_SECRET
    token = await Key.get(project_id=pid, owner="vault", source_storage_type=None)
    assert (await keys.read_secret(hub, token)) == {"string": TOKEN_SECRET}
    group = await Key.filter(project_id=pid, name="TOKEN")
    assert [(await keys.read_secret(hub, one))["string"] for one in group] == [GROUP_SECRET] * 2
    nightly = await Schedule.get(project_id=pid, name="Nightly")
    assert schedule_params.open_secret(hub, nightly) == {"pin": ANSWER}
    without = (await admin.post("/projects/restore?dry_run=true", {"backup": document, "name": "W"})).json
    assert "keys/Login" in without["missing_secrets"]


async def test_locked_secrets_go_nowhere_but_where_they_were(admin, everything):
    """A changed address would get the login: whoever alters the document loses what is locked in it."""
    document = (await admin.post(f"/project/{everything}/backup", {"passphrase": PASSPHRASE})).json
    document["repositories"][0]["git_url"] = "https://evil.example.org/code.git"
    body = {"backup": document, "passphrase": PASSPHRASE, "name": "W"}
    assert (await admin.post("/projects/restore", body)).status == 400
    document["secrets"]["memory"] = 2**30
    assert (await admin.post("/projects/restore", body)).status == 400


async def test_a_secret_that_is_lost_comes_back(hub, admin, everything):
    document = (await admin.post(f"/project/{everything}/backup", {"passphrase": PASSPHRASE})).json
    login = await Key.get(project_id=everything, name="Login")
    await keys.write_secret(hub, login.id, {})
    told = (await admin.post(f"/project/{everything}/restore", {"backup": document, "passphrase": PASSPHRASE})).json
    assert told["counts"]["added"] == 0
    await login.refresh_from_db()
    assert (await keys.read_secret(hub, login))["password"] == KEY_SECRET


@pytest.mark.parametrize("passphrase", ["", "short", "x" * 1025])
async def test_a_passphrase_must_keep_people_out(admin, everything, passphrase):
    assert (await admin.post(f"/project/{everything}/backup", {"passphrase": passphrase})).status == 400


async def test_a_copy_is_the_same_and_has_secrets_only_when_asked(hub, admin, everything):
    plain = await admin.made(f"/project/{everything}/copy", {})
    assert plain["name"] == "Everything (2)"
    whole = await admin.made(f"/project/{everything}/copy", {"name": "Twin", "secrets": True})
    first = unnamed(await admin.read(f"/project/{everything}/backup"))
    for made in (plain, whole):
        assert unnamed(await admin.read(f"/project/{made['id']}/backup")) == first
    assert (await Key.get(project_id=plain["id"], name="Login")).secret is None
    login = await Key.get(project_id=whole["id"], name="Login")
    assert (await keys.read_secret(hub, login))["password"] == KEY_SECRET
    assert (await admin.post(f"/project/{everything}/copy", {"name": "Twin"})).status == 400


async def test_only_those_who_manage_a_project_take_backups_and_only_those_who_own_it_take_secrets(
    people, everything
):  # fmt: skip
    expected = {
        "guest": (403, 403, 403), "task_runner": (403, 403, 403), "manager": (200, 403, 403), "owner": (200, 200, 200),
    }  # fmt: skip
    for role, (plain, secret, into) in expected.items():
        _, client = await people.somebody(role, project_id=everything, role=role)
        path = f"/project/{everything}"
        assert (await client.get(f"{path}/backup")).status == plain, role
        assert (await client.post(f"{path}/backup", {"passphrase": PASSPHRASE})).status == secret, role
        assert (await client.post(f"{path}/restore", {"views": [{"title": role}]})).status == into, role
    _, stranger = await people.somebody("stranger")
    assert (await stranger.get(f"/project/{everything}/backup")).status == 404


async def test_only_those_who_may_create_projects_restore_and_copy(people, everything):
    _, owner = await people.somebody("jane", project_id=everything, role="owner")
    assert (await owner.post("/projects/restore", of_theirs())).status == 403
    assert (await owner.post(f"/project/{everything}/copy", {"name": "Mine"})).status == 403
    assert not await Project.filter(name__in=["homelab", "Mine"]).exists()


async def test_where_everybody_may_create_projects_a_manager_copies_without_secrets(plugins):
    async with booted(plugins=plugins, non_admin_can_create_project=True) as hub:
        from hub.models import Membership, User

        pid = await furnished(hub, await administrator())
        user = await User.create(created=hub.clock(), username="m", name="M", email="m@example.org")
        await Membership.create(project_id=pid, user_id=user.id, role="manager")
        manager = Actor("user", user.id, "m", "M")
        made = await service.copy(hub, manager, pid, service.CopyDraft(name="Mine"))
        assert await Membership.filter(project_id=made["id"], user_id=user.id, role="owner").exists()
        with pytest.raises(Exception, match="does not let you"):
            await service.copy(hub, manager, pid, service.CopyDraft(name="Loot", secrets=True))


async def test_names_that_are_there_twice_are_told_apart(admin, everything):
    project = await Project.get(id=everything)
    for _ in range(2):
        await Key.create(project=project, name="Login", type="none")
        await View.create(project=project, title="x" * 100)
    document = await admin.read(f"/project/{everything}/backup")
    names = [one["name"] for one in document["keys"]]
    assert len(set(names)) == len(names)
    pid = (await admin.post("/projects/restore", {"backup": document, "name": "Again"})).json["id"]
    assert unnamed(await admin.read(f"/project/{pid}/backup")) == unnamed(document)
    same = (await admin.post(f"/project/{everything}/restore", document)).json
    assert same["counts"]["added"] == 0
