"""Environments for sets of requirements, really installed by pip from tiny wheels, without a network."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.plugin import PythonNeeds, Refused, Requirements, TaskView, python_environment
from hub.testing import RunningIO, task_view
from hub.testing.wheels import make_wheel

SHOP = "https://shop.test"
"""Stands for an index; nobody is ever asked."""
HOW = "import sys\n\ndef main():\n    print('till', TILL, sys.prefix)\n"


@pytest.fixture
def io(tmp_path: Path) -> RunningIO:
    """A door whose tasks can install `till` in two versions, and `drawer`."""
    wheels = tmp_path / "wheels"
    for version in ("1.0", "2.0"):
        modules = {"till.py": f"TILL = '{version}'\n{HOW}"}
        make_wheel(wheels, "till", version, modules=modules, programs={"till": "till:main"})
    make_wheel(wheels, "drawer", "1.0", modules={"drawer.py": ""}, requires=["till<2"])
    base = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    return RunningIO(tmp_path / "io", base=base | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})


@pytest.fixture
def task(io: RunningIO) -> TaskView:
    return task_view(io.checkout)


def write(io: RunningIO, text: str, name: str = "requirements.txt") -> Requirements:
    path = io.checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Requirements(path, io.checkout)


def made(io: RunningIO) -> list[str]:
    return sorted(entry.name for entry in io.cache.iterdir() if entry.name.startswith("python-"))


async def test_an_environment_is_made_once_and_its_programs_work_where_it_stands(
    io: RunningIO, task: TaskView
) -> None:  # fmt: skip
    needs = PythonNeeds([write(io, "-r more/drawer.txt\n"), write(io, "drawer  # and its till\n", "more/drawer.txt")])
    first = await python_environment(needs, task, io)
    count = len(io.calls)
    program = first.program("till")
    assert program is not None
    told = await io.capture(str(program), env=first.env(io.environment()))
    assert told.output.split() == ["till", "1.0", str(first.folder)]
    linked = io.workspace / "till"
    linked.symlink_to(program)
    assert (await io.capture(str(linked))).output == told.output
    assert not list(first.folder.glob("bin/[aA]ctivate*"))
    assert io.lines == ["Installing the Python packages of requirements.txt, more/drawer.txt."]

    io.workspace = io.workspace.parent / "another"
    io.workspace.mkdir()
    second = await python_environment(needs, replace(task, id=43), io)
    assert second.folder == first.folder
    assert len(io.calls) == count + 2, "a warm environment starts no program"
    assert io.lines[-1] == "The Python packages of requirements.txt, more/drawer.txt are installed already."


async def test_packages_of_pyproject_and_of_the_template_are_installed(io: RunningIO, task: TaskView) -> None:
    project = write(io, '[project]\nname = "shop"\ndependencies = ["drawer"]\n', "pyproject.toml")
    environment = await python_environment(PythonNeeds([project], ["till >= 1, < 2"], sys.executable), task, io)
    done = await io.capture(str(environment.python), "-c", "import drawer, till; print(till.TILL)")
    assert done.output == "1.0\n"
    assert not [word for call in io.calls[:-1] for word in call.argv if "drawer" in word]


async def test_a_failed_installation_is_told_and_nothing_is_kept(io: RunningIO, task: TaskView) -> None:
    with pytest.raises(Refused, match=r"of requirements.txt failed with exit code 1; the lines above say why"):
        await python_environment(PythonNeeds([write(io, "till==3\n")]), task, io)
    assert "No matching distribution found for till==3" in io.output
    assert list(io.cache.iterdir()) == []
    await python_environment(PythonNeeds([write(io, "till==2.0\n")]), task, io)
    assert len(made(io)) == 1


async def test_hashes_are_demanded_where_the_file_has_some(io: RunningIO, task: TaskView) -> None:
    with pytest.raises(Refused):
        await python_environment(PythonNeeds([write(io, f"till==1.0 --hash=sha256:{'0' * 64}\n")]), task, io)
    assert "DO NOT MATCH" in io.output


async def test_two_tasks_at_once_make_one_environment(io: RunningIO, task: TaskView) -> None:
    needs = PythonNeeds([write(io, "till\n")])
    both = await asyncio.gather(*(python_environment(needs, replace(task, id=number), io) for number in (1, 2)))
    assert both[0] == both[1]
    assert len([call for call in io.calls if "venv" in call.argv]) == 1


class Dry(RunningIO):
    """Makes no environment, so that many can be compared in no time."""

    async def shared(self, name: str, fill: Any) -> Path:
        return await super().shared(name, fill) if name == "python-salt" else Path(name)


@pytest.fixture
def dry(io: RunningIO) -> Dry:
    return Dry(io.folder, base=io.base)


async def name_of(dry: Dry, task: TaskView, text: str, *packages: str, **changes: Any) -> str:
    needs = PythonNeeds([write(dry, text)], packages)
    return (await python_environment(replace(needs, **changes), task, dry)).folder.name


async def test_all_that_decides_what_is_installed_decides_the_environment(dry: Dry, task: TaskView) -> None:
    write(dry, "till\n", "more.txt")
    usual = await name_of(dry, task, "-r more.txt\n")
    names = {
        "text": await name_of(dry, task, "-r more.txt\ndrawer\n"),
        "package": await name_of(dry, task, "-r more.txt\n", "drawer"),
        "project": await name_of(dry, replace(task, project_id=9), "-r more.txt\n"),
    }
    for name, value in {"PIP_INDEX_URL": SHOP, "PIP_PRE": "1"}.items():
        dry.base[name] = value
        names[name] = await name_of(dry, task, "-r more.txt\n")
        del dry.base[name]
    write(dry, "till<2\n", "more.txt")
    names["included"] = await name_of(dry, task, "-r more.txt\n")
    assert len({usual, *names.values()}) == len(names) + 1, names


async def test_comments_other_commits_and_renewed_tokens_install_nothing_anew(dry: Dry, task: TaskView) -> None:
    assert task.repository is not None
    dry.base["PIP_INDEX_URL"] = SHOP.replace("//", "//bot:0ld-token@")
    usual = await name_of(dry, task, "till\ndrawer\n")
    dry.base["PIP_INDEX_URL"] = SHOP.replace("//", "//bot:n3w-token@")
    later = replace(task, id=43, repository=replace(task.repository, commit_hash="beef"))
    assert await name_of(dry, later, "# what we sell\ntill  \\\n\n\ndrawer # and where\n") == usual


@pytest.mark.parametrize(
    "line", [".", "./till", "till @ file:///srv/till", "pkgs/till", "till.whl", "--find-links wheels", ".[extra]"]
)
async def test_what_comes_from_the_checkout_is_installed_anew_for_each_commit(
    dry: Dry, task: TaskView, line: str
) -> None:
    assert task.repository is not None
    later = replace(task, repository=replace(task.repository, commit_hash="beef"))
    assert await name_of(dry, task, line) != await name_of(dry, later, line)


@pytest.mark.parametrize(
    "line",
    ["till", f"till @ {SHOP}/till", f"{SHOP}/a/till", f"-c {SHOP}/c", f"git+{SHOP}/till@v1",
     "till; python_version < '4'", "--prefer-binary"],
)  # fmt: skip
async def test_what_comes_from_elsewhere_does_not_depend_on_the_commit(dry: Dry, task: TaskView, line: str) -> None:
    assert task.repository is not None
    later = replace(task, repository=replace(task.repository, commit_hash="beef"))
    assert await name_of(dry, task, line) == await name_of(dry, later, line)


async def test_a_variable_that_pip_puts_in_counts_with_its_value(dry: Dry, task: TaskView) -> None:
    line = "till @ " + SHOP.replace("//", "//${TOKEN}@") + "/till\n"
    dry.base["TOKEN"] = "one"
    first = await name_of(dry, task, line)
    assert await name_of(dry, task, line) == first
    dry.base["TOKEN"] = "two"
    assert await name_of(dry, task, line) != first


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-r ../secret.txt\n", "The requirements file ../secret.txt leads out of the repository."),
        ("-c /etc/passwd\n", "The requirements file /etc/passwd leads out of the repository."),
        ("--requirement=linked.txt\n", "The requirements file linked.txt leads out of the repository."),
        ("-rfile:///etc/passwd\n", "does not exist, or cannot be read."),
        ("-r missing.txt\n", "The requirements file missing.txt does not exist, or cannot be read."),
        ("-r requirements.txt\n", "includes itself, or others too deeply."),
        ("-r bytes.txt\n", "The requirements file bytes.txt is not UTF-8 text."),
        ("-e .\n", "Leave out “-e”."),
        ("--editable=./till\n", "Leave out “-e”."),
    ],
)
async def test_what_an_environment_cannot_be_made_of_is_refused(
    dry: Dry, task: TaskView, text: str, sentence: str
) -> None:
    (dry.checkout.parent / "secret.txt").write_text("till\n")
    (dry.checkout / "linked.txt").symlink_to(dry.checkout.parent / "secret.txt")
    (dry.checkout / "bytes.txt").write_bytes(b"\xff")
    with pytest.raises(Refused) as refused:
        await name_of(dry, task, text)
    assert str(refused.value).endswith(sentence)


@pytest.mark.parametrize("package", ["-r more.txt", "--pre", "", "a\nb"])
async def test_a_package_of_a_template_is_no_option(dry: Dry, task: TaskView, package: str) -> None:
    with pytest.raises(Refused, match="is no Python package"):
        await name_of(dry, task, "till\n", package)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[project\n", "is no valid TOML"),
        ("[project]\ndependencies = 'till'\n", "must be a list of texts"),
        ("project = 1\n", "must be a list of texts"),
        ("[project]\ndynamic = ['dependencies']\n", "List them in a requirements.txt."),
    ],
)
async def test_a_pyproject_without_plain_dependencies_is_refused(
    dry: Dry, task: TaskView, text: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        await python_environment(PythonNeeds([write(dry, text, "pyproject.toml")]), task, dry)


async def test_a_python_that_is_not_there_is_named_with_those_that_are(dry: Dry, task: TaskView) -> None:
    with pytest.raises(Refused, match=r"no “python3.99”. Installed are .*python3"):
        await name_of(dry, task, "till\n", python="python3.99")


async def test_another_python_is_another_environment_also_behind_a_wrapper(dry: Dry, task: TaskView) -> None:
    """As pyenv has: one name, and the version that it stands for is decided elsewhere."""
    wrapper = dry.folder / "bin" / "python3"
    wrapper.parent.mkdir()
    names = []
    for version in ("3.11.1", "3.12.1"):
        wrapper.write_text(f"#!/bin/sh\necho {version}\n")
        wrapper.chmod(0o755)
        names.append(await name_of(dry, task, "till\n", python=str(wrapper)))
    assert names[0] != names[1]
    wrapper.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(Refused, match="does not work: it ended with exit code 3"):
        await name_of(dry, task, "till\n", python=str(wrapper))
    assert os.access(wrapper, os.X_OK)
