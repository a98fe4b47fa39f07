"""Set up from a repository: its address, what to run of what is found in it, and on which hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import Forbidden, Invalid
from hub.services import apps, contents, inventories, keys, repositories, setup
from hub.services.contents import LookDraft
from hub.services.setup import FILE, LOCAL, PASTED, Chosen
from hub.services.tasks.launch import TaskDraft, launch
from hub.web.forms import Field, Option, lenient_number
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, Who, page
from hub.web.pages.text_check import refuse

Sent = MultiDict[str, str]
_NEW_KEYS: Final = ("paste", "login", "make")
_FIRST: Final = {
    "git_url": "git_url", "git_branch": "git_branch", "ssh_key_id": "access", "key": "secret", "ssh": "secret",
    "ssh.private_key": "secret", "ssh.passphrase": "passphrase", "login_password": "secret",
    "login_password.password": "secret", "login_password.login": "login",
}  # fmt: skip
"""Fields of the first step by wire member."""
_SHOWN: Final = 8
"""Paths of one app that are shown without a click."""


@page("/project/<int:project_id>/setup", Who.MEMBER, methods=FORM)
async def setup_repository(project_id: int) -> Response:
    """The first step: which repository."""
    here = _manager()
    sent: Sent = await request.form if request.method == "POST" else NOTHING
    access, error, errors = sent.get("access", ""), "", dict[str, str]()
    if request.method == "POST":
        try:
            access = await _access(project_id, sent)
            if sent.get("access") != "make":
                made = await setup.add_repository(here.hub, here.actor, project_id, _look_of(sent, access))
                return visit.go("setup_choice", project_id=project_id, repository_id=made["id"])
        except FORM_ERRORS as fault:
            error, errors = faults(fault, _FIRST)
    known = [dict(one) for one in await keys.list_keys(here.actor, project_id) if one["type"] != "none"]
    return await visit.show(
        "setup.html", status=400 if error or errors else 200, error=error, public=await _public(project_id, access),
        fields=_first_fields(sent, access, known, errors),
        started=await repositories.list_repositories(here.actor, project_id) if not sent else [],
    )  # fmt: skip


def _manager() -> visit.Visit:
    here = visit.visit()
    if not here.may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))
    return here


async def _access(project_id: int, sent: Sent) -> str:
    """Return the id of the key that was chosen; what was pasted is kept first, so that it need not be pasted twice."""
    here, chosen, url = visit.visit(), sent.get("access", ""), sent.get("git_url", "").strip()
    if chosen not in _NEW_KEYS:
        return chosen
    if not url:
        raise Invalid(_("Paste the address of a repository."), field="git_url")
    if chosen == "make":
        return str((await setup.make_key_pair(here.hub, here.actor, project_id, url))["id"])
    if chosen == "paste":
        kind, secret = "ssh", {"private_key": sent.get("private_key", ""), "passphrase": sent.get("passphrase", "")}
    else:
        kind, secret = "login_password", {"login": sent.get("login", ""), "password": sent.get("password", "")}
    if not (secret.get("private_key") or secret.get("password")):
        raise Invalid(_("Enter the secret, or choose another way in."), field="key")
    return str((await setup.add_key(here.hub, here.actor, project_id, url, kind, secret))["id"])


def _look_of(sent: Sent, access: str) -> LookDraft:
    return LookDraft.read({
        "git_url": sent.get("git_url", "").strip(), "git_branch": sent.get("git_branch", "").strip(),
        "ssh_key_id": lenient_number(access),
    })  # fmt: skip


async def _public(project_id: int, access: str) -> str:
    """Return the public half of the chosen key, where it is one that has such."""
    here, key_id = visit.visit(), lenient_number(access)
    if not key_id:
        return ""
    try:
        told = await keys.about_key(here.hub, here.actor, project_id, key_id)
    except FORM_ERRORS:  # the look itself tells what is wrong with it
        return ""
    return str(told.get("public_key", ""))


def _first_fields(
    sent: Sent, access: str, known: list[dict[str, Any]], errors: Mapping[str, str]
) -> list[Field]:  # fmt: skip
    ways = [
        *(Option(str(one["id"]), _("The key “%(name)s”", name=one["name"])) for one in known),
        Option("make", _("Make an SSH key for it")), Option("paste", _("Paste an SSH key")),
        Option("login", _("Login, or token, with password")),
    ]  # fmt: skip
    wrong = errors.get("secret", "")
    return [
        Field("git_url", _("Address of the repository"), "line", sent.get("git_url", ""), required=True,
              error=errors.get("git_url", ""), placeholder="https://example.com/group/project.git",
              help=_("As you would give it to `git clone`: over HTTPS or SSH.")),
        Field("access", _("Way in"), "choice", access, options=ways, placeholder=_("It is public"), unmarked=True,
              error=errors.get("access", "")),
        Field("private_key", _("Private key"), "code", "", rows=6, when="access=paste", unmarked=True, error=wrong,
              limits={"data-unkept": "yes"}),
        Field("passphrase", _("Passphrase"), "secret", "", when="access=paste", error=errors.get("passphrase", "")),
        Field("login", _("Login"), "line", sent.get("login", ""), when="access=login", error=errors.get("login", "")),
        Field("password", _("Password or token"), "secret", "", when="access=login", unmarked=True, error=wrong),
        Field("git_branch", _("Branch"), "line", sent.get("git_branch", ""), error=errors.get("git_branch", ""),
              help=_("Empty takes the one that the repository itself calls its default.")),
    ]  # fmt: skip


@page("/project/<int:project_id>/setup/<int:repository_id>", Who.MEMBER, methods=FORM)
async def setup_choice(project_id: int, repository_id: int) -> Response:
    """The second step: what to run, and on which hosts; then it runs."""
    here = _manager()
    repository = await repositories.get_repository(here.actor, project_id, repository_id)
    sent: Sent = await request.form if request.method == "POST" else NOTHING
    error, errors = "", dict[str, str]()
    if request.method == "POST":
        try:
            made = await setup.make_template(here.hub, here.actor, project_id, await _chosen(repository_id, sent))
            return await _begun(project_id, int(made["id"]), sent)
        except FORM_ERRORS as fault:
            error, errors = faults(fault, {"path": "pick", "text": "hosts", "hosts": "where", "name": "name"})
    try:
        found = await contents.look(here.hub, here.actor, project_id, repository_id)
        groups = await _groups(found)
    except FORM_ERRORS as fault:
        found, groups, error = None, [], error or faults(fault)[0]
    return await visit.show(
        "setup_choice.html", status=400 if errors or (sent and error) else 200, error=error, errors=errors,
        repository=repository, found=found, groups=groups, picked=sent.get("pick", "") or _first(groups), sent=sent,
        needs_hosts=[one["id"] for one in groups if one["needs_hosts"]],
        fields=await _host_fields(project_id, found, sent, errors) if found else [],
        name=Field("name", _("Name"), "line", sent.get("name", ""), error=errors.get("name", ""), unmarked=True,
                   limits={"maxlength": 100}, help=_("Empty takes one from the file.")),
    )  # fmt: skip


async def _begun(project_id: int, template_id: int, sent: Sent) -> Response:
    here = visit.visit()
    path: dict[str, Any] = {"project_id": project_id, "template_id": template_id}
    if "run" not in sent:
        return visit.go("template_details", **path, say=_("The template is there. Change what you like, then run it."))
    try:
        task = await launch(here.hub, here.actor, project_id, TaskDraft(template_id=template_id))
    except FORM_ERRORS as fault:
        return visit.go("run", **path, say=faults(fault)[0], kind="danger")
    return visit.go("task", project_id=project_id, task_id=task["id"])


async def _groups(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each app could run, the surest first."""
    here = visit.visit()
    shown = {one["id"]: one for one in await apps.list_apps(here.hub)}
    groups = []
    for one in found["found"]:
        executor = await apps.find(here.hub, one["app"])
        paths = [*one["likely"], *one["others"]]
        if executor is None or not paths:
            continue
        able = executor.capabilities
        sure = one["likely"] if able.script_line else paths
        groups.append({
            **shown[one["app"]], "label": able.script_label, "needs_hosts": able.needs_inventory,
            "first": sure[:_SHOWN], "more": [*sure[_SHOWN:], *(path for path in paths if path not in sure)],
            "left": one["left"],
        })  # fmt: skip
    return sorted(groups, key=lambda one: not one["first"])


def _first(groups: list[dict[str, Any]]) -> str:
    """Return what most people mean: the playbook of everything, else the first thing found."""
    for group in groups:
        if group["first"]:
            usual = [path for path in group["first"] if path.rpartition("/")[2].split(".")[0] in {"site", "playbook"}]
            return f"{group['id']}|{(usual or group['first'])[0]}"
    return ""


async def _host_fields(
    project_id: int, found: Mapping[str, Any], sent: Sent, errors: Mapping[str, str]
) -> list[Field]:  # fmt: skip
    here = visit.visit()
    rows = await inventories.list_inventories(here.hub, here.actor, project_id, app="ansible")
    options = [
        *(Option(f"file:{path}", _("The file %(path)s", path=path)) for path in found["inventories"]),
        *(Option(f"have:{one['id']}", _("The inventory “%(name)s”", name=one["name"])) for one in rows),
        Option(LOCAL, _("The machine that runs the task (localhost)")), Option(PASTED, _("Hosts that I write down")),
    ]  # fmt: skip
    return [
        Field("where", _("Hosts"), "choice", sent.get("where", "") or options[0].value, required=True, options=options,
              error=errors.get("where", "")),
        Field("hosts", _("Hosts, written here (INI)"), "code", sent.get("hosts", ""), rows=6, editor="ini",
              when="where=paste", unmarked=True, error=errors.get("hosts", ""),
              placeholder="[web]\nweb1.example.com\nweb2.example.com"),
    ]  # fmt: skip


async def _chosen(repository_id: int, sent: Sent) -> Chosen:
    app, _bar, path = sent.get("pick", "").partition("|")
    if not app or not path:
        raise Invalid(_("Choose what to run."), field="path")
    hosts, _colon, rest = sent.get("where", "").partition(":")
    text = rest if hosts == FILE else sent.get("hosts", "").replace("\r\n", "\n")
    if hosts == PASTED:
        await refuse("ini", text, field="text")
    return Chosen.read({
        "repository_id": repository_id, "app": app, "path": path, "name": sent.get("name", "").strip(), "text": text,
        "inventory_id": lenient_number(rest) if hosts == "have" else 0, "hosts": "" if hosts == "have" else hosts,
    })  # fmt: skip
