"""Variables for the tool: an environment for all of them, and a file for those that the configuration declares.

Neither shows in a command line. The file is what makes a variable of the hub win over `terraform.tfvars`; a name that
the configuration does not declare is left out of it, for the tool would warn of each. W-12.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 128 * 1024 - 1
"""Bytes that Linux allows for one environment variable."""

_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_HEAD: Final = re.compile(r'^[ \t]*variable[ \t]+"?([^\W\d][\w-]*)"?[ \t]*\{', re.MULTILINE)
_TYPE: Final = re.compile(r'\btype[ \t]*=[ \t]*"?([a-z]+)')
_COMPOUND: Final = frozenset({"any", "list", "map", "object", "set", "tuple"})


def environment(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return `TF_VAR_…`, as far as an environment can hold them."""
    found = {}
    for name, value in variables.items():
        word = f"TF_VAR_{name}={_as_expression(value)}"
        if value is not None and _NAME.fullmatch(name) and "\0" not in word and len(word.encode()) <= LONGEST:
            found[f"TF_VAR_{name}"] = _as_expression(value)
    return found


def file_text(variables: Mapping[str, Any], declared: Mapping[str, str]) -> str:
    """Return the text of a `.tfvars.json`; empty when nothing belongs there."""
    found = {}
    for name, value in variables.items():
        if name not in declared:
            continue
        if isinstance(value, str) and declared[name] in _COMPOUND:
            fits, typed = _parsed(value)
            if fits:
                found[name] = typed
        else:
            found[name] = value
    return json.dumps(found, ensure_ascii=False, indent=1) if found else ""


def declared_in(folder: Path) -> dict[str, str]:
    """Return the variables that the configuration of a folder declares, each with the first word of its type."""
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.endswith((".tf", ".tofu")):
            found |= dict(_in_text(path.read_text("utf-8", errors="replace")))
        elif path.is_file() and path.name.endswith((".tf.json", ".tofu.json")):
            found |= dict(_in_json(path.read_text("utf-8", errors="replace")))
    return found


def _in_text(text: str) -> Iterator[tuple[str, str]]:
    for head in _HEAD.finditer(text):
        line = text.find("\n", head.end())
        first = text[head.end() : line if line >= 0 else len(text)]
        end = re.compile(r"^[ \t]*\}[ \t]*$", re.MULTILINE).search(text, head.end())
        body = first if first.rstrip().endswith("}") else text[head.end() : end.start() if end else len(text)]
        kind = _TYPE.search(body)
        yield head[1], kind[1] if kind else ""


def _in_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        root = json.loads(text)
    except ValueError:
        return  # the tool itself will say what is wrong with it
    blocks = root.get("variable") if isinstance(root, dict) else None
    for block in blocks if isinstance(blocks, list) else [blocks]:
        for name, body in block.items() if isinstance(block, dict) else ():
            kind = re.match(r"[a-z]+", str(body.get("type", ""))) if isinstance(body, dict) else None
            yield name, kind[0] if kind else ""


def _parsed(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text)
    except ValueError:
        return False, None  # perhaps the language's own syntax, which the environment passes on


def _as_expression(value: Any) -> str:
    """Write a value as the tool reads it from its environment: texts as they are, the rest as an expression."""
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("${", "$${").replace("%{", "%%{") if isinstance(value, dict | list) else text
