"""Every page: who may see it, what frames it, and that it keeps to its Content-Security-Policy."""

from __future__ import annotations

import json
import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Membership, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Marks, Reader
from hub.testing.scene import Scene
from hub.testing.weight import BUDGET, named, styleless, weigh
from hub.web.app import make_app

from .addresses import every_address


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def person(hub: Hub, name: str) -> int:
    user = await User.create(
        created=hub.clock(), username=name, name=name.title(), email=f"{name}@example.org",
        password_hash=await hash_password(PASSWORD),
    )  # fmt: skip
    return user.id


async def test_every_page_opens_light_without_foreign_or_inline_code(scene: Scene, reader: Reader) -> None:
    for address in await every_address(scene):
        sheet = await reader.follow(await reader.get(address))
        assert sheet.status == 200, address
        assert weigh(sheet.text) <= BUDGET, (address, weigh(sheet.text), named(sheet.text))
        assert not styleless(sheet.text), (address, "run `python build_assets.py`: these classes are new to a page")
        marks = Marks(sheet.text)
        assert marks.all("h1"), address
        assert len(marks.all("main")) == 1, address
        for tag, attributes in marks.tags:
            assert "style" not in attributes, (address, tag)
            assert not [name for name in attributes if name.startswith("on")], (address, tag, attributes)
            for name in ("src", "href", "action"):
                assert not attributes.get(name, "").startswith(("http:", "https:", "//", "javascript:")), (address, tag)
        for attributes, text in marks.inside_script:
            assert attributes.get("type") == "application/json", address
            json.loads(text)
        assert "script-src 'self'" in sheet.headers["Content-Security-Policy"]
        assert "unsafe" not in sheet.headers["Content-Security-Policy"]


async def test_every_page_has_a_title_of_its_own(scene: Scene, reader: Reader) -> None:
    titles: dict[str, list[str]] = {}
    for address in await every_address(scene):
        sheet = await reader.get(address)
        if sheet.status != 200:
            continue  # leads to another page, which has its own turn
        title = re.search(r"<title>(.*?)</title>", sheet.text, re.DOTALL)
        assert title, address
        titles.setdefault(title[1], []).append(address)
    assert [one for one in titles.items() if len(one[1]) > 1] == []


async def test_every_page_names_its_fields_and_buttons(scene: Scene, reader: Reader) -> None:
    for address in await every_address(scene):
        marks = Marks((await reader.follow(await reader.get(address))).text)
        labelled = {one.get("for") for one in marks.all("label")}
        ids = [attributes["id"] for _, attributes in marks.tags if attributes.get("id")]
        assert len(ids) == len(set(ids)), (address, sorted(one for one in ids if ids.count(one) > 1))
        for tag in ("input", "select", "textarea"):
            for one in marks.all(tag):
                named = (
                    one.get("aria-label")
                    or one.get("aria-labelledby")
                    or one.get("id") in labelled
                    or one.get("type") in {"hidden", "checkbox"}
                )
                assert named, (address, tag, one)


async def test_the_language_of_the_browser_is_spoken_until_another_is_chosen(app: Quart, reader: Reader) -> None:
    russian = await reader.get("/account", **{"Accept-Language": "ru"})
    assert '<html lang="ru"' in russian.text
    assert "Ваш профиль" in russian.text
    await reader.post("/preferences", {"language": "en", "back": "/account"})
    back = await reader.send("/preferences", {"language": "en", "theme": "dark", "back": "/account"})
    assert back.place == "/account"
    english = await reader.get("/account", **{"Accept-Language": "ru"})
    assert '<html lang="en"' in english.text
    assert 'data-bs-theme="dark"' in english.text


async def test_strangers_are_sent_to_sign_in_and_back(app: Quart, scene: Scene) -> None:
    reader = Reader(app)
    wanted = f"/project/{scene.project.id}/history?q=a"
    away = await reader.get(wanted)
    assert away.status == 303
    form = await reader.get(away.place)
    assert f'value="{wanted}"' in form.text
    back = await reader.post("/auth/login", {"username": "admin", "password": PASSWORD, "return": wanted})
    assert back.place == wanted


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", "/a\nb"]
)
async def test_signing_in_never_leads_to_another_site(app: Quart, elsewhere: str) -> None:
    back = await Reader(app).post("/auth/login", {"username": "admin", "password": PASSWORD, "return": elsewhere})
    assert back.place == "/"


async def test_a_wrong_password_is_told_in_a_sentence_and_keeps_the_name(app: Quart) -> None:
    sheet = await Reader(app).sign_in("admin", "wrong")
    assert sheet.status == 401
    assert "The name or the password is wrong." in sheet.text
    assert 'value="admin"' in sheet.text


async def test_a_form_without_its_token_changes_nothing(scene: Scene, reader: Reader) -> None:
    sheet = await reader.post(f"/project/{scene.project.id}/settings", {"name": "Stolen"})
    assert sheet.status == 403
    await scene.project.refresh_from_db()
    assert scene.project.name == "Scene"


async def test_a_form_from_another_site_changes_nothing(scene: Scene, reader: Reader) -> None:
    sheet = await reader.send(
        f"/project/{scene.project.id}/settings", {"name": "Stolen"}, Origin="https://evil.example"
    )
    assert sheet.status == 403


async def test_members_see_their_project_and_nothing_else(hub: Hub, app: Quart, scene: Scene) -> None:
    user_id = await person(hub, "mina")
    reader = Reader(app)
    await reader.sign_in("mina", PASSWORD)
    assert (await reader.get(f"/project/{scene.project.id}/history")).status == 404
    assert "You are not in any project yet" in (await reader.get("/projects")).text
    await Membership.create(project_id=scene.project.id, user_id=user_id, role="guest")
    page = await reader.get(f"/project/{scene.project.id}/templates")
    assert page.status == 200
    assert "New template" not in page.text
    for address in ("/users", "/users/new", "/plugins"):
        assert (await reader.get(address)).status == 403
    template = await scene.template("hello.sh")
    run = f"/project/{scene.project.id}/templates/{template.id}/run"
    refused = await reader.send(run, {})
    assert refused.status == 400
    assert "Your role does not let you run tasks in this project." in refused.text


async def test_an_unknown_page_says_what_to_do(reader: Reader) -> None:
    sheet = await reader.get("/nowhere")
    assert sheet.status == 404
    assert "There is no such page" in sheet.text
    assert "Start page" in sheet.text
    assert 'action="/search"' in sheet.text


async def test_a_missing_thing_of_a_project_leads_back_to_the_project(scene: Scene, reader: Reader) -> None:
    sheet = await reader.get(f"/project/{scene.project.id}/tasks/999")
    assert sheet.status == 404
    assert f'href="/project/{scene.project.id}"' in sheet.text
    elsewhere = await reader.get(f"/project/{scene.project.id + 1}/history")
    assert elsewhere.status == 404
    assert "To the project" not in elsewhere.text


async def test_an_error_of_the_hub_itself_shows_no_details(app: Quart, reader: Reader) -> None:
    async def broken() -> None:
        raise RuntimeError("a secret detail")

    app.add_url_rule("/broken", "broken", broken)
    sheet = await reader.get("/broken")
    assert sheet.status == 500
    assert "a secret detail" not in sheet.text
    assert "The hub met an error of its own" in sheet.text


async def test_old_links_lead_to_the_task(scene: Scene, reader: Reader) -> None:
    task = await scene.launch(await scene.template("hello.sh"))
    for address in ("", "/history", "/templates"):
        sheet = await reader.get(f"/project/{scene.project.id}{address}?t={task}")
        assert sheet.place.endswith(f"/tasks/{task}")


async def test_assets_are_compressed_and_kept_for_ever(reader: Reader) -> None:
    page = await reader.get("/projects")
    name = re.search(r"/assets/main\.[0-9a-f]+\.css", page.text)
    assert name
    plain = await reader.get(name[0])
    assert "immutable" in plain.headers["Cache-Control"]
    packed = await reader.get(name[0], **{"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert (await reader.get("/assets/../manifest.json")).status == 404


async def test_signing_out_ends_the_session(reader: Reader) -> None:
    assert (await reader.send("/auth/logout")).status == 303
    assert (await reader.get("/account")).status == 303
