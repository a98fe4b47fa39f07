"""Rules of this repository that no linter knows: how long files are, reasons for what is switched off, numbers."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
CODE = (".py", ".ts", ".mjs", ".css")
OFF = re.compile(r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[\w, -]+\])?)")
REASON = re.compile(r"[-#]\s+\S.*\w{3}")


def ours() -> list[Path]:
    """Files that git knows or would take; without git, of an unpacked source, all but what tools leave."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no checkout of git, which says what is ours")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def unreasoned(source: str) -> list[int]:
    """Lines that switch off a check and do not say why."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and OFF.search(token.string):
            rest = OFF.sub("", token.string)
            if not REASON.match(rest.strip()):
                found.append(token.start[0])
    return found


def test_no_file_is_longer_than_a_person_reads() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in ours() if path.suffix in CODE
    }
    assert lengths
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_whatever_is_switched_off_has_its_reason_beside_it() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in ours()
        if path.suffix == ".py"
        for line in unreasoned(path.read_text("utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("noqa: S608", False), ("noqa: S608 - of constants", True), ("noqa: FBT001, FBT002", False),
        ("type: ignore[arg-type]", False), ("type: ignore[arg-type]  # the library's own type", True),
        ("type: ignore[misc]  # noqa: SLF001 - Tortoise's own name", True), ("noqa", False),
        ("type: ignore[misc]  # noqa: SLF001", False), ("type: ignore[a, b]", False),
    ],
)  # fmt: skip
def test_a_reason_is_words_behind_the_mark(comment: str, told: bool) -> None:
    assert (unreasoned(f"x = 1  # {comment}\n") == []) == told


def test_each_decision_has_a_number_of_its_own() -> None:
    folder = ROOT / "docs/adr"
    numbers = Counter(path.name[:4] for path in folder.glob("*.md"))
    assert numbers
    assert not [number for number, files in numbers.items() if files > 1]
    for path in folder.glob("*.md"):
        assert path.read_text("utf-8").startswith(f"# {int(path.name[:4])}. "), path.name
