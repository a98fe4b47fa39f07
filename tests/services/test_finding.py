"""Finding by name: what is found, in which order, and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hub.models import Environment, Inventory, Key, Membership, Project, Repository, Role, Template, TemplateRole, User
from hub.services.actor import Actor
from hub.services.finding import Found, Sought, find_all
from hub.testing.scene import Scene

Member = Callable[[str, str], Awaitable[Actor]]


@pytest.fixture
def member(scene: Scene) -> Member:
    async def make(name: str, role: str) -> Actor:
        user = await User.create(created=scene.hub.clock(), username=name, name=name, email=f"{name}@example.org")
        if role:
            await Membership.create(project=scene.project, user=user, role=role)
        return Actor("user", user.id, name, name)

    return make


async def elsewhere(scene: Scene, name: str) -> Template:
    """A template of another project."""
    project = await Project.create(name="Elsewhere", created=scene.hub.clock())
    key = await Key.create(project=project, name="None", type="none")
    repository = await Repository.create(project=project, name="Code", git_url="/x", git_branch="main", ssh_key=key)
    return await Template.create(project=project, repository=repository, app="bash", playbook="x.sh", name=name)


def named(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in found]


async def test_everything_of_a_project_is_found_by_words_of_its_name(scene: Scene) -> None:
    await scene.template("hello.sh", name="Release Überall")
    await Inventory.create(project=scene.project, name="Überall hosts", type="static", inventory="")
    await Environment.create(project=scene.project, name="All überall", json="{}", env="{}")
    await Key.create(project=scene.project, name="Überall login", type="none")
    found = await find_all(scene.actor, Sought("überall"))
    assert named(found) == [
        ("template", "Release Überall"), ("inventory", "Überall hosts"), ("environment", "All überall"),
        ("key", "Überall login"),
    ]  # fmt: skip
    assert {one.project_name for one in found} == {"Scene"}
    assert named(await find_all(scene.actor, Sought("überall release"))) == [("template", "Release Überall")]
    assert await find_all(scene.actor, Sought("überall nowhere")) == []
    assert await find_all(scene.actor, Sought("  ")) == []


async def test_names_that_begin_so_and_the_project_at_hand_come_first(scene: Scene) -> None:
    for name in ("A deploy", "Deploy b", "Deploy a"):
        await scene.template("hello.sh", name=name)
    far = await elsewhere(scene, "Deploy 0")
    names = [one.name for one in await find_all(scene.actor, Sought("deploy", scene.project.id))]
    assert names == ["Deploy a", "Deploy b", "A deploy", "Deploy 0"]
    names = [one.name for one in await find_all(scene.actor, Sought("deploy", far.project_id, limit=2))]
    assert names == ["Deploy 0", "Deploy a"]


async def test_signs_of_patterns_are_only_signs(scene: Scene) -> None:
    for name in ("100% sure", "100 sure", "a_b", "axb", "wow!"):
        await scene.template("hello.sh", name=name)
    for text, names in (("100%", ["100% sure"]), ("a_b", ["a_b"]), ("!", ["wow!"]), ("'", [])):
        assert [one.name for one in await find_all(scene.actor, Sought(text))] == names


async def test_a_task_is_found_by_its_number_by_those_who_see_it(scene: Scene, member: Member) -> None:
    task_id = await scene.launch(await scene.template("hello.sh", name="Greet"))
    for text in (str(task_id), f"#{task_id}"):
        first = (await find_all(scene.actor, Sought(text)))[0]
        assert (first.kind, first.id, first.name, first.status) == ("task", task_id, "Greet", "waiting")
    for text in ("#", "²", "9" * 30, f"#{task_id} x"):
        assert await find_all(scene.actor, Sought(text)) == []
    assert await find_all(await member("stranger", ""), Sought(f"#{task_id}")) == []


async def test_nobody_finds_what_they_may_not_see(scene: Scene, member: Member) -> None:
    await elsewhere(scene, "Deploy there")
    here = await scene.template("hello.sh", name="Deploy here")
    group = await Environment.create(project=scene.project, name="Group", json="{}", env="{}")
    await Key.create(project=scene.project, name="deploy-secret", type="none", owner="variable", environment=group)
    await Inventory.create(project=scene.project, name="Deploy own", type="static", inventory="", template_id=here.id)
    guest = await member("guest", "guest")
    assert named(await find_all(guest, Sought("deploy"))) == [("template", "Deploy here")]
    assert await find_all(await member("stranger", ""), Sought("deploy")) == []
    limited = Actor("user", scene.actor.user_id, "admin", "admin", admin=True, project_id=scene.project.id)
    assert "Deploy there" not in [one.name for one in await find_all(limited, Sought("deploy"))]


async def test_it_tells_who_may_start_which_template(scene: Scene, member: Member) -> None:
    one = await scene.template("hello.sh", name="Deploy one")
    await scene.template("hello.sh", name="Deploy two")
    await Role.create(slug="own", name="Own", project=scene.project, permissions=0)
    await TemplateRole.create(template=one, role_slug="own", permissions=1, project=scene.project)
    for role, runs in (("task_runner", [True, True]), ("guest", [False, False]), ("own", [True, False])):
        actor = await member(role, role)
        assert [found.may_run for found in await find_all(actor, Sought("deploy"))] == runs
