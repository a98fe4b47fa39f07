"""Python scripts with the packages that they need, and with the Python that they want."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hub_shell.dependencies import PythonParams
from hub_shell.interpreters import PythonExecutor

from hub.plugin import Refused
from hub.testing import RunningIO
from hub.testing.wheels import make_wheel

PYTHON = PythonExecutor()
PROJECT = "[project]\ndependencies = ['a']\n"
SELL = "import shutil, till\nprint('sold at', till.TILL, shutil.which('till') is not None)\n"


@pytest.fixture
def shop(bench: Any, tmp_path: Path) -> Any:
    """A checkout whose script needs `till`, which an index on this machine has."""
    modules = {"till.py": "TILL = 3\n\ndef main():\n    pass\n"}
    make_wheel(tmp_path / "wheels", "till", "1.0", modules=modules, programs={"till": "till:main"})
    bench.io.base |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    bench.script("sales/sell.py", SELL)
    return bench


def file(bench: Any, name: str, text: str = "till\n") -> None:
    (bench.root / name).parent.mkdir(parents=True, exist_ok=True)
    (bench.root / name).write_text(text)


async def test_a_script_finds_its_packages_and_their_programs_and_the_next_run_is_warm(shop: Any) -> None:
    file(shop, "sales/requirements.txt")
    shop.set(variables={"A": "1"})
    for _ in range(2):
        assert (await shop.run(PYTHON)).kind == "success", shop.io.output
    assert shop.io.output.count("sold at 3 True") == 2
    assert shop.io.stages == ["dependencies", "running"] * 2
    assert shop.io.lines == [
        "Installing the Python packages of sales/requirements.txt.",
        "The Python packages of sales/requirements.txt are installed already.",
    ]
    assert shop.io.calls[-1].argv[1:] == ("sales/sell.py", "A=1")
    assert shop.io.calls[-1].env["VIRTUAL_ENV"] == str(Path(shop.io.calls[-1].argv[0]).parents[1])


class Warm(RunningIO):
    """Has every environment already."""

    async def shared(self, name: str, fill: Any) -> Path:
        return Path(sys.prefix)


@pytest.mark.parametrize(
    ("files", "requirements", "used"),
    [
        ({"requirements.txt": "a"}, "", "requirements.txt"),
        ({"requirements.txt": "a", "sales/requirements.txt": "b"}, "", "sales/requirements.txt"),
        ({"pyproject.toml": PROJECT}, "", "pyproject.toml"),
        ({"pyproject.toml": "[tool.ruff]", "requirements.txt": "a"}, "", "requirements.txt"),
        ({"sales/pyproject.toml": PROJECT, "requirements.txt": "a"}, "", "sales/pyproject.toml"),
        ({"needs/sales.in": "a", "requirements.txt": "b"}, "needs/sales.in", "needs/sales.in"),
        ({"requirements.txt": "a"}, "-", ""),
        ({"pyproject.toml": "[tool.ruff]"}, "", ""),
        ({"pyproject.toml": "[project"}, "", ""),
        ({}, "", ""),
    ],
)  # fmt: skip
async def test_which_file_counts(shop: Any, files: dict[str, str], requirements: str, used: str) -> None:
    shop.script("sales/sell.py", "pass\n")
    for name, text in files.items():
        file(shop, name, text)
    shop.io = Warm(shop.io.folder, base=shop.io.base)
    assert (await shop.run(PYTHON, requirements=requirements)).kind == "success", shop.io.output
    assert shop.io.lines == ([f"The Python packages of {used} are installed already."] if used else [])
    assert shop.io.stages == ["dependencies", "running"][not used :]


async def test_a_file_that_is_not_there_is_refused_with_a_sentence(shop: Any) -> None:
    with pytest.raises(Refused, match=r"The requirements file other\.txt does not exist"):
        await shop.run(PYTHON, requirements="other.txt")
    with pytest.raises(Refused, match=r"The requirements file .* leads out of the repository"):
        await shop.run(PYTHON, requirements="../wheels/x.txt")


async def test_a_template_chooses_its_python(shop: Any) -> None:
    shop.script("which.py", "import sys; print('is', sys.executable)\n")
    there = Path(shop.io.workspace, "bin", "python3.77")
    there.parent.mkdir()
    there.symlink_to(sys.executable)
    shop.io.base["PATH"] = f"{there.parent}:{shop.io.base['PATH']}"
    assert (await shop.run(PYTHON, python="python3.77")).kind == "success"
    assert shop.call.argv[0] == str(there)
    with pytest.raises(Refused, match=r"This worker has no “python3\.78”\. Installed are .*python3.77"):
        await shop.run(PYTHON, python="python3.78")


@pytest.mark.parametrize("name", ["/bin/sh", "../python", "-c"])
def test_a_python_is_chosen_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match="write the name of an interpreter"):
        PythonParams(python=name)
