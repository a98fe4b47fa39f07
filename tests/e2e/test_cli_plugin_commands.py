"""`hub x`: commands of a plugin that is really installed, as an entry point of a distribution."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .command_line import Terminal

pytestmark = pytest.mark.e2e

_MODULE = """
from hub.plugin import Command, Refused, hookimpl

HUB_API = 1


def greet(arguments):
    print("hello", *arguments)
    return len(arguments)


def refuse(arguments):
    raise Refused("The moon is in the wrong place.")


def fail(arguments):
    raise KeyError("inner")


@hookimpl
def hub_commands():
    return [Command("greet", "Greets.", greet), Command("refuse", "Refuses.", refuse), Command("fail", "Fails.", fail)]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    site = tmp_path / "site"
    info = site / "hub_greeter-1.2.dist-info"
    info.mkdir(parents=True)
    (site / "hub_greeter.py").write_text(_MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-greeter\nVersion: 1.2\nSummary: Greets.\n")
    (info / "entry_points.txt").write_text("[hub]\ngreeter = hub_greeter\n")
    return Terminal(tmp_path, tmp_path / "data")


def run(terminal: Terminal, *arguments: str) -> tuple[int, str, str]:
    path = os.pathsep.join((str(terminal.folder / "site"), os.environ.get("PYTHONPATH", "")))
    done = terminal.run(*arguments, PYTHONPATH=path)
    return done.returncode, done.stdout, done.stderr


def test_they_are_listed_and_get_their_arguments_as_they_are(terminal: Terminal) -> None:
    assert "hub x greeter greet  Greets." in run(terminal, "x")[1]
    assert run(terminal, "x", "greeter", "greet") == (0, "hello\n", "")
    assert run(terminal, "x", "greeter", "greet", "--help", "-v", "a b") == (3, "hello --help -v a b\n", "")


def test_their_failures_are_sentences(terminal: Terminal) -> None:
    assert run(terminal, "x", "greeter", "refuse") == (1, "", "The moon is in the wrong place.\n")
    code, out, err = run(terminal, "x", "greeter", "fail")
    assert (code, out) == (1, "")
    assert err == "The plugin greeter failed with KeyError: 'inner'\n"
