"""`hub serve` as a process of its own: answers, carries out what the command line starts, and ends in order."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from .command_line import Terminal

pytestmark = pytest.mark.e2e


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, tmp_path / "data")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(terminal: Terminal, port: int) -> Iterator[subprocess.Popen[str]]:
    process = terminal.start("serve", "--port", str(port), HUB_ADMIN_PASSWORD="changeme")
    try:
        wait_for_pong(process, port)
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_pong(process: subprocess.Popen[str], port: int) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/ping") as answer:
                assert answer.read() == b"pong"
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(process.stderr.read())


def test_it_answers_to_a_token_that_was_made_beside_it(
    terminal: Terminal, server: subprocess.Popen[str], port: int
) -> None:
    token = terminal.run("token", "create", "admin").stdout.strip()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/user", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        assert b'"username":"admin"' in answer.read()
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert server.poll() is None


def test_it_ends_in_order_when_told_to(server: subprocess.Popen[str]) -> None:
    server.terminate()
    _, told = server.communicate()
    assert server.returncode == 0, told
    assert "Traceback" not in told


def test_a_port_that_is_taken_is_told_in_a_sentence(
    terminal: Terminal, server: subprocess.Popen[str], port: int
) -> None:
    done = terminal.run("serve", "--port", str(port))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "refused" in done.stderr.splitlines()[-1]
