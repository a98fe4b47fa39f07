"""Core features that are plugins like any other, imported only when somebody asks for `MODULES`."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

HUB_PLUGINS = ("keys", "secret_backends", "disk_store", "webhooks")
"""Names of the modules with hooks, in the order in which the hub asks them."""

MODULES: tuple[ModuleType, ...]
"""Those modules, imported on first use."""


def __getattr__(name: str) -> tuple[ModuleType, ...]:
    if name != "MODULES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = tuple(import_module(f"{__name__}.{plugin}") for plugin in HUB_PLUGINS)
    globals()["MODULES"] = modules
    return modules
