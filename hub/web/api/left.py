"""Routes of what tasks leave: outputs, and artifacts to download."""

from __future__ import annotations

from urllib.parse import quote

from quart import Response, request

from hub import shapes
from hub.services.tasks import files, outputs
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.api.tasks import wire_unknown

_TASK = "/project/{project_id}/tasks/{task_id}"
_ANY = "application/octet-stream"


@route("GET", _TASK + "/outputs", Access.MEMBER, wire=False, gives=list[shapes.Output])
@wire_unknown
async def list_outputs(call: Call) -> Answer:
    """Outputs of a task in the order in which it wrote them; sensitive ones without their values."""
    return await outputs.shown(call.actor, *_ids(call))


@route("GET", _TASK + "/artifacts", Access.MEMBER, wire=False, gives=list[shapes.Artifact])
@wire_unknown
async def list_artifacts(call: Call) -> Answer:
    """Files that a task left for people."""
    return await files.listed(call.actor, *_ids(call))


@route("GET", _TASK + "/artifacts/{artifact_id}", Access.MEMBER, wire=False, status=200, media=_ANY)
async def download_artifact(call: Call) -> Answer:
    """One of these files."""
    about, content = await files.opened(call.hub, call.actor, *_ids(call), call.ids["artifact_id"])
    headers = {
        "Content-Disposition": _attachment(about["name"]),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    response = Response(b"" if request.method == "HEAD" else content, 200, headers, content_type=_ANY)
    response.headers["Content-Length"] = str(about["size"])
    response.timeout = None  # a slow reader of a large file is no fault
    return response


def _attachment(path: str) -> str:
    """Name the file without its folders; RFC 6266: plain for old clients, and as it is."""
    name = path.rsplit("/", 1)[-1]
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["task_id"]
