"""What tasks leave, on its whole way: from a script, through the store, to people and to the next deployment."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from hub.errors import NotFound
from hub.models import Task, Template
from hub.services import artifacts
from hub.services.tasks import files, finish, outputs, stop
from hub.testing.scene import commit_files
from hub.worker import inputs
from hub.worker.mask import Masker

BUILD = """set -e
mkdir -p dist
head -c 200000 /dev/zero > dist/app.bin
echo '<script>alert(1)</script>' > 'dist/p a,ge"ü.html'
echo "version=1.2.3" >> "$HUB_OUTPUT"
echo '{"name": "hosts", "value": ["a", "b"]}' >> "$HUB_OUTPUT"
echo '{"name": "token", "value": "s3cret-of-build", "sensitive": true}' >> "$HUB_OUTPUT"
echo "login=$PASSWORD" >> "$HUB_OUTPUT"
exit ${CODE:-0}
"""

SHIP = """set -e
echo "version $HUB_INPUT_VERSION hosts $HUB_INPUT_HOSTS"
echo "token $HUB_INPUT_TOKEN ${#HUB_INPUT_TOKEN}"
echo "login $HUB_INPUT_LOGIN ${#HUB_INPUT_LOGIN}"
python3 -c 'import json, os; print(sorted(json.load(open(os.environ["HUB_INPUTS"]))))'
(cd "$HUB_INPUT_FILES" && find . -type f | sort && wc -c < dist/app.bin)
stat -c %a "$HUB_INPUTS" "$HUB_OUTPUT"
"""


@pytest.fixture
async def pair(stage) -> tuple[Template, Template]:
    commit_files(stage.folder, {"build.sh": BUILD, "ship.sh": SHIP}, "a build and its deployment")
    build = await stage.template(
        "build.sh", type="build", start_version="1", task_params={"artifacts": ["dist"], "variables": "environment"},
        survey_vars=[{"name": "PASSWORD", "title": "P", "type": "secret", "required": False},
                     {"name": "CODE", "title": "C", "type": "int", "required": False}],
    )  # fmt: skip
    ship = await stage.template("ship.sh", type="deploy", build_template=build, task_params={"bring_artifacts": True})
    return build, ship


async def test_a_deployment_gets_what_its_build_left(stage, pair):
    build, ship = pair
    built = await stage.run(build, secret='{"PASSWORD": "hunter2-of-build"}')
    assert built["status"] == "success", await stage.text(built["id"])
    shown = {one["name"]: one for one in await outputs.shown(stage.actor, stage.project.id, built["id"])}
    assert list(shown) == ["version", "hosts", "token", "login"]
    assert (shown["version"]["value"], shown["version"]["type"]) == ("1.2.3", "string")
    assert shown["hosts"]["value"] == ["a", "b"]
    assert (shown["token"]["value"], shown["token"]["sensitive"]) == (None, True)
    assert shown["login"]["value"] == "***"
    shipped = await stage.run(ship, build_task_id=built["id"])
    text = await stage.text(shipped["id"])
    assert shipped["status"] == "success", text
    assert 'version 1.2.3 hosts ["a", "b"]' in text
    assert "token *** 15" in text
    assert "login *** 16" in text
    assert "['hosts', 'login', 'token', 'version']" in text
    assert './dist/app.bin\n./dist/p a,ge"ü.html\n200000\n600\n600' in text


async def test_artifacts_are_sealed_in_the_store_and_go_with_their_task(stage, pair):
    task = await stage.run(pair[0], environment='{"CODE": "3"}')
    assert task["status"] == "error"
    listed = await files.listed(stage.actor, stage.project.id, task["id"])
    assert [(one["id"], one["name"], one["size"]) for one in listed] == [
        (1, "dist/app.bin", 200000), (2, 'dist/p a,ge"ü.html', 26),
    ]  # fmt: skip
    assert listed[0]["sha256"] == hashlib.sha256(bytes(200000)).hexdigest()
    _, content = await files.opened(stage.hub, stage.actor, stage.project.id, task["id"], 2)
    assert b"".join([block async for block in content]) == b"<script>alert(1)</script>\n"
    below = stage.hub.settings.data_dir / "blobs" / "tasks" / str(task["id"])
    assert sorted(path.name for path in (below / "files").iterdir()) == ["1", "2"]
    assert b"script" not in (below / "files" / "2").read_bytes()
    await stop.delete(stage.hub, stage.actor, stage.project.id, task["id"])
    assert not below.exists()


async def test_what_is_too_much_is_left_out_and_told(stage, pair, monkeypatch):
    monkeypatch.setattr(files, "_MIB", 500)  # of which a task may keep 256
    task = await stage.run(pair[0])
    assert task["status"] == "success"
    assert [one["size"] for one in await files.listed(stage.actor, stage.project.id, task["id"])] == [26]
    assert "Not kept: “dist/app.bin”, for the files of a task may take 256 MiB" in await stage.text(task["id"])
    monkeypatch.setattr(files, "MOST", 1)
    monkeypatch.setattr(files, "_MIB", 500_000)
    task = await stage.run(pair[0])
    assert len(await files.listed(stage.actor, stage.project.id, task["id"])) == 1
    assert "for a task keeps at most 1 files" in await stage.text(task["id"])


async def test_an_artifact_that_the_store_lost_is_not_there(stage, pair):
    task = await stage.run(pair[0])
    await artifacts.forget(stage.hub, task["id"])
    for number in (1, 3):
        with pytest.raises(NotFound):
            await files.opened(stage.hub, stage.actor, stage.project.id, task["id"], number)


async def test_nothing_but_plain_files_that_stand_where_they_are_said_to_is_kept(stage, tmp_path):
    number = await stage.launch(await stage.template("hello.sh"))
    await stage.until(number)
    await Task.filter(id=number).update(lease_owner=stage.hub.node)
    root = tmp_path.resolve()
    (root / "real").mkdir()
    (root / "real" / "file").write_text("x")
    (root / "linked").symlink_to(root / "real")
    (root / "link").symlink_to(root / "real" / "file")
    os.mkfifo(root / "pipe")
    wrong = {"through": root / "linked" / "file", "link": root / "link", "pipe": root / "pipe", "folder": root / "real",
             "gone": root / "gone", "../up": root / "real" / "file", "/etc/x": root / "real" / "file"}  # fmt: skip
    done = await files.publish(stage.hub, number, {**wrong, "good": root / "real" / "file"})
    assert [one["name"] for one in done.files] == ["good"]
    assert len(done.left_out) == len(wrong)
    (root / "real" / "second").hardlink_to(root / "real" / "file")  # of the same owner, as build tools make them
    assert (await files.publish(stage.hub, number, {"second": root / "real" / "second"})).added == 1
    assert [one["id"] for one in await files.listed(stage.actor, stage.project.id, number)] == [1, 2]


async def test_what_terraform_put_out_reaches_a_later_script(stage, tmp_path):
    number = await stage.launch(await stage.template("hello.sh"))
    shown = {"url": {"value": "https://x", "type": "string"}, "password": {"sensitive": True},
             "masked": {"value": "***", "type": "string"}}  # fmt: skip
    await finish.add_result(stage.hub, number, "outputs", {"outputs": shown})
    values = {"url": "https://x", "password": "hunter2", "masked": ["deep secret", 7], "late": {"of": "no result"}}
    (tmp_path / "outputs").write_text(json.dumps(values))
    await artifacts.keep(stage.hub, number, outputs.ARTIFACT, tmp_path / "outputs")
    given = await outputs.given(stage.hub, number)
    assert given.values == values
    assert set(given.secrets) == {"hunter2", "deep secret", "7", "no result"}
    masker = Masker()
    lent = await inputs.lend(stage.hub, number, tmp_path, masker)
    assert (lent["HUB_INPUT_URL"], lent["HUB_INPUT_MASKED"]) == ("https://x", '["deep secret", 7]')
    assert json.loads(Path(lent["HUB_INPUTS"]).read_text()) == values
    assert masker.feed(b"it is hunter2\n") == b"it is ***\n"
