"""The four types of key that every hub has: none, a secret text, a login with a password, and an SSH key."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from hub.builtin import ssh_certificates, ssh_keys
from hub.builtin.ssh_agent import MAX_SOCKET_PATH, SshAgent
from hub.builtin.ssh_certificates import Certificate
from hub.plugin import KeyType, Material, NoParams, NotReady, Params, Refused, Text, hookimpl

if TYPE_CHECKING:
    from asyncssh import SSHKey as AsyncSshKey

HUB_API = 1


def _nothing_as_empty(value: Any) -> Any:
    return "" if value is None else value


def _plain_login(value: str) -> str:
    # It ends up in command lines and addresses of other programs.
    if value.startswith("-") or any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("A login must not begin with a dash and must be a single line. Correct the login.")
    return value


_HIDDEN: dict[str, Any] = {"format": "password", "writeOnly": True}

_Login = Annotated[str, BeforeValidator(_nothing_as_empty), AfterValidator(_plain_login)]
_Hidden = Annotated[str, BeforeValidator(_nothing_as_empty), Field(repr=False, json_schema_extra=_HIDDEN)]
_PrivateKey = Annotated[
    Text,
    BeforeValidator(_nothing_as_empty),
    AfterValidator(ssh_keys.normalise),
    Field(repr=False, max_length=ssh_keys.MAX_KEY, json_schema_extra={"writeOnly": True}),
]

_Certificate = Annotated[
    Text,
    BeforeValidator(_nothing_as_empty),
    AfterValidator(str.strip),
    Field(repr=False, max_length=ssh_certificates.MAX_CERTIFICATE, json_schema_extra={"writeOnly": True}),
]


class SecretParams(Params):
    """Params that are a secret: they show themselves neither in a traceback nor in a validation error."""

    model_config = ConfigDict(hide_input_in_errors=True)


class StringParams(SecretParams):
    """A secret text."""

    string: _Hidden = ""
    """The secret, kept exactly as it is entered."""


class LoginPasswordParams(SecretParams):
    """A login and its password."""

    login: _Login = ""
    """User name. Leave it empty where a password or token alone is asked for."""
    password: _Hidden = ""
    """Password or token."""

    @model_validator(mode="after")
    def _has_password(self) -> LoginPasswordParams:
        if self.login and not self.password:
            raise ValueError("A login needs its password. Enter the password too.")
        return self


class SshParams(SecretParams):
    """A private SSH key."""

    login: _Login = ""
    """User name on the other machine. Empty means the tool's own default."""
    passphrase: _Hidden = ""
    """Passphrase of the private key, if it has one."""
    private_key: _PrivateKey = ""
    """The whole file, in OpenSSH or PEM format."""
    certificate: _Certificate = ""
    """Certificate of this key (`…-cert.pub`), where servers trust an authority instead of single keys."""

    @model_validator(mode="after")
    def _has_private_key(self) -> SshParams:
        if not self.private_key and (self.login or self.passphrase or self.certificate):
            raise ValueError("An SSH key needs its private key. Paste the private key too.")
        return self


class NoKey(KeyType[NoParams]):
    """Stands where a key must be named and none is wanted."""

    name = "none"
    title = "None"
    description = "No credentials at all."

    async def materialise(self, params: NoParams, folder: Path) -> Material:
        """Return nothing."""
        return Material()


class StringKey(KeyType[StringParams]):
    """A token or any other secret text."""

    name = "string"
    title = "Secret text"
    description = "A token or any other secret text."
    params_type = StringParams

    async def materialise(self, params: StringParams, folder: Path) -> Material:
        """Write the text to a file of its own."""
        if not params.string:
            raise Refused("This key holds no secret yet. Open it in the key store and enter one.")
        path = await asyncio.to_thread(_write_private, folder, "secret", params.string)
        return Material(files={"secret": path}, masks=(params.string,))


class LoginPasswordKey(KeyType[LoginPasswordParams]):
    """A login and its password. Without both it is no credential, just like `none`."""

    name = "login_password"
    title = "Login with password"
    description = "A user name and a password or token."
    params_type = LoginPasswordParams
    shown: ClassVar[tuple[str, ...]] = ("login",)

    async def materialise(self, params: LoginPasswordParams, folder: Path) -> Material:
        """Write the password to a file of its own."""
        if not params.password:
            return Material()
        path = await asyncio.to_thread(_write_private, folder, "password", params.password)
        return Material(login=params.login, files={"password": path}, masks=(params.password,))


class SshKey(KeyType[SshParams]):
    """A private SSH key, used through an agent that lives as long as the task."""

    name = "ssh"
    title = "SSH key"
    description = "A private key for SSH, with or without a passphrase."
    params_type = SshParams
    shown: ClassVar[tuple[str, ...]] = ("login",)
    renewable: ClassVar[tuple[str, ...]] = ("certificate",)
    generates: ClassVar[Mapping[str, str]] = {"ed25519": "Ed25519", "rsa": "RSA, 4096 bits"}

    def __init__(self) -> None:
        self._agents: dict[str, tuple[SshAgent, Path | None]] = {}

    async def generate(self, kind: str, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Make up a key pair; the private half is sealed with a passphrase of its own where one is given."""
        passphrase = given.get("passphrase", "")
        text = await asyncio.to_thread(ssh_keys.make, kind, passphrase, given.get("comment", ""))
        return {"login": given.get("login", ""), "passphrase": passphrase, "private_key": text}

    async def check(self, params: SshParams) -> None:
        """Open the key once, and see whether the certificate is its own; an empty one may be saved and filled later."""
        if params.private_key:
            await asyncio.to_thread(_opened, params)

    async def about(self, params: SshParams) -> Mapping[str, Any]:
        """Return the public half, and what the certificate says."""
        if not params.private_key:
            return {}
        key, certificate = await asyncio.to_thread(_opened, params)
        facts: dict[str, Any] = {"public_key": _public(key), "fingerprint": str(key.get_fingerprint())}
        return facts | ({"certificate": dict(certificate.facts(datetime.now(UTC)))} if certificate else {})

    async def materialise(self, params: SshParams, folder: Path) -> Material:
        """Start an agent; only the public half is written, for `ssh -i … -o IdentitiesOnly=yes`."""
        if not params.private_key:
            raise Refused("This SSH key holds no private key yet. Open it in the key store and paste one.")
        key, certificate = await asyncio.to_thread(_opened, params)
        if certificate is not None and (problem := certificate.problem(datetime.now(UTC))):
            raise Refused(problem)
        files = {"public_key": await asyncio.to_thread(_write_private, folder, "key.pub", _public(key) + "\n")}
        if certificate is not None:
            text = certificate.text + "\n"
            files["certificate"] = await asyncio.to_thread(_write_private, folder, "key-cert.pub", text)
        place, borrowed = _socket_place(folder)
        agent = SshAgent([key], place, certificates={certificate.data: key} if certificate else {})
        try:
            await agent.start()
        except BaseException:
            _leave(place, borrowed)
            raise
        self._agents[str(place)] = (agent, borrowed)
        masks = (*ssh_keys.secret_lines(params.private_key), *filter(None, [params.passphrase]))
        return Material(login=params.login, files=files, env={"SSH_AUTH_SOCK": str(place)}, masks=masks)

    async def release(self, material: Material) -> None:
        """End the agent; nothing happens when it has ended already."""
        place = material.env.get("SSH_AUTH_SOCK", "")
        agent, borrowed = self._agents.pop(place, (None, None))
        if agent is not None:
            try:
                await agent.close()
            finally:
                _leave(Path(place), borrowed)


def _opened(params: SshParams) -> tuple[AsyncSshKey, Certificate | None]:
    """Open the key, and read its certificate. Slow: call it in a thread."""
    key = ssh_keys.load(params.private_key, params.passphrase)
    return key, ssh_certificates.load(params.certificate, key) if params.certificate else None


def _public(key: AsyncSshKey) -> str:
    return key.export_public_key("openssh").decode("ascii").strip()


_BORROWED: Final = "hub-agent-"


def _socket_place(folder: Path) -> tuple[Path, Path | None]:
    """Choose a path for an agent's socket; where the task's folder is too long, borrow a short private one for it."""
    name = f"agent-{secrets.token_hex(4)}.sock"
    if len(os.fsencode(folder / name)) <= MAX_SOCKET_PATH:
        return folder / name, None
    for above in dict.fromkeys((tempfile.gettempdir(), "/tmp")):  # noqa: S108 - mkdtemp makes a private folder there
        # mkdtemp adds eight characters of its own
        if len(os.fsencode(f"{above}/{_BORROWED}/{name}")) + 8 <= MAX_SOCKET_PATH:
            borrowed = Path(tempfile.mkdtemp(prefix=_BORROWED, dir=above))
            return borrowed / name, borrowed
    raise NotReady("The worker has no folder with a path short enough for an SSH agent. Set TMPDIR to a shorter path.")


def _leave(place: Path, borrowed: Path | None) -> None:
    place.unlink(missing_ok=True)
    if borrowed is not None:
        borrowed.rmdir()


def _write_private(folder: Path, name: str, text: str) -> Path:
    """Write a new file 0600 and never into one that is there, since a task may hold several keys of a type."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in range(1, 1000):
        path = folder / (name if number == 1 else f"{name}-{number}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        return path
    raise NotReady("The task's private folder is full of keys already. Use fewer keys in one task.")


@hookimpl
def hub_key_types() -> Sequence[KeyType]:
    """Offer the wire's four types."""
    return [NoKey(), StringKey(), LoginPasswordKey(), SshKey()]
