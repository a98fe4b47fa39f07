"""Tasks that try to get at the hub: its database, key ring and settings, its memory, and other tasks.

Each way of keeping them apart is tried by real programs, as an attacker who may write a script would.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

import pytest

from hub.testing.booted import booted, working
from hub.testing.scene import make_scene
from hub.testing.tools import need_tool
from hub.worker.isolation import bubblewrap, landlock

TRY = """
import contextlib, ctypes, json, os, sys

paths, hub, other = json.loads(sys.argv[1])
found = {}

def attempt(name, verb):
    try:
        found[name] = repr(verb())[:60]
    except (OSError, ValueError) as error:
        found[name] = None

for path in paths:
    attempt("read " + path, lambda: open(path, "rb").read(20))
    attempt("write " + path, lambda: open(path, "r+b").write(b""))
    attempt("list " + path, lambda: os.listdir(path))
    with contextlib.suppress(OSError):
        open(os.path.join(path if os.path.isdir(path) else os.path.dirname(path), "planted"), "x")
    attempt("link " + path, lambda: os.link(path, "link") or open("link", "rb").read(20))
for pid in (hub, other):
    for part in ("environ", "maps"):
        attempt(f"{part} {pid}", lambda: open(f"/proc/{pid}/{part}", "rb").read(20))
    attempt(f"memory {pid}", lambda: open(f"/proc/{pid}/mem", "rb"))
    attempt(f"descriptors {pid}", lambda: os.readlink(f"/proc/{pid}/fd/1"))
    attempt(f"root {pid}", lambda: os.listdir(f"/proc/{pid}/cwd/"))
    trace = ctypes.CDLL(None, use_errno=True).ptrace
    if trace(0x4206, pid, 0, 0) == 0:
        found[f"trace {pid}"] = "traced"
print("TRIED" + json.dumps(found))
"""
BASH = """
for one in "$@"; do head -c 20 "$one" >/dev/null 2>&1 && echo "READ $one"; done
git log -1 --format=GIT-%s && touch "$HOME/a" "$TMPDIR/b" c && ls "$HOME" >/dev/null && echo USABLE
"""


def settings_of(way: str) -> dict[str, str]:
    """Settings for a way of keeping apart; skips where this machine does not have it."""
    if way == "landlock" and not landlock.version():
        pytest.skip("this kernel has no Landlock")
    if way == "bubblewrap":
        need_tool("bwrap")
        if trouble := bubblewrap.problem():
            pytest.skip(trouble)
    if way == "user":
        if os.geteuid() != 0:
            pytest.skip("only root can run programs as another user")
        return {"sandbox": "none", "task_user": "nobody"}
    return {"sandbox": way}


@pytest.fixture(params=["landlock", "bubblewrap", "user", "none"])
async def apart(request, plugins):
    """A working hub in a folder that other users can get to, and a secret file beside it."""
    given = settings_of(request.param)
    with tempfile.TemporaryDirectory(prefix="hub-apart-") as folder:
        place = Path(folder)
        place.chmod(0o711)
        secret = place / "hub.toml"
        secret.write_text('admin_password = "of the settings"')
        secret.chmod(0o600)
        roots = (place / "data/repositories",)
        async with booted(
            plugins=plugins, data_dir=place / "data", local_repository_roots=roots, hidden_paths=(secret,), **given
        ) as hub:
            scripts = {"try.py": TRY, "try.sh": BASH, "wait.sh": "echo here $$ $PWD; exec sleep 300\n"}
            scene = await make_scene(hub, scripts)
            async with working(hub):
                yield request.param, scene, secret


async def tried(scene, targets: list[str], other: int) -> dict[str, object]:
    """Let a bash and a python task try; return what they got at."""
    bash = await scene.run(await scene.template("try.sh", arguments=json.dumps(targets)))
    lines = await scene.lines(bash["id"])
    assert bash["status"] == "success"
    assert {"GIT-first", "USABLE"} <= set(lines), lines
    words = json.dumps([json.dumps([targets, os.getpid(), other])])
    python = await scene.run(await scene.template("try.py", app="python", arguments=words))
    (line,) = [line for line in await scene.lines(python["id"]) if line.startswith("TRIED")]
    got = {name: value for name, value in json.loads(line.removeprefix("TRIED")).items() if value is not None}
    return got | {line: True for line in lines if line.startswith("READ")}


async def test_a_task_cannot_get_at_the_hub_nor_at_other_tasks_w57(apart):
    """Its database, key ring and settings, its memory, and what other tasks have; without any of it, it can."""
    way, scene, secret = apart
    data = scene.hub.settings.data_dir
    neighbour = await scene.launch(await scene.template("wait.sh"))
    await scene.until_line(neighbour, "here")
    (said,) = [line.split() for line in await scene.lines(neighbour) if line.startswith("here")]
    (mirror,) = (data / "mirrors").glob("*.git")
    hidden = [data, *data.glob("hub.sqlite3*"), data / "vault.json", secret, mirror / "hub-refs", data / "run"]
    assert data / "hub.sqlite3-wal" in hidden
    theirs = [said[2], f"{said[2]}/wait.sh"]
    other = min(members_of(neighbour, scene.hub))
    if way == "bubblewrap":  # there, empty folders stand in for these, with the task's own in them
        hidden = [path for path in hidden if path not in {data, data / "run"}]
    if way == "user":  # all tasks have the same user, so they are apart from the hub alone
        theirs, other = [], os.getpid()
    got = await tried(scene, [*map(str, hidden), *theirs], other)
    planted = list(data.parent.rglob("planted"))
    if way == "none":
        assert f"read {data / 'vault.json'}" in got
        assert f"environ {os.getpid()}" in got
        assert f"read {theirs[1]}" in got
        assert f"READ {secret}" in got
        assert data / "planted" in planted
    else:
        assert (got, planted) == ({}, [])


def members_of(task_id: int, hub) -> set[int]:
    """Processes of a task, as this machine numbers them."""
    mark = f"HUB_RUN={hub.node}-{task_id}-".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.add(int(entry.name))
    return found
