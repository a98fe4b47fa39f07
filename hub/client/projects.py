"""Projects: seen, made, changed, copied, and kept as documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.client.asks import Ask, Program, as_json, nothing, once, path
from hub.client.endpoints import Endpoint, Group, M, Pages, Steps
from hub.client.errors import NotFound
from hub.client.things import PAGE

if TYPE_CHECKING:
    from hub import shapes


def _projects(**query: Any) -> Ask[list[shapes.Project]]:
    """Return the projects that the token's owner sees."""
    return Ask("GET", "/projects", as_json, query=query)


def _project(project_id: int) -> Ask[shapes.Project]:
    """Return one project."""
    return Ask("GET", path("project", project_id), as_json)


def _named(name: str) -> Program[shapes.Project]:
    """Return the project of this name, or with this id. Raises `NotFound`."""
    found: list[shapes.Project] = yield _projects()
    fitting = [one for one in found if one["name"] == name] or [one for one in found if str(one["id"]) == name]
    if len(fitting) == 1:
        return fitting[0]
    what = "There is no project" if not fitting else "Several projects are named"
    raise NotFound(f"{what} {name}.", status=404)


def _create_project(name: str, **members: Any) -> Ask[shapes.Project]:
    """Make a project, and return it."""
    return once(Ask("POST", "/projects", as_json, body={**members, "name": name}))


def _replace_project(project_id: int, **members: Any) -> Ask[None]:
    """Replace name, alerts and limit of a project."""
    return Ask("PUT", path("project", project_id), nothing, body={**members, "id": project_id})


def _delete_project(project_id: int) -> Ask[None]:
    """Delete a project with everything in it."""
    return Ask("DELETE", path("project", project_id), nothing)


def _each_project(**query: Any) -> Ask[list[shapes.Project]]:
    """Go through the projects that the token's owner sees, page by page."""
    return Ask("GET", "/projects", as_json, query={"limit": PAGE, **query})


def _events(project_id: int, **query: Any) -> Ask[list[shapes.Event]]:
    """Go through what happened in a project, the newest first."""
    return Ask("GET", path("project", project_id, "events"), as_json, query={"limit": PAGE, **query})


def _backup(project_id: int, *, passphrase: str | None = None) -> Ask[shapes.Backup]:
    """Return a project as a document; with a passphrase its secrets too, locked with it."""
    where = path("project", project_id, "backup")
    if passphrase is None:
        return Ask("GET", where, as_json)
    return Ask("POST", where, as_json, body={"passphrase": passphrase})


def _restore(backup: Mapping[str, Any], *, name: str = "", passphrase: str = "") -> Ask[shapes.Project]:
    """Make a project of a document, and return it."""
    return once(Ask("POST", "/projects/restore", as_json, body=_document(backup, name, passphrase)))


def _restore_into(
    project_id: int, backup: Mapping[str, Any], *, passphrase: str = "", dry_run: bool = False
) -> Ask[shapes.Restored]:
    """Put a document into a project, and return what changed; with `dry_run` only what would."""
    where, body = path("project", project_id, "restore"), _document(backup, "", passphrase)
    return once(Ask("POST", where, as_json, query={"dry_run": dry_run}, body=body))


def _document(backup: Mapping[str, Any], name: str, passphrase: str) -> dict[str, Any]:
    beside = {"name": name, "passphrase": passphrase}
    return {"backup": dict(backup), **{member: text for member, text in beside.items() if text}}


def _copy(project_id: int, *, name: str = "", secrets: bool = False) -> Ask[shapes.Project]:
    """Make another project like this one, and return it; with `secrets` also what its keys hold."""
    body = {"name": name, "secrets": secrets}
    return once(Ask("POST", path("project", project_id, "copy"), as_json, body=body))


class Projects(Group[M]):
    """Projects."""

    list = Endpoint(_projects)
    each = Pages(_each_project)
    get = Endpoint(_project)
    named = Steps(_named)
    create = Endpoint(_create_project)
    replace = Endpoint(_replace_project)
    delete = Endpoint(_delete_project)
    events = Pages(_events)
    backup = Endpoint(_backup)
    restore = Endpoint(_restore)
    restore_into = Endpoint(_restore_into)
    copy = Endpoint(_copy)
