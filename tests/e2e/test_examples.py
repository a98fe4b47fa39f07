"""What stands in `examples/` works as it stands there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hub.testing.tools import need_tool

from .hub_process import Person, cluster

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_whole_project_lives_by_curl_alone(tmp_path: Path) -> None:
    tools = [need_tool(name) for name in ("bash", "curl", "openssl", "git")]
    with cluster(tmp_path, {"hello.sh": "echo hello\n"}) as one:
        node = one.serve()
        person = Person(one, node)
        before = [project["id"] for project in person.get("/projects")]
        tokens = person.get("/user/tokens")
        done = subprocess.run(
            [tools[0], str(EXAMPLES / "project_life.sh")], capture_output=True, text=True, timeout=240, check=False,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(tmp_path),
                "HUB_URL": f"http://127.0.0.1:{node.port}", "HUB_PASSWORD": "changeme",
                "HUB_REPOSITORIES": str(one.repositories),
            },
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr + node.log.read_text()
        for words in ("Hello world, this is the hub", "Hello webhook, this is the hub", "runs next at 2", "is gone"):
            assert words in done.stdout, done.stdout
        assert "changeme" not in done.stdout + done.stderr
        assert [project["id"] for project in person.get("/projects")] == before
        assert person.get("/user/tokens") == tokens
        assert not list(one.repositories.glob("project-life-*"))
        assert not list(tmp_path.glob("tmp.*"))
