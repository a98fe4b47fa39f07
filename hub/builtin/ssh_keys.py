"""Reading private SSH keys as people paste them, and saying plainly what is wrong with them."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING, Any, Final

from hub.plugin import Refused

if TYPE_CHECKING:
    from asyncssh import SSHKey

MAX_KEY: Final = 20_000
"""Characters of a private key; RSA with 16384 bits needs some 13,000."""

MAX_ROUNDS: Final = 1024
"""Rounds of the passphrase's bcrypt; OpenSSH uses 16, and 1024 already take several seconds."""

MAX_ITERATIONS: Final = 10_000_000
"""Iterations of the passphrase's PBKDF2; OpenSSL uses 2048."""

RSA_BITS: Final = 4096
"""Bits of an RSA key that the hub makes up."""

_NOT_A_KEY: Final = (
    "This is not a private SSH key that the hub can read. Paste the whole file, "
    "from its BEGIN line to its END line, in OpenSSH or PEM format."
)
_PUTTY: Final = (
    "This is a PuTTY key. Convert it with PuTTYgen (Conversions, Export OpenSSH key) and paste the exported file."
)
_PUBLIC: Final = "This is a public key. Paste the private key that belongs to it."
_HARDWARE: Final = (
    "This key lives in a hardware token that must be touched for each use, so the hub cannot sign in with it. "
    "Use a key without a token."
)
_LOCKED: Final = "This private key is protected by a passphrase. Enter the passphrase too."
_WRONG: Final = "The passphrase does not open this private key. Check it and enter it again."
_TOO_DEAR: Final = (
    "Opening this private key would take too long, because its passphrase is protected by too many rounds. "
    "Set the passphrase anew with ssh-keygen -p -a 100."
)


def normalise(text: str) -> str:
    """Return a pasted key with plain line ends, without blanks around its lines, and with a newline at its end."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = "\n".join(line.strip() for line in lines).strip("\n")
    return clean + "\n" if clean else ""


def secret_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a key that must not be seen; the frame and the headers around them are no secret."""
    return tuple(line for line in text.splitlines() if len(line) >= 8 and not line.startswith("-") and ":" not in line)


def load(text: str, passphrase: str) -> SSHKey:
    """Open a private key; raise `Refused` with a sentence when it cannot be opened. Slow: call it in a thread."""
    from asyncssh import KeyImportError, import_private_key  # noqa: PLC0415 - heavy, and most tasks need no key

    _refuse_lookalikes(text)
    try:
        key = import_private_key(text)
    except KeyImportError as error:
        if not str(error).startswith("Passphrase must be specified"):
            raise Refused(_NOT_A_KEY, field="private_key") from None
    except Exception:  # noqa: BLE001 - a broken key breaks its parser in many ways
        raise Refused(_NOT_A_KEY, field="private_key") from None
    else:
        return _usable(key)
    if not passphrase:
        raise Refused(_LOCKED, field="passphrase")
    _refuse_endless_work(text)
    try:
        key = import_private_key(text, passphrase)
    except Exception:  # noqa: BLE001 - a wrong passphrase of an old PEM key yields noise, which fails anywhere
        raise Refused(_WRONG, field="passphrase") from None
    return _usable(key)


def make(kind: str, passphrase: str, comment: str) -> str:
    """Make up a private key in OpenSSH format; RSA takes seconds. Slow: call it in a thread."""
    from asyncssh import generate_private_key  # noqa: PLC0415 - heavy, and most tasks need no key

    if kind == "rsa":
        key = generate_private_key("ssh-rsa", comment=comment, key_size=RSA_BITS)
    elif kind == "ed25519":
        key = generate_private_key("ssh-ed25519", comment=comment)
    else:
        raise Refused(f"There is no kind of SSH key {kind}; choose ed25519 or rsa.")
    return key.export_private_key("openssh", passphrase or None).decode("ascii")


def _refuse_lookalikes(text: str) -> None:
    if text.startswith("PuTTY-User-Key-File"):
        raise Refused(_PUTTY, field="private_key")
    first = text.partition("\n")[0]
    if first.startswith(("ssh-", "ecdsa-", "sk-")) or "PUBLIC KEY-----" in first:
        raise Refused(_PUBLIC, field="private_key")


def _usable(key: SSHKey) -> SSHKey:
    if key.algorithm.startswith(b"sk-"):
        raise Refused(_HARDWARE, field="private_key")
    return key


def _refuse_endless_work(text: str) -> None:
    """Look at the price of a passphrase before paying it: the numbers come from whoever pasted the key."""
    try:
        work = _work(text)
    except (binascii.Error, struct.error, ValueError):
        raise Refused(_NOT_A_KEY, field="private_key") from None
    if work > 1:
        raise Refused(_TOO_DEAR, field="private_key")


def _work(text: str) -> float:
    first, _newline, rest = text.partition("\n")
    body = "".join(line for line in rest.splitlines() if not line.startswith("-"))
    if first == "-----BEGIN OPENSSH PRIVATE KEY-----":
        return _openssh_rounds(base64.b64decode(body)) / MAX_ROUNDS
    if first == "-----BEGIN ENCRYPTED PRIVATE KEY-----":
        from asyncssh.asn1 import der_decode  # noqa: PLC0415 - heavy, and most tasks need no key

        return _largest_number(der_decode(base64.b64decode(body))) / MAX_ITERATIONS
    return 0.0  # the older PEM encryption has no count that could be raised


def _openssh_rounds(data: bytes) -> int:
    at = len(b"openssh-key-v1\0")
    for _name in ("cipher", "kdf"):
        at += 4 + _number(data, at)
    at += 4  # into the kdf's own options: salt, rounds
    return _number(data, at + 4 + _number(data, at))


def _number(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">I", data, at)[0])


def _largest_number(value: Any) -> int:
    if isinstance(value, tuple | frozenset | set):
        return max((_largest_number(part) for part in value), default=0)
    return value if isinstance(value, int) else 0
