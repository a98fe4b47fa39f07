"""The JSON API: the wire's routes, and what is new beside them."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "system", "auth", "users", "admin", "projects", "keys", "repositories", "inventories", "environments",
    "templates", "views", "tasks", "events",
)  # fmt: skip


def load_routes() -> None:
    """Import every module that declares routes."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
