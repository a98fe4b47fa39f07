"""No path that people or repositories name leads out of where it belongs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hub.errors import HubError, Invalid
from hub.models import Inventory, TemplateVault
from hub.services import artifacts
from hub.testing.scene import Scene, commit_files
from hub.worker.shared import SharedFolders

from .people import People

SECRET = "root-secret-of-the-machine"
OUT = [
    "../outside",
    "../../outside",
    "a/../../outside",
    "/etc/passwd",
    "//etc/passwd",
    "./../outside",
    "..",
    "a/..\0/b",
]


@pytest.fixture
async def linked(stage: Scene, tmp_path: Path) -> Scene:
    """A repository with links that lead out of it: to files, to folders, in a chain, and in a loop."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "run.sh").write_text(f"echo {SECRET}\n")
    (outside / "play.yml").write_text(f"- hosts: all\n  tasks: [debug: {{msg: {SECRET}}}]\n")
    (outside / "hosts").write_text(f"{SECRET} ansible_connection=local\n")
    (outside / "vault").write_text(f"#!/bin/sh\necho {SECRET}\n")
    (outside / "vault").chmod(0o755)
    for name in ("run.sh", "play.yml", "hosts", "vault"):
        (stage.folder / f"link-{name}").symlink_to(outside / name)
    (stage.folder / "folder").symlink_to(outside)
    (stage.folder / "first").symlink_to("second")
    (stage.folder / "second").symlink_to(outside)
    (stage.folder / "loop").symlink_to("loop")
    (stage.folder / "proc").symlink_to("/proc/self")
    commit_files(stage.folder, {"ok.yml": "- hosts: all\n  gather_facts: false\n  tasks: []\n"}, "links")
    return stage


async def ends_badly(scene: Scene, template, **members) -> str:
    task = await scene.run(template, **members)
    log = await scene.text(task["id"])
    assert task["status"] == "error", log
    assert SECRET not in log
    return log


@pytest.mark.parametrize(
    "script", ["link-run.sh", "folder/run.sh", "first/run.sh", "loop", "proc/environ", "loop/x", *OUT]
)  # fmt: skip
async def test_a_script_lies_in_the_repository_w55(linked, script):
    await ends_badly(linked, await linked.template(script, name="x"))


@pytest.mark.parametrize("playbook", ["link-play.yml", "folder/play.yml", "first/play.yml", *OUT[:4]])
async def test_a_playbook_lies_in_the_repository_w55(linked, playbook):
    inventory = await Inventory.create(project=linked.project, name="h", type="static", inventory="localhost\n")
    await ends_badly(linked, await linked.template(playbook, name="x", app="ansible", inventory=inventory))


@pytest.mark.parametrize("folder", ["folder", "first", "loop", "proc", *OUT])
async def test_a_working_directory_lies_in_the_repository_w55(linked, folder):
    await ends_badly(linked, await linked.template("hello.sh", name="x", working_directory=folder))


@pytest.mark.parametrize("path", ["link-hosts", "folder/hosts", "first/hosts", "loop", *OUT])
async def test_an_inventory_file_lies_in_the_repository_w55(linked, path):
    inventory = await Inventory.create(project=linked.project, name="h", type="file", inventory=path)
    await ends_badly(linked, await linked.template("ok.yml", name="x", app="ansible", inventory=inventory))


@pytest.mark.parametrize("script", ["link-vault", "folder/vault", "../outside/vault", "/bin/true"])
async def test_the_script_of_a_vault_lies_in_the_repository_w55(linked, script):
    inventory = await Inventory.create(project=linked.project, name="h", type="static", inventory="localhost\n")
    template = await linked.template("ok.yml", name="x", app="ansible", inventory=inventory)
    await TemplateVault.create(template_id=template.id, type="script", script=script)
    await ends_badly(linked, template)


async def test_an_editors_other_script_lies_in_the_repository_too(linked):
    template = await linked.template("hello.sh")
    for script in ("link-run.sh", "../outside/run.sh", "/etc/passwd"):
        await ends_badly(linked, template, playbook=script)


async def test_what_leads_out_is_refused_when_it_is_saved(linked, app):
    caller = await People(linked.hub, app).with_token(linked.actor)
    at = f"/project/{linked.project.id}"
    body = {"name": "x", "app": "bash", "repository_id": linked.repository.id, "playbook": "hello.sh"}
    for path in OUT[:6]:
        for members in (
            {"playbook": path},
            {"working_directory": path},
            {"vaults": [{"type": "script", "script": path}]},
        ):
            reply = await caller.post(f"{at}/templates", body | members)
            assert reply.status == 400, members
        reply = await caller.post(f"{at}/inventory", {"name": "x", "type": "file", "inventory": path})
        assert reply.status == 400, path


@pytest.mark.parametrize("url", ["/etc", "/", "file:///etc", "{data}", "{data}/repositories/../run", "{data}/mirrors"])
async def test_a_local_repository_lies_below_an_allowed_folder(stage, app, url):
    caller = await People(stage.hub, app).with_token(stage.actor)
    body = {"name": "x", "git_branch": "main", "ssh_key_id": 1, "git_url": url.format(data=stage.hub.settings.data_dir)}
    reply = await caller.post(f"/project/{stage.project.id}/repositories", body)
    assert reply.status == 400, reply.data


async def test_a_local_repository_that_became_a_link_is_not_followed(stage, tmp_path):
    """Checked when it is saved, and again by the worker: somebody who can write there may change it meanwhile."""
    from hub.testing.scene import make_repository

    make_repository(tmp_path / "outside", {"hello.sh": f"echo {SECRET}\n"})
    link = stage.folder.parent / "link"
    link.symlink_to(tmp_path / "outside")
    await stage.repository.update_from_dict({"git_url": str(link)}).save()
    await ends_badly(stage, await stage.template("hello.sh"))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "..", ".", ".hidden", "", "x\0", "a\nb", "x" * 101, "é"])
async def test_an_artifact_has_a_plain_name(scene, tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Invalid):
        await artifacts.keep(scene.hub, 1, name, tmp_path / "file")
    with pytest.raises(Invalid):
        await artifacts.fetch(scene.hub, [1], name, tmp_path / "target")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "..", ".", "", "x\0"])
async def test_a_shared_folder_has_a_plain_name(tmp_path, name):
    async def fill(_: Path) -> None:
        raise AssertionError("never asked")

    with pytest.raises(HubError):
        await SharedFolders(tmp_path / "shared").folder(name, fill)


@pytest.mark.parametrize("prefix", ["/static", "/assets"])
@pytest.mark.parametrize(
    "path",
    ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "%2e%2e%2fapp.py", "....//app.py", "/etc/passwd", "//etc/passwd",
     "dist/../../app.py", "..\\app.py", "dist/%00", "../../../pyproject.toml", "."],
)  # fmt: skip
async def test_files_of_the_hub_are_served_from_one_folder(people, prefix, path):
    reply = await people.nobody().call("GET", f"{prefix}/{path}")
    assert reply.status == 404
    assert b"make_app" not in reply.data
    assert b"root:" not in reply.data


async def test_a_task_cannot_make_the_hub_remove_what_it_links_to(stage, tmp_path):
    """The folder of a task is removed afterwards; links in it are removed, not followed."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    kept.chmod(0o500)
    links = f"ln -s {kept} link; ln -s {kept} $HOME/link; ln -s {kept}/file file; mkdir deep; ln -s {kept} deep/l"
    script = f"{links}; chmod 500 deep\n"
    commit_files(stage.folder, {"link.sh": script}, "link")
    task = await stage.run(await stage.template("link.sh"))
    assert task["status"] == "success"
    folder = stage.hub.settings.data_dir / "run"
    async with asyncio.timeout(10):
        while list(folder.glob("*/*")):
            await asyncio.sleep(0.01)
    assert (kept / "file").read_text() == "x"
    assert kept.stat().st_mode & 0o777 == 0o500


async def test_a_link_that_cannot_be_removed_at_once_is_not_followed(tmp_path):
    """Others than root first have to open the folder that holds it."""
    from hub.worker import workspace

    kept, closed = tmp_path / "kept", tmp_path / "closed"
    for folder in (kept, closed):
        folder.mkdir()
    (closed / "link").symlink_to(kept)
    for folder in (kept, closed):
        folder.chmod(0o500)
    workspace._make_writable(os.unlink, str(closed / "link"), None)
    assert kept.stat().st_mode & 0o777 == 0o500
    assert list(closed.iterdir()) == []
