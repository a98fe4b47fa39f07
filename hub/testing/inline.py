"""Plugins written inside a test."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from hub.plugin import API_VERSION


def inline_plugin(*hooks: Callable[..., Any], name: str = "inline", **members: Any) -> ModuleType:
    """Make a plugin of functions marked with `@hookimpl`; hand it to `hub.registry.load(builtin=[…])`.

    `members` are set on its module last, so that a test can take `HUB_API` away or give it another value.
    """
    module = ModuleType(name, f"The plugin {name} of a test.")
    vars(module).update({"HUB_API": API_VERSION, **{hook.__name__: hook for hook in hooks}, **members})
    return module
