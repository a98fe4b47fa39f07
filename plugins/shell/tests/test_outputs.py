"""What scripts hand over: outputs and artifacts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hub_shell import artifacts, outputs
from hub_shell.interpreters import BashExecutor, NodeExecutor, ShExecutor
from hub_shell.params import ShellParams
from pydantic import ValidationError

from hub.testing.tools import need_tool


def read(tmp_path: Path, text: str | bytes) -> outputs.Found:
    path = tmp_path / "output"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return outputs.read(path)


def test_a_line_is_a_text_and_json_keeps_its_type(tmp_path: Path) -> None:
    found = read(tmp_path, 'version=1.2=3\n\n{"name": "count", "value": 3}\r\n{"name":"hosts","value":["a"]}\nempty=\n')
    assert found.values() == {"version": "1.2=3", "count": 3, "hosts": ["a"], "empty": ""}
    assert found.result()["count"] == {"value": 3, "type": "number"}
    assert [one["type"] for one in found.result().values()] == ["string", "number", "list", "string"]
    assert not found.faults


def test_several_lines_end_where_the_script_says(tmp_path: Path) -> None:
    found = read(tmp_path, "notes<<END\nfirst = 1\n\nEND \nEND\nafter=x\n")
    assert found.values() == {"notes": "first = 1\n\nEND ", "after": "x"}


def test_a_sensitive_value_is_for_later_tasks_only(tmp_path: Path) -> None:
    found = read(tmp_path, '{"name": "token", "value": "s3cret", "sensitive": true}\n')
    assert found.result() == {"token": {"sensitive": True}}
    assert found.values() == {"token": "s3cret"}


def test_the_last_one_of_a_name_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "a=1\nb=2\na=3\n").values() == {"a": "3", "b": "2"}


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("no equals here", "write name=value"),
        ("1st=x", "a name begins with"),
        ("ä=x", "a name begins with"),
        ("x" * 101 + "=x", "a name begins with"),
        ("a<<END\nnever ends", "the end “END” of its value never comes"),
        ('{"name": "a"}', "needs a text `name` and a `value`"),
        ('{"name": "a", "value": NaN}', "is no JSON object"),
        ('{"name": "a", "value": 1, "extra": 1}', "may have"),
        ("{" * 2000, "is no JSON object"),
    ],
)
def test_a_wrong_line_is_told_without_its_value_and_the_others_count(tmp_path: Path, line: str, part: str) -> None:
    found = read(tmp_path, f"good=1\n{line}")
    assert found.values() == {"good": "1"}
    (fault,) = found.faults
    assert part in fault
    assert fault.startswith("Line 2 of HUB_OUTPUT was left out")


def test_there_is_an_end_to_outputs(tmp_path: Path) -> None:
    many = read(tmp_path, "".join(f"n{number}=x\n" for number in range(outputs.MOST + 30)))
    assert len(many.outputs) == outputs.MOST
    assert many.faults[-1] == "20 more lines of HUB_OUTPUT were left out."
    large = read(tmp_path, "a=" + "x" * outputs.LARGEST)
    assert not large.outputs
    assert "more than 256 KiB" in large.faults[0]


def test_the_marks_of_powershell_are_understood(tmp_path: Path) -> None:
    assert read(tmp_path, "a=ü\r\n".encode("utf-16")).values() == {"a": "ü"}
    assert read(tmp_path, b"\xef\xbb\xbfa=1\n").values() == {"a": "1"}


def test_a_file_that_became_something_else_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "output"
    (tmp_path / "secret").write_text("a=1")
    path.symlink_to(tmp_path / "secret")
    assert "is gone" in outputs.read(path).faults[0]
    path.unlink()
    path.hardlink_to(tmp_path / "secret")
    assert "no plain file" in outputs.read(path).faults[0]
    path.unlink()
    os.mkfifo(path)
    assert "no plain file" in outputs.read(path).faults[0]


TREE = ("dist/app.whl", "dist/app.tar.gz", "dist/deep/x.txt", "reports/a/b/r.xml", "r.xml", ".git/config", "build/a/b")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dist/*.whl", ["dist/app.whl"]),
        ("dist", ["dist/app.tar.gz", "dist/app.whl", "dist/deep/x.txt"]),
        ("dist/", ["dist/app.tar.gz", "dist/app.whl", "dist/deep/x.txt"]),
        ("**/*.xml", ["r.xml", "reports/a/b/r.xml"]),
        ("reports/**/**/r.xml", ["reports/a/b/r.xml"]),
        ("*.xml", ["r.xml"]),
        ("dist/**", ["dist/app.tar.gz", "dist/app.whl", "dist/deep/x.txt"]),
        ("dist/app.[tw]*", ["dist/app.tar.gz", "dist/app.whl"]),
        (".", [name for name in TREE if not name.startswith(".git")]),
        (".git/config", []),
        ("Dist", []),
    ],
)
def test_patterns_find_files_below_the_working_directory(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = artifacts.match(tmp_path, [pattern])
    assert sorted(found.files) == sorted(expected)
    assert bool(found.faults) == (not expected)


def test_links_are_never_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "secret").write_text("x")
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    assert not artifacts.match(root, ["**", "file", "folder/*"]).files


async def test_a_working_directory_that_the_script_put_elsewhere_is_not_looked_into(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("x")
    bench.script("sub/go.sh", f'cd .. && mv sub old && ln -s "{tmp_path}/outside" sub\n')
    bench.set(working_directory="sub", script="sub/go.sh")
    bench.io.checkout = bench.root / "sub"
    assert (await bench.run(BashExecutor(), artifacts=("*",))).kind == "success", bench.io.output
    assert not bench.io.published
    assert bench.io.lines == ["No artifacts were kept: the working directory is not the one that the task began in."]


@pytest.mark.parametrize("pattern", ["/etc/*", "../x", "a/../../b", "", " ", "a\0b", "a\\b", "x" * 301])
def test_patterns_that_lead_elsewhere_are_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        ShellParams(artifacts=(pattern,))


async def test_outputs_and_artifacts_are_kept_also_when_the_script_failed(bench: Any) -> None:
    bench.script("make.sh", 'mkdir dist; echo hi > dist/a.txt; echo version=7 >> "$HUB_OUTPUT"; exit 3\n')
    outcome = await bench.run(BashExecutor(), artifacts=("dist", "nothing/*"))
    assert outcome.code == 3
    assert bench.io.results == [("outputs", {"outputs": {"version": {"value": "7", "type": "string"}}})]
    assert json.loads((bench.io.artifacts / "outputs.json").read_text()) == {"version": "7"}
    assert bench.io.published == {"dist/a.txt": b"hi\n"}
    assert bench.io.lines == ["No file fits the artifact pattern “nothing/*”."]


async def test_a_script_without_outputs_leaves_nothing(bench: Any) -> None:
    bench.script("make.sh", "true\n")
    assert (await bench.run(ShExecutor())).kind == "success"
    assert (bench.io.results, bench.io.published, bench.io.lines) == ([], {}, [])


async def test_a_deployment_finds_the_artifacts_of_its_build(bench: Any) -> None:
    bench.io.upstream_files = {"dist/a.txt": b"hi\n"}
    bench.script("ship.sh", 'cat "$HUB_INPUT_FILES/dist/a.txt"\n')
    assert (await bench.run(BashExecutor(), bring_artifacts=True)).kind == "success", bench.io.output
    assert bench.io.output == "hi\n"


async def test_bringing_without_a_build_is_told(bench: Any) -> None:
    bench.script("ship.sh", 'ls "$HUB_INPUT_FILES"\n')
    assert (await bench.run(BashExecutor(), bring_artifacts=True)).kind == "success"
    assert bench.io.lines == ["No artifacts were brought: this task deploys no build, or its build left none."]


SH = 'echo "$0 $1"; echo "made=$name" >> "$HUB_OUTPUT"\n'
NODE = """
require("fs").appendFileSync(process.env.HUB_OUTPUT, `made=${process.env.name}\\n`)
console.log("run.js " + process.argv[2])
"""


@pytest.mark.parametrize(
    ("executor", "name", "text"), [(ShExecutor(), "run.sh", SH), (NodeExecutor(), "run.js", NODE)], ids=["sh", "node"]
)
async def test_sh_and_node_run_scripts_for_real(bench: Any, executor: Any, name: str, text: str) -> None:
    need_tool(executor.programs[0])
    bench.script(name, text)
    bench.set(variables={"name": "x y"})
    assert (await bench.run(executor)).kind == "success", bench.io.output
    assert bench.io.output == f"{name} name=x y\n"
    assert bench.io.results[0][1]["outputs"]["made"]["value"] == "x y"
