"""The second factor at sign-in: codes of a device, recovery codes, and sessions that owe one of them.

A factor counts once a code has confirmed it. Until then nobody is asked for codes, so that a set-up that was broken off
locks nobody out; a client that knows nothing of confirming confirms by its first `POST /auth/verify`. A recovery code
lets its owner in once and is used up; the factor itself stays, where the wire would remove it: somebody who found one
code must not be able to live without the device from then on.

Failures are counted for the account alone: who gets as far as here knows the password already, and must not gain more
guesses by changing addresses.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyotp
from pyotp.exceptions import OTPVerificationError

from hub.context import Hub
from hub.db import column, rows, unit
from hub.errors import Forbidden, Unauthenticated
from hub.models import RecoveryCode, SecondFactor, Session
from hub.services import events, throttle
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.sessions import digest
from hub.vault import place

METHODS: Final = {"totp": {"allow_recovery": True}}
"""What `auth_methods` tells clients."""

WINDOW: Final = 1
"""Steps of 30 seconds that a device's clock may be off, either way."""

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_GAPS = re.compile(r"[\s-]+")


class PasscodeDraft(Draft):
    """The wire's body of `POST /auth/verify`."""

    passcode: str = ""


class RecoveryDraft(Draft):
    """The wire's body of `POST /auth/recovery`."""

    recovery_code: str = ""


_SHOWN = 'SELECT "id", "created", "user_id", "confirmed" FROM "second_factor" WHERE "user_id" = ?'


async def shown(user_id: int) -> dict[str, Any] | None:
    """Return the `totp` member of a person: never the secret, nor an address that holds it (S12)."""
    found = await rows(_SHOWN, [user_id], times=["created", "confirmed"])
    return {**found[0], "confirmed": found[0]["confirmed"] is not None} if found else None


async def protected() -> set[int]:
    """Return the ids of everybody whose second factor counts."""
    return set(await column(SecondFactor.filter(confirmed__isnull=False), "user_id"))


@dataclass(frozen=True, slots=True)
class _Pass:
    """A session on its way in."""

    id: int
    digest: str
    user_id: int
    verified: bool


async def verify(hub: Hub, actor: Actor, draft: PasscodeDraft) -> tuple[bool, str]:
    """Check a code; return whether one was needed, and the session's new secret when it was let in by it."""
    session, factor = await _at_the_door(actor)
    if session.verified and (factor is None or factor.confirmed):
        return False, ""
    if factor is None or not (factor.confirmed or session.verified):
        raise Forbidden("TOTP_DISABLED")
    attempt = attempt_of(session.user_id)
    await throttle.count(hub, attempt)
    step = await step_of(hub, factor, draft.passcode)

    async def work() -> str:
        if step is None or not await spend_step(factor, step, hub.clock()):
            raise Unauthenticated("The code is wrong, or it was used before.", code="INVALID_PASSCODE")
        if not factor.confirmed:
            await _record(hub, actor, "Second factor enabled")
        return "" if session.verified else await _let_in(hub, session)

    fresh = await unit(work)
    await throttle.forgive(hub, attempt)
    return True, fresh


async def recover(hub: Hub, actor: Actor, draft: RecoveryDraft) -> str:
    """Let a session in by a recovery code, which is used up; return its new secret, empty if nothing was owed."""
    session, factor = await _at_the_door(actor)
    if session.verified:
        return ""
    if factor is None or not factor.confirmed:
        raise Forbidden("TOTP_DISABLED")
    attempt = attempt_of(session.user_id)
    await throttle.count(hub, attempt)

    async def work() -> str:
        if not await spend_recovery_code(hub, session.user_id, draft.recovery_code):
            raise Unauthenticated("The recovery code is wrong, or it was used before.", code="INVALID_RECOVERY_CODE")
        await _record(hub, actor, "Recovery code used")
        return await _let_in(hub, session)

    fresh = await unit(work)
    await throttle.forgive(hub, attempt)
    return fresh


async def step_of(hub: Hub, factor: SecondFactor, passcode: str) -> int | None:
    """Return the time step that a code belongs to; None when it is no code of now."""
    code = _GAPS.sub("", passcode)
    if not _CODE.fullmatch(code) or factor.secret is None:
        return None
    totp = pyotp.TOTP(hub.vault.open(factor.secret, where(factor)))
    try:
        return totp.verify_and_get_timecode(code, for_time=hub.clock(), valid_window=WINDOW)
    except OTPVerificationError:
        return None


async def spend_step(factor: SecondFactor, step: int, now: datetime) -> bool:
    """Use up a code, and those before it; False when that was done already. Confirms a factor that was not."""
    columns: dict[str, Any] = {"last_step": step}
    if not factor.confirmed:
        columns["confirmed"] = now.replace(microsecond=0)
    return bool(await SecondFactor.filter(id=factor.id, last_step__lt=step).update(**columns))


async def spend_recovery_code(hub: Hub, user_id: int, code: str) -> bool:
    """Use up a recovery code; False when it is none, or was used."""
    plain = _GAPS.sub("", code).upper()
    query = RecoveryCode.filter(user_id=user_id, digest=code_digest(user_id, plain), used=None)
    return bool(await query.update(used=hub.clock()))


def code_digest(user_id: int, code: str) -> str:
    """What is stored of a recovery code; 80 random bits need no slow hash."""
    return digest(f"recovery {user_id} {code}")


def attempt_of(user_id: int) -> throttle.Attempt:
    """Name what is counted when somebody proves a second factor, from wherever."""
    return throttle.Attempt("second factor", f"user {user_id}")


def where(factor: SecondFactor) -> bytes:
    """Name the place that a factor's secret is sealed for."""
    return place("second_factor", "secret", factor.id)


async def _at_the_door(actor: Actor) -> tuple[_Pass, SecondFactor | None]:
    open_ones = await Session.filter(id=actor.session_id).values("id", "digest", "user_id", "verified")
    if not open_ones:
        raise Unauthenticated("Your session has ended; sign in again.")
    session = _Pass(**open_ones[0])
    return session, await SecondFactor.get_or_none(user_id=session.user_id)


async def _let_in(hub: Hub, session: _Pass) -> str:
    """Mark a session as verified under a new secret: who knew the old one before gains nothing."""
    fresh = secrets.token_urlsafe(32)
    query = Session.filter(id=session.id, digest=session.digest, verified=False)
    if not await query.update(digest=digest(fresh), verified=True, last_active=hub.clock()):
        raise Unauthenticated("Your session has ended; sign in again.")
    return fresh


async def _record(hub: Hub, actor: Actor, text: str) -> None:
    await events.record(hub, actor, "user", actor.user_id, text, project_id=None)
