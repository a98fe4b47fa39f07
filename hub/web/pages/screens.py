"""Pages of plugins in the frame of the hub: their box, and a form that is drawn and checked from typed parameters."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from markupsafe import Markup
from quart import Blueprint, Quart, Response, request
from werkzeug.datastructures import MultiDict

from hub.context import Hub
from hub.errors import Forbidden, HubError
from hub.plugin import Params, PluginError, Screen, ScreenRequest
from hub.registry import Contribution
from hub.web.forms import Field, fields_of, read
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import drawing, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING
from hub.web.pages.versions import Held

EXTENSION: Final = "hub_screens"
LOOK_SECONDS: Final = 3.0
"""How long a plugin may take to draw its box, or to say what is stored."""
SAVE_SECONDS: Final = 30.0

_PATH: Final = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*", re.ASCII)
_PREFIX: Final = "param-"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a screen is, for links to it."""

    title: str
    address: str
    admin: bool
    per_project: bool


@dataclass(frozen=True, slots=True)
class _Mounted:
    """One screen, and whose it is."""

    hub: Hub
    plugin: str
    screen: Screen
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, verb: Awaitable[Any], seconds: float = LOOK_SECONDS) -> Any:
        return await self.hub.registry.guard(self.plugin, verb, limit=seconds)

    async def stored(self, asked: ScreenRequest) -> dict[str, Any]:
        """What the form shows: what the plugin says, else what its parameters are without being told."""
        form, screen = self.screen.form, self.screen
        if form is None:
            return {}
        found: Params | None = await self.ask(screen.load(asked)) if screen.load else None
        if found is None:
            needs = any(one.is_required() for one in form.model_fields.values())
            return {} if needs else form().model_dump(mode="json")
        return found.model_dump(mode="json")


def mount(app: Quart, hub: Hub, brought: Sequence[Contribution[Screen]]) -> None:
    """Put the screens of every plugin below `/x/<plugin>`. One that cannot be is a problem of its plugin."""
    places: dict[str, list[Place]] = app.extensions.setdefault(EXTENSION, {})
    for number, one in enumerate(brought):
        screen, known = one.item, places.setdefault(one.plugin, [])
        rule = ("/project/<int:project_id>" if screen.per_project else "") + f"/{screen.path}"
        wrong = _wrong(screen, taken=any(other.address == rule for other in known))
        if wrong:
            hub.registry.ledger.note(one.plugin, f"Its page “{screen.title}” is left out: {wrong}")
            continue
        known.append(Place(screen.title, rule, screen.admin, screen.per_project))
        name = f"screen_{one.plugin}_{number}"
        pages = Blueprint(name, __name__)
        methods = ["GET", "POST"] if screen.form and screen.save else ["GET"]
        pages.add_url_rule(rule, "show", _view(_Mounted(hub, one.plugin, screen)), methods=methods)
        app.register_blueprint(pages, url_prefix=f"/x/{one.plugin}", name=name)


def _wrong(screen: Screen, *, taken: bool) -> str:
    if screen.path and not _PATH.fullmatch(screen.path):
        return "its path may have small letters, digits, -, _ and single / only."
    if screen.render is None and screen.form is None:
        return "it has neither a form nor anything to render."
    return "another page of the plugin has the same path." if taken else ""


def settings_of(places: Sequence[Place]) -> list[Place]:
    """Return the screens that the page of plugins links: those for administrators, outside of projects."""
    return [one for one in places if one.admin and not one.per_project]


def _view(mounted: _Mounted) -> Callable[..., Awaitable[Response]]:
    async def view(project_id: int | None = None) -> Response:
        visit.speak()
        here = await visit.begin(project_id=project_id)
        if mounted.screen.admin and not here.actor.admin:
            raise Forbidden(_("Only administrators may see this page."))
        if request.method == "POST":
            if not _may_send(mounted.screen):
                raise Forbidden(_("You may look at this page, but not change it."))
            await visit.check_csrf()
        project = here.grant.view() if here.grant else None
        return await _answer(mounted, ScreenRequest(here.viewer, project, request.args.to_dict()))

    return view


def _may_send(screen: Screen) -> bool:
    here = visit.visit()
    if here.actor.admin or not screen.needs:
        return True
    return here.grant is not None and here.grant.allows(screen.needs)


async def _answer(mounted: _Mounted, asked: ScreenRequest) -> Response:
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    row = await mounted.stored(asked)
    held, error, errors, values = Held(row, sent), "", dict[str, str](), row
    if request.method == "POST" and mounted.screen.form is not None:
        values, errors = read(mounted.screen.form, sent, prefix=_PREFIX)
        try:
            if not errors:
                said = await _save(mounted, asked, held, mounted.screen.form.model_validate(values))
                return visit.go_to(drawing.here(), say=phrase(said) if said else _("Saved."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault)
    fields = _fields(mounted.screen, values, errors)
    screen = mounted.screen
    return await visit.show(
        "screen.html", status=400 if sent else 200, heading=phrase(screen.title), about=phrase(screen.about),
        box=await _box(mounted, asked), fields=fields, error=error or errors.get("", ""),
        read_only=screen.save is None or not _may_send(screen),
        held=await held.described("plugin", fields, {name: f"{_PREFIX}{name}" for name in row}),
    )  # fmt: skip


async def _save(mounted: _Mounted, asked: ScreenRequest, held: Held, params: Params) -> str | None:
    """Let the plugin save, one person after the other, unless somebody else was quicker."""
    save = mounted.screen.save
    if save is None:
        return None
    async with mounted.saving:
        held.refuse_changed(await mounted.stored(asked))
        said = await mounted.ask(save(asked, params), SAVE_SECONDS)
    return said if isinstance(said, str) else None


def _fields(screen: Screen, values: dict[str, Any], errors: dict[str, str]) -> list[Field]:
    return fields_of(screen.form, values, prefix=_PREFIX, errors=errors) if screen.form else []


async def _box(mounted: _Mounted, asked: ScreenRequest) -> tuple[Markup | str, str] | None:
    """What the plugin draws, or the sentence in its place; None where it draws nothing."""
    if mounted.screen.render is None:
        return None
    try:
        html = await mounted.ask(mounted.screen.render(asked))
    except (PluginError, HubError) as error:
        return "", str(error)
    return Markup(html), ""  # noqa: S704 - the contract of a screen: an installed plugin is trusted code
