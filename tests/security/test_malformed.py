"""Bodies, texts and queries made to break something: each is refused with a sentence, and nothing after it breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.context import Hub
from hub.models import Task, Template, View
from hub.testing import databases
from hub.testing.booted import administrator, booted
from hub.web.api import load_routes
from hub.web.api.routing import ROUTES
from hub.web.app import MAX_BODY, make_app

from .people import Caller, People, Things, furnish

load_routes()


dialect, url = databases.dialect, databases.url


@pytest.fixture
async def hub(url: str, plugins) -> AsyncIterator[Hub]:
    """On both databases: what one stores, the other refuses."""
    async with booted(plugins=plugins, database_url=url) as one:
        yield one


@pytest.fixture
async def hers(hub: Hub) -> Things:
    return await furnish(hub, "hers")


@pytest.fixture
async def owner(hub: Hub, hers: Things) -> Caller:
    return await People(hub, make_app(hub)).somebody("owner", (hers.project, "owner"))


def nested(depth: int, kind: str = "[]") -> str:
    return kind[0] * depth + kind[1] * depth if kind == "[]" else '{"a":' * depth + "1" + "}" * depth


ASK = ("/branches", "/contents")
"""They ask a worker, and there is none."""

BODIES = {
    "deep list": nested(100_000),
    "deep object": nested(100_000, "{}"),
    "list within limits of parsers": nested(900),
    "huge number": "1" * 5000,
    "huge exponent": "1e99999999",
    "not a number": "NaN",
    "endless": "-Infinity",
    "nothing": "",
    "nul": "\0",
    "null": "null",
    "half": '{"name": "x',
    "half an escape": '{"name": "\\u12',
    "invalid utf-8": b'{"name": "\xff\xfe"}',
    "lone surrogate": '{"name": "\\ud800"}',
    "lone surrogate in a name of a member": '{"\\ud800": 1}',
    "utf-16": '{"name": "x"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "yaml": "&a [*a, *a]",
    "aliases": "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
    "python": "!!python/object/apply:os.system [id]",
    "pickle": b"\x80\x04\x95cos\nsystem\n",
    "xml": "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "list": "[]",
    "text": '"x"',
    "prototype": '{"__proto__": {"admin": true}, "__class__": "x", "constructor": 1}',
    "same twice": '{"name": "a", "name": "b", "NAME": "c"}',
    "many members": json.dumps({f"m{number}": number for number in range(20_000)}),
    "wrong types": json.dumps({"name": {"a": []}, "id": "x", "project_id": [], "type": 5, "template_id": {}}),
    "negative": json.dumps({"name": "x", "id": -1, "template_id": -1, "ssh_key_id": -5, "position": -(10**30)}),
    "beyond integers": json.dumps({"name": "x", "id": 2**31, "template_id": 2**63, "repository_id": 2**64}),
    "long": json.dumps({"name": "x" * 100_000, "title": "x" * 100_000, "message": "x" * 100_000}),
    "nul in texts": json.dumps(dict.fromkeys(
        ("name", "title", "username", "email", "playbook", "inventory", "message", "key", "value", "json", "env",
         "auth", "git_url", "git_branch", "arguments", "description", "role", "type", "password", "alert_chat",
         "app"), "a\0b")),
}  # fmt: skip


async def test_no_body_breaks_any_route(hub, owner, hers, people):
    admin = await people.with_token(await administrator())
    wrong = {}
    for route in ROUTES.all:
        if not route.needs_body:
            continue
        path = route.path.format_map(_Ids(hers.ids()))
        caller = admin if route.access.value == "admin" else owner
        for name, body in BODIES.items():
            reply = await caller.call(route.method, f"/api{path}", raw=body, Content_Type="application/json")
            if reply.status >= 500 and reply.status != 503:
                wrong[f"{route.method} {route.path} {name}"] = reply.status
    assert wrong == {}
    assert await still_answers(owner, hers) == []


class _Ids(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "1" if name.endswith("_id") else "bash"


async def still_answers(caller: Caller, things: Things) -> list[str]:
    """Lists that do not answer any more, because of something that was stored."""
    broken = []
    for route in ROUTES.all:
        if route.method == "GET" and route.access.value != "admin" and not route.path.endswith(ASK):
            path = route.path.format_map(_Ids(things.ids()))
            if (await caller.call("GET", f"/api{path}")).status >= 500:
                broken.append(path)
    return broken


def odd_values() -> dict[str, Any]:
    """What a free object or text may hold that some encoder or database does not take."""
    return {
        "deep": json.loads(nested(500, "{}")),
        "big": 10**40,
        "surrogate": "\ud800",
        "nul": "\0",
        "infinite": float("inf"),
        "list": [[[[[{"a": [1e308, -0.0, None, True]}]]]]],
        "\ud800": 1,
        "\0": 1,
    }


async def test_no_free_object_poisons_a_list(owner, hers):
    """One who may only run tasks could otherwise store what nobody can read back, and so hide every task."""
    for value in odd_values().values():
        for body in ({"limit": value}, {"unknown": value}, {"unknown": {"a": [value]}}):
            text = json.dumps({"template_id": hers.vault_template, "params": body})
            for raw in (text, text + " trailing"):
                reply = await owner.call("POST", f"/api/project/{hers.project}/tasks", raw=raw)
                assert reply.status in {201, 400}, (body, reply.data)
            template = {"name": "x", "app": "bash", "playbook": "x", "repository_id": hers.repository}
            raw = json.dumps(template | {"task_params": body}) + " trailing"
            reply = await owner.call("POST", f"/api/project/{hers.project}/templates", raw=raw)
            assert reply.status in {201, 400}, (body, reply.data)
    assert await still_answers(owner, hers) == []


async def test_no_text_that_holds_json_poisons_a_list(owner, hers):
    """Answers, arguments and variables are JSON within a text."""
    await Template.filter(id=hers.template).update(survey_vars=[{"name": "A", "title": "A"}])
    values = [json.dumps({"A": value}) for value in odd_values().values()]
    values += [nested(100_000, "{}"), nested(100_000), '{"A": ' + nested(50_000) + "}", '{"A": NaN}', "[" * 999,
               '{"A": ' + "9" * 5000 + "}", "\ud800", '{"\\ud800": 1}', "null", "5", '"x"', "{", "[null]",
               "[{}]"]  # fmt: skip
    for text in values:
        for member in ("environment", "secret", "arguments"):
            body = {"template_id": hers.template, member: text}
            reply = await owner.call("POST", f"/api/project/{hers.project}/tasks", raw=json.dumps(body))
            assert reply.status in {201, 400}, (member, text[:40], reply.data)
        for member in ("json", "env"):
            body = {"name": "x", "json": "{}"} | {member: text}
            reply = await owner.call("POST", f"/api/project/{hers.project}/environment", raw=json.dumps(body))
            assert reply.status in {201, 400}, (member, text[:40], reply.data)
        body = {"name": "x", "app": "bash", "playbook": "x", "repository_id": hers.repository, "arguments": text}
        reply = await owner.call("POST", f"/api/project/{hers.project}/templates", raw=json.dumps(body))
        assert reply.status in {201, 400}, (text[:40], reply.data)
    assert await still_answers(owner, hers) == []


async def test_no_number_in_a_path_breaks_anything(owner, hers):
    wrong = {}
    for route in ROUTES.all:
        if route.method != "GET" or route.access.value == "admin" or route.path.endswith(ASK):
            continue
        for part in [name for name in hers.ids() if f"{{{name}}}" in route.path]:
            for number in ("0", "-1", "2147483648", "9999999999", "99999999999999999999", "1.5", "1e3", "%00", "x", "١",
                           "0x1", "1_0", "+1", "%201", "1;2", "null"):  # fmt: skip
                path = route.path.format_map(_Ids(hers.ids() | {part: number}))
                reply = await owner.call("GET", f"/api{path}")
                if reply.status >= 500:
                    wrong[path] = reply.status
    assert wrong == {}


INJECTED = [
    "'", '"', "name'", "name;drop table task", "name desc", "1", "(select 1)", "name--", "name/**/", "id", "-id",
    "project__name", "repository__ssh_key__secret", "user__password_hash", "%", "_", "\\", "a\0b", "%00", "\u2028",
    "' or '1'='1", "name,(case when 1=1 then 1 else 0 end)", "null", "{{7*7}}", "$where", "\ud7ff", "x" * 5000,
]  # fmt: skip


async def test_no_parameter_of_a_query_reaches_the_database_as_sql(owner, hers, people):
    admin = await people.with_token(await administrator())
    for number in range(3):
        await View.create(title=f"v{number}", position=number, project_id=hers.project)
    wrong = {}
    for route in ROUTES.all:
        if route.method != "GET" or route.path.endswith((*ASK, "/system/health")):  # which names the database
            continue
        path = route.path.format_map(_Ids(hers.ids()))
        for text in INJECTED:
            names = ("sort", "order", "q", "s", "app", "status", "limit", "count", "before", "first", "kind",
                     "template_id", "filter", "page", "from", "time_zone")  # fmt: skip
            from urllib.parse import urlencode

            query = urlencode(dict.fromkeys(names, text))
            for caller in (admin, owner):
                reply = await caller.call("GET", f"/api{path}?{query}")
                if reply.status >= 500 or b"syntax error" in reply.data.lower() or b"sqlite" in reply.data.lower():
                    wrong[f"{path} {text[:30]}"] = (reply.status, reply.data[:200])
    assert wrong == {}


async def test_sorting_tells_nothing_of_hidden_columns(owner, hers):
    """Ordering by a hash, character by character, would tell it."""
    for kind in ("users", "keys", "templates", "repositories", "environment"):
        for column in ("user__password_hash", "password_hash", "secret", "repository__ssh_key__secret", "owner"):
            plain = await owner.get(f"/project/{hers.project}/{kind}")
            sorted_by = await owner.get(f"/project/{hers.project}/{kind}?sort={column}&order=desc")
            assert sorted_by.status == 400 or sorted_by.data == plain.data, (kind, column)


async def test_a_search_finds_patterns_as_texts(people, admin):
    for name in ("a_b", "axb", "a%b"):
        await people.actor(name)
    found = [user["username"] for user in (await admin.get("/users?s=a_")).json]
    assert found == ["a_b"]
    assert [user["username"] for user in (await admin.get("/users?s=%25")).json] == []


async def test_a_name_that_no_database_takes_is_a_wrong_one(people, hub):
    for path, raw in (
        ("/api/auth/login", '{"auth": "a\\u0000", "password": "x"}'),
        ("/auth/login", "username=a%00&password=x"),
    ):
        kind = "application/json" if raw[0] == "{" else "application/x-www-form-urlencoded"
        reply = await people.nobody().call("POST", path, raw=raw, Content_Type=kind)
        assert reply.status in {400, 401}


async def test_no_number_in_the_path_of_a_page_breaks_anything(hub, hers):
    import re

    from hub.web.pages import PAGES

    caller = await People(hub, make_app(hub)).with_session(await administrator())
    for page in PAGES:
        if "<int:" in page.rule and "GET" in page.methods:
            for number in ("2147483648", "9" * 30, "0", "-1"):
                path = re.sub(r"<int:(\w+)>", number, page.rule)
                reply = await caller.call("GET", re.sub(r"<(?:\w+:)?(\w+)>", "x", path))
                assert reply.status == 404, path


async def test_a_body_of_more_than_ten_mebibytes_is_refused(owner, hers, people):
    body = b'{"name": "' + b"x" * MAX_BODY + b'"}'
    keys = f"/api/project/{hers.project}/keys"
    for path, most in ((keys, "10 MiB"), ("/api/auth/login", "64 KiB"), ("/api/user/tokens", "10 MiB")):
        reply = await owner.call("POST", path, raw=body)
        assert reply.status == 413, path
        assert most in reply.json["error"]
    nobody = await people.nobody().call("POST", keys, raw=body)
    assert nobody.status == 413  # what is too large is refused before anybody is asked who sends it


async def test_a_form_of_more_than_ten_mebibytes_is_refused(people):
    reply = await people.nobody().call(
        "POST", "/auth/login", raw=b"username=" + b"x" * MAX_BODY, Content_Type="application/x-www-form-urlencoded"
    )
    assert reply.status == 413


async def test_an_inventory_of_aliases_is_not_unfolded(stage):
    """A billion laughs: nine short lines that would be gigabytes."""
    from hub.models import Inventory

    lines = ["a0: &a0 {hosts: {h: {}}}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    inventory = await Inventory.create(
        project=stage.project, name="h", type="static-yaml", inventory="\n".join([*lines, "all: {hosts: {}}"])
    )
    template = await stage.template("hello.sh", app="ansible", inventory=inventory)
    task = await stage.run(template)
    assert task["status"] == "error"
    assert await Task.filter(id=task["id"]).count() == 1
