"""A stand-in for Pulumi: a small program of that name which notes its arguments and prints JSON of Pulumi's shape.

It shows what the executor asks for and how it reads the answers; it shows nothing about Pulumi itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hub_pulumi import PulumiExecutor
from hub_pulumi.params import PulumiParams, PulumiTaskParams

from hub.plugin import InventoryView, Outcome, TaskView
from hub.testing import RunningIO, task_view

STAND_IN = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path(os.environ["STAND_IN"])
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    noted = {{name: value for name, value in os.environ.items() if name.startswith("PULUMI_") or name == "size"}}
    calls.write(json.dumps([words, noted]) + "\\n")
for word in words:
    if word.startswith("--save-plan="):
        pathlib.Path(word.partition("=")[2]).write_text("a plan")
    if word.startswith("--plan="):
        print("plan:", pathlib.Path(word.partition("=")[2]).read_text())
if words[:2] == ["stack", "output"]:
    print((here / ("whole" if "--show-secrets" in words else "shown")).read_text())
elif "--json" in words:
    print((here / "preview").read_text())
else:
    print("did", words[0])
sys.exit(int((here / "code").read_text()) if words[0] == (here / "fails").read_text() else 0)
"""

BUCKET = "urn:pulumi:prod::shop::aws:s3/bucket:Bucket::assets"
TABLE = "urn:pulumi:prod::shop::shop:Part$aws:dynamodb/table:Table::orders"
STACK = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"


def preview(*steps: Mapping[str, Any], **more: Any) -> str:
    """What `preview --json` prints, in the shape of Pulumi's previewDigest."""
    return json.dumps({"config": {}, "steps": list(steps), "duration": 1, "changeSummary": {"same": 1}, **more})


CREATE = {"op": "create", "urn": BUCKET, "newState": {"urn": BUCKET, "inputs": {"acl": "private", "__defaults": []}}}
UPDATE = {
    "op": "update", "urn": TABLE, "diffReasons": ["size", "password"],
    "oldState": {"inputs": {"size": 1, "name": "orders", "password": "[secret]"}},
    "newState": {"inputs": {"size": 2, "name": "orders", "password": "[secret] "}},
}  # fmt: skip
SAME = {"op": "same", "urn": STACK, "newState": {"inputs": {}}}


@dataclass
class Bench:
    """A program's folder, the stand-in, and a door for each pass."""

    folder: Path
    task: TaskView
    io: RunningIO = field(init=False)
    secrets: dict[str, str] = field(default_factory=dict)
    keys: dict[int, dict[str, str]] = field(default_factory=dict)
    passes: int = 0

    def __post_init__(self) -> None:
        self.says(preview(SAME, CREATE, UPDATE))
        self.outputs({"url": "https://x", "token": "[secret]"}, {"url": "https://x", "token": "s3cret-of-stack"})
        self.breaks("", 0)
        program = self.folder / "bin" / "pulumi"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable))
        program.chmod(0o755)

    def says(self, text: str) -> None:
        (self.folder / "preview").write_text(text)

    def outputs(self, shown: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
        (self.folder / "shown").write_text(json.dumps(shown))
        (self.folder / "whole").write_text(json.dumps(whole))

    def breaks(self, verb: str, code: int) -> None:
        (self.folder / "fails").write_text(verb)
        (self.folder / "code").write_text(str(code))

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    async def run(self, params: Mapping[str, Any] | None = None, **task_params: Any) -> Outcome:
        """Run one pass as on a new worker; what was kept is there."""
        self.passes += 1
        kept = self.io.artifacts if self.passes > 1 else None
        base = {"PATH": f"{self.folder / 'bin'}:{os.defpath}", "STAND_IN": str(self.folder), "LANG": "C.UTF-8"}
        self.io = RunningIO(self.folder / f"pass{self.passes}", secret_values=self.secrets, base=base, keys=self.keys)
        for path in kept.iterdir() if kept else ():
            (self.io.artifacts / path.name).write_bytes(path.read_bytes())
        assert self.task.repository is not None
        self.set(repository=replace(self.task.repository, path=self.io.checkout))
        given = PulumiParams(**({"stack": "prod", "install": False} | dict(params or {})))
        outcome = await PulumiExecutor().run(self.task, given, PulumiTaskParams(**task_params), self.io)
        self.set(resumed=json.loads(json.dumps(dict(outcome.state))) if outcome.kind == "awaiting" else None)
        return outcome

    def calls(self) -> list[list[str]]:
        """Command lines of the stand-in so far, without the looks at outputs."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [words for words, _ in map(json.loads, lines) if words[:2] != ["stack", "output"]]

    def environment(self) -> dict[str, str]:
        """Environment of the first call, as far as it was noted."""
        found: dict[str, str] = json.loads((self.folder / "calls").read_text().splitlines()[0])[1]
        return found

    def result(self, kind: str) -> Any:
        return [data for name, data in self.io.results if name == kind][-1]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A stack that is to get a bucket and a larger table."""
    return Bench(tmp_path, task_view(tmp_path, app="pulumi", script=""))


def stack(name: str) -> InventoryView:
    return InventoryView(3, name, "pulumi-stack", name, None)
