"""Second factors: set up, confirmed, proved at sign-in, taken away."""

from __future__ import annotations

from quart import Response

from hub import shapes
from hub.services import second_factor, second_factor_setup
from hub.services.second_factor import PasscodeDraft, RecoveryDraft
from hub.services.second_factor_setup import ProofDraft
from hub.web.actor import set_cookie
from hub.web.api.bodies import optional_body
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.errors import JSON

_FACTORS = "/users/{user_id}/2fas/totp"


@route("POST", "/auth/verify", Access.SESSION, takes=PasscodeDraft, status=200, also=(204,))
async def verify(call: Call) -> Answer:
    """Let the session in by a code of the device: 200 without body; 204 when none was owed."""
    needed, fresh = await second_factor.verify(call.hub, call.actor, PasscodeDraft.read(call.body))
    return _let_in(call, fresh, 200 if needed else 204)


@route("POST", "/auth/recovery", Access.SESSION, takes=RecoveryDraft)
async def recover(call: Call) -> Answer:
    """Let the session in by a recovery code, which is used up."""
    return _let_in(call, await second_factor.recover(call.hub, call.actor, RecoveryDraft.read(call.body)), 204)


@route("POST", _FACTORS, Access.USER, body=False, gives=shapes.NewTotp)
async def enable(call: Call) -> Answer:
    """Make a secret and recovery codes, shown this once; the factor counts when it is confirmed."""
    return await second_factor_setup.enable(call.hub, call.actor, call.ids["user_id"])


@route("POST", _FACTORS + "/{totp_id}/confirm", Access.USER, wire=False, takes=PasscodeDraft)
async def confirm(call: Call) -> Answer:
    """Make a factor count, by a code of its device."""
    draft = PasscodeDraft.read(call.body)
    await second_factor_setup.confirm(call.hub, call.actor, call.ids["user_id"], call.ids["totp_id"], draft)
    return None


@route("GET", _FACTORS + "/{totp_id}/qr", Access.USER, status=200, media="image/png")
async def picture(call: Call) -> Answer:
    """The QR code for an authenticator app, until the factor is confirmed."""
    png = await second_factor_setup.picture(call.hub, call.actor, call.ids["user_id"])
    return Response(png, content_type="image/png")


@route(
    "POST",
    _FACTORS + "/{totp_id}/recovery_codes",
    Access.USER,
    wire=False,
    takes=ProofDraft,
    gives=shapes.RecoveryCodes,
)
async def renew_codes(call: Call) -> Answer:
    """Replace one's recovery codes."""
    return await second_factor_setup.renew_codes(call.hub, call.actor, call.ids["user_id"], ProofDraft.read(call.body))


@route("DELETE", _FACTORS + "/{totp_id}", Access.USER, takes=ProofDraft)
async def disable(call: Call) -> Answer:
    """Take a factor away; one's own with a code or the password in the body."""
    proof = ProofDraft.read(await optional_body())
    await second_factor_setup.disable(call.hub, call.actor, call.ids["user_id"], proof)
    return None


def _let_in(call: Call, fresh: str, status: int) -> Response:
    response = Response(b"", status, content_type=JSON)
    if fresh:
        set_cookie(call.hub, response, fresh)
    return response
