"""The permission bits as pages show them: ticks with a line of explanation, and words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from werkzeug.datastructures import MultiDict

from hub.services.access import MANAGE_RESOURCES, MANAGE_USERS, RUN_TASKS, UPDATE_PROJECT
from hub.web.forms import Field, Option
from hub.web.i18n import N_
from hub.web.i18n import gettext as _

_BITS: Final = {
    RUN_TASKS: ("run", N_("run tasks"), N_("Start, stop, confirm and reject tasks.")),
    MANAGE_RESOURCES: (
        "manage", N_("manage resources"), N_("Add, change and delete templates, keys, inventories and the like."),
    ),
    UPDATE_PROJECT: ("update", N_("change the project"), N_("Its settings and backups; delete it.")),
    MANAGE_USERS: ("team", N_("manage the team"), N_("Members, invitations and roles.")),
}  # fmt: skip

_ON_TEMPLATE: Final = {
    RUN_TASKS: (N_("run it"), N_("Start, stop, confirm and reject tasks of this template.")),
    MANAGE_RESOURCES: (N_("change it"), N_("Edit and delete this template, and give rights on it.")),
}
"""The bits that mean something on one template."""

TEMPLATE_BITS: Final = RUN_TASKS | MANAGE_RESOURCES


def words(bits: int) -> list[str]:
    """What these bits let people do, in words."""
    return [_(title) for bit, (_name, title, _about) in _BITS.items() if bits & bit]


def template_words(bits: int) -> dict[int, str]:
    """What these bits let people do with one template, by bit."""
    return {bit: _(title) for bit, (title, _about) in _ON_TEMPLATE.items() if bits & bit}


def field(bits: int, *, error: str = "") -> Field:
    """The ticks of a role."""
    options = [Option(name, _capital(_(title)), _(about)) for name, title, about in _BITS.values()]
    help_text = _("Looking at the project needs no right of its own: every member may.")
    return replace(_field(_("Who has this role may"), options, bits, error), help=help_text)


def template_field(bits: int, *, error: str = "") -> Field:
    """The ticks of a role on one template."""
    options = [Option(_BITS[bit][0], _capital(_(title)), _(about)) for bit, (title, about) in _ON_TEMPLATE.items()]
    return _field(_("Who has this role may, with this template"), options, bits, error)


def ticked(sent: MultiDict[str, str]) -> int:
    """Return the bits of a sent form."""
    return sum(bit for bit, (name, _title, _about) in _BITS.items() if name in sent.getlist("permissions"))


def names(bits: int) -> list[str]:
    """Return what is ticked for `bits`."""
    return [name for bit, (name, _title, _about) in _BITS.items() if bits & bit]


def _field(label: str, options: Collection[Option], bits: int, error: str) -> Field:
    return Field("permissions", label, "ticks", names(bits), options=[*options], error=error)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
