"""Reads what `pulumi preview --json` prints: what would be done, for people and for comparing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub_pulumi.unfit import Unfit

MOST_RESOURCES: Final = 300
_MOST_ATTRIBUTES: Final = 40
_LONGEST_VALUE: Final = 400
_SECRET: Final = "[secret]"  # noqa: S105 - what Pulumi writes in place of a secret value
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # marks an object that stands for a secret or asset
_VERBS: Final = {
    "create": "add", "update": "change", "delete": "destroy", "replace": "replace", "import": "import",
    "import-replacement": "replace", "read": "read", "refresh": "change",
}  # fmt: skip
"""Steps that are shown; a replacement's parts (`create-replacement` …) are in its `replace`, `same` changes nothing."""
_ACTIONS: Final = ("add", "change", "destroy", "replace", "import", "move", "forget", "read")
_QUIET: Final = frozenset({"read"})
_SIGNS: Final = {"add": "+", "change": "~", "destroy": "-", "replace": "±", "import": "⇤", "read": "?"}


@dataclass(frozen=True, slots=True)
class Digest:
    """What a preview would do."""

    resources: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    mark: str = ""
    """Digest of all steps: two previews that would do the same have the same."""

    @property
    def changes(self) -> bool:
        """Whether anything would be done."""
        return any(count for action, count in self.counts.items() if action not in _QUIET)

    def lines(self) -> list[str]:
        """Return what people read in the log."""
        return [f"  {_SIGNS.get(one['action'], '·')} {one['action']}: {one['name']}" for one in self.resources]


def read(text: str, *, destroy: bool = False) -> Digest:
    """Read the output of a preview. Raises `Unfit` when it is none."""
    found = _object(text)
    steps = found.get("steps", [])
    if not isinstance(steps, list) or not {"steps", "changeSummary", "duration"} & found.keys():
        raise Unfit("Pulumi's preview is not in the form that this hub knows. Is the program much newer, or older?")
    counts = dict.fromkeys(_ACTIONS, 0)
    resources: list[dict[str, Any]] = []
    sums = hashlib.sha256(b"destroy" if destroy else b"")
    for step in steps:
        action = _VERBS.get(str(step.get("op"))) if isinstance(step, Mapping) else None
        if action is None:
            continue
        counts[action] += 1
        sums.update(json.dumps([step.get("op"), step.get("urn"), *_inputs(step)], sort_keys=True).encode())
        if len(resources) < MOST_RESOURCES:
            rows = list(_attributes(step, action))[:_MOST_ATTRIBUTES]
            resources.append({"name": _name(str(step.get("urn", ""))), "action": action, "attributes": rows})
    return Digest(resources, counts, sums.hexdigest())


def faults(text: str) -> list[str]:
    """Return what a failed preview says of errors."""
    try:
        found = _object(text).get("diagnostics") or []
    except Unfit:
        return []
    told = [one for one in found if isinstance(one, Mapping) and one.get("severity") == "error"]
    return [" ".join(str(one.get("message", "")).split())[:2000] for one in told][:20]


def outputs(shown: str, whole: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (outputs for people, values for later tasks) of two looks: one with secrets hidden, one with them."""
    public, values = _object(shown or "{}"), _object(whole or "{}")
    told: dict[str, Any] = {}
    for name in values:
        if name not in public or public[name] != values[name] or public[name] == _SECRET:
            told[name] = {"sensitive": True}
        else:
            told[name] = {"value": values[name], "type": _type(values[name])}
    return told, values


def _object(text: str) -> dict[str, Any]:
    """Read the first JSON object; before it a program may have printed lines of its own."""
    start = text.find("{")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, max(start, 0))
    except (ValueError, RecursionError):
        raise Unfit("Pulumi did not print the JSON that it was asked for; the log tells what it said.") from None
    if not isinstance(value, dict):
        raise Unfit("Pulumi did not print the JSON object that it was asked for.")
    return value


def _name(urn: str) -> str:
    """Return `type name` of `urn:pulumi:stack::project::parent$type::name`."""
    parts = urn.split("::", 3)
    if len(parts) < 4:
        return urn
    return f"{parts[2].rpartition('$')[2]} {parts[3]}"


def _inputs(step: Mapping[str, Any]) -> tuple[Any, Any]:
    states = (step.get("oldState"), step.get("newState"))
    before, after = ((one.get("inputs") or {}) if isinstance(one, Mapping) else None for one in states)
    return before, after


def _attributes(step: Mapping[str, Any], action: str) -> Iterator[dict[str, Any]]:
    before, after = _inputs(step)
    before, after = (one if isinstance(one, Mapping) else {} for one in (before, after))
    forced = {str(name) for name in step.get("replaceReasons") or ()}
    for name in sorted({*before, *after}):
        if action in {"change", "replace"} and before.get(name) == after.get(name):
            continue
        if name.startswith("__"):
            continue
        pair = before.get(name), after.get(name)
        sensitive = any(map(_is_secret, pair))
        then, now = (None if sensitive or one is None else _text(one) for one in pair)
        row = {"name": name, "before": then, "after": now, "sensitive": sensitive, "unknown": False}
        yield row | {"forces": name in forced}


def _is_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _SIGNATURE in value or any(map(_is_secret, value.values()))
    if isinstance(value, list):
        return any(map(_is_secret, value))
    return isinstance(value, str) and _SECRET in value


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _type(value: Any) -> str:
    for kind, word in ((bool, "bool"), (str, "string"), (int | float, "number"), (list, "list"), (dict, "map")):
        if isinstance(value, kind):
            return word
    return "null"
