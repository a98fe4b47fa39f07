"""Arguments of template and task, and variables, as words of Pulumi's command lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.plugin import TaskView
from hub_pulumi.unfit import Unfit

ACTIONS: Final = ("up", "refresh", "destroy")
_STAGES: Final = ("default", "preview", *ACTIONS)
_OWN: Final = frozenset({
    "--stack", "-s", "--yes", "-y", "--non-interactive", "--json", "-j", "--plan", "--save-plan", "--skip-preview",
    "-f", "--preview-only", "--cwd", "-C", "--expect-no-changes", "--remote",
})  # fmt: skip
"""Options that the hub itself sets, or that would lead around its approval."""
_OWN_WITH_VALUE: Final = frozenset({"--stack", "-s", "--plan", "--save-plan", "--cwd", "-C"})
_PARTIAL: Final = ("--target", "-t", "--exclude", "-x", "--replace", "--target-replace")
"""Options that make a preview of less than everything."""

_STACK: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]{0,199}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CONFIG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_RESERVED: Final = re.compile(
    r"PATH|HOME|SHELL|PWD|TMPDIR|IFS|ENV|BASH_.*|LD_.*|DYLD_.*|PYTHON.*|NODE_.*|NPM_CONFIG_.*|GO.*|DOTNET_.*|JAVA_.*"
    r"|GIT_.*|SSH_.*|PULUMI_.*|HUB_.*|SEMAPHORE_.*"
)
"""Variables that would steer programs instead of being read by the Pulumi program."""
_LONGEST: Final = 100 * 1024


@dataclass(frozen=True, slots=True)
class Words:
    """Options of a preview and of what follows it."""

    preview: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Options that were left out, because the hub decides them."""

    @property
    def whole(self) -> bool:
        """Whether a preview with them is of everything that the program describes."""
        return not any(word.partition("=")[0] in _PARTIAL for word in self.preview)


def words_of(task: TaskView, action: str) -> Words:
    """Merge the arguments of the template and those of the task. Raises `Unfit`."""
    given: dict[str, list[str]] = {stage: [] for stage in _STAGES}
    for value, what in ((task.arguments, "arguments of the template"), (task.task_arguments, "arguments of the task")):
        for stage, listed in _by_stage(value, what).items():
            given[stage] += listed
    preview, left_preview = _without_own([*given["default"], *given["preview"]])
    acted, left_action = _without_own([*given["default"], *given[action]])
    return Words(tuple(preview), tuple(acted), tuple(dict.fromkeys([*left_preview, *left_action])))


def _without_own(words: Sequence[str]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        if name not in _OWN:
            kept.append(word)
            continue
        left.append(name)
        if name in _OWN_WITH_VALUE and not equals:
            next(rest, None)
    return kept, left


def _by_stage(value: Any, what: str) -> Mapping[str, Sequence[str]]:
    if value is None:
        return {}
    found = value if isinstance(value, Mapping) else {"default": value}
    for stage, words in found.items():
        if stage not in _STAGES:
            raise Unfit(f"The {what} name “{stage}”, which is none of {', '.join(_STAGES)}.")
        if not isinstance(words, list | tuple) or not all(map(_is_word, words)):
            raise Unfit(
                f'The {what} must be a list of texts without NUL, such as ["--parallel=4"], or an object of such lists.'
            )
    return found


def _is_word(word: Any) -> bool:
    return isinstance(word, str) and "\0" not in word


def stack_of(task: TaskView, stack: str) -> str:
    """Return the stack: the inventory's, else the template's. Raises `Unfit`."""
    named = task.inventory.text.strip() if task.inventory and task.inventory.text.strip() else stack.strip()
    if not named:
        raise Unfit("This template names no stack: choose an inventory of the type “Pulumi stack”, or name one.")
    if not _STACK.fullmatch(named):
        raise Unfit(f"“{named[:80]}” is no name of a stack; write it as prod, or acme/shop/prod.")
    return named


@dataclass(frozen=True, slots=True)
class Given:
    """Variables of a task as Pulumi gets them."""

    env: Mapping[str, str] = field(repr=False)
    config: tuple[str, ...] = ()
    """`--config name:key=value` for each variable with a colon in its name."""
    left_out: tuple[str, ...] = ()


def variables_of(plain: Mapping[str, Any], secret: Mapping[str, str]) -> Given:
    """Sort variables: a name with a colon is configuration, any other is for the environment, as all secrets are."""
    env: dict[str, str] = {}
    config: list[str] = []
    left: list[str] = []
    for name, value in plain.items():
        text = _text(value)
        if _CONFIG.fullmatch(name) and _fits(text):
            config += ["--config", f"{name}={text}"]
        elif _exportable(name) and _fits(text):
            env[name] = text
        else:
            left.append(name)
    for name, text in secret.items():
        if _exportable(name) and _fits(text):
            env[name] = text
        else:
            left.append(name)
    return Given(env, tuple(config), tuple(left))


def _exportable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None and _RESERVED.fullmatch(name.upper()) is None


def _fits(text: str) -> bool:
    return "\0" not in text and len(text.encode("utf-8", "replace")) <= _LONGEST


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
