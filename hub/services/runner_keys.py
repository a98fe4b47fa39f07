"""Key pairs of runners: what a runner polls for can be encrypted for it, in the wire's PKCS#1 v1.5 chunks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from hub.errors import Invalid, Unavailable

_BITS: Final = 2048
_MOST_BITS: Final = 8192
_PADDING: Final = 11
"""Bytes of each chunk that PKCS#1 v1.5 takes for itself."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both halves as PEM; the private one is shown once and not kept."""

    private: str = field(repr=False)
    public: str


async def make_pair() -> Pair:
    """Make a fresh pair, in a thread: it takes a good part of a second."""
    return await asyncio.to_thread(_make_pair)


def normal_public(text: str) -> str | None:
    """Return a public key as the hub keeps it, None for none (S35). Raises `Invalid`.

    Runners send PKCS#1 bytes under the heading `PUBLIC KEY`; proper PKCS#1 and SPKI are understood as well.
    """
    if not text.strip():
        return None
    key = _read(text.strip())
    if key is None or not _BITS <= key.key_size <= _MOST_BITS:
        raise Invalid(f"The public key must be an RSA key of at least {_BITS} bits in PEM.", field="public_key")
    return _pem(key)


def encrypt(public: str, text: bytes) -> bytes:
    """Encrypt for a runner, chunk by chunk, as the wire has it (no integrity: W-63)."""
    key = _read(public)
    if key is None:
        raise Unavailable("The public key of this runner is damaged; register the runner again.")
    size = key.key_size // 8 - _PADDING
    return b"".join(key.encrypt(text[start : start + size], PKCS1v15()) for start in range(0, len(text), size))


def _make_pair() -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return Pair(private.decode(), _pem(key.public_key()))


def _read(text: str) -> rsa.RSAPublicKey | None:
    for form in (text, text.replace("BEGIN PUBLIC", "BEGIN RSA PUBLIC").replace("END PUBLIC", "END RSA PUBLIC")):
        try:
            key = serialization.load_pem_public_key(form.encode())
        except (ValueError, UnsupportedAlgorithm):
            continue
        return key if isinstance(key, rsa.RSAPublicKey) else None
    return None


def _pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip
