"""Who may start tasks from outside: every method, every way to prove oneself."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from quart import Quart

from hub.models import Key, Task
from hub.services.keys import write_secret
from hub.web.api import load_routes
from hub.web.api.mount import mount

from .sender import BODY, SECRET, error, signature


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 405), ("HEAD", 405), ("OPTIONS", 204), ("PUT", 404), ("DELETE", 404), ("PATCH", 404)],
)
async def test_only_post_starts_anything_s18(hooks, method, status):
    alias = await hooks.alias(await hooks.integration(auth_method=""))
    for address in (alias, "ffffffffffffffff"):
        reply = await hooks.send(address, b"{}", method=method)
        assert reply.status_code == status
        assert reply.headers.get("Allow", "POST, OPTIONS") == "POST, OPTIONS"
    assert await Task.all().count() == 0


async def test_a_get_starts_something_where_it_is_allowed_and_proves_itself(hooks, hub):
    """What stray links cannot send is a header with the secret."""
    settings = hub.settings.model_copy(update={"webhook_get": True})
    app = Quart("hub.tests.links")
    load_routes()
    mount(app, replace(hub, settings=settings))
    links = replace(hooks, app=app)
    guarded = await hooks.alias(await hooks.integration(auth_method="token", auth_header="X-Proof"))
    unguarded = await hooks.alias(await hooks.integration(auth_method=""), "unguarded")
    assert (await links.send(guarded, b"", method="GET")).status_code == 401
    assert (await links.send(unguarded, b"", method="GET", X_Proof=SECRET)).status_code == 401
    assert (await links.send("ffffffffffffffff", b"", method="GET")).status_code == 404
    for method, status in (("HEAD", 405), ("OPTIONS", 204)):
        reply = await links.send(guarded, b"", method=method, X_Proof=SECRET)
        assert (reply.status_code, reply.headers["Allow"]) == (status, "POST, GET, OPTIONS")
    assert await Task.all().count() == 0
    started = await links.send(guarded, b"", method="GET", X_Proof=SECRET)
    assert started.status_code == 204
    assert await Task.filter(id=int(started.headers["X-Semaphore-Task-ID"])).exists()


def basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


RIGHT = [
    ("github", {"X_Hub_Signature_256": f"sha256={signature(BODY)}"}),
    ("bitbucket", {"X_Hub_Signature": f"sha256={signature(BODY)}"}),
    ("hmac", {"X_Proof": signature(BODY)}),
    ("token", {"X_Proof": SECRET}),
    ("gitlab", {"X_Gitlab_Token": SECRET}),
    ("basic", {"Authorization": basic("hook", SECRET)}),
]


@pytest.mark.parametrize(("method", "headers"), RIGHT)
async def test_every_way_to_prove_oneself_lets_the_right_one_in(hooks, method, headers):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header="x-PROOF"))
    reply = await hooks.send(alias, BODY, **headers)
    assert (reply.status_code, await Task.all().count()) == (204, 1)


@pytest.mark.parametrize(("method", "headers"), RIGHT)
async def test_every_way_keeps_everybody_else_out(hooks, method, headers):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header="X-Proof"))
    ((name, value),) = headers.items()
    wrong = [{}, {name: ""}, {name: value + "x"}, {name: value[:-1]}, {name: "x\xff"}, {name: value.swapcase() + "="}]
    for given in wrong:
        reply = await hooks.send(alias, BODY, **given)
        assert reply.status_code == 401, given
        assert "does not prove" in await error(reply)
    if method in {"github", "bitbucket", "hmac"}:
        assert (await hooks.send(alias, BODY + b" ", **headers)).status_code == 401
    assert await Task.all().count() == 0


@pytest.mark.parametrize("method", ["github", "bitbucket", "hmac", "token", "gitlab", "basic"])
async def test_an_empty_secret_is_never_right_s14(hooks, method):
    """The reference let everybody in whose header was absent."""
    empty = signature(BODY, "")
    proofs = {"X_Hub_Signature_256": f"sha256={empty}", "X_Hub_Signature": f"sha256={empty}", "X_Gitlab_Token": ""}
    ssh = await Key.create(project=hooks.scene.project, name="s", type="ssh")
    await write_secret(hooks.scene.hub, ssh.id, {"login": "hook", "private_key": SECRET, "password": SECRET})
    none = await Key.create(project=hooks.scene.project, name="n", type="none")
    hollow = await Key.create(project=hooks.scene.project, name="e", type="login_password")
    for number, key_id in enumerate((None, ssh.id, none.id, hollow.id)):
        made = await hooks.integration(auth_method=method, auth_secret_id=key_id, auth_header="X-Proof")
        alias = await hooks.alias(made, f"alias{number}")
        for proof in ({}, {"X_Proof": ""}, {"X_Proof": empty}, {"Authorization": basic("", "")},
                      {"Authorization": basic("hook", "")}):  # fmt: skip
            assert (await hooks.send(alias, BODY, **(proofs | proof))).status_code == 401
    assert await Task.all().count() == 0


@pytest.mark.parametrize("method", ["hmac", "token"])
async def test_a_method_without_its_header_believes_nobody(hooks, method):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header=""))
    assert (await hooks.send(alias, BODY, X_Proof=SECRET)).status_code == 401


@pytest.mark.parametrize("method", ["none", "magic"])
async def test_an_unknown_method_believes_nobody(hooks, method):
    alias = await hooks.alias(await hooks.integration(auth_method=method))
    assert (await hooks.push(alias)).status_code == 401


async def test_a_secret_text_serves_as_well(hooks):
    key = await hooks.key(type_="string", string=SECRET)
    alias = await hooks.alias(await hooks.integration(auth_secret_id=key))
    assert (await hooks.push(alias)).status_code == 204


async def test_unknown_addresses_are_not_found(hooks):
    searchable = await hooks.alias(await hooks.integration(searchable=True, auth_method=""), "a1")
    off = await hooks.alias(await hooks.integration(active=False, auth_method=""), "a2")
    for alias in (searchable, off, "ffffffffffffffff", "x" * 51, "a%20b", "A1"):
        reply = await hooks.push(alias)
        assert reply.status_code == 404, alias
        assert await error(reply) == "There is no integration at this address."
    assert await Task.all().count() == 0
