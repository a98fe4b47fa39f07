"""Reading certificates of SSH keys: whose they are, for whom they are good, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hub.plugin import Refused

if TYPE_CHECKING:
    from asyncssh import SSHKey

MAX_CERTIFICATE: Final = 30_000
"""Characters; one of an RSA key with 16384 bits, signed by another such, needs some 9,000."""

_USER: Final = 1
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_NOT_ONE: Final = (
    "This is not a certificate of an SSH key that the hub can read. Paste the whole line of the file “…-cert.pub”, "
    "which begins with a name such as ssh-ed25519-cert-v01@openssh.com."
)
_OF_A_HOST: Final = "This certificate is for a host, not for signing in. Let the authority sign the key for a user."
_OF_ANOTHER: Final = "This certificate belongs to another key. Paste the one that was made for this private key."


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a user's key."""

    text: str
    data: bytes
    """As it goes over the wire."""
    name: str
    """What the authority calls it."""
    logins: tuple[str, ...]
    """Users that it lets in as; empty for any."""
    begins: datetime
    ends: datetime | None
    """None for one that never ends."""
    authority: str
    """Fingerprint of the key that signed it."""

    def problem(self, now: datetime) -> str:
        """Say why it is no good at this moment; empty text when it is."""
        if self.ends is not None and now >= self.ends:
            return (
                f"The certificate of this SSH key ended on {self.ends:%Y-%m-%d %H:%M} UTC. "
                "Let the authority sign the key again, and enter the new certificate in the key store."
            )
        if now < self.begins:
            return f"The certificate of this SSH key is not valid before {self.begins:%Y-%m-%d %H:%M} UTC."
        return ""

    def facts(self, now: datetime) -> Mapping[str, Any]:
        """Return what people may know."""
        return {
            "name": self.name,
            "logins": list(self.logins),
            "begins": self.begins.isoformat(),
            "ends": self.ends.isoformat() if self.ends else None,
            "authority": self.authority,
            "problem": self.problem(now),
        }


def load(text: str, key: SSHKey) -> Certificate:
    """Read a certificate and see that it is this key's. Raises `Refused` with a sentence."""
    from asyncssh import KeyImportError, import_certificate  # noqa: PLC0415 - heavy, and most tasks need no key

    words = " ".join(text.split())
    try:
        read = import_certificate(words)
    except (KeyImportError, ValueError):
        raise Refused(_NOT_ONE, field="certificate") from None
    kind = getattr(read, "_cert_type", None)
    if kind is None:  # it is one of X.509
        raise Refused(_NOT_ONE, field="certificate")
    if kind != _USER:
        raise Refused(_OF_A_HOST, field="certificate")
    if read.key.public_data != key.public_data:
        raise Refused(_OF_ANOTHER, field="certificate")
    begins, ends = (_moment(getattr(read, name)) for name in ("_valid_after", "_valid_before"))
    return Certificate(
        text=words,
        data=read.public_data,
        name=str(getattr(read, "_key_id", "")),
        logins=tuple(str(one) for one in getattr(read, "principals", ())),
        begins=begins,
        ends=None if ends == _LATEST else ends,
        authority=str(read.signing_key.get_fingerprint()),  # type: ignore[attr-defined]  # only those of OpenSSH have it, and this is one
    )


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return _LATEST  # “forever” is the largest number that there is room for
