"""Backups on pages: the download, the copy, and the look before a restore."""

from __future__ import annotations

import json

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Key, Membership, Project, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD, administrator
from hub.testing.reader import Reader
from hub.web.app import make_app

from .backup_project import CANARY, furnished, of_theirs

PASSPHRASE = "correct horse battery"


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def root(hub: Hub) -> str:
    return f"/project/{await furnished(hub, await administrator())}"


async def test_the_settings_offer_what_one_may_do(hub: Hub, app: Quart, reader: Reader, root: str) -> None:
    page = (await reader.get(f"{root}/settings")).text
    for text in ("Download without secrets", "Download with secrets", "Copy this project", "Restore into this project"):
        assert text in page
    user = await User.create(created=hub.clock(), username="mary", name="Mary", email="m@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip
    await Membership.create(project_id=int(root.rpartition("/")[2]), user=user, role="manager")
    mary = Reader(app)
    await mary.sign_in("mary", PASSWORD)
    page = (await mary.get(f"{root}/settings")).text
    assert "Download without secrets" in page
    for text in ("Download with secrets", "Copy this project", "Restore into this project"):
        assert text not in page
    assert (await mary.get("/project/restore")).status == 403


async def test_a_backup_is_downloaded_as_a_file(reader: Reader, root: str) -> None:
    sheet = await reader.get(f"{root}/backup/file")
    assert json.loads(sheet.text)["meta"]["name"] == "Everything"
    sheet = await reader.send(f"{root}/backup/file", {"passphrase": PASSPHRASE})
    assert sheet.status == 200
    assert json.loads(sheet.text)["secrets"]["kdf"] == "argon2id"
    assert CANARY not in sheet.text
    sheet = await reader.send(f"{root}/backup/file", {"passphrase": "short"})
    assert (sheet.status, 'id="f-passphrase-error"' in sheet.text, 'value="short"' in sheet.text) == (400, True, False)


async def test_one_sees_what_would_come_of_a_backup_before_it_is_restored(reader: Reader) -> None:
    text = json.dumps(of_theirs())
    look = await reader.send("/project/restore", {"text": text, "do": "look"})
    assert look.status == 200
    assert "keys/GitHub" in look.text
    assert "is added" in look.text
    assert not await Project.filter(name="homelab").exists()
    done = await reader.send("/project/restore", {"text": text, "do": "restore", "name": "Home"})
    assert done.status == 303
    assert await Project.filter(name="Home").exists()


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"meta": {"name": ""}}'])
async def test_what_is_no_backup_is_told_in_a_sentence(reader: Reader, text: str) -> None:
    sheet = await reader.send("/project/restore", {"text": text, "do": "restore"})
    assert sheet.status == 400
    assert 'role="alert"' in sheet.text or 'id="f-text-error"' in sheet.text


async def test_a_backup_goes_into_a_project_that_is_there(reader: Reader, root: str) -> None:
    text = json.dumps({"keys": [{"name": "<b>Fresh</b>", "type": "ssh"}]})
    look = await reader.send(f"{root}/restore", {"text": text, "do": "look"})
    assert "&lt;b&gt;Fresh" in look.text
    assert not await Key.filter(name="<b>Fresh</b>").exists()
    done = await reader.send(f"{root}/restore", {"text": text, "do": "restore"})
    assert done.status == 303
    assert await Key.filter(name="<b>Fresh</b>").exists()


async def test_a_project_is_copied_with_one_form(reader: Reader, root: str) -> None:
    refused = await reader.send(f"{root}/copy", {"copy_name": "Everything", "secrets": "true"})
    assert refused.status == 400
    assert "already exists" in refused.text.partition('id="f-copy_name-error"')[2].partition("</div>")[0]
    assert 'value="Everything" name="copy_name"' in refused.text
    done = await reader.send(f"{root}/copy", {"copy_name": "Twin", "secrets": "true"})
    assert done.status == 303
    twin = await Project.get(name="Twin")
    login = await Key.get(project=twin, name="Login")
    assert login.secret
