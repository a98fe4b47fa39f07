"""Secrets that the machine already has: environment variables and mounted files, both read only."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

from pydantic import AfterValidator

from hub.plugin import NoParams, Params, Refused, SecretBackend, hookimpl

HUB_API = 1

MAX_SECRET: Final = 1024 * 1024
"""Bytes of a secret in a file."""

ENV_PREFIX: Final = "HUB_SECRET_"
"""Nothing but variables that begin like this can be read: the others hold the hub's own keys."""

_ENV_NAME: Final = re.compile(re.escape(ENV_PREFIX) + r"[A-Za-z0-9_]{1,200}", re.ASCII)

_OUTSIDE: Final = (
    "A secret's file must be named by its absolute path inside the folder for secrets, without `..` and without links "
    "that lead out of it. Correct the path."
)
_MISSING: Final = "There is no readable file at this path. Check the path, and that the hub may read the file."


def _own_folder(value: Path) -> Path:
    if not value.is_absolute() or value == Path("/"):
        raise ValueError("Name the folder by an absolute path, and not the root of the file system.")
    return value


class EnvSecrets(SecretBackend[NoParams]):
    """Environment variables of the hub's own process."""

    name = "env"
    title = "Environment variable"
    description = f"A variable of the hub's environment whose name begins with {ENV_PREFIX}."
    read_only = True

    async def read(self, params: NoParams, path: str) -> str:
        """Return the variable named `path`."""
        if not _ENV_NAME.fullmatch(path):
            raise Refused(
                f"Only environment variables whose names begin with {ENV_PREFIX} can be secrets, followed by letters, "
                "digits and underscores. Rename the variable and enter its new name."
            )
        secret = os.environ.get(path, "")
        if not secret:
            raise Refused(f"The environment variable {path} is not set where the hub runs. Set it and restart.")
        return secret

    async def write(self, params: NoParams, path: str, secret: str) -> None:
        """Refuse: an environment is given from outside."""
        _refuse_change()

    async def delete(self, params: NoParams, path: str) -> None:
        """Refuse: an environment is given from outside."""
        _refuse_change()


class FileParams(Params):
    """Where files with secrets are."""

    folder: Annotated[Path, AfterValidator(_own_folder)]
    """Absolute path of the one folder that secrets are read from."""


class FileSecrets(SecretBackend[FileParams]):
    """Files that somebody else puts there, such as mounted secrets of a container platform."""

    name = "file"
    title = "File"
    description = "A file in the folder for secrets, on the machine where the hub runs."
    params_type = FileParams
    read_only = True

    async def read(self, params: FileParams, path: str) -> str:
        """Return what the file holds, without the newline at its end."""
        return await asyncio.to_thread(_read_secret, params.folder, path)

    async def write(self, params: FileParams, path: str, secret: str) -> None:
        """Refuse: the files belong to somebody else."""
        _refuse_change()

    async def delete(self, params: FileParams, path: str) -> None:
        """Refuse: the files belong to somebody else."""
        _refuse_change()

    def describe(self, params: FileParams) -> Mapping[str, str]:
        """Name the folder."""
        return {"folder": str(params.folder)}


def _refuse_change() -> NoReturn:
    raise Refused("The hub only reads this secret. Change it where it is kept.")


def _read_secret(folder: Path, path: str) -> str:
    data = _read_confined(folder, path)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("The file does not hold text in UTF-8. Save the secret as plain text.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Refused("The file of this secret is empty. Write the secret into it.")
    return text


def _read_confined(folder: Path, path: str) -> bytes:
    asked = Path(path)
    # Before the file system is asked, so that a refusal does not tell what exists elsewhere.
    if "\0" in path or ".." in asked.parts or not asked.is_relative_to(folder):
        raise Refused(_OUTSIDE)
    try:
        root, target = folder.resolve(strict=True), asked.resolve(strict=True)
    except (OSError, RuntimeError):
        raise Refused(_MISSING) from None
    if root not in target.parents:
        raise Refused(_OUTSIDE)
    try:
        descriptor = _open_below(root, target.relative_to(root).parts)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(_MISSING)
            data = file.read(MAX_SECRET + 1)
    except OSError:
        raise Refused(_MISSING) from None
    if len(data) > MAX_SECRET:
        raise Refused("The file is larger than 1 MiB, which no secret is. Check the path.")
    return data


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    """Open step by step and never through a link, so that nobody can swap a folder for one after the check."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    here = os.open(root, flags | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, flags | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = deeper
        # O_NONBLOCK: a named pipe would wait for a writer
        return os.open(parts[-1], flags | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)


@hookimpl
def hub_secret_backends() -> Sequence[SecretBackend]:
    """Offer the two that need nothing but the machine."""
    return [EnvSecrets(), FileSecrets()]
