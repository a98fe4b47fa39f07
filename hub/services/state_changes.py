"""What differs between two versions of a Terraform state: resources, what of them, and outputs.

Of a resource only the names of what differs are told. Its values may be secrets that a state does not mark, for it is
the provider that knows them; the whole text of a version is for those who may change things. Outputs carry their own
mark, so the values of the others are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

MOST: Final = 500
"""Resources that are told."""
_LONGEST: Final = 200
"""Characters of an output's value."""


def between(before: bytes | None, after: bytes | None) -> dict[str, Any]:
    """Return what was added, changed and removed from one version to the other; None is no state."""
    old, new = _read(before), _read(after)
    resources = [
        {"name": name, "action": action, "attributes": _names(then, now)}
        for name, action, then, now in _compared(dict(_instances(old)), dict(_instances(new)))
    ]
    outputs = [
        {"name": name, "action": action, **_values(then, now)}
        for name, action, then, now in _compared(_mapping(old.get("outputs")), _mapping(new.get("outputs")))
    ]
    counts = {verb: sum(one["action"] == verb for one in resources) for verb in ("add", "change", "destroy")}
    return {
        "counts": counts,
        "resources": resources[:MOST],
        "left_out": max(0, len(resources) - MOST),
        "outputs": outputs[:MOST],
        "readable": "encrypted_data" not in old and "encrypted_data" not in new,
    }


def resources_of(text: bytes | None) -> list[str]:
    """Return the addresses of everything in a state."""
    return sorted(name for name, _ in _instances(_read(text)))


def _read(text: bytes | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        return _mapping(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _instances(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a state holds by its address, as the tool writes it."""
    for block in map(_mapping, _listed(state.get("resources"))):
        data = "data." if block.get("mode") == "data" else ""
        name = ".".join(filter(None, [block.get("module", ""), f"{data}{block.get('type')}.{block.get('name')}"]))
        for one in map(_mapping, _listed(block.get("instances"))):
            index = f"[{orjson.dumps(one['index_key']).decode()}]" if one.get("index_key") is not None else ""
            deposed = f" (deposed {one['deposed']})" if one.get("deposed") else ""
            attributes = one["attributes"] if "attributes" in one else one.get("attributes_flat")
            yield f"{name}{index}{deposed}", {**_mapping(attributes), **_status(one)}


def _status(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"(tainted)": one["status"]} if one.get("status") else {}


def _compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield name, "add", None, new[name]
        elif name not in new:
            yield name, "destroy", old[name], None
        elif old[name] != new[name]:
            yield name, "change", old[name], new[name]


def _names(then: Any, now: Any) -> list[str]:
    old, new = _mapping(then), _mapping(now)
    return [] if then is None or now is None else [name for name, *_ in _compared(old, new)]


def _values(then: Any, now: Any) -> dict[str, Any]:
    sides = [_mapping(one) for one in (then, now)]
    if any(one.get("sensitive") for one in sides):
        return {"sensitive": True}
    before, after = (_text(one["value"]) if "value" in one else None for one in sides)
    return {"before": before, "after": after}


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
