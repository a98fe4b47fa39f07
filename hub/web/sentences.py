"""Sentences that services, workers and plugins wrote with values in them, found again in a catalogue.

They are written and stored in English, where no reader is known. A catalogue has them with `%(name)s` in place of
values.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_BETWEEN: Final = re.compile(r"(?<=[.!?]) (?=[A-Z0-9“])")
_FEW: Final = 3
"""Spaces from which on a value counts as a sentence, or a part of one."""
_LEAST: Final = 5
"""Letters that a message says by itself. “%(n)s of %(all)s” or “%(s)ss” would be found in any name, and mangle it."""
_LONGEST: Final = 4000
"""Characters of a text that are looked at; what is longer is shown as it is."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    pieces: tuple[str, ...]
    """What stands before, between and behind the values."""
    names: tuple[str, ...]
    translation: str

    @property
    def said(self) -> int:
        return sum(map(len, self.pieces))

    def values(self, text: str) -> dict[str, str] | None:
        """Return what stands in the places of `text`, or None where it is another sentence."""
        first, *middle, last = self.pieces
        if len(text) < self.said or not (text.startswith(first) and text.endswith(last)):
            return None
        end = len(text) - len(last)
        at, found = len(first), []
        for piece in middle:
            next_one = text.find(piece, at, end)
            if next_one < 0:
                return None
            found.append(text[at:next_one])
            at = next_one + len(piece)
        return dict(zip(self.names, [*found, text[at:end]], strict=True)) if at <= end else None


class Sentences:
    """The sentences with values of one catalogue: message by message, with its translation."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._by_start: defaultdict[str, list[_Pattern]] = defaultdict(list)
        for message, translation in messages.items():
            pieces = _PLACE.split(message)
            pattern = _Pattern(tuple(pieces[::2]), tuple(pieces[1::2]), translation)
            if pattern.names and _says_something(pattern.pieces):
                self._by_start[_start(pattern.pieces[0])].append(pattern)

    def translate(self, text: str, translate: Callable[[str], str]) -> str | None:
        """Return the text in the catalogue's language, or None where no message is like it.

        `translate` gets each value, which may be a sentence of its own.
        """
        if len(text) > _LONGEST:
            return None
        found = [(one, values) for one in self._candidates(text) if (values := one.values(text)) is not None]
        likely = [one for one in found if not any(_BETWEEN.search(value) for value in one[1].values())]
        several = _BETWEEN.split(text)
        if not likely and len(several) > 1:
            return " ".join(map(translate, several))
        return _filled(*max(likely or found, key=lambda one: one[0].said), translate) if found else None

    def _candidates(self, text: str) -> Iterator[_Pattern]:
        yield from self._by_start.get(_start(text + " "), ())
        yield from self._by_start.get("", ())


def _filled(pattern: _Pattern, values: Mapping[str, str], translate: Callable[[str], str]) -> str:
    def value(place: re.Match[str]) -> str:
        text = values[place[1]]
        return translate(text) if text.count(" ") >= _FEW else text  # a name is nobody's to translate

    return _PLACE.sub(value, pattern.translation)


def _says_something(pieces: Sequence[str]) -> bool:
    letters = sum(letter.isalpha() for piece in pieces for letter in piece)
    return letters >= _LEAST or len(_start(pieces[0])) >= _LEAST - 1


def _start(text: str) -> str:
    """First word of a text; nothing where a value may belong to that word."""
    word, space, _ = text.partition(" ")
    return word if space else ""
