"""What hundreds of hubs in one test process need not do again: libraries remember pure work, and hashes are cheap.

For tests only; nothing that serves people imports this.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from functools import cache
from types import FunctionType, MethodType
from typing import Any

import pytest
from argon2 import PasswordHasher
from jinja2 import Environment
from tortoise.apps import Apps
from werkzeug.routing import BaseConverter, Rule

from hub.boot import open_hub
from hub.context import Hub
from hub.db.sqlite import Client
from hub.services import passwords

_patient = ContextVar("_patient", default=True)
"""Whether what is stored shall have reached the disk before anything goes on, as people want it."""


@contextmanager
def remembered() -> Iterator[None]:
    """Remember what libraries compute anew, with the same result, for each application and each open database.

    What hubs of tests store reaches the disk when it suits: nothing outlives these processes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.testing.booted.open_hub", _unhurried(open_hub))
        patch.setattr(Client, "__init__", _when_it_suits(Client.__init__))
        patch.setattr(os, "fsync", _synced(os.fsync))
        patch.setattr(Rule, "compile", _parsed_once(Rule.compile))
        patch.setattr(Environment, "compile", _translated_once(Environment.compile))
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


def _unhurried(opening: Callable[..., AbstractAsyncContextManager[Hub]]) -> Callable[..., Any]:
    """The disk is waited for half a dozen times in the life of a hub that does nothing."""

    @asynccontextmanager
    async def opened(*given: Any, **more: Any) -> AsyncIterator[Hub]:
        async with AsyncExitStack() as stack:
            token = _patient.set(False)
            try:
                hub = await stack.enter_async_context(opening(*given, **more))
            finally:
                _patient.reset(token)
            yield hub

    return opened


def _when_it_suits(make: Callable[..., None]) -> Callable[..., None]:
    def made(self: Client, file_path: str, **options: Any) -> None:
        make(self, file_path, **options | ({} if _patient.get() else {"synchronous": "OFF"}))

    return made


def _synced(sync: Callable[[int], None]) -> Callable[[int], None]:
    def synced(descriptor: int) -> None:
        if _patient.get():
            sync(descriptor)

    return synced


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What a route made of its text, without the application that it was made for."""

    plain: Mapping[str, Any]
    converters: Mapping[str, BaseConverter]
    arguments: frozenset[str]
    builders: Mapping[str, FunctionType]

    @classmethod
    def of(cls, rule: Rule) -> _Parsed:
        return cls(
            {name: getattr(rule, name) for name in ("_parts", "_trace")},
            {name: _of_map(one, None) for name, one in rule._converters.items()},  # noqa: SLF001 - has no public name
            frozenset(rule.arguments),
            {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")},
        )

    def give(self, rule: Rule) -> None:
        for name, value in self.plain.items():
            setattr(rule, name, value)
        for name, function in self.builders.items():
            setattr(rule, name, MethodType(function, rule))
        rule._converters = {name: _of_map(one, rule.map) for name, one in self.converters.items()}  # noqa: SLF001 - has no public name
        rule.arguments = set(self.arguments)


def _of_map(converter: BaseConverter, its_map: Any) -> BaseConverter:
    other = copy(converter)
    other.map = its_map
    return other


def _parsed_once(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """What a route makes of its text depends on that text only, and there are hundreds in each application."""
    known: dict[Any, _Parsed] = {}

    def compiled(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.map.host_matching)
        if key in known and not rule.defaults:
            known[key].give(rule)
            return
        compile_rule(rule)
        if not rule.defaults:  # converters have a part in those
            known[key] = _Parsed.of(rule)

    return compiled


def _translated_once(compile_template: Callable[..., Any]) -> Callable[..., Any]:
    """The Python of a template depends on its text, and on the names that its environment knows."""
    known: dict[Any, Any] = {}

    def compiled(environment: Environment, source: Any, name: Any = None, filename: Any = None, **more: Any) -> Any:
        names = (frozenset(environment.filters), frozenset(environment.tests), frozenset(environment.extensions))
        key = (source, name, filename, environment.is_async, names, *sorted(more.items()))
        if not isinstance(source, str):
            return compile_template(environment, source, name, filename, **more)
        if key not in known:
            known[key] = compile_template(environment, source, name, filename, **more)
        return known[key]

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
