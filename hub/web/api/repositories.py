"""Routes of repositories."""

from __future__ import annotations

from hub import shapes
from hub.services import contents, repositories
from hub.services.access import MANAGE_RESOURCES
from hub.services.contents import Aim, LookDraft
from hub.services.repositories import RepositoryDraft
from hub.web.api.about import BRANCH, FOR_APP, PART_OF_PATH
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/repositories"
_ONE = _ALL + "/{repository_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Repository], lists=repositories.LISTING)
async def list_repositories(call: Call) -> Answer:
    """Repositories of a project."""
    return await repositories.list_repositories(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=RepositoryDraft, gives=shapes.Repository, status=201)
async def create_repository(call: Call) -> Answer:
    """Add a repository."""
    draft = RepositoryDraft.read(call.body)
    return Made(await repositories.create_repository(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Repository)
async def get_repository(call: Call) -> Answer:
    """One repository."""
    return await repositories.get_repository(call.actor, call.ids["project_id"], call.ids["repository_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def repository_refs(call: Call) -> Answer:
    """What uses a repository."""
    return dict(await repositories.repository_refs(call.actor, call.ids["project_id"], call.ids["repository_id"]))


@route("PUT", _ONE, Access.MEMBER, takes=RepositoryDraft)
async def update_repository(call: Call) -> Answer:
    """Replace a repository."""
    draft = RepositoryDraft.read(call.body)
    await repositories.update_repository(call.hub, call.actor, call.ids["project_id"], call.ids["repository_id"], draft)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_repository(call: Call) -> Answer:
    """Delete a repository, unless something uses it."""
    await repositories.delete_repository(call.hub, call.actor, call.ids["project_id"], call.ids["repository_id"])
    return None


@route("GET", _ONE + "/branches", Access.MEMBER, gives=list[str])
async def branches(call: Call) -> Answer:
    """Whole names of the remote's branches."""
    return await repositories.branches(call.hub, call.actor, call.ids["project_id"], call.ids["repository_id"])


@route(
    "GET", _ONE + "/contents", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=shapes.Contents,
    asks=(BRANCH, FOR_APP, PART_OF_PATH),
)  # fmt: skip
async def look(call: Call) -> Answer:
    """The newest commit, the branches, and the files that templates could run."""
    aim = Aim(call.query.get("branch", ""), call.query.get("app", ""), call.query.get("q", ""))
    return await contents.look(call.hub, call.actor, call.ids["project_id"], call.ids["repository_id"], aim)


@route(
    "POST", _ALL + "/look", Access.MEMBER, wire=False, takes=LookDraft, gives=shapes.Contents, status=200
)  # fmt: skip
async def look_at(call: Call) -> Answer:
    """The same of a repository that is yet to be added; an empty branch stands for its default branch."""
    return await contents.look_at(call.hub, call.actor, call.ids["project_id"], LookDraft.read(call.body))
