"""Makes a short review of a plan, and of a state the two numbers that tell it from others.

It is also run as a program of its own, without the hub: a plan or a state can be hundreds of megabytes of JSON, with
every secret in it, and neither belongs into the memory of a worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

MOST_RESOURCES: Final = 1000
MOST_ATTRIBUTES: Final = 200
LONGEST: Final = 1000
"""Characters of a value that are shown."""
BUDGET: Final = 400_000
"""Characters of all values together."""

_ACTIONS: Final[Mapping[tuple[str, ...], str]] = {
    ("create",): "add",
    ("update",): "change",
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
    ("forget",): "forget",
    ("read",): "read",
}
_KINDS: Final = ("add", "change", "destroy", "replace", "import", "move", "forget", "read")


def review(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people need to judge a plan. What is marked as sensitive is not in it, nor are copies of that."""
    page = _Page(_secrets(plan))
    resources = [one for change in plan.get("resource_changes") or () if (one := page.resource(change))]
    outputs = [page.output(name, one) for name, one in (plan.get("output_changes") or {}).items()]
    return {
        "counts": {kind: sum(one["action"] == kind for one in resources) for kind in _KINDS},
        "resources": resources[:MOST_RESOURCES],
        "left_out": max(0, len(resources) - MOST_RESOURCES),
        "outputs": [one for one in outputs if one["attributes"]][:MOST_RESOURCES],
        "drift": [
            {"name": one["address"], "action": _action(one)} for one in plan.get("resource_drift") or () if _action(one)
        ][:MOST_RESOURCES],
        "complete": bool(plan.get("complete", True)),
        "cut": page.left <= 0,
    }


@dataclass
class _Page:
    """A review under way."""

    secrets: frozenset[str]
    left: int = field(default=BUDGET)

    def resource(self, one: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the review of one resource; None when nothing happens to it."""
        action = _action(one)
        if not action:
            return None
        change = one["change"]
        forced = [".".join(map(str, path)) for path in change.get("replace_paths") or ()]
        found: dict[str, Any] = {"name": one["address"], "type": one.get("type", ""), "action": action}
        if one.get("previous_address"):
            found["before_name"] = one["previous_address"]
        found["attributes"] = self._attributes(change, forced)
        return found

    def output(self, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """Return the review of one output."""
        action = _ACTIONS.get(tuple(change.get("actions") or ()), "")
        return {"name": name, "action": action, "attributes": self._attributes(change, []) if action else []}

    def _attributes(self, change: Mapping[str, Any], forced: Sequence[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for leaf in _leaves("", _Sides.of(change)):
            if len(rows) == MOST_ATTRIBUTES or self.left <= 0:
                break
            row: dict[str, Any] = {"name": leaf.name}
            if leaf.sensitive or any(self._secret(value) for value in (leaf.before, leaf.after)):
                row["sensitive"] = True
            else:
                row |= {"before": self._text(leaf.before), "after": self._text(leaf.after)}
            if leaf.unknown:
                row["unknown"] = True
            if any(leaf.name == path or leaf.name.startswith(f"{path}.") for path in forced):
                row["forces"] = True
            rows.append(row)
        return rows

    def _text(self, value: Any) -> str | None:
        if value is None:
            return None
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
        self.left -= len(shown)
        return shown

    def _secret(self, value: Any) -> bool:
        """Tell whether a value repeats what is marked elsewhere: some providers copy, and lose the mark."""
        for text in _texts(value):
            if any(text == secret or (len(secret) >= 8 and secret in text) for secret in self.secrets):
                return True
        return False


def _action(one: Mapping[str, Any]) -> str:
    change = one.get("change") or {}
    action = _ACTIONS.get(tuple(change.get("actions") or ()), "")
    if action == "read" and one.get("mode") == "data":
        return ""
    if action:
        return action
    return "import" if change.get("importing") else "move" if one.get("previous_address") else ""


@dataclass
class _Sides:
    before: Any
    after: Any
    unknown: Any
    hidden_before: Any
    hidden_after: Any

    @classmethod
    def of(cls, change: Mapping[str, Any]) -> _Sides:
        names = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
        return cls(*(change.get(name) for name in names))

    def all(self) -> tuple[Any, ...]:
        return (self.before, self.after, self.unknown, self.hidden_before, self.hidden_after)

    def parts(self) -> Iterator[tuple[str, _Sides]]:
        """Return the members of an object or list."""
        main = (self.before, self.after, self.unknown)
        if any(isinstance(one, dict) for one in main):
            for name in sorted({str(key) for one in main if isinstance(one, dict) for key in one}):
                yield name, _Sides(*(one.get(name) if isinstance(one, dict) else _whole(one) for one in self.all()))
        else:
            for number in range(max(len(one) for one in main if isinstance(one, list))):
                yield str(number), _Sides(*(_item(one, number) for one in self.all()))

    def compound(self) -> bool:
        values = [one for one in (self.before, self.after) if one is not None]
        if not values:
            return isinstance(self.unknown, dict | list)
        return all(isinstance(one, dict) for one in values) or all(isinstance(one, list) for one in values)


def _whole(mark: Any) -> Any:
    return mark if mark is True else None


def _item(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return value[number] if number < len(value) else None
    return _whole(value)


@dataclass
class _Leaf:
    name: str
    before: Any
    after: Any
    unknown: bool
    sensitive: bool


def _leaves(name: str, sides: _Sides) -> Iterator[_Leaf]:
    """Return what differs, one row for each value that is neither object nor list."""
    unknown = sides.unknown is True
    sensitive = sides.hidden_before is True or sides.hidden_after is True
    if not unknown and not sensitive and sides.compound():
        for member, part in sides.parts():
            yield from _leaves(f"{name}.{member}" if name else member, part)
    elif sensitive:
        differs = sides.before != sides.after or _any_true(sides.unknown)
        if differs:
            yield _Leaf(name, None, None, _any_true(sides.unknown), sensitive=True)
    elif unknown or sides.before != sides.after:
        # What is replaced by something unknown may hold marks further down.
        hidden = _any_true(sides.hidden_before) or _any_true(sides.hidden_after)
        yield _Leaf(name, sides.before, None if unknown else sides.after, unknown, sensitive=hidden)


def _any_true(mark: Any) -> bool:
    if isinstance(mark, dict):
        return any(_any_true(one) for one in mark.values())
    return any(_any_true(one) for one in mark) if isinstance(mark, list) else mark is True


def _secrets(plan: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    changes = [one.get("change") or {} for one in plan.get("resource_changes") or ()]
    for change in (*changes, *(plan.get("output_changes") or {}).values()):
        for side in ("before", "after"):
            found |= set(_marked(change.get(side), change.get(f"{side}_sensitive")))
    declared = ((plan.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    for name, variable in (plan.get("variables") or {}).items():
        if (declared.get(name) or {}).get("sensitive"):
            found |= set(_texts(variable.get("value")))
    return frozenset(text for text in found if len(text) >= 3)


def _marked(value: Any, mark: Any) -> Iterator[str]:
    if mark is True:
        yield from _texts(value)
    elif isinstance(mark, dict) and isinstance(value, dict):
        for name, one in mark.items():
            yield from _marked(value.get(name), one)
    elif isinstance(mark, list) and isinstance(value, list):
        for part, one in zip(value, mark, strict=False):
            yield from _marked(part, one)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def mark_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells one version of a state from another."""
    return {"serial": state.get("serial"), "lineage": state.get("lineage")}


def main(arguments: Sequence[str]) -> int:
    """Run a program that prints JSON, and print what is made of it."""
    make = {"review": review, "mark": mark_of}[arguments[0]]
    done = subprocess.run(arguments[1:], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        sys.stdout.write(json.dumps(make(json.loads(done.stdout)) if done.stdout.strip() else {}))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
