"""The table of routes holds everything that the wire's contract has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.routes import command, compare, table
from hub.web.api import load_routes

SNAPSHOT = Path(__file__).with_name("routes.tsv")

ELSEWHERE = ("/api/ws",)
"""A WebSocket, served by `hub.web.live`."""

NEWER = (
    r"/api/project/\{\}/host_configs.*",
    r"/api/(project/\{\}/)?invites.*",
    r"/api/(project/\{\}/)?runners/\{\}/registration-token",
    r"/api/runner_tags",
    r"/api/user/options",
)
"""Of later releases of the wire than the snapshot."""


@pytest.fixture(scope="module")
def missing() -> list[str]:
    load_routes()
    absent, _ = compare(table(), SNAPSHOT.read_text("utf-8"))
    return [f"{method} {path}" for method, path in absent if path not in ELSEWHERE]


def test_nothing_of_the_wire_is_missing(missing):
    assert missing == []


def test_a_route_that_says_that_it_is_of_the_wire_is_of_the_wire():
    load_routes()
    _, extra = compare(table(), SNAPSHOT.read_text("utf-8"))
    paths = [re.sub(r"\{\w+\}", "{}", path) for _, path in extra]
    assert [path for path in paths if not any(re.fullmatch(one, path) for one in NEWER)] == []


def test_names_of_parameters_do_not_matter(tmp_path):
    load_routes()
    other = tmp_path / "other.tsv"
    other.write_text("GET\t/api/project/{p}/keys/{k}\t200\nGET\t/api/nowhere\t200\nno line of a table\n")
    told = CliRunner().invoke(command, ["--against", str(other)])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("missing: 1\n  GET /api/nowhere\nextra: ")
    assert "  GET /api/project/{project_id}/keys/{key_id}\n" not in told.output
    assert "  POST /api/project/{project_id}/keys\n" in told.output


def test_the_table_says_who_may_come_and_whose_route_it_is():
    told = CliRunner().invoke(command, [])
    assert told.exit_code == 0, told.output
    rows = {tuple(line.split()) for line in told.output.splitlines()}
    assert ("METHOD", "PATH", "ACCESS", "CONTRACT") in rows
    assert ("HEAD", "/api/ping", "public", "wire") in rows
    assert ("GET", "/api/plugins", "admin", "own") in rows
