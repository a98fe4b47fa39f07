"""Translations of pages: which language a reader gets, and every string in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale, negotiate_locale
from babel.support import NullTranslations, Translations
from markupsafe import Markup

from hub.web.sentences import Sentences

LOCALES: Final = Path(__file__).resolve().parent.parent / "locales"
MESSAGES: Final = Path(__file__).resolve().parent / "static/dist/messages.json"
SOURCE: Final = "en"
LANGUAGES: Final = {"en": "English", "ru": "Русский"}
"""What can be chosen, in its own words."""

_current: ContextVar[NullTranslations] = ContextVar("translations")
_ENGLISH: Final = NullTranslations()


def choose(*, cookie: str | None, user: str | None, accept: str | None) -> str:
    """Return the language for a reader: the cookie's, else the account's, else what the browser asks for."""
    for wish in (cookie, user):
        if wish in LANGUAGES:
            return str(wish)
    return negotiate_locale(_preferred(accept or ""), [*LANGUAGES], sep="-") or SOURCE


def _preferred(accept: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in accept.split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), name.strip()))
        except ValueError:
            continue
    ordered = [name for weight, name in sorted(weighed, key=lambda one: -one[0]) if weight > 0]
    return [form for name in ordered for form in (name, name.partition("-")[0])]


def use(language: str) -> None:
    """Speak `language` for the rest of this request."""
    _current.set(_translations(language))


@cache
def _translations(language: str) -> NullTranslations:
    if language == SOURCE:
        return _ENGLISH
    return Translations.load(LOCALES, [language], domain="hub")


def _active() -> NullTranslations:
    return _current.get(_ENGLISH)


def gettext(message: str, **values: Any) -> str:
    """Return `message` in the reader's language, with `%(name)s` filled in."""
    text = _active().ugettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """Return the form that fits the number `n`, with `%(n)s` and the values filled in."""
    return str(_active().ungettext(one, many, n)) % {"n": n, "num": n, **values}


def raw_gettext(message: str) -> str:
    """Return the translation alone; templates fill in values themselves, escaped."""
    return _active().ugettext(message)


def raw_ngettext(one: str, many: str, n: int) -> str:
    """Return the form for `n` alone."""
    return str(_active().ungettext(one, many, n))


def phrase(text: str) -> str:
    """Translate a text that comes from elsewhere, such as a service's sentence; as it is when nobody translated it."""
    return _phrase(_active(), text)


def phrase_in(language: str, text: str) -> str:
    """The same for whoever reads `language`, outside of a request for a page."""
    return _phrase(_translations(language) if language in LANGUAGES else _ENGLISH, text)


def _phrase(translations: NullTranslations, text: str) -> str:
    if translations is _ENGLISH or not text:
        return text
    told = str(translations.ugettext(text))
    if told != text:
        return told
    return _sentences(translations).translate(text, lambda part: _phrase(translations, part)) or text


@cache
def _sentences(translations: NullTranslations) -> Sentences:
    known = getattr(translations, "_catalog", {})
    return Sentences({message: text for message, text in known.items() if isinstance(message, str) and text})


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it, which extractors look for
    """Mark a text for translation where it is defined; it is translated where it is shown."""
    return text


def language_name(language: str) -> str:
    """Return a language in its own words."""
    return LANGUAGES.get(language) or Locale.parse(language, sep="-").get_display_name() or language


@cache
def _script_ids() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(forms) for forms in json.loads(MESSAGES.read_text(encoding="utf-8")))


def script_messages() -> Mapping[str, str | list[str]]:
    """Return the strings of scripts in the reader's language; nothing for the source language."""
    active = _active()
    if active is _ENGLISH:
        return {}
    found: dict[str, str | list[str]] = {}
    for forms in _script_ids():
        if len(forms) == 1:
            found[forms[0]] = active.ugettext(forms[0])
        else:  # numbers that ask for each form of Russian; other languages are added with their own
            found[forms[0]] = [active.ungettext(forms[0], forms[1], n) for n in (1, 2, 5)]
    return found


def as_json(value: Any) -> Markup:
    """Return JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704 - nothing is left that HTML would read
