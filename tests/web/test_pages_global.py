"""Pages of the whole hub: everything that runs or waits, and what administrators see of somebody."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Membership, SecondFactor, Task, User
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def mina(scene: Scene) -> User:
    return await User.create(created=scene.hub.clock(), username="mina", name="Mina", email="mina@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip


async def test_what_runs_or_waits_is_listed_and_stopped(scene: Scene, app: Quart, reader: Reader) -> None:
    assert "Nothing runs and nothing waits" in (await reader.get("/tasks")).text
    first, second = [await scene.launch(await scene.template("hello.sh", name="Build <all>")) for _ in range(2)]
    await Task.filter(id=second).update(status="running", lease_owner="node-7")
    shown = (await reader.get("/tasks")).text
    assert shown.index(f'id="active-{second}"') < shown.index(f'id="active-{first}"'), "those that run stand first"
    for words in ("node-7", "Build &lt;all&gt;", f'href="/project/{scene.project.id}/tasks/{first}"', "Queue, place"):
        assert words in shown
    assert "<html" not in (await reader.get("/tasks", **{"HX-Request": "true"})).text
    assert (await reader.send(f"/tasks/{first}/stop", {})).place == "/tasks"
    assert (await Task.get(id=first)).status == "stopped"
    assert f'id="active-{first}"' not in (await reader.get("/tasks")).text
    assert (await reader.get("/runners")).place == "/workers"

    await mina(scene)
    other = Reader(app)
    await other.sign_in("mina", PASSWORD)
    assert (await other.get("/tasks")).status == 403
    assert (await other.send(f"/tasks/{second}/stop", {})).status == 403
    assert 'href="/tasks"' not in (await other.get("/projects")).text


async def test_an_administrator_sees_the_projects_and_the_second_factor_of_somebody(
    scene: Scene, reader: Reader
) -> None:
    user = await mina(scene)
    page = f"/users/{user.id}"
    assert "A member of no project yet." in (await reader.get(page)).text
    assert "Second factor" not in (await reader.get(page)).text
    await Membership.create(project=scene.project, user=user, role="guest")
    await SecondFactor.create(user=user, created=scene.hub.clock(), confirmed=scene.hub.clock())
    shown = (await reader.get(page)).text
    assert f'href="/project/{scene.project.id}/team"' in shown
    assert "a code of their device is asked for" in shown
    assert "second factor</span>" in (await reader.get("/users")).text
    gone = await reader.follow(await reader.send(f"{page}/second-factor/off", {}))
    assert "the password alone lets them in" in gone.text
    assert not await SecondFactor.exists()
    again = await reader.follow(await reader.send(f"{page}/second-factor/off", {}))
    assert "notice-danger" in again.text


async def test_nobody_takes_their_own_second_factor_away_on_the_page_of_users(scene: Scene, reader: Reader) -> None:
    admin = await User.get(username="admin")
    await SecondFactor.create(user=admin, created=scene.hub.clock())
    assert (await reader.send(f"/users/{admin.id}/second-factor/off", {})).place == "/account/security"
    assert await SecondFactor.exists()


async def test_a_wish_made_on_a_refused_form_leads_back_to_the_page_of_the_form(reader: Reader) -> None:
    refused = await reader.send("/account/password", {"password": "a", "repeated": "b"},
                                Referer="http://localhost/account", Host="localhost")  # fmt: skip
    assert refused.status == 400
    assert 'name="back" value="/account"' in refused.text
    assert 'name="back" value="/account/password"' not in refused.text


async def test_inside_of_a_project_the_palette_knows_the_pages_of_the_hub(scene: Scene, reader: Reader) -> None:
    page = (await reader.get(f"/project/{scene.project.id}/history")).text
    known = page.partition('id="palette-pages"')[2].partition("</template>")[0]
    for address in ("/overview", "/tasks", "/audit", "/system", "/roles"):
        assert f'href="{address}"' in known
