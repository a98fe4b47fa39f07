"""Repositories of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup
from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden
from hub.services import contents, keys
from hub.services import repositories as service
from hub.services.repositories import RepositoryDraft
from hub.web.forms import Field, lenient_number
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.names import by_id, key_choices
from hub.web.pages.resource import Filled, Kind, Row, Words, declare
from hub.web.pages.routing import Who, page

_WORDS = Words(
    title=N_("Repositories"),
    about=N_("Where playbooks and scripts live."),
    new=N_("New repository"),
    one=N_("the repository"),
    empty=N_("No repositories yet"),
    empty_text=N_("Add the git repository that holds your playbooks and scripts."),
    columns=(N_("Address"), N_("Branch"), N_("Key"), N_("Last commit")),
)
_USES: Final = {
    "templates": ("list-details", N_("Template"), "template", "template_id"),
    "inventories": ("server-2", N_("Inventory"), "inventory_edit", "item_id"),
    "schedules": ("clock", N_("A schedule of this template watches it"), "template", "template_id"),
}
_MEMBERS = {"name": "name", "git_url": "git_url", "git_branch": "git_branch", "ssh_key_id": "ssh_key_id"}


async def _rows(project_id: int) -> Sequence[Row]:
    return await service.list_repositories(visit.visit().actor, project_id)


async def _keys(project_id: int) -> Mapping[int | None, str]:
    return by_id(await keys.list_keys(visit.visit().actor, project_id))


def _cells(row: Row, names: Mapping[int | None, str]) -> Sequence[str]:
    return (row["git_url"], row["git_branch"] or "—", names[row["ssh_key_id"]] or "—", _last_commit(row))


def _last_commit(row: Row) -> Markup | str:
    """Return a cell that asks for the commit once it is seen; whoever may not look into repositories gets none."""
    if not visit.visit().may_manage:
        return "—"
    place = visit.address("repository_look", project_id=row["project_id"], repository_id=row["id"], short="yes")
    attributes = Markup('hx-get="{}" hx-trigger="intersect once" hx-swap="innerHTML"').format(place)
    return Markup('<span class="commit-cell" {}>…</span>').format(attributes)


@page("/project/<int:project_id>/repositories/<int:repository_id>/look", Who.MEMBER)
async def repository_look(project_id: int, repository_id: int) -> Response:
    """Try the connection: the newest commit and the branches, or why the repository cannot be read."""
    here = visit.visit()
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    found, error = None, ""
    try:
        afresh = "again" in request.args
        found = await contents.look(here.hub, here.actor, project_id, repository_id, afresh=afresh)
    except FORM_ERRORS as fault:
        error = sentence(fault)
    short = "short" in request.args
    return await visit.show("parts/repository_look.html", found=found, error=error, short=short, id=repository_id)


async def _fields(project_id: int, form: Filled) -> list[Field]:
    options = await key_choices(project_id)
    key = form.value("ssh_key_id") or (options[0].value if len(options) == 1 else "")
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name")),
        Field("git_url", _("Address"), "line", form.value("git_url"), required=True, error=form.error("git_url"),
              placeholder="git@example.com:group/project.git",
              help=_("As you would give it to `git clone`: over SSH or HTTPS.")),
        Field("git_branch", _("Branch"), "line", form.value("git_branch") if form.row or form.sent else "main",
              error=form.error("git_branch"), required=True),
        Field("ssh_key_id", _("Key"), "key", key, required=True, options=options, error=form.error("ssh_key_id"),
              help=_("Choose “None” for a public repository, else an SSH key or a login from the key store.")),
    ]  # fmt: skip


async def _save(project_id: int, item_id: int | None, _row: Row, sent: MultiDict[str, str]) -> None:
    here = visit.visit()
    draft = RepositoryDraft.read({
        "name": sent.get("name", "").strip(), "git_url": sent.get("git_url", "").strip(),
        "git_branch": sent.get("git_branch", "").strip(), "ssh_key_id": lenient_number(sent.get("ssh_key_id", "")),
    })  # fmt: skip
    if item_id is None:
        await service.create_repository(here.hub, here.actor, project_id, draft)
    else:
        await service.update_repository(here.hub, here.actor, project_id, item_id, draft)


async def _get(project_id: int, item_id: int) -> Row:
    actor = visit.visit().actor
    row = await service.get_repository(actor, project_id, item_id)
    refs = await service.repository_refs(actor, project_id, item_id)
    row["uses"] = [_use(project_id, kind, one) for kind in _USES for one in refs[kind]]
    return row


def _use(project_id: int, kind: str, one: Row) -> Row:
    icon, title, endpoint, part = _USES[kind]
    address = visit.address(endpoint, project_id=project_id, **{part: one["id"]})
    return {"icon": icon, "title": _(title), "name": one["name"], "note": "", "address": address}


async def _delete(project_id: int, item_id: int) -> None:
    here = visit.visit()
    await service.delete_repository(here.hub, here.actor, project_id, item_id)


declare(
    Kind("repositories", "brand-git", _WORDS, _rows, _cells, _keys, _fields, _get, _save, _delete, lambda _: _MEMBERS,
         noun="repository", template="repository_form.html")
)  # fmt: skip
