"""Searching and downloading logs over the API."""

from __future__ import annotations

import pytest

from hub.models import Membership, Project

COLOURED = "echo one; printf '\\033[31mfatal: [web1]: no\\033[0m\\n'; echo three\n"


@pytest.fixture
async def at(stage) -> str:
    """The path of a task that wrote three lines."""
    (stage.folder / "colours.sh").write_text(COLOURED)
    from hub.testing.scene import commit_files

    commit_files(stage.folder, {}, "colours")
    task = await stage.run(await stage.template("colours.sh"))
    return f"/project/{stage.project.id}/tasks/{task['id']}"


async def test_a_log_is_searched_and_downloaded(admin, at):
    found = await admin.read(f"{at}/log/search?q=FATAL")
    (hit,) = found["hits"]
    assert hit["s"] == "fatal: [web1]: no"
    assert found["resume"] is None
    first = await admin.read(f"{at}/log/search?errors=true&limit=1")
    assert [one["n"] for one in first["hits"]] == [hit["n"]]
    back = await admin.read(f"{at}/log/search?q=e&direction=up&from={hit['n'] - 1}&limit=1")
    assert [one["n"] for one in back["hits"]] == [hit["n"] - 1]
    plain, coloured = await admin.get(f"{at}/log/download"), await admin.get(f"{at}/log/download?colours=true")
    assert b"\x1b[31mfatal" in coloured.data
    assert b"\x1b" not in plain.data
    assert plain.data in (await admin.get(f"{at}/raw_output")).data
    assert plain.headers["Content-Disposition"].startswith('attachment; filename="task-')


async def test_what_makes_no_sense_is_refused(admin, at):
    for query, field in (
        ("", "q"), ("q=(&regex=true", "q"), ("q=a&regex=perhaps", "regex"), ("q=a&direction=left", "direction"),
        ("q=a&limit=1001", "limit"), ("q=a&from=x", "from"),
    ):  # fmt: skip
        reply = await admin.get(f"{at}/log/search?{query}")
        assert (reply.status, reply.json["field"]) == (400, field), query
    assert (await admin.get(f"{at}/log/download?colours=maybe")).status == 400


async def test_only_members_look_into_a_log(people, stage, at, stranger):
    other = await Project.create(name="Other", created=stage.hub.clock())
    user_id, member = await people.somebody("member", project_id=stage.project.id, role="guest")
    await Membership.create(project=other, user_id=user_id, role="owner")
    task_id = at.rpartition("/")[2]
    for path in ("log/search?q=one", "log/download"):
        assert (await member.get(f"{at}/{path}")).status == 200
        assert (await stranger.get(f"{at}/{path}")).status == 404
        assert (await member.get(f"/project/{other.id}/tasks/{task_id}/{path}")).status == 404
