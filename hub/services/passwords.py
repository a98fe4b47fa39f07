"""Hashing and checking passwords: Argon2id for ours, bcrypt for those that came from elsewhere.

Pure functions without hooks: who has which hash is known by the hub's own accounts, not here.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from typing_extensions import TypeVar

from hub.errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

MAX_PASSWORD: Final = 4096
"""Bytes of a password."""

_MEMORY: Final = 19 * 1024  # KiB; together with the two below what OWASP asks for
_PASSES: Final = 2
_LANES: Final = 1
_AT_ONCE: Final = 2  # 38 MiB at most, however many people sign in together

_MAX_MEMORY: Final = 256 * 1024
_MAX_PASSES: Final = 16
_BCRYPT: Final = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
_BCRYPT_BYTES: Final = 72


async def hash_password(text: str) -> str:
    """Return the hash to store; refuse a password that nobody could ever sign in with."""
    secret = _bytes(text)
    if secret is None:
        raise Invalid(f"A password must be text of 1 to {MAX_PASSWORD} bytes. Choose another one.", field="password")
    return await _in_thread(_hash, secret)


async def verify_password(hashed: str, text: str) -> bool:
    """Say whether the password fits. An empty or unknown hash fits nothing, and takes as long to say so."""
    secret = _bytes(text)
    if secret is None:
        return False
    return await _in_thread(_verify, secret, hashed)


async def dummy_verify() -> None:
    """Take as long as a check does, for a name that nobody has, so that the time tells nothing."""
    await verify_password("", "x")


def needs_rehash(hashed: str) -> bool:
    """Say whether a hash that just proved right should be replaced by one of `hash_password`."""
    if not hashed.startswith("$argon2"):
        return True
    from argon2.exceptions import InvalidHashError  # noqa: PLC0415 - heavy

    try:
        return _hasher().check_needs_rehash(hashed)
    except InvalidHashError:
        return True


def _bytes(text: str) -> bytes | None:
    try:
        secret = text.encode()
    except UnicodeEncodeError:
        return None
    return secret if 1 <= len(secret) <= MAX_PASSWORD else None


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher, Type  # noqa: PLC0415 - heavy, and a worker never needs it

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY, parallelism=_LANES, type=Type.ID)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="password")


os.register_at_fork(after_in_child=_pool.cache_clear)


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_pool(), work, *arguments)


def _hash(secret: bytes) -> str:
    return _hasher().hash(secret)


def _verify(secret: bytes, hashed: str) -> bool:
    if _BCRYPT.fullmatch(hashed):
        return _fits_bcrypt(secret, hashed)
    if hashed.startswith("$argon2") and _is_affordable(hashed):
        return _fits_argon2(secret, hashed)
    _hash(secret)  # costs what a check costs
    return False


def _fits_bcrypt(secret: bytes, hashed: str) -> bool:
    import bcrypt  # noqa: PLC0415 - only for hashes from elsewhere

    # bcrypt sees 72 bytes. Cutting a longer password would let two passwords fit one hash, and the rehash that follows
    # a sign-in would then keep the wrong one; the writers of these hashes refused longer passwords as well.
    cut = secret[:_BCRYPT_BYTES]
    try:
        fits = bcrypt.checkpw(cut, hashed.encode())
    except ValueError:
        return False
    return fits and len(secret) <= _BCRYPT_BYTES


def _fits_argon2(secret: bytes, hashed: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - heavy

    try:
        return _hasher().verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False


def _is_affordable(hashed: str) -> bool:
    """Hashes can come in with a backup; one that asks for gigabytes or minutes must not stop the server."""
    from argon2 import extract_parameters  # noqa: PLC0415 - heavy
    from argon2.exceptions import InvalidHashError  # noqa: PLC0415 - heavy

    try:
        cost = extract_parameters(hashed)
    except (InvalidHashError, ValueError):
        return False
    return cost.memory_cost <= _MAX_MEMORY and cost.time_cost <= _MAX_PASSES
