"""What the form of a template asks while it is filled in: whether fields are right, how its questions will look, and
what its repository holds."""

from __future__ import annotations

from typing import Any

from quart import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden, Invalid
from hub.plugin import Executor
from hub.services import apps, contents, survey_drafts
from hub.services.contents import Aim
from hub.services.survey_drafts import VariableDraft
from hub.services.template_faults import check_template
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.run import Ask, questions
from hub.web.pages.template_fields import Form
from hub.web.pages.template_sections import sections
from hub.web.pages.template_sent import MEMBERS, body_of, survey_of

Row = dict[str, Any]


@page("/project/<int:project_id>/templates/check", Who.MEMBER, methods=SEND)
async def template_check(project_id: int) -> Response:
    """Tell of each field what would be refused, and of each section what is set in it."""
    here, sent = visit.visit(), await request.form
    app = sent.get("app", "")
    executor, template_id = await apps.find(here.hub, app), visit.query_number("template", sent)
    errors = await every_fault(project_id, template_id, app, executor, sent)
    told = await sections(Form(project_id, {}, sent, {}, executor))
    return jsonify({"errors": errors, "told": {name: one.told for name, one in told.items()}})


async def every_fault(
    project_id: int, template_id: int | None, app: str, executor: Executor | None, sent: MultiDict[str, str]
) -> dict[str, str]:  # fmt: skip
    """Return a sentence for each field of a sent form that would be refused."""
    here, errors = visit.visit(), dict[str, str]()
    body = body_of({}, app, executor, sent, errors)
    for member, text in (await check_template(here.hub, here.actor, project_id, body, template_id)).items():
        field = MEMBERS.get(member) or (f"params-{member.removeprefix('task_params.')}" if "." in member else "")
        if field:
            field = "arguments_json" if field == "arguments" and "arguments_json" in sent else field
            errors.setdefault(field, sentence(Invalid(text)))
    return errors


@page("/project/<int:project_id>/templates/questions", Who.MEMBER, methods=SEND)
async def template_questions(project_id: int) -> Response:
    """Draw the questions as the form of a run will."""
    sent = await request.form
    fields, error = [], ""
    try:
        stored = survey_drafts.stored([VariableDraft.read(one) for one in survey_of(sent)]) or []
        fields = questions(Ask(project_id, {"survey_vars": stored}, None, NOTHING, {}, {}))
    except FORM_ERRORS as fault:
        error = sentence(fault)
    return await visit.show("parts/survey_preview.html", fields=fields, error=error)


@page("/project/<int:project_id>/templates/browse", Who.MEMBER)
async def template_browse(project_id: int) -> Response:
    """List branches and files of a repository that an app takes."""
    here, asked = visit.visit(), request.args
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    repository_id, found, error = visit.query_number("repository_id"), None, ""
    group: Row = {}
    if repository_id:
        aim = Aim(asked.get("git_branch", "").strip(), asked.get("app", ""), asked.get("q", ""))
        try:
            found = await contents.look(here.hub, here.actor, project_id, repository_id, aim)
            group = next(iter(found["found"]), {})
        except FORM_ERRORS as fault:
            error = sentence(fault)
    return await visit.show("parts/repository_files.html", found=found, error=error, group=group)
