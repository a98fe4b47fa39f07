"""The floor only grows: its public surface is compared with a stored picture."""

import dataclasses
import difflib
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hub.plugin
from hub.plugin import Params, spec

PICTURE = Path(__file__).with_name("plugin_api.txt")
RENEW = "HUB_RENEW=1 python -m pytest tests/contracts/test_plugin_api.py"


def surface() -> str:
    lines = [f"API_VERSION = {spec.API_VERSION}", ""]
    for name in sorted(hub.plugin.__all__):
        lines += [*described(name, getattr(hub.plugin, name)), ""]
    lines += ["hooks"]
    lines += [f"    {hook}{signature(getattr(spec, hook))}" for hook in vars(spec) if hook.startswith("hub_")]
    return "\n".join(lines) + "\n"


def described(name: str, thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield name if name != "API_VERSION" else f"{name}: int"
        return
    bases = [base.__name__ for base in thing.__bases__ if base.__module__.startswith("hub.") or base is Exception]
    variables = [variable.__name__ for variable in getattr(thing, "__parameters__", ())]
    generic = f"[{', '.join(variables)}]" if variables else ""
    parents = f"({', '.join(bases)})" if bases else ""
    yield f"class {name}{generic}{parents}"
    yield from (f"    {line}" for line in (*attributes(thing), *methods(thing)))


def attributes(thing: type) -> Iterator[str]:
    if dataclasses.is_dataclass(thing):
        yield from (f"{each.name}: {each.type}{default_of(each)}" for each in dataclasses.fields(thing))
    elif not issubclass(thing, Params):
        for name, kind in inspect.get_annotations(thing).items():
            if not name.startswith("_"):
                yield f"{name}: {kind}{f' = {vars(thing)[name]!r}' if plain(vars(thing).get(name)) else ''}"


def methods(thing: type) -> Iterator[str]:
    for name, member in sorted(vars(thing).items()):
        made_by_hand = (
            name == "__init__" and not dataclasses.is_dataclass(thing) and thing.__module__ == member.__module__
        )
        if name.startswith("_") and not made_by_hand:
            continue
        if isinstance(member, classmethod):
            yield f"classmethod {name}{signature(member.__func__)}"
        elif isinstance(member, property):
            yield f"property {name}{signature(member.fget)}"
        elif inspect.isfunction(member):
            yield f"{'async ' if inspect.iscoroutinefunction(member) else ''}{name}{signature(member)}"


def plain(value: object) -> bool:
    return isinstance(value, str | int | bool | tuple)


def default_of(each: dataclasses.Field) -> str:
    if each.default is not dataclasses.MISSING:
        return f" = {each.default!r}"
    return "" if each.default_factory is dataclasses.MISSING else f" = {each.default_factory.__name__}()"


def signature(function: Any) -> str:
    # Annotations are texts and show with quotes; defaults that are texts keep theirs.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


def test_the_public_surface_is_as_it_was():
    now = surface()
    if os.environ.get("HUB_RENEW") == "1":
        PICTURE.write_text(now, encoding="utf-8")
    then = PICTURE.read_text(encoding="utf-8") if PICTURE.exists() else ""
    changes = "\n".join(difflib.unified_diff(then.splitlines(), now.splitlines(), "stored", "now", lineterm="", n=1))
    assert not changes, (
        f"hub.plugin is not what {PICTURE.name} shows.\n{changes}\n"
        "Additions are fine: renew the picture and commit it with them.\n"
        "A line that went or changed breaks plugins: take it back, or raise API_VERSION.\n"
        f"Renew with: {RENEW}"
    )


def test_everything_public_is_listed_and_documented():
    for name in hub.plugin.__all__:
        thing = getattr(hub.plugin, name)
        if inspect.isclass(thing):
            assert (thing.__doc__ or "").strip(), f"{name} needs a docstring"
    assert list(hub.plugin.__all__) == sorted(hub.plugin.__all__)
