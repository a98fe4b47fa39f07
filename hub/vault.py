"""Sealing secrets: AES-256-GCM under a versioned key ring.

A sealed text reads `v1:<key id>:<base64 of nonce and ciphertext>`. The place it belongs to (table, column, row) is
authenticated with it, so that a ciphertext moved to another row does not open.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import SettingsError, Unavailable

_NONCE = 12  # bytes; what NIST SP 800-38D recommends for random nonces
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")

_FILE = b"HUBF1"
_SALT = 32
_TAG = 16
_PIECE = 64 * 1024
"""Bytes of a file that are sealed together."""
_DAMAGED = "A stored file cannot be decrypted: it is damaged, cut off, or belongs elsewhere."


def place(table: str, column: str, row: int | str) -> bytes:
    """Name the place that a secret is sealed for."""
    return f"{table}.{column}.{row}".encode()


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the active key, opens with any key of the ring."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    def seal(self, text: str, where: bytes) -> str:
        """Encrypt `text` for one place."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + AESGCM(self.keys[self.active]).encrypt(nonce, text.encode(), where)
        return f"v1:{self.active}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, where: bytes) -> str:
        """Decrypt; raises `Unavailable` when the key is not in the ring or the text does not belong there."""
        version, _, rest = sealed.partition(":")
        key_id, _, body = rest.partition(":")
        if version != "v1":
            raise Unavailable("A stored secret has an unknown format; it was not written by this hub.")
        key = self.keys.get(key_id)
        if key is None:
            raise Unavailable(f"A stored secret was sealed with key {key_id}, which is not in the key ring.")
        try:
            raw = base64.b64decode(body, validate=True)
            return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], where).decode()
        except (InvalidTag, ValueError):
            raise Unavailable("A stored secret cannot be decrypted: it is damaged or belongs elsewhere.") from None

    async def seal_file(self, blocks: AsyncIterator[bytes], where: bytes) -> AsyncIterator[bytes]:
        """Encrypt a file of any length for one place, piece by piece under a key of its own.

        Each piece is bound to its number and to whether it is the last, so none can be left out, moved or cut off.
        """
        salt = secrets.token_bytes(_SALT)
        yield b"".join((_FILE, bytes([len(self.active)]), self.active.encode(), salt))
        cipher, number, rest = self._of_file(self.active, salt, where), 0, b""
        async for block in blocks:
            rest += block
            while len(rest) > _PIECE:
                yield cipher.encrypt(_nonce_of(number, last=False), rest[:_PIECE], where)
                number, rest = number + 1, rest[_PIECE:]
        yield cipher.encrypt(_nonce_of(number, last=True), rest, where)

    async def open_file(self, blocks: AsyncIterator[bytes], where: bytes) -> AsyncIterator[bytes]:
        """Decrypt a file, piece by piece; raises `Unavailable` as `open` does. What came before that was authentic."""
        cipher: AESGCM | None = None
        number, rest = 0, b""
        try:
            async for block in blocks:
                rest += block
                if cipher is None:
                    cipher, rest = self._begin(rest, where)
                while cipher is not None and len(rest) > _PIECE + _TAG:
                    yield cipher.decrypt(_nonce_of(number, last=False), rest[: _PIECE + _TAG], where)
                    number, rest = number + 1, rest[_PIECE + _TAG :]
            if cipher is None:
                raise Unavailable(_DAMAGED)
            yield cipher.decrypt(_nonce_of(number, last=True), rest, where)
        except InvalidTag:
            raise Unavailable(_DAMAGED) from None

    def _begin(self, data: bytes, where: bytes) -> tuple[AESGCM | None, bytes]:
        """Read the head of a file; no cipher yet when it is not whole."""
        if len(data) <= len(_FILE):
            return None, data
        length = data[len(_FILE)]
        head = len(_FILE) + 1 + length + _SALT
        if not data.startswith(_FILE):
            raise Unavailable(_DAMAGED)
        if len(data) < head:
            return None, data
        key_id = data[len(_FILE) + 1 : head - _SALT].decode("ascii", "replace")
        if key_id not in self.keys:
            raise Unavailable(f"A stored file was sealed with key {key_id}, which is not in the key ring.")
        return self._of_file(key_id, data[head - _SALT : head], where), data[head:]

    def _of_file(self, key_id: str, salt: bytes, where: bytes) -> AESGCM:
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"file:" + where)
        return AESGCM(derived.derive(self.keys[key_id]))

    def is_current(self, sealed: str) -> bool:
        """True when `sealed` was made with the active key."""
        return sealed.startswith(f"v1:{self.active}:")


def _nonce_of(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


def parse_ring(text: str) -> Vault:
    """Read `id:base64,id:base64`, the active key first. Raises `SettingsError`."""
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not _KEY_ID.fullmatch(key_id) or len(key) != 32 or key_id in keys:
            raise SettingsError("HUB_VAULT_KEYS is wrong: write id:base64, with ids of their own and 32-byte keys.")
        if not any(key) or len(set(key)) == 1:
            raise SettingsError(f"The vault key {key_id} is not random; make one with `hub vault key`.")
        keys[key_id] = key
    return Vault(next(iter(keys)), keys)


def new_key_text() -> str:
    """Return a fresh random key as base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def ring_file(data_dir: Path) -> Path:
    """Where the key ring is kept when no setting holds it."""
    return data_dir / "vault.json"


def read_ring(data_dir: Path) -> Vault | None:
    """Read the key ring of the data folder; None when there is none. Raises `SettingsError`."""
    path = ring_file(data_dir)
    if not path.exists():
        return None
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"The key ring {path} may be read by others; run chmod 600 on it.")
    try:
        stored = json.loads(path.read_text("utf-8"))
        active, keys = stored["active"], stored["keys"]
        order = [active, *(name for name in keys if name != active)]
        return parse_ring(",".join(f"{name}:{keys[name]}" for name in order))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(f"The key ring {path} is damaged; restore it from your backup.") from None


def write_ring(data_dir: Path, vault: Vault) -> None:
    """Replace the key ring of the data folder, all or nothing, readable by its owner only."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = ring_file(data_dir)
    keys = {name: base64.b64encode(key).decode() for name, key in vault.keys.items()}
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"active": vault.active, "keys": keys}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def with_new_key(vault: Vault | None) -> Vault:
    """Return a ring whose active key is a fresh one; older keys stay for opening."""
    keys = dict(vault.keys) if vault else {}
    number = len(keys) + 1
    while f"k{number}" in keys:
        number += 1
    fresh = f"k{number}"
    return Vault(fresh, {fresh: secrets.token_bytes(32), **keys})
