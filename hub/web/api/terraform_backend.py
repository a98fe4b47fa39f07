"""Terraform's `http` backend. Public, since a tool has no session: each address asks for its own login and password."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from quart import Response, request

from hub.errors import TooLarge, Unauthenticated
from hub.services import terraform_backend, terraform_seats
from hub.services.state_locks import Locked
from hub.services.terraform_backend import Sent
from hub.services.terraform_seats import Presented, Seat
from hub.web.address import client_address
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.errors import JSON, json_error

MAX_LOCK: Final = 64 * 1024
"""Largest description of a lock, in bytes."""
_MIB: Final = 1024 * 1024
_AT: Final = "/terraform/{alias}"
_CHALLENGE: Final = 'Basic realm="Terraform states", charset="UTF-8"'


@route("GET", _AT, Access.PUBLIC, media="application/json", also=(204, 401, 429))
async def read_state(call: Call) -> Answer:
    """The state; 204 when there is none."""

    async def verb(seat: Seat) -> Answer:
        body = await terraform_backend.read(call.hub, seat)
        return None if body is None else Response(body, 200, content_type=JSON)

    return await _serve(call, verb)


@route("POST", _AT, Access.PUBLIC, body=False, status=200, also=(401, 409, 413, 423, 429))
async def write_state(call: Call) -> Answer:
    """Keep a new version; 423 with the lock when somebody else holds it, 409 when it was made from another version."""

    async def verb(seat: Seat) -> Answer:
        await terraform_backend.write(call.hub, seat, await _state(call))
        return _done()

    return await _serve(call, verb)


@route("DELETE", _AT, Access.PUBLIC, wire=False, status=200, also=(401, 423, 429))
async def remove_state(call: Call) -> Answer:
    """Say that there is no state any more; its versions stay."""

    async def verb(seat: Seat) -> Answer:
        await terraform_backend.remove(call.hub, seat, _lock_id())
        return _done()

    return await _serve(call, verb)


@route("LOCK", _AT, Access.PUBLIC, body=False, status=200, also=(401, 423, 429))
async def lock_state(call: Call) -> Answer:
    """Take the lock; 423 with the present one."""

    async def verb(seat: Seat) -> Answer:
        await terraform_backend.lock(call.hub, seat, await _lock())
        return _done()

    return await _serve(call, verb)


@route("UNLOCK", _AT, Access.PUBLIC, body=False, status=200, also=(401, 409, 429))
async def unlock_state(call: Call) -> Answer:
    """Release the lock; 409 with the present one when that is another."""

    async def verb(seat: Seat) -> Answer:
        await terraform_backend.unlock(call.hub, seat, await _lock())
        return _done()

    return await _serve(call, verb)


async def _serve(call: Call, verb: Callable[[Seat], Awaitable[Answer]]) -> Answer:
    """Let the tool in before its body is read, and tell refusals as the protocol has them."""
    shown = request.authorization
    login, password = (shown.username, shown.password) if shown and shown.type == "basic" else ("", "")
    presented = Presented(login or "", password or "", client_address(request))
    try:
        return await verb(await terraform_seats.enter(call.hub, call.texts["alias"], presented))
    except Unauthenticated as error:
        refused = json_error(error)
        refused.headers["WWW-Authenticate"] = _CHALLENGE
        return refused
    except Locked as locked:
        return Response(locked.info, locked.status, content_type=JSON)


async def _state(call: Call) -> Sent:
    mib = call.hub.settings.terraform_state_size
    body, md5 = await _body(mib * _MIB, "A Terraform state", size=f"{mib} MiB")
    return Sent(body, md5, request.headers.get("Content-MD5", "").strip(), _lock_id())


async def _lock() -> bytearray:
    return (await _body(MAX_LOCK, "The description of a lock", size="64 KiB"))[0]


async def _body(most: int, what: str, *, size: str) -> tuple[bytearray, bytes]:
    """Read the body once, as it comes, with its MD5; stop at the limit whatever its length was said to be."""
    body, md5 = bytearray(), hashlib.md5(usedforsecurity=False)
    async for piece in request.body:
        if len(body) + len(piece) > most:
            raise TooLarge(f"{what} may have at most {size}.")
        body += piece
        md5.update(piece)
    return body, md5.digest()


def _lock_id() -> str:
    return request.args.get("ID", "")


def _done() -> Response:
    return Response(b"", 200, content_type=JSON)
