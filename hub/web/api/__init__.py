"""The JSON API: the wire's routes, and what is new beside them."""

from __future__ import annotations

import pkgutil
from importlib import import_module


def load_routes() -> None:
    """Import every module of this package: those that declare routes add them to the table."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
