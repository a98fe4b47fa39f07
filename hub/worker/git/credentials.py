"""What git needs to prove who it is, and how that reaches git without touching argv, URLs or configuration files."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from hub.errors import Invalid
from hub.plugin import KnownHosts
from hub.services.git_address import Address

CONNECT_SECONDS = 15

_PROCESS_KEY = secrets.token_bytes(32)

ASKPASS = """#!/bin/sh
# Answers git and ssh from the environment, and only for the place that the login is meant for.
case "$1" in
  "Username for '$HUB_GIT_ORIGIN'"*) [ -n "$HUB_GIT_LOGIN" ] && printf '%s\\n' "$HUB_GIT_LOGIN" && exit 0 ;;
  "Password for '${HUB_GIT_ORIGIN%%://*}://"*"@${HUB_GIT_ORIGIN#*://}'"*)
    [ -n "$HUB_GIT_LOGIN" ] && printf '%s\\n' "$HUB_GIT_PASSWORD" && exit 0 ;;
  "Enter passphrase for "*) [ -n "$HUB_GIT_PASSPHRASE" ] && printf '%s\\n' "$HUB_GIT_PASSPHRASE" && exit 0 ;;
esac
exit 1
"""


@dataclass(frozen=True, slots=True)
class Credential:
    """A login with password for http(s), or a private key file or an agent for ssh."""

    login: str = ""
    """For ssh: the user, where the address names none."""
    password: str = field(default="", repr=False)
    private_key: Path | None = None
    """A file with mode 0600 that lives as long as the call."""
    passphrase: str = field(default="", repr=False)
    agent_socket: Path | None = None

    def __post_init__(self) -> None:
        if any(mark in self.login + self.password for mark in ("\n", "\r", "\x00")):
            raise Invalid("A login or password for git must be a single line. Correct the key.")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every form in which a secret of this credential could turn up in git's words."""
        plain = [secret for secret in (self.password, self.passphrase) if secret]
        return tuple({form for secret in plain for form in (secret, quote(secret, safe=""), quote(secret))})

    def for_submodule(self, main: Address, submodule: Address) -> Credential | None:
        """Return what may be shown to a submodule's server: a password goes to the main repository's server only."""
        if submodule.kind == "ssh" and main.kind == "ssh":
            return self
        return self if submodule.origin == main.origin else None


async def fingerprint(credential: Credential) -> str:
    """Return a name for this proof of identity that is worthless outside of this process.

    Tasks have an agent each, so an agent counts by the keys that it holds.
    """
    parts = [credential.login.encode(), credential.password.encode(), credential.passphrase.encode()]
    try:
        if credential.private_key is not None:
            parts += [b"key", await asyncio.to_thread(credential.private_key.read_bytes)]
        if credential.agent_socket is not None:
            parts += [b"agent", *await _held_by(credential.agent_socket)]
    except OSError:
        raise Invalid("The SSH key of the repository is not there any more. Start the task again.") from None
    digest = hmac.new(_PROCESS_KEY, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


async def _held_by(agent: Path) -> list[bytes]:
    """Return the public halves of an agent's keys."""
    import asyncssh  # noqa: PLC0415 - heavy, and most tasks need no key

    client = await asyncssh.connect_agent(str(agent))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            held = await client.get_keys()
    finally:
        client.close()
        await client.wait_closed()
    return sorted(key.public_data for key in held)


def key_problem(credential: Credential | None) -> str | None:
    """Say why a private key cannot be used, since ssh keeps silent about it. Blocking: run it in a thread."""
    if credential is None or credential.private_key is None:
        return None
    import asyncssh  # noqa: PLC0415 - heavy, and most tasks need no key

    try:
        asyncssh.import_private_key(credential.private_key.read_bytes(), credential.passphrase or None)
    except asyncssh.KeyEncryptionError:
        return "The passphrase of the SSH key is wrong. Correct it in the key store."
    except (asyncssh.KeyImportError, ValueError):
        if credential.passphrase:
            return "The passphrase or the format of the SSH key is wrong. Correct it in the key store."
        return "The SSH key needs a passphrase, or is not a private key. Correct it in the key store."
    except OSError:
        return "The file with the SSH key cannot be read. Start the task again."
    return None


def environment(
    address: Address, credential: Credential | None, *, folder: Path, known: KnownHosts | None = None
) -> dict[str, str]:  # fmt: skip
    """Return what git's environment needs beyond the ordinary to read from `address`."""
    protocols = {"local": "file", "file": "file", "http": "http:https"}.get(address.kind, address.kind)
    found = {"GIT_ALLOW_PROTOCOL": protocols}
    if address.kind in {"http", "https"}:
        found["HUB_GIT_ORIGIN"] = "/".join(address.url.split("/")[:3])  # as git will spell it when it asks
        if credential is not None and credential.password:
            # A token alone needs some user name; this one is accepted by the well-known hosting services.
            found["HUB_GIT_LOGIN"] = credential.login or "x-token-auth"
            found["HUB_GIT_PASSWORD"] = credential.password
    if address.kind == "ssh":
        found |= _ssh(address, credential, folder, known)
    return found


def _ssh(
    address: Address, credential: Credential | None, folder: Path, known: KnownHosts | None
) -> dict[str, str]:  # fmt: skip
    options = _host_keys(folder, known) | {
        "IdentitiesOnly": "yes",
        "IdentityFile": "none",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "NumberOfPasswordPrompts": "1",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "ControlMaster": "no",
        "ControlPath": "none",
        "ForwardAgent": "no",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "BatchMode": "yes",
    }
    found = {"GIT_SSH_VARIANT": "ssh"}
    if credential is not None:
        if credential.login and not address.user:
            options["User"] = checked_user(credential.login)
        if credential.private_key is not None:
            options["IdentityFile"] = ssh_path(credential.private_key)
        if credential.agent_socket is not None:
            options |= {"IdentityAgent": ssh_path(credential.agent_socket), "IdentitiesOnly": "no"}
        if credential.passphrase:
            options["BatchMode"] = "no"  # batch mode would never ask for the passphrase
            found["HUB_GIT_PASSPHRASE"] = credential.passphrase
    words = ["ssh", "-F", "/dev/null"]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    found["GIT_SSH_COMMAND"] = shlex.join(words)
    return found


def _host_keys(folder: Path, known: KnownHosts | None) -> dict[str, str]:
    if known is not None:
        return dict(_split(option) for option in known.options)
    return {
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": ssh_path(folder / "known_hosts"),
        "UpdateHostKeys": "no",
    }


def _split(option: str) -> tuple[str, str]:
    name, _, value = option.partition("=")
    return name, value


def ssh_path(path: Path) -> str:
    """Quote a path for an ssh option, which would split it at spaces and expand percent signs."""
    text = str(path)
    if '"' in text or "\\" in text or "${" in text:
        raise ValueError(f"ssh cannot be given a path with quotes, backslashes or variables: {text}")
    return '"' + text.replace("%", "%%") + '"'


def checked_user(login: str) -> str:
    if login.startswith("-") or any(letter.isspace() or letter in "\"'\\%$" for letter in login):
        raise Invalid("The login of the SSH key must be a plain user name. Correct the key.")
    return login
