"""Keys that the hub makes up, secrets that are replaced, and when they expire, over the API."""

from __future__ import annotations

import asyncssh
import pytest

from hub.models import Event, Key
from hub.services.keys import read_secret

MOMENT = "2031-01-31T12:00:00Z"


@pytest.mark.parametrize(("kind", "begin"), [("", "ssh-ed25519 "), ("ed25519", "ssh-ed25519 "), ("rsa", "ssh-rsa ")])
async def test_a_pair_is_made_and_only_its_public_half_told(hub, admin, pid, kind, begin):
    body = {"name": "Pair", "generate": kind, "login": "git", "expires": MOMENT}
    made = await admin.made(f"/project/{pid}/keys/generate", body)
    assert made["public_key"].startswith(begin)
    assert made["public_key"].endswith(" Pair")
    assert made["ssh"] == {"login": "", "passphrase": "", "private_key": ""}
    assert made["expires"] == MOMENT
    secret = await read_secret(hub, await Key.get(id=made["id"]))
    key = asyncssh.import_private_key(secret["private_key"])
    assert key.get_fingerprint() == made["fingerprint"]
    if kind == "rsa":
        assert key.pyca_key.key_size == 4096


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "K", "generate": "dsa"},
        {"name": "K", "type": "string"},
        {"name": "K", "type": "magic"},
        {"name": "K", "expires": "soon"},
        {"name": "K", "login": "-oProxyCommand=x"},
    ],
)
async def test_what_cannot_be_made_is_refused(admin, pid, body):
    assert (await admin.post(f"/project/{pid}/keys/generate", body)).status == 400
    assert len(await admin.read(f"/project/{pid}/keys")) == 1


async def test_a_secret_is_replaced_under_its_uses(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/keys", {"name": "T", "type": "string", "string": "one"})
    path = f"/project/{pid}/keys/{made['id']}"
    assert await admin.read(f"{path}/uses") == []
    reply = await admin.post(f"{path}/rotate", {"string": "two", "type": "string", "expires": MOMENT})
    assert (reply.status, reply.json["expires"]) == (200, MOMENT)
    assert await read_secret(hub, await Key.get(id=made["id"])) == {"string": "two"}
    assert await Event.exists(description="Access Key T rotated")
    for wrong in ({}, {"string": ""}, {"type": "ssh", "generate": "ed25519"}, {"generate": "ed25519"}):
        assert (await admin.post(f"{path}/rotate", {"type": "string"} | wrong)).status == 400
    assert (await admin.read(path))["expires"] == MOMENT
    await admin.put(path, {"name": "T", "type": "string", "project_id": pid})
    assert (await admin.read(path))["expires"] == MOMENT  # the wire's clients do not know of it
    await admin.put(path, {"name": "T", "type": "string", "project_id": pid, "expires": None})
    assert "expires" not in await admin.read(path)


async def test_only_those_who_manage_make_and_replace_keys(admin, runner, pid):
    made = await admin.made(f"/project/{pid}/keys", {"name": "T", "type": "string", "string": "one"})
    path = f"/project/{pid}/keys"
    assert (await runner.post(f"{path}/generate", {"name": "K"})).status == 403
    assert (await runner.post(f"{path}/{made['id']}/rotate", {"string": "two", "type": "string"})).status == 403
    assert (await runner.get(f"{path}/{made['id']}/uses")).status == 403
