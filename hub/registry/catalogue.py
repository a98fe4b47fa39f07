"""What the hub works with: everything that plugins brought, and the ways to call them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from hub.plugin import (
    ActorView,
    BlobStore,
    Command,
    Executor,
    Extension,
    GateRequest,
    Host,
    HubEvent,
    InventorySource,
    KeyType,
    NavItem,
    Notifier,
    Pages,
    Panel,
    PasswordProvider,
    PluginError,
    ProjectView,
    RedirectProvider,
    Refused,
    Screen,
    SecretBackend,
    WebhookAdapter,
)
from hub.registry.contain import Answer, Fault, Threads, TooSlow, blame, guard
from hub.registry.discovery import Found, Implementation
from hub.registry.ledger import Ledger, Problem

logger = logging.getLogger("hub.plugins")

HOOK_SECONDS: Final = 5.0
"""Time that `hub_event` and `hub_gate` have."""
LIFE_SECONDS: Final = 10.0
"""Time that `hub_startup` and `hub_shutdown` have."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contribution(Generic[T]):
    """Something for pages or the command line, and the plugin that brought it."""

    plugin: str
    item: T


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as the Plugins page and `hub plugin list` show it."""

    name: str
    distribution: str
    version: str
    summary: str
    builtin: bool
    state: Literal["on", "off"]
    reason: str
    """Why it is off; empty when it is on."""
    hooks: tuple[str, ...]
    offers: Mapping[str, tuple[str, ...]]
    """Names of what it brings, by kind."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A plugin that was found, and the names of what was accepted from it."""

    found: Found
    offers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Everything that plugins brought. Made by `hub.registry.load`; its mappings never change."""

    executors: Mapping[str, Executor]
    notifiers: Mapping[str, Notifier]
    password_providers: Mapping[str, PasswordProvider]
    redirect_providers: Mapping[str, RedirectProvider]
    key_types: Mapping[str, KeyType]
    secret_backends: Mapping[str, SecretBackend]
    blob_stores: Mapping[str, BlobStore]
    inventory_sources: Mapping[str, InventorySource]
    webhook_adapters: Mapping[str, WebhookAdapter]
    taken: tuple[Taken, ...] = field(repr=False)
    owners: Mapping[int, str] = field(repr=False)
    ledger: Ledger = field(repr=False)
    _threads: Threads = field(default_factory=Threads, repr=False)
    _panels: dict[str, tuple[Contribution[Panel], ...]] = field(default_factory=dict, repr=False)

    @property
    def plugins(self) -> Sequence[PluginInfo]:
        """Every plugin that was found, with its problems up to now."""
        return tuple(self._info(taken) for taken in self.taken)

    @property
    def problems(self) -> Sequence[Problem]:
        """Every problem up to now, also those that concern no plugin in particular."""
        return self.ledger.all()

    def owner(self, extension: Extension) -> str:
        """Return the name of the plugin that brought `extension`; empty when none did."""
        return self.owners.get(id(extension), "")

    async def guard(self, source: Extension | str, awaitable: Awaitable[T], *, limit: float | None = None) -> T:
        """Await a verb of an extension (or of the plugin named) as `hub.registry.guard` does, and note its faults."""
        name = source if isinstance(source, str) else self.owner(source) or source.name
        try:
            return await guard(name, awaitable, limit=limit)
        except (Fault, TooSlow) as error:
            # What it raised on purpose is no problem of the plugin but of the one call.
            self.ledger.note(name, str(error))
            raise

    def nav(self, actor: ActorView, project: ProjectView | None) -> Sequence[Contribution[NavItem]]:
        """Ask for links in the navigation. Paths are relative to `/x/<plugin>`."""
        return self._ask("hub_nav", NavItem, actor=actor, project=project)

    def panels(self, slot: str) -> Sequence[Contribution[Panel]]:
        """Return the boxes for `slot`; asked once and remembered."""
        if slot not in self._panels:
            self._panels[slot] = tuple(self._ask("hub_panels", Panel, slot=slot))
        return self._panels[slot]

    def commands(self) -> Sequence[Contribution[Command]]:
        """Ask for verbs of the command line."""
        return self._ask("hub_commands", Command)

    def pages(self, host: Host) -> Sequence[Contribution[Pages]]:
        """Ask for pages, to be mounted at `/x/<plugin>`."""
        return self._ask("hub_blueprints", Pages, host=host)

    def screens(self, host: Host) -> Sequence[Contribution[Screen]]:
        """Ask for pages in the frame of the hub, to be mounted at `/x/<plugin>`."""
        return self._ask("hub_screens", Screen, host=host)

    def startup(self, host: Host) -> None:
        """Tell plugins, one after the other, that the hub has started."""
        for plugin, implementation in self._implementations("hub_startup"):
            self._tell(plugin, implementation, {"host": host})

    def shutdown(self, host: Host) -> None:
        """Tell plugins, in reverse order, that the hub ends."""
        for plugin, implementation in reversed(list(self._implementations("hub_shutdown"))):
            self._tell(plugin, implementation, {"host": host})

    async def gate(self, request: GateRequest) -> str | None:
        """Return the first refusal, or None when every plugin lets the task start. A plugin that fails refuses."""
        for plugin, implementation in self._implementations("hub_gate"):
            call = _bind(implementation, {"request": request})
            answer = await self._threads.ask(plugin, call, limit=HOOK_SECONDS)
            refusal = self._refusal(answer)
            if refusal is not None:
                return refusal
        return None

    async def publish(self, event: HubEvent) -> None:
        """Tell every plugin what happened, all at once; each hears events one by one and in order. Never raises."""
        calls = [
            self._threads.ask_in_turn(plugin, _bind(implementation, {"event": event}), limit=HOOK_SECONDS)
            for plugin, implementation in self._implementations("hub_event")
        ]
        for answer in await asyncio.gather(*calls):
            if answer.error is not None:
                self._note(answer, "hub_event", answer.error)

    def _info(self, taken: Taken) -> PluginInfo:
        found, candidate = taken.found, taken.found.candidate
        return PluginInfo(
            name=candidate.name,
            distribution=candidate.distribution,
            version=candidate.version,
            summary=candidate.summary,
            builtin=candidate.builtin,
            state="off" if found.off else "on",
            reason=found.off,
            hooks=tuple(dict.fromkeys(each.hook for each in found.implementations)),
            offers=taken.offers,
            problems=self.ledger.about(candidate.key),
        )

    def _implementations(self, hook: str) -> Iterator[tuple[str, Implementation]]:
        for taken in self.taken:
            for implementation in taken.found.implementations:
                if implementation.hook == hook:
                    yield taken.found.candidate.key, implementation

    def _ask(self, hook: str, shape: type[T], **given: Any) -> list[Contribution[T]]:
        items: list[Contribution[T]] = []
        for plugin, implementation in self._implementations(hook):
            try:
                answer = implementation(given)
                brought = list(answer) if isinstance(answer, Iterable) else [answer]
            except (Exception, SystemExit) as error:
                self.ledger.note(plugin, f"Its {hook} failed with {type(error).__name__}.")
                logger.exception("The hook %s of the plugin %s failed.", hook, plugin)
                continue
            items += [Contribution(plugin, item) for item in brought if isinstance(item, shape)]
            if not all(isinstance(item, shape) for item in brought):
                self.ledger.note(plugin, f"Its {hook} must return a list of {shape.__name__} objects.")
        return items

    def _tell(self, plugin: str, implementation: Implementation, given: Mapping[str, Any]) -> None:
        answer = self._threads.ask_and_block(plugin, _bind(implementation, given), limit=LIFE_SECONDS)
        if answer.error is not None:
            self._note(answer, implementation.hook, answer.error)

    def _refusal(self, answer: Answer) -> str | None:
        if isinstance(answer.error, Refused):
            return str(answer.error)
        if answer.error is not None:
            reason = self._note(answer, "hub_gate", answer.error)
        elif answer.result is None:
            return None
        elif isinstance(answer.result, str) and answer.result.strip():
            return answer.result
        else:
            reason = "Its hub_gate must return None or a sentence."
            self.ledger.note(answer.plugin, reason)
        return f"The plugin {answer.plugin} could not say whether this task may start. {reason}"

    def _note(self, answer: Answer, hook: str, error: BaseException) -> str:
        known = error if isinstance(error, PluginError) else blame(answer.plugin, error)
        self.ledger.note(answer.plugin, f"{hook}: {known}")
        return str(known)


def _bind(implementation: Implementation, given: Mapping[str, Any]) -> Callable[[], Any]:
    return lambda: implementation(given)
