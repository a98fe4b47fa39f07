"""Which git addresses, branches and commits the hub accepts; pure rules that services and workers share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import unquote

from hub.errors import Invalid

Kind = Literal["https", "http", "ssh", "git", "local", "file"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+$-]*")
_SCP = re.compile(r"(?:([^@:/]*)@)?(\[[^\]/]*\]|[^@:/\[\]]*):(.*)", re.DOTALL)
_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029\ud800-\udfff]")
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")
_REF_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//")
_LONGEST_URL = 1000
_LONGEST_BRANCH = 255


@dataclass(frozen=True, slots=True)
class Address:
    """An accepted address, taken apart."""

    url: str
    """What people wrote; it never holds a secret."""
    kind: Kind
    host: str
    """Lower case, without brackets; empty for local repositories."""
    path: str
    """Of a local repository: absolute, symbolic links resolved."""
    port: int | None = None
    user: str = ""

    @property
    def is_local(self) -> bool:
        """True for a repository on this machine."""
        return self.kind in {"local", "file"}

    @property
    def source(self) -> str:
        """What git is asked to read from. Local repositories are named by their resolved path."""
        return self.path if self.is_local else self.url

    @property
    def origin(self) -> str:
        """Scheme, host and port: the place that a login is meant for."""
        if self.is_local:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}" + (f":{self.port}" if self.port else "")


def kind_of(url: str) -> str:
    """Return the wire's word for the kind of repository behind an address, accepted or not."""
    if url.startswith("/"):
        return "local"
    match = _SCHEME.match(url)
    if match is None:
        return "ssh"
    scheme = match[1].lower()
    return "https" if scheme in {"http", "https"} else scheme


def parse(url: str, *, local_roots: Sequence[Path]) -> Address:
    """Return the address behind `url`, or raise `Invalid` with a sentence that says what to change."""
    if not url:
        _refuse("The git address is empty. Enter the address of a repository.")
    if len(url) > _LONGEST_URL:
        _refuse(f"The git address is longer than {_LONGEST_URL} characters.")
    if _UNPRINTABLE.search(url) or url != url.strip():
        _refuse("The git address has a line break, a control character or a space at its edge. Remove it.")
    if url.startswith("-"):
        _refuse("A git address must not begin with a dash.")
    if "::" in _BRACKETS.sub("", url):
        _refuse("A git address must not contain “::”, since git would start a program for it.")
    if url.startswith("/"):
        return _local(url, url, "local", local_roots)
    match = _SCHEME.fullmatch(url)
    if match is None:
        return _scp(url)
    scheme, rest = match[1], match[2]
    if scheme == "file":
        return _file(url, rest, local_roots)
    if scheme not in {"https", "http", "ssh", "git"}:
        _refuse(f"Git addresses with “{scheme}://” are not allowed. Use https, ssh, http or git.")
    return _network(url, scheme, rest)


def check_branch(name: str) -> str:
    """Return a branch or tag name that git itself would accept, or raise `Invalid`."""
    parts = name.split("/")
    wrong = (
        not name
        or len(name) > _LONGEST_BRANCH
        or name.startswith("-")
        or name.endswith((".", "/"))
        or name in {"@", "HEAD"}
        or _REF_REFUSED.search(name) is not None
        or any(part == "" or part.startswith(".") or part.endswith(".lock") for part in parts)
    )
    if wrong:
        shown = _UNPRINTABLE.sub("?", name)[:60]
        raise Invalid(f"“{shown}” is not a branch name that git accepts. Correct the branch.", field="git_branch")
    return name


def check_commit(name: str) -> str:
    """Return a commit hash, full or abbreviated, in lower case, or raise `Invalid`."""
    if _COMMIT.fullmatch(name) is None:
        shown = _UNPRINTABLE.sub("?", name)[:70]
        raise Invalid(f"“{shown}” is not a commit hash. Give 4 to 64 hexadecimal digits.", field="commit_hash")
    return name.lower()


def _refuse(sentence: str) -> NoReturn:
    raise Invalid(sentence, field="git_url")


def _network(url: str, scheme: str, rest: str) -> Address:
    if re.search(r"\s", url):
        _refuse("The git address has a space in it. Write it as %20.")
    authority, slash, path = rest.partition("/")
    user, at, place = authority.rpartition("@")
    if at and scheme != "ssh":
        _refuse("The git address holds a login or password before the host. Remove it and choose a key instead.")
    if ":" in user:
        _refuse("The git address holds a password. Remove it and choose a key instead.")
    if at and _USER.fullmatch(user) is None:
        _refuse("The user before the host of the git address is malformed.")
    host, port = _split_port(place)
    if not slash or not path.strip("/"):
        _refuse("The git address names no repository after the host.")
    if scheme != "ssh" and re.search(r"[?#]", path):
        _refuse("The git address must end with the path of the repository, without “?” and “#”.")
    _check_path(path)
    kind: Kind = "https" if scheme == "https" else "http" if scheme == "http" else "ssh" if scheme == "ssh" else "git"
    return Address(url=url, kind=kind, host=host, path="/" + path, port=port, user=user)


def _split_port(place: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", place)
    if match is None or _HOST.fullmatch(match[1]) is None:
        _refuse("The git address has no valid host name.")
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        _refuse("The port of the git address must be between 1 and 65535.")
    return match[1].strip("[]").lower(), port


def _scp(url: str) -> Address:
    match = _SCP.fullmatch(url)
    if match is None:
        _refuse("This is no git address. Write https://host/path, ssh://host/path or git@host:path.")
    user, host, path = match[1], match[2], match[3]
    if user is not None and _USER.fullmatch(user) is None:
        _refuse("The user before the host of the git address is malformed.")
    if _HOST.fullmatch(host) is None:
        _refuse("The git address has no valid host name.")
    if user is None and len(host) == 1:
        _refuse("A git address must not begin with a drive letter.")
    if not path.strip("/"):
        _refuse("The git address names no repository after the host.")
    _check_path(path)
    return Address(url=url, kind="ssh", host=host.strip("[]").lower(), path=path, user=user or "")


def _check_path(path: str) -> None:
    if path.lstrip("/").startswith("-"):
        _refuse("The path of a git address must not begin with a dash.")
    if _UNPRINTABLE.search(unquote(path)):
        _refuse("The path of the git address holds a control character.")


def _file(url: str, rest: str, roots: Sequence[Path]) -> Address:
    host, slash, path = rest.partition("/")
    if host not in {"", "localhost"} or not slash:
        _refuse("A file address must name a path on this machine, such as file:///srv/repositories/name.")
    decoded = "/" + unquote(path)
    if _UNPRINTABLE.search(decoded):
        _refuse("The path of the git address holds a control character.")
    return _local(url, decoded, "file", roots)


def _local(url: str, path: str, kind: Literal["local", "file"], roots: Sequence[Path]) -> Address:
    if not roots:
        _refuse(
            "Repositories on the hub's own disk are not allowed. An administrator can set HUB_LOCAL_REPOSITORY_ROOTS."
        )
    resolved = Path(path).resolve()
    if not below(resolved, roots):
        _refuse("This path is outside of the folders that an administrator allows in HUB_LOCAL_REPOSITORY_ROOTS.")
    return Address(url=url, kind=kind, host="", path=str(resolved))


def below(path: Path, roots: Sequence[Path]) -> bool:
    """Tell whether a resolved path is one of the roots or below one."""
    return any(path.is_relative_to(root.resolve()) for root in roots)
