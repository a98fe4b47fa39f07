"""Turns git's words into one sentence that says what is wrong and what to do."""

from __future__ import annotations

import re
from typing import Final, Literal

from hub.errors import Unavailable
from hub.services.git_address import Address
from hub.worker.git.credentials import Credential

Reason = Literal[
    "network",
    "auth",
    "forbidden",
    "missing",
    "host_key",
    "tls",
    "space",
    "corrupt",
    "protocol",
    "local",
    "stopped",
    "other",
]

_LONGEST_DETAILS = 4000

_PATTERNS: Final[dict[Reason, tuple[str, ...]]] = {  # the first that matches decides
    "space": (r"No space left on device", r"Disk quota exceeded"),
    "host_key": (r"REMOTE HOST IDENTIFICATION HAS CHANGED", r"Host key verification failed"),
    "tls": (
        r"SSL certificate problem",
        r"server certificate verification failed",
        r"certificate subject name",
        r"unable to get local issuer",
    ),
    "auth": (
        r"Authentication failed",
        r"could not read (?:Username|Password)",
        r"Permission denied \(",
        r"returned error: 401",
        r"Too many authentication failures",
    ),
    "forbidden": (r"returned error: 403",),
    "missing": (
        r"does not appear to be a git repository",
        r"[Rr]epository (?:.* )?not found",
        r"returned error: 404",
        r"project you were looking for could not be found",
        r"not valid: is this a git repository",
        r"access denied or repository not exported",
    ),
    "network": (
        r"Could not resolve host|Temporary failure in name resolution",
        r"Connection (?:refused|reset|timed out|closed by)|connection timed out|Operation (?:timed out|too slow)",
        r"Failed to connect|Couldn't connect|unable to connect|No route to host|Network is unreachable",
        r"Broken pipe|early EOF|hung up unexpectedly|unexpected disconnect|Empty reply from server|transfer closed",
        r"GnuTLS recv error|SSL_read",
        r"Recv failure|HTTP/2 stream|returned error: (?:429|5\d\d)|gnutls_handshake|SSL_connect|SSL_ERROR_SYSCALL",
        r"kex_exchange_identification",
    ),
    "protocol": (r"transport '.*' not allowed",),
    "corrupt": (
        r"bad object|is corrupt|is empty$|corrupt(?:ed)? (?:loose|pack)|does not point to a valid object",
        r"Could not parse object|unable to read (?:tree|sha1|[0-9a-f]{40})|inflate: data stream|unresolved deltas",
        r"pack has|packfile .* cannot be|index file .* is too small|did not send all necessary objects",
        r"unable to (?:normalize|find) .*(?:alternate|[0-9a-f]{40})|not a git repository",
    ),
}
_COMPILED: Final = {reason: re.compile("|".join(words), re.MULTILINE) for reason, words in _PATTERNS.items()}
_SENTENCES: Final[dict[Reason, str]] = {
    "network": "The git server {place} does not answer properly. Check its name, the network and the firewall.",
    "forbidden": (
        "{place} knows this login but does not let it read {url}. Grant it read access, or choose another key."
    ),
    "missing": "{place} has no repository {url}, or this key may not see it. Check the address and the key.",
    "local": "{url} is not a git repository on the hub's machine. Correct the path.",
    "host_key": (
        "The host key of {place} is not one that is trusted here, so the hub did not connect. If it is genuine, "
        "approve it under Known hosts in the key store of the project."
    ),
    "tls": ("The certificate of {place} is not trusted. Install its authority on the hub's machine, or renew it."),
    "space": "The hub's disk is full. Free some space and start the task again.",
    "corrupt": "The repository {url} or the hub's copy of it is damaged. Check the repository with “git fsck”.",
    "protocol": "{url} leads to a protocol that the hub does not allow. Use https or ssh.",
}
_PROGRESS = re.compile(r"(?:remote: )?[A-Z][A-Za-z ]+:\s+\d+% ")
_USERINFO = re.compile(r"(://)[^/\s@']*:[^/\s@']*@")


class GitFailure(Unavailable):
    """Git could not do it. The text is one sentence; `details` are git's own words without secrets."""

    def __init__(self, sentence: str, *, reason: Reason = "other", details: str = "") -> None:
        super().__init__(sentence)
        self.reason: Reason = reason
        self.details = details


class NoBranch(GitFailure):
    """The server has another answer for everybody who names a branch that is there."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, reason="missing")


class GitStopped(GitFailure):
    """Somebody stopped the task while git was at work."""

    def __init__(self) -> None:
        super().__init__("The task was stopped while git was at work.", reason="stopped")


def redact(text: str, credential: Credential | None) -> str:
    """Return git's words without progress lines and secrets."""
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").rstrip("\r\n").split("\n")]
    kept = "\n".join(line for line in lines if line and not _PROGRESS.match(line))
    for secret in sorted(credential.secrets if credential else (), key=len, reverse=True):
        kept = kept.replace(secret, "***")
    return _USERINFO.sub(r"\1***@", kept)[-_LONGEST_DETAILS:]


def reason_of(text: str) -> Reason:
    """Return what kind of failure git's words describe."""
    return next((reason for reason, pattern in _COMPILED.items() if pattern.search(text)), "other")


def explain(text: str, address: Address, credential: Credential | None) -> GitFailure:
    """Return the failure that git's words describe."""
    details = redact(text, credential)
    reason = reason_of(text)
    return GitFailure(_sentence(reason, details, address, credential), reason=reason, details=details)


def _sentence(reason: Reason, details: str, address: Address, credential: Credential | None) -> str:
    if reason == "auth":
        return _unauthorised(address, credential)
    known = _SENTENCES.get("local" if reason == "missing" and address.is_local else reason)
    if known is not None:
        return known.format(place=address.host or "This machine", url=address.url)
    last = details.strip().splitlines()[-1].removeprefix("fatal: ") if details.strip() else "it gave no reason"
    return f"Git could not read {address.url}: {last.rstrip('.')}."


def _unauthorised(address: Address, credential: Credential | None) -> str:
    if address.kind == "ssh":
        if credential is None or (credential.private_key is None and credential.agent_socket is None):
            return f"{address.host} asks for an SSH key and none was given. Choose an SSH key for the repository."
        return f"{address.host} does not accept this SSH key. Add its public half to the server, or choose another key."
    if credential is None or not credential.password:
        return (
            f"{address.host} asks for a login, so {address.url} is private or does not exist. "
            "Check the address, or choose a key with login and password."
        )
    return f"{address.host} does not accept this login and password. Correct the key."
