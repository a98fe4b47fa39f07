"""Programs in a cell: they keep their exit codes, end as others do, and meet their limits."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import Invalid, SettingsError
from hub.services.limits import Limits
from hub.settings import Settings
from hub.testing.tools import need_tool
from hub.worker import isolation
from hub.worker.isolation import Cell, bubblewrap, landlock
from hub.worker.isolation.view import View
from hub.worker.process import CannotStart

from .worker_programs import heard, python, shell, stopped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and sandboxes are those of Linux")

WITH_HANDLERS = """
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: (os.write(1, b"interrupted"), sys.exit(5)))
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"terminated"), sys.exit(6)))
os.write(1, b"ready")
while True:
    signal.pause()
"""


@pytest.fixture(params=["landlock", "bubblewrap"])
def cell(request, tmp_path: Path) -> Cell:
    """A cell with a private folder, below a hidden one that holds a secret."""
    if request.param == "landlock" and not landlock.version():
        pytest.skip("this kernel has no Landlock")
    if request.param == "bubblewrap":
        need_tool("bwrap")
        if trouble := bubblewrap.problem():
            pytest.skip(trouble)
    data = tmp_path.resolve() / "data"
    (data / "mine").mkdir(parents=True)
    (data / "secret").write_text("secret")
    (data / "cache").mkdir()
    (data / "cache/tool").write_text("#!/bin/sh\necho a tool\n")
    (data / "cache/tool").chmod(0o700)
    return Cell(request.param, View((data,), (data / "mine",), (data / "cache",)))


def inside(cell: Cell, command):
    return replace(command, cell=cell, cwd=cell.view.writable[0])


async def test_a_program_uses_its_folder_and_what_is_lent_to_it_and_nothing_else(cell: Cell) -> None:
    script = (
        "cat ../secret; echo x > new && mkdir d && mv new d/old && cat d/old; ../cache/tool;"
        " touch ../cache/more; ls .. >list; exit 7"
    )
    code, said = await heard(inside(cell, shell(script)))
    assert code == 7
    lines = said.decode().splitlines()
    assert [line for line in lines if line in {"secret", "x", "a tool"}] == ["x", "a tool"]
    data = cell.view.hidden[0]
    assert sorted(path.name for path in (data / "cache").iterdir()) == ["tool"]
    assert "secret" not in (data / "mine/list").read_text()


async def test_the_hub_itself_stays_free_when_a_program_is_restricted(cell: Cell) -> None:
    await heard(inside(cell, shell("true")))
    assert (cell.view.hidden[0] / "secret").read_text() == "secret"


async def test_programs_in_a_cell_end_as_others_do(cell: Cell) -> None:
    """A sandbox is a process around the program, and would take it along; a program has its grace there as well."""
    code, sink = await stopped(inside(cell, python(WITH_HANDLERS)))
    assert code == 6
    assert sink.data == b"readyterminated"
    code, sink = await stopped(replace(inside(cell, python(WITH_HANDLERS)), interrupt=True))
    assert code == 5
    assert sink.data == b"readyinterrupted"
    code, sink = await stopped(inside(cell, python(WITH_HANDLERS, grace=0)))
    assert code == -signal.SIGKILL


async def test_the_limits_hold_and_the_one_that_was_met_is_told(cell: Cell) -> None:
    limits = Limits(file_size_mib=1, open_files=40, memory_mib=512, cpu_seconds=60)
    limited = replace(cell, limits=limits)
    code, said = await heard(inside(limited, shell("ulimit -n; ulimit -v; ulimit -t; exec head -c 2M /dev/zero > big")))
    assert said.split()[:3] == [b"40", b"524288", b"60"]
    assert (cell.view.writable[0] / "big").stat().st_size == 1 << 20
    assert code != 0
    assert "may have met one: 512 MiB of memory for each process, 1 MiB for each file" in limited.suspicion()
    told = "It was ended: it wrote a file of more than its limit of 1 MiB."
    assert [limited.hint(one) for one in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ)] == [told, told]
    assert "60 s of processor time" in limited.hint(-signal.SIGXCPU)
    assert (limited.hint(0), limited.hint(-signal.SIGKILL), cell.hint(1), cell.suspicion()) == ("", "", "", "")
    script = "try: bytearray(1 << 30)\nexcept MemoryError: print('no more')"
    assert (await heard(inside(limited, python(script))))[1] == b"no more\n"


async def test_a_program_that_is_not_there_is_told_as_ever(cell: Cell) -> None:
    limited = replace(cell, limits=Limits(open_files=40))
    for one in (cell, limited):
        with pytest.raises(CannotStart, match="was not found"):
            await heard(inside(one, replace(shell(""), argv=("no-such-program",))))


async def test_a_sandbox_can_be_without_a_network(cell: Cell) -> None:
    if not cell.wraps:
        with pytest.raises(Invalid, match="without a network"):
            await isolation.Isolation("landlock", (), Limits(), None, ()).cell(
                cell.view.hidden[0], Limits(network=False)
            )
        return
    apart = replace(cell, limits=Limits(sandbox="bubblewrap", network=False))
    shown = "grep -c : /proc/net/dev; ls -d /proc/[0-9]* | wc -l"
    connected, processes = (await heard(inside(apart, shell(shown))))[1].split()
    assert connected == b"1"  # the loop alone
    assert int(processes) < 10


def test_a_view_leaves_out_what_is_hidden_and_what_leads_to_it(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    for name in ("a/data", "a/b", "c"):
        (root / name).mkdir(parents=True)
    (root / "file").touch()
    (root / "way").symlink_to(root / "a")
    shown = {one for one, _folder in View((root / "a/data", root / "gone")).around() if one.startswith(f"{root}/")}
    assert shown == {f"{root}/a/b", f"{root}/c", f"{root}/file"}
    assert not any(root.is_relative_to(one) for one, _folder in View((root,)).around())


def test_a_template_narrows_the_limits_of_the_hub_and_never_widens_them() -> None:
    common = Limits(memory_mib=100, processes=10, network=False)
    mine = Limits(memory_mib=200, processes=5, open_files=7, sandbox="bubblewrap")
    assert mine.within(common) == Limits(
        memory_mib=100, processes=5, open_files=7, sandbox="bubblewrap", network=False
    )  # fmt: skip
    assert mine.stored() == {"memory_mib": 200, "processes": 5, "open_files": 7, "sandbox": "bubblewrap"}
    assert Limits().stored() is None


async def test_what_is_wanted_and_not_there_is_refused_in_a_sentence(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(bubblewrap, "problem", lambda: "the program “bwrap” is not installed")
    monkeypatch.setattr(landlock, "version", lambda: 0)
    for given, words in (
        ({"sandbox": "landlock"}, "the kernel of this machine has none"),
        ({"sandbox": "bubblewrap"}, "cannot be used here: the program “bwrap” is not installed"),
        ({"sandbox_network": False}, "set that as well"),
        ({"task_user": "no-such-user"}, "this machine has no such user"),
    ):
        with pytest.raises(SettingsError, match=words):
            isolation.decide(Settings(data_dir=tmp_path, **given))
    here = isolation.decide(Settings(data_dir=tmp_path))
    assert here.kind == "none"
    assert here.told().startswith("Nothing keeps tasks from reading the files of the hub")
    with pytest.raises(Invalid, match="which this worker cannot make"):
        await here.cell(tmp_path, Limits(sandbox="bubblewrap"))
    with pytest.raises(Invalid, match="without a network"):
        await here.cell(tmp_path, Limits(network=False))
    if os.geteuid() == 0:
        assert "as the user nobody" in isolation.decide(Settings(data_dir=tmp_path, task_user="nobody")).told()
