"""Asking the plugins for what they bring, and settling who keeps a name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any, cast

from hub.plugin import Extension
from hub.registry.catalogue import Registry, Taken
from hub.registry.discovery import Candidate, Found, Implementation, discover
from hub.registry.extensions import BY_HOOK, KINDS, Kind, called, fault, kind_of
from hub.registry.ledger import Ledger, shorten


def load(*, off: Collection[str] = (), builtin: Sequence[ModuleType] = (), group: str = "hub") -> Registry:
    """Find plugins, ask each what it brings, and return all that is fit for use, with the reasons for what is not.

    `off` names plugins or distributions that are not even imported. Built-in modules are asked first, so they keep
    their names. Nothing that a plugin does makes this raise.
    """
    ledger = Ledger()
    found = discover(group, builtin, off, ledger)
    collection = _Collection(ledger)
    for each in found:
        _note_state(each, ledger)
        collection.ask(each)
    return Registry(
        **{kind.offer: cast("Any", MappingProxyType(collection.offers[kind.offer])) for kind in KINDS},
        taken=tuple(Taken(each, MappingProxyType(collection.names_by(each.candidate))) for each in found),
        owners=MappingProxyType(collection.owners),
        ledger=ledger,
    )


def _note_state(found: Found, ledger: Ledger) -> None:
    if found.off and not found.unwanted:
        ledger.note(found.candidate.key, found.off)
    for sentence in found.warnings:
        ledger.note(found.candidate.key, sentence)


@dataclass(slots=True)
class _Collection:
    """The offers so far, and who brought each."""

    ledger: Ledger
    offers: dict[str, dict[str, Extension]] = field(default_factory=lambda: {kind.offer: {} for kind in KINDS})
    origins: dict[tuple[str, str], Candidate] = field(default_factory=dict)
    """By hook and name, because one hook is one space of names even where it brings two kinds."""
    owners: dict[int, str] = field(default_factory=dict)
    """Name of the plugin by the identity of the extension, which the offers keep alive."""

    def ask(self, found: Found) -> None:
        """Ask one plugin for all of its offers."""
        for implementation in found.implementations:
            if implementation.hook in BY_HOOK:
                for thing in self._answer(found.candidate, implementation):
                    self._accept(found.candidate, implementation.hook, thing)

    def names_by(self, candidate: Candidate) -> dict[str, tuple[str, ...]]:
        """Return the names that one plugin brought, by kind, without the kinds it brought nothing of."""
        names = {
            kind.offer: tuple(
                name for name in self.offers[kind.offer] if self.origins.get((kind.hook, name)) is candidate
            )
            for kind in KINDS
        }
        return {offer: brought for offer, brought in names.items() if brought}

    def _answer(self, candidate: Candidate, implementation: Implementation) -> Sequence[object]:
        hook = implementation.hook
        try:
            answer = implementation({})
            if isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping | Extension):
                return list(answer)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - one raising hook must not keep the others from being asked
            said = f"{type(error).__name__}: {error}"
            self.ledger.note(candidate.key, f"Its {hook} failed, so it brings none of these: {shorten(said, 300)}")
            return ()
        self.ledger.note(candidate.key, f"Its {hook} returned {_kind_name(answer)}; it must return a list.")
        return ()

    def _accept(self, candidate: Candidate, hook: str, thing: object) -> None:
        try:
            kind = kind_of(hook, thing)
            if kind is None:
                noun = BY_HOOK[hook][0].noun
                sentence = f"Its {hook} returned {_kind_name(thing)}, which is no {noun} of hub.plugin."
            else:
                extension = cast("Extension", thing)
                sentence = fault(kind, extension) or self._settle(candidate, kind, extension)
        except Exception as error:  # noqa: BLE001 - foreign properties and metaclasses run while it is examined
            said = f"{type(error).__name__}: {error}"
            sentence = f"Something that its {hook} returned could not be examined: {shorten(said, 300)}"
        if sentence:
            self.ledger.note(candidate.key, sentence)

    def _settle(self, candidate: Candidate, kind: Kind, extension: Extension) -> str:
        name = str(extension.name)
        first = self.origins.get((kind.hook, name))
        if first is not None:
            return (
                f"{called(kind, extension)} is refused: both {first.source} and {candidate.source} bring one of that "
                f"name, and {first.distribution} keeps it."
            )
        self.origins[kind.hook, name] = candidate
        self.offers[kind.offer][name] = extension
        self.owners[id(extension)] = candidate.key
        return ""


def _kind_name(thing: object) -> str:
    return "nothing" if thing is None else f"an object of type {type(thing).__name__}"
