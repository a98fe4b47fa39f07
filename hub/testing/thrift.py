"""What hundreds of hubs in one test process need not do again: libraries remember pure work, and hashes are cheap.

For tests only; nothing that serves people imports this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from argon2 import PasswordHasher
from tortoise.apps import Apps
from werkzeug.routing import Rule

from hub.services import passwords


@contextmanager
def remembered() -> Iterator[None]:
    """Remember what libraries compute anew, with the same result, for each application and each open database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", _compiled_once(Rule._compile_builder))  # noqa: SLF001 - has no public name
        patch.setattr(Apps, "_build_initial_querysets", _built_once(Apps._build_initial_querysets))  # noqa: SLF001 - has no public name
        yield


@contextmanager
def cheap_hashes() -> Iterator[None]:
    """Hash passwords as the hub does, at the lowest cost that Argon2 has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", _cheap_hasher)
        yield


@cache
def _cheap_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _compiled_once(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """A route's builder of URLs is compiled Python; it depends on the route's text only, and there are hundreds."""
    known: dict[Any, Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002 - werkzeug's own signature
        if rule.defaults:
            return compile_builder(rule, append_unknown)  # converters had a part in it
        name = (rule.rule, *rule._trace, append_unknown)  # noqa: SLF001 - has no public name
        if name not in known:
            known[name] = compile_builder(rule, append_unknown)
        return known[name]

    return compiled


def _built_once(build: Callable[[Apps], None]) -> Callable[[Apps], None]:
    """The models' queries and filters depend on the kind of database only, and stay on the models."""
    latest: list[Any] = []

    def built(apps: Apps) -> None:
        models = [model for app in apps.apps.values() for model in app.values()]
        kind = [(model, type(model._meta.db)) for model in models]  # noqa: SLF001 - Tortoise's own name
        if kind != latest:
            build(apps)
            latest[:] = kind

    return built
