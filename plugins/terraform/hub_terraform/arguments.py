"""Arguments of template and task, as the options of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.plugin import TaskView
from hub_terraform.unfit import Unfit

_STAGES: Final = ("default", "init", "plan", "apply")
_OF_BOTH: Final = frozenset({
    "compact-warnings", "concise", "consolidate-errors", "consolidate-warnings", "deprecation", "lock", "lock-timeout",
    "no-color", "parallelism", "show-sensitive", "state",
})  # fmt: skip
"""Options of the default stage that also mean something when a saved plan is applied."""
_OF_PLANNING: Final = frozenset({
    "destroy", "exclude", "exclude-file", "generate-config-out", "refresh", "refresh-only", "replace", "target",
    "target-file", "var", "var-file",
})  # fmt: skip
"""Options that decide what is planned, so that a saved plan holds them already."""
_PARTIAL: Final = frozenset({"destroy", "exclude", "exclude-file", "refresh-only", "target", "target-file"})
"""Options that make a plan of less than everything."""
_WITH_VALUE: Final = frozenset({
    "backup", "deprecation", "exclude", "exclude-file", "generate-config-out", "lock-timeout", "out", "parallelism",
    "replace", "state", "state-out", "target", "target-file", "var", "var-file",
})  # fmt: skip
_OWN: Final = frozenset({"auto-approve", "detailed-exitcode", "input", "out"})
"""Options that the hub itself sets."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Options of each command. W-13: those of a stage come on top of the common ones, and none is lost."""

    init: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    apply: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Options that were left out, because the hub decides them."""


def stages(task: TaskView) -> Stages:
    """Merge the arguments of the template and those of the task."""
    given: dict[str, list[str]] = {stage: [] for stage in _STAGES}
    for value, what in ((task.arguments, "arguments of the template"), (task.task_arguments, "arguments of the task")):
        for stage, words in _by_stage(value, what).items():
            given[stage] += words
    common, plan, apply = (list(_options(given[stage])) for stage in ("default", "plan", "apply"))
    return Stages(
        init=tuple(given["init"]),
        plan=_words([*common, *plan, *(one for one in apply if one.name in _OF_PLANNING)]),
        apply=_words(
            [
                *(one for one in common if one.name in _OF_BOTH),
                *(one for one in apply if one.name not in _OF_PLANNING),
            ]
        ),
        ignored=tuple(dict.fromkeys(one.words[0] for one in (*common, *plan, *apply) if one.name in _OWN)),
    )


def whole(these: Stages) -> bool:
    """Tell whether a plan is of everything that the configuration describes, as it really is."""
    names = {word.lstrip("-").partition("=")[0] for word in these.plan if word.startswith("-")}
    blind = any(word.lstrip("-") == "refresh=false" for word in these.plan)
    return not blind and not names & _PARTIAL


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    words: tuple[str, ...]


def _words(options: Sequence[_Option]) -> tuple[str, ...]:
    return tuple(word for one in options if one.name not in _OWN for word in one.words)


def _options(words: Sequence[str]) -> Iterator[_Option]:
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            raise Unfit(f"The argument “{word[:60]}” is no option; options begin with a dash, such as -parallelism=5.")
        name, equals, _ = word.lstrip("-").partition("=")
        if name in _WITH_VALUE and not equals:
            value = next(rest, None)
            if value is None:
                raise Unfit(f"The argument {word} has no value; write {word}=… .")
            yield _Option(name, (word, value))
        else:
            yield _Option(name, (word,))


def _by_stage(value: Any, what: str) -> Mapping[str, Sequence[str]]:
    if value is None:
        return {}
    found = value if isinstance(value, Mapping) else {"default": value}
    if unknown := [str(name) for name in found if name not in _STAGES]:
        raise Unfit(f"The {what} name the stage “{unknown[0]}”; there are {', '.join(_STAGES)}.")
    for words in found.values():
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise Unfit(
                f'The {what} must be a list of texts, such as ["-parallelism=5"], or an object of such lists: '
                '{"init": ["-backend-config=…"], "plan": ["-target=…"]}.'
            )
        if any("\0" in word for word in words):
            raise Unfit(f"The {what} hold a NUL character, which no program can be given.")
    return found
