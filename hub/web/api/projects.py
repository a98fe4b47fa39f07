"""Routes of projects and their teams."""

from __future__ import annotations

from hub import shapes
from hub.errors import Forbidden, Unauthenticated
from hub.services import demo, projects, team
from hub.services.projects import ProjectDraft
from hub.services.team import MemberDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route


@route("GET", "/projects", Access.USER, gives=list[shapes.Project], lists=projects.LISTING)
async def list_projects(call: Call) -> Answer:
    """Projects that the caller sees."""
    return await projects.list_projects(call.actor, asked(call))


@route("POST", "/projects", Access.USER, takes=ProjectDraft, gives=shapes.Project, status=201)
async def create_project(call: Call) -> Answer:
    """Make a project; with `demo` one that can be tried at once."""
    draft = ProjectDraft.read(call.body)
    try:
        if draft.demo:
            return Made(await demo.make_demo(call.hub, call.actor, draft))
        return Made(await projects.create_project(call.hub, call.actor, draft))
    except Forbidden as error:
        raise Unauthenticated(error.sentence) from None  # the wire says 401 here (S3)


@route("GET", "/project/{project_id}", Access.MEMBER, gives=shapes.Project)
async def get_project(call: Call) -> Answer:
    """One project."""
    return await projects.get_project(call.actor, call.ids["project_id"])


@route("PUT", "/project/{project_id}", Access.MEMBER, takes=ProjectDraft)
async def update_project(call: Call) -> Answer:
    """Replace name, alerts and limit of a project."""
    await projects.update_project(call.hub, call.actor, call.ids["project_id"], ProjectDraft.read(call.body))
    return None


@route("DELETE", "/project/{project_id}", Access.MEMBER)
async def delete_project(call: Call) -> Answer:
    """Delete a project with everything in it."""
    await projects.delete_project(call.hub, call.actor, call.ids["project_id"])
    return None


@route("GET", "/project/{project_id}/role", Access.MEMBER, gives=shapes.ProjectRole)
async def role_in_project(call: Call) -> Answer:
    """Role and permission bits of the caller."""
    return await projects.role_in_project(call.actor, call.ids["project_id"])


@route("DELETE", "/project/{project_id}/me", Access.MEMBER)
async def leave(call: Call) -> Answer:
    """Leave the team."""
    await team.leave(call.hub, call.actor, call.ids["project_id"])
    return None


@route("GET", "/project/{project_id}/users", Access.MEMBER, gives=list[shapes.Member], lists=team.LISTING)
async def list_members(call: Call) -> Answer:
    """Members of the team."""
    return await team.list_members(call.actor, call.ids["project_id"], asked(call))


@route("POST", "/project/{project_id}/users", Access.MEMBER, takes=MemberDraft)
async def add_member(call: Call) -> Answer:
    """Add a member."""
    await team.add_member(call.hub, call.actor, call.ids["project_id"], MemberDraft.read(call.body))
    return None


@route("GET", "/project/{project_id}/users/{user_id}", Access.MEMBER, gives=shapes.MemberUser)
async def get_member(call: Call) -> Answer:
    """One member."""
    return await team.get_member(call.actor, call.ids["project_id"], call.ids["user_id"])


@route("PUT", "/project/{project_id}/users/{user_id}", Access.MEMBER, takes=MemberDraft)
async def change_role(call: Call) -> Answer:
    """Change a member's role."""
    draft = MemberDraft.read(call.body)
    await team.change_role(call.hub, call.actor, call.ids["project_id"], call.ids["user_id"], draft)
    return None


@route("DELETE", "/project/{project_id}/users/{user_id}", Access.MEMBER)
async def remove_member(call: Call) -> Answer:
    """Take a member out of the team."""
    await team.remove_member(call.hub, call.actor, call.ids["project_id"], call.ids["user_id"])
    return None
