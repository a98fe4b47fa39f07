"""What stands beside a field: the sentence alone, without the member's name, and without the words of the validator."""

from __future__ import annotations

import re
from typing import Final

from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _

_MEMBER: Final = re.compile(r"The (?:member|parameter) (\S+) is wrong: (.+)", re.DOTALL)
_WORDS: Final = (
    (re.compile(r"(?:String|Value) should have at most (\d+) characters?.*"), N_("Write at most %(n)s characters.")),
    (re.compile(r"(?:String|Value) should have at least (\d+) characters?.*"), N_("Write at least %(n)s characters.")),
    (re.compile(r"List should have at most (\d+) items? .*"), N_("At most %(n)s of them are possible.")),
    (re.compile(r"Input should be greater than or equal to (-?\d[\d.]*)"), N_("Write a number of %(n)s or more.")),
    (re.compile(r"Input should be less than or equal to (-?\d[\d.]*)"), N_("Write a number of %(n)s or less.")),
    (re.compile(r"Input should be greater than (-?\d[\d.]*)"), N_("Write a number above %(n)s.")),
    (re.compile(r"Input should be less than (-?\d[\d.]*)"), N_("Write a number below %(n)s.")),
    (re.compile(r"Input should be a valid integer.*"), N_("Write a whole number.")),
    (re.compile(r"Input should be a valid number.*"), N_("Write a number.")),
    (re.compile(r"Input should be a valid timedelta.*"), N_("Write a length of time such as 1h30m.")),
    (re.compile(r"write a duration as a number .*"), N_("Write a length of time such as 90s, 15m, 2h or 1d.")),
    (re.compile(r"Input should be ('.+' or '.+')"), N_("Choose one of these: %(n)s.")),
    (re.compile(r"The member \S+ must be one of: (.+)"), N_("Choose one of these: %(n)s.")),
    (re.compile(r"Cron: .*: unknown time zone (.*)", re.DOTALL), N_("There is no time zone called %(n)s.")),
    (re.compile(r"Field required"), N_("Fill this in.")),
)  # fmt: skip
"""How pydantic says things, and how we do."""


def beside(text: str) -> str:
    """Return a refusal as it reads beside the very field, in the reader's language."""
    found = _MEMBER.fullmatch(text.strip())
    said_so = (found[2] if found else text).strip().removeprefix("Value error, ")
    plain = said_so.rstrip(".")
    for pattern, words in _WORDS:
        if said := pattern.fullmatch(plain):
            return _(words, n=said[1]) if pattern.groups else _(words)
    return whole(phrase(f"{plain}." if found else said_so))


def apart(text: str) -> str:
    """Return a refusal as it reads away from its field: a parameter is named as forms name it."""
    found = _MEMBER.fullmatch(text.strip())
    if not found or not text.startswith("The parameter "):
        return whole(phrase(text.strip()))
    name = found[1].replace("_", " ").replace(".", ", ")
    return f"{name[:1].upper()}{name[1:]}: {beside(text)}"


def whole(text: str) -> str:
    """Return a text as a whole sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".") if text else ""
