"""Inventories that come from elsewhere: from an address, and from what a program prints."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, Field

from hub.plugin import (
    Choice,
    Duration,
    Inventory,
    InventorySource,
    Key,
    Kind,
    NotReady,
    Params,
    Refused,
    TaskIO,
    Words,
)

LARGEST: Final = 16 << 20
"""Bytes that a fetched inventory may have."""
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(minutes=10)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        fine = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and text.isascii()
    except ValueError:
        fine, parts = False, urlsplit("")
    if not fine or not text.isprintable() or " " in text:
        raise ValueError("write an address that begins with https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("choose a key for the login, instead of writing it into the address")
    return text


def _header(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("the name of a header is made of letters, digits and dashes")
    return text


def _headers(lines: tuple[str, ...]) -> tuple[str, ...]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name.strip()) or not value.strip().isascii() or not value.isprintable():
            raise ValueError("write each header as “Name: value”")
    return lines


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text) or text.startswith(("LD_", "PYTHON")) or text == "PATH":
        raise ValueError("write the name of an environment variable, such as INVENTORY_TOKEN")
    return text


def _within(time: timedelta) -> timedelta:
    if not _SHORTEST <= time <= _LONGEST:
        raise ValueError("choose a time between 1s and 10m")
    return time


def _program(text: str) -> str:
    path = PurePosixPath(text)
    if not text.strip() or text.startswith("-") or "\0" in text or path.is_absolute() or ".." in path.parts:
        raise ValueError("write a path inside the repository, such as inventories/hosts.py, or the name of a program")
    return text


def _arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    if any("\0" in word for word in words):
        raise ValueError("no program can be given a NUL character")
    return words


class UrlParams(Params):
    """Where the inventory is, and how to ask for it."""

    url: Annotated[str, Field(title="Address", max_length=2000), AfterValidator(_address)]
    """Address of the inventory; it must begin with `https://`."""
    format: Annotated[Literal["yaml", "ini", "json"], Choice({"yaml": "YAML", "ini": "INI", "json": "JSON"})] = "yaml"
    """How it is written. JSON is what `ansible-inventory --list` and inventory scripts print."""
    key: Annotated[Key | None, Kind("login_password", "string")] = None
    """Login, or token, with which to ask for it."""
    header: Annotated[str, AfterValidator(_header)] = "Authorization"
    """Header for a token. `Authorization` gets it behind the word `Bearer`, any other as it is."""
    headers: Annotated[Words, Field(title="Further headers"), AfterValidator(_headers)] = ()
    """Each as `Name: value`. Whoever may read the inventory reads them."""
    time_limit: Annotated[Duration, AfterValidator(_within)] = timedelta(seconds=30)
    """How long the server may take."""


class UrlSource(InventorySource[UrlParams]):
    """Fetches a file with hosts from a web server."""

    name = "url"
    title = "From an address"
    description = "Fetched by https each time a task begins."
    params_type: ClassVar[type[Params]] = UrlParams

    async def fetch(self, params: UrlParams, io: TaskIO) -> Inventory:
        """Return what the server says today."""
        headers = {"Accept": "*/*"} | dict(_split(line) for line in params.headers)
        if params.key is not None:
            headers |= await _proof(params, params.key, io)
        found = await io.download(
            params.url, headers=headers, limit=LARGEST, seconds=params.time_limit.total_seconds()
        )  # fmt: skip
        where = urlsplit(params.url).hostname or "the server"
        return _checked(found, params.format, f"What {where} answered")


class CommandParams(Params):
    """What to run."""

    program: Annotated[str, Field(max_length=1000), AfterValidator(_program)]
    """An executable file of the repository, such as `inventories/hosts.py`, or the name of an installed program. What
    it prints is the inventory."""
    arguments: Annotated[Words, AfterValidator(_arguments)] = ()
    """Each is given to the program as it is; there is no shell."""
    format: Annotated[Literal["json", "yaml", "ini"], Choice({"json": "JSON", "yaml": "YAML", "ini": "INI"})] = "json"
    """What it prints. JSON is that of inventory scripts asked with `--list`."""
    key: Annotated[Key | None, Kind("string", "login_password")] = None
    """A secret that the program needs."""
    variable: Annotated[str, AfterValidator(_variable)] = "INVENTORY_TOKEN"
    """Environment variable in which the program finds the secret."""


class CommandSource(InventorySource[CommandParams]):
    """Runs a program, without a shell, and takes what it prints."""

    name = "command"
    title = "From a command"
    description = "Printed by a program each time a task begins."
    params_type: ClassVar[type[Params]] = CommandParams

    async def fetch(self, params: CommandParams, io: TaskIO) -> Inventory:
        """Return what the program prints today."""
        env = {}
        if params.key is not None:
            material = await io.key(params.key)
            file = material.files.get("secret") or material.files.get("password")
            if file is None:
                raise Refused("The key of this inventory holds neither a text nor a password.")
            env[params.variable] = file.read_text("utf-8")
        inside = "/" in params.program or PurePosixPath(params.program).suffix != ""
        program = f"./{params.program}" if inside else params.program
        done = await io.capture(program, *params.arguments, env=env)
        if done.code:
            raise NotReady(
                f"The command of the inventory, {params.program}, ended with exit code {done.code}; the lines above "
                "may say why."
            )
        return _checked(done.output.encode(), params.format, f"What {params.program} printed")


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


async def _proof(params: UrlParams, key: Key, io: TaskIO) -> dict[str, str]:
    material = await io.key(key)
    if "password" in material.files:
        login = f"{material.login}:{material.files['password'].read_text('utf-8')}"
        return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    if "secret" not in material.files:
        raise Refused("The key of this inventory holds neither a text nor a password.")
    token = material.files["secret"].read_text("utf-8").strip()
    if not token.isascii() or not token.isprintable():
        raise Refused("The token of this inventory holds characters that no header can have.")
    return {params.header: f"Bearer {token}" if params.header.lower() == "authorization" else token}


def _checked(found: bytes, form: str, what: str) -> Inventory:
    """Return an inventory that Ansible reads as it is meant, or say what is wrong with it."""
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        raise NotReady(f"{what} is no text in UTF-8, so it is no inventory.") from None
    if form == "ini":
        return Inventory(text=text, format="ini")
    try:
        value = json.loads(text) if form == "json" else yaml.compose(text, Loader=yaml.SafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError):
        raise NotReady(f"{what} is not valid {form.upper()}, so it is no inventory.") from None
    if form == "json":
        if not isinstance(value, dict):
            raise NotReady(f"{what} is no JSON object of groups, so it is no inventory.")
        return Inventory(text=text, format="json")
    if value is not None and not isinstance(value, yaml.MappingNode):
        raise NotReady(f"{what} is no YAML mapping that begins with a group such as “all:”, so it is no inventory.")
    return Inventory(text=text, format="yaml")


SOURCES: Final[tuple[InventorySource[Any], ...]] = (UrlSource(), CommandSource())
