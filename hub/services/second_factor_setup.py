"""Setting a second factor up and taking it away: the secret, its picture, confirming it, recovery codes.

Administrators may set one up for somebody, as on the wire; only its owner can confirm it, with the device. They may
take it away from others without proof, for those who lost everything; nobody takes away their own without proof.
"""

from __future__ import annotations

import base64
import secrets
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

import pyotp

from hub.context import Hub
from hub.db import exclusive, unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import RecoveryCode, SecondFactor, Session, User
from hub.services import events, throttle
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.first import PEOPLE
from hub.services.passwords import verify_password
from hub.services.second_factor import (
    PasscodeDraft,
    attempt_of,
    code_digest,
    spend_recovery_code,
    spend_step,
    step_of,
    where,
)
from hub.services.users import NotAllowed, refuse_strangers

if TYPE_CHECKING:
    import segno

ISSUER: Final = "Hub"
"""What authenticator apps show beside the address."""

CODES: Final = 10
"""Recovery codes that a person gets."""

_PIXELS: Final = 256
_QUIET: Final = 4  # modules of white around a QR code; what its standard asks for

_OFF: Final = "TOTP not enabled"


class ProofDraft(Draft):
    """What shows that it is oneself: any one of them."""

    passcode: str = ""
    password: str = ""
    recovery_code: str = ""


async def enable(hub: Hub, actor: Actor, user_id: int) -> dict[str, Any]:
    """Make a secret and recovery codes, both shown this once. Replaces a set-up that was never confirmed."""
    refuse_strangers(actor, user_id)
    user = await _person(user_id)
    secret, codes = pyotp.random_base32(), _fresh_codes()

    async def work() -> SecondFactor:
        await exclusive(PEOPLE)
        if await SecondFactor.filter(user_id=user_id, confirmed__isnull=False).exists():
            raise Invalid("TOTP already enabled")
        await SecondFactor.filter(user_id=user_id).delete()
        factor = await SecondFactor.create(user_id=user_id, created=hub.clock().replace(microsecond=0))
        factor.secret = hub.vault.seal(secret, where(factor))
        await factor.save(update_fields=["secret"])
        await _store_codes(user_id, codes)
        await _record(hub, actor, user_id, "Second factor set up")
        return factor

    factor = await unit(work)
    return {
        "id": factor.id, "created": factor.created, "user_id": user_id, "url": _url(secret, user["email"]),
        "confirmed": False, "recovery_code": codes[0], "recovery_codes": codes,
    }  # fmt: skip


async def confirm(hub: Hub, actor: Actor, user_id: int, factor_id: int, draft: PasscodeDraft) -> None:
    """Make a factor count, by a code of its device; only its owner can."""
    if actor.user_id != user_id:
        raise NotAllowed("Only the person themselves can confirm a second factor.")
    factor = await _factor(user_id, factor_id)
    if factor.confirmed:
        raise Conflict("This second factor is confirmed already.")
    attempt = attempt_of(user_id)
    await throttle.count(hub, attempt)
    step = await step_of(hub, factor, draft.passcode)

    async def work() -> None:
        if step is None or not await spend_step(factor, step, hub.clock()):
            raise Invalid("The code is wrong, or it was used before; wait for the next one.", field="passcode")
        await _record(hub, actor, user_id, "Second factor enabled")

    await unit(work)
    await throttle.forgive(hub, attempt)


async def picture(hub: Hub, actor: Actor, user_id: int) -> bytes:
    """Return the QR code as PNG of 256×256 pixels, until the factor is confirmed."""
    refuse_strangers(actor, user_id)
    factor = await SecondFactor.get_or_none(user_id=user_id, confirmed=None)
    if factor is None or factor.secret is None:
        raise NotFound(_OFF)
    url = _url(hub.vault.open(factor.secret, where(factor)), (await _person(user_id))["email"])
    from segno import make_qr  # noqa: PLC0415 - needed once in the life of an account

    return _png(make_qr(url, error="l"))


async def disable(hub: Hub, actor: Actor, user_id: int, proof: ProofDraft) -> None:
    """Take a person's factor and recovery codes away; sessions that still owed a code end."""
    refuse_strangers(actor, user_id)
    factor = await SecondFactor.get_or_none(user_id=user_id)
    if factor is None:
        raise Invalid(_OFF)
    if actor.user_id == user_id and factor.confirmed:
        await _prove(hub, factor, proof)

    async def work() -> None:
        await SecondFactor.filter(id=factor.id).delete()
        await RecoveryCode.filter(user_id=user_id).delete()
        await Session.filter(user_id=user_id, verified=False).delete()
        await _record(hub, actor, user_id, "Second factor disabled")

    await unit(work)


async def renew_codes(hub: Hub, actor: Actor, user_id: int, proof: ProofDraft) -> dict[str, Any]:
    """Replace one's recovery codes; those before are good for nothing any more."""
    if actor.user_id != user_id:
        raise NotAllowed("Only the person themselves can make new recovery codes.")
    factor = await SecondFactor.get_or_none(user_id=user_id, confirmed__isnull=False)
    if factor is None:
        raise Invalid(_OFF)
    await _prove(hub, factor, proof)
    codes = _fresh_codes()

    async def work() -> None:
        await exclusive(PEOPLE)
        await _store_codes(user_id, codes)
        await _record(hub, actor, user_id, "Recovery codes renewed")

    await unit(work)
    return {"recovery_codes": codes}


async def codes_left(user_id: int) -> int:
    """Return how many recovery codes a person has not used."""
    return await RecoveryCode.filter(user_id=user_id, used=None).count()


async def _prove(hub: Hub, factor: SecondFactor, proof: ProofDraft) -> None:
    attempt = attempt_of(factor.user_id)
    if not (proof.passcode or proof.password or proof.recovery_code):
        raise Invalid("Send a code of your device as passcode, or your password.", field="passcode")
    await throttle.count(hub, attempt)
    if not await _fits(hub, factor, proof):
        raise Invalid("The code or password is wrong; a code is good once.", field="passcode")
    await throttle.forgive(hub, attempt)


async def _fits(hub: Hub, factor: SecondFactor, proof: ProofDraft) -> bool:
    if proof.passcode:
        step = await step_of(hub, factor, proof.passcode)
        return step is not None and await spend_step(factor, step, hub.clock())
    if proof.recovery_code:
        return await spend_recovery_code(hub, factor.user_id, proof.recovery_code)
    hashed = (await _person(factor.user_id))["password_hash"]
    return await verify_password(hashed, proof.password)


async def _person(user_id: int) -> dict[str, Any]:
    rows = await User.filter(id=user_id).values("email", "password_hash", "service")
    if not rows:
        raise NotFound("There is no such user.")
    if rows[0]["service"]:
        raise Invalid("A service account never signs in and needs no second factor.")
    return dict(rows[0])


async def _factor(user_id: int, factor_id: int) -> SecondFactor:
    factor = await SecondFactor.get_or_none(user_id=user_id)
    if factor is None or factor.id != factor_id:
        raise NotFound("There is no such second factor; set it up again.")
    return factor


def _fresh_codes() -> list[str]:
    return [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(CODES)]


async def _store_codes(user_id: int, codes: list[str]) -> None:
    await RecoveryCode.filter(user_id=user_id).delete()
    await RecoveryCode.bulk_create([RecoveryCode(user_id=user_id, digest=code_digest(user_id, code)) for code in codes])


def _url(secret: str, email: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def _png(code: segno.QRCode) -> bytes:
    """Draw a QR code as large as it fits; segno's own writer knows whole modules only, and no size in pixels."""
    modules = int(code.symbol_size(border=_QUIET)[0])
    scale = max(1, _PIXELS // modules)
    size = max(_PIXELS, modules * scale)
    margin = size - modules * scale
    before = margin // 2
    blank = b"\xff" * size
    rows = [blank] * before
    for row in code.matrix_iter(scale=scale, border=_QUIET):
        line = bytes(0 if dark else 255 for dark in row)
        rows.append(b"\xff" * before + line + b"\xff" * (margin - before))
    rows += [blank] * (margin - before)
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


async def _record(hub: Hub, actor: Actor, user_id: int, text: str) -> None:
    await events.record(hub, actor, "user", user_id, text, project_id=None)
