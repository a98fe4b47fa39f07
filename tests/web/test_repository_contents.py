"""What is in a repository, as a worker sees it: commit, branches, and the files that templates could run."""

from __future__ import annotations

import html
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.models import Key, Repository, Template
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene, make_repository
from hub.web.app import make_app

from .conftest import Client, People

FILES = {
    "site.yml": "- hosts: all\n  tasks: []\n",
    "plays/all.yml": "---\n- name: x\n  ansible.builtin.import_playbook: ../site.yml\n",
    "group_vars/all.yml": "hosts_of_this: none\n",
    "run.sh": "echo hello\n",
    "infra/main.tf": "",
    "infra/net/main.tf": "",
    "inventories/prod/hosts": "web1\n",
    "inventories/dev.yml": "all:\n  hosts:\n",
    "ünï/weird name.sh": "",
}


@pytest.fixture
async def repository(stage: Scene) -> Repository:
    folder = make_repository(stage.hub.settings.data_dir / "repositories" / "full", FILES)
    subprocess.run(["git", "-C", str(folder), "branch", "feature/x"], check=True)
    key = await Key.get(project=stage.project, type="none")
    return await Repository.create(
        project=stage.project, name="full", git_url=str(folder), git_branch="main", ssh_key=key
    )


def found(contents: Any, app: str) -> Any:
    return next(one for one in contents["found"] if one["app"] == app)


async def test_a_look_tells_commit_branches_and_what_apps_could_run(stage: Scene, admin: Client, repository):
    path = f"/project/{stage.project.id}/repositories/{repository.id}/contents"
    told = await admin.read(path)
    assert told["branch"] == "main"
    assert told["branches"] == ["feature/x", "main"]
    assert len(told["commit"]["hash"]) == 40
    assert told["commit"]["author"]
    assert told["inventories"] == ["inventories/dev.yml", "inventories/prod/hosts"]
    plays = found(told, "ansible")
    assert plays["likely"] == ["site.yml", "plays/all.yml"], "what has plays comes first"
    assert "group_vars/all.yml" in plays["others"]
    assert found(told, "bash")["others"] == ["run.sh", "ünï/weird name.sh"]
    assert found(told, "terraform")["others"] == ["infra", "infra/net"]
    narrow = await admin.read(f"{path}?app=bash&q=RUN&branch=feature/x")
    assert [(one["app"], one["others"]) for one in narrow["found"]] == [("bash", ["run.sh"])]
    assert narrow["branch"] == "feature/x"


async def test_a_repository_that_is_yet_to_be_is_looked_at(stage: Scene, admin: Client, repository) -> None:
    path = f"/project/{stage.project.id}/repositories/look"
    reply = await admin.post(path, {"git_url": repository.git_url})
    assert (reply.status, reply.json["branch"]) == (200, "main")
    wrong = await admin.post(path, {"git_url": str(Path(repository.git_url).parent / "nothing")})
    assert wrong.status == 503
    assert "nothing" in wrong.error
    assert (await admin.post(path, {"git_url": "ext::sh -c x"})).status == 400
    assert (await admin.post(path, {"git_url": repository.git_url, "ssh_key_id": 999_999})).status in {400, 404}
    missing = await admin.get(f"/project/{stage.project.id}/repositories/{repository.id}/contents?branch=nowhere")
    assert missing.status == 400
    assert "nowhere" in missing.error
    assert missing.json["field"] == "branch"


async def test_only_who_may_change_things_looks_into_repositories(stage: Scene, people: People, repository) -> None:
    for role, status in (("guest", 403), ("task_runner", 403), ("manager", 200)):
        _user, client = await people.somebody(role, project_id=stage.project.id, role=role)
        path = f"/project/{stage.project.id}/repositories/{repository.id}/contents"
        assert (await client.get(path)).status == status, role


async def test_the_page_of_a_repository_tries_the_connection_and_tells_what_uses_it(
    stage: Scene, app, repository
) -> None:
    reader = Reader(make_app(stage.hub))
    await reader.sign_in("admin", PASSWORD)
    root = f"/project/{stage.project.id}/repositories"
    await Template.create(project=stage.project, repository=repository, app="bash", playbook="run.sh", name="Uses it")
    page = (await reader.get(f"{root}/{repository.id}")).text
    assert "Uses it" in page
    assert f"{root}/{repository.id}/look" in page
    told = (await reader.get(f"{root}/{repository.id}/look")).text
    assert "Test the connection again" in told
    assert "feature/x" in told
    assert f"{root}/{repository.id}/look?short=yes" in html.unescape((await reader.get(root)).text)
    await Repository.filter(id=repository.id).update(git_url="/nowhere/at/all")
    wrong = (await reader.get(f"{root}/{repository.id}/look?again=yes")).text
    assert "notice-danger" in wrong
