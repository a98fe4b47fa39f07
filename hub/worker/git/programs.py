"""What programs of a task find of the host configurations: git and ssh use the mapped keys by themselves."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from hub.services.git_mappings import Mapping
from hub.worker.git.checkout import quoted
from hub.worker.git.credentials import CONNECT_SECONDS, Credential, checked_user, ssh_path
from hub.worker.git.keyring import Keyring
from hub.worker.git.private import write_file

_ALWAYS = ("BatchMode=yes", f"ConnectTimeout={CONNECT_SECONDS}")
_NEW = "StrictHostKeyChecking=accept-new"


@dataclass(slots=True)
class _Texts:
    """Lines of the files to write."""

    ssh: list[str] = field(default_factory=list)
    git: list[str] = field(default_factory=list)


async def furnish(keyring: Keyring, home: Path, keys: Path) -> dict[str, str]:
    """Write git's and ssh's configuration into the private HOME of a task; return what its environment needs.

    Logins go into files of mode 0600 below `keys`, which git's own program for that reads.
    """
    texts = _Texts()
    # Git asks the first helper that knows a login, so the longest URL goes first.
    for mapping in sorted(keyring.mappings, key=lambda one: -len(one.host)):
        credential = await keyring.unlock(mapping.key_id)
        if credential is None:
            continue
        if credential.password:
            store = keys / f"{mapping.alias}.login"
            await asyncio.to_thread(write_file, store, _stored(mapping, credential).encode())
            _login(texts, mapping, store)
        else:
            _identity(texts, mapping, credential)
    if keyring.trust is None:
        trusted: tuple[str, ...] = (_NEW, f"UserKnownHostsFile={ssh_path(home / 'known_hosts')}")
    else:
        trusted = (await keyring.trust.open()).options
    await asyncio.to_thread(write_file, home / ".gitconfig", _joined(texts.git))
    await asyncio.to_thread(write_file, home / "ssh_config", _joined(texts.ssh))
    words = ["ssh", "-F", str(home / "ssh_config")]
    for option in (*_ALWAYS, *trusted):
        words += ["-o", option]
    return {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh", "GIT_TERMINAL_PROMPT": "0"}


def _stored(mapping: Mapping, credential: Credential) -> str:
    parts = urlsplit(mapping.host)
    login = quote(credential.login or "x-token-auth", safe="")
    return f"{parts.scheme.lower()}://{login}:{quote(credential.password, safe='')}@{parts.netloc.lower()}\n"


def _login(texts: _Texts, mapping: Mapping, store: Path) -> None:
    helper = f"store --file={shlex.quote(str(store))}"
    texts.git += [f"[credential {quoted(mapping.host)}]", f"\thelper = {quoted(helper)}"]


def _identity(texts: _Texts, mapping: Mapping, credential: Credential) -> None:
    if mapping.type == "url":
        parts = urlsplit(mapping.host)
        texts.ssh += [f"Host {mapping.alias}", f"  HostName {parts.hostname}"]
        new = f"ssh://git@{mapping.alias}{parts.path}"
        texts.git += [f"[url {quoted(new)}]", f"\tinsteadOf = {quoted(mapping.host)}"]
    else:
        texts.ssh.append(f"Host {mapping.host}")
        if credential.login:
            texts.ssh.append(f"  User {checked_user(credential.login)}")
    if credential.agent_socket is not None:
        texts.ssh += [f"  IdentityAgent {ssh_path(credential.agent_socket)}", "  IdentityFile none"]
    if credential.private_key is not None:
        texts.ssh += [f"  IdentityFile {ssh_path(credential.private_key)}", "  IdentitiesOnly yes"]


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
