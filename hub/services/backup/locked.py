"""Locking what is secret in a backup with a passphrase: Argon2id makes the key, AES-256-GCM locks.

What is locked is bound to the text that it goes with, so that nobody can put the secrets of one document into another.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import weakref
from typing import Final

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from hub.errors import Invalid
from hub.services.draft import Draft

SHORTEST: Final = 12
"""Letters of a passphrase: whoever has the file may try as often as they like."""
LONGEST: Final = 1024

_MEMORY: Final = 64 * 1024  # KiB; the second choice of RFC 9106
_PASSES: Final = 3
_LANES: Final = 1
_MOST_MEMORY: Final = 256 * 1024
_SALT: Final = 16
_NONCE: Final = 12


class Locked(Draft):
    """Something locked, with all that is needed to open it but the passphrase."""

    kdf: str = "argon2id"
    memory: int = Field(default=_MEMORY, ge=8 * 1024, le=_MOST_MEMORY)
    passes: int = Field(default=_PASSES, ge=1, le=10)
    lanes: int = Field(default=_LANES, ge=1, le=4)
    salt: str = Field(default="", max_length=200)
    nonce: str = Field(default="", max_length=200)
    data: str = Field(default="", max_length=50_000_000)


def check_passphrase(text: str) -> None:
    """Refuse a passphrase that would not keep anybody out. Raises `Invalid`."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise Invalid(f"A passphrase has {SHORTEST} to {LONGEST} characters.", field="passphrase")


async def lock(text: str, passphrase: str, bound: bytes) -> Locked:
    """Lock a text; it opens only together with the same `bound`."""
    check_passphrase(passphrase)
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    empty = Locked(salt=_text(salt), nonce=_text(nonce))
    key = await _key(empty, passphrase, salt)
    return empty.model_copy(update={"data": _text(AESGCM(key).encrypt(nonce, text.encode(), bound))})


async def unlock(locked: Locked, passphrase: str, bound: bytes) -> str:
    """Open it. Raises `Invalid` for a wrong passphrase and for anything that was changed since."""
    if locked.kdf != "argon2id" or not passphrase or len(passphrase) > LONGEST:
        raise Invalid("The secrets of this backup need its passphrase.", field="passphrase")
    try:
        salt, nonce, data = (base64.b64decode(one, validate=True) for one in (locked.salt, locked.nonce, locked.data))
        key = await _key(locked, passphrase, salt)
        return AESGCM(key).decrypt(nonce, data, bound).decode()
    except (InvalidTag, ValueError, HashingError):
        raise Invalid(
            "The secrets of this backup do not open: the passphrase is wrong, or the backup was changed since.",
            field="passphrase",
        ) from None


async def _key(locked: Locked, passphrase: str, salt: bytes) -> bytes:
    """Make the key, one at a time: each takes as much memory as it says."""
    loop = asyncio.get_running_loop()
    turn = _turns.setdefault(loop, asyncio.Semaphore(1))
    async with turn:
        return await asyncio.to_thread(
            hash_secret_raw, passphrase.encode(), salt, locked.passes, locked.memory, locked.lanes, 32, Type.ID
        )


_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
