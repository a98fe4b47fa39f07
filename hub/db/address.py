"""Reads a database URL into what Tortoise wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hub.errors import SettingsError

Dialect = Literal["sqlite", "postgres", "mysql"]

MEMORY = ":memory:"
EXAMPLES = "sqlite:///var/lib/hub/hub.db or postgres://user:password@host:5432/hub"

_SQLITE = {
    # First, so that it holds while the journal mode is set.
    "busy_timeout": 5000,
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "foreign_keys": "ON",
    # Keep the write-ahead log's file instead of cutting it after each checkpoint.
    "journal_size_limit": 16 * 1024 * 1024,
    "cache_size": -16_000,
}
_POSTGRES: dict[str, Any] = {"minsize": 1, "maxsize": 10, "application_name": "hub", "command_timeout": 60}
_POSTGRES_OPTIONS = {
    "host": str,
    "minsize": int,
    "maxsize": int,
    "schema": str,
    "application_name": str,
    "command_timeout": float,
    "timeout": float,
    "statement_cache_size": int,
    "sslmode": str,
}
_MYSQL: dict[str, Any] = {"minsize": 1, "maxsize": 10, "program_name": "hub", "command_timeout": 60}
_MYSQL_OPTIONS = {
    "minsize": int,
    "maxsize": int,
    "unix_socket": str,
    "connect_timeout": float,
    "command_timeout": float,
    "ssl_mode": str,
    "ssl_ca": str,
}
_SSL_MODES = ("required", "verify_ca", "verify_identity")


@dataclass(frozen=True)
class Address:
    """A database, as Tortoise's connection settings. `shown` is for people: it has no password."""

    dialect: Dialect
    engine: str
    shown: str
    credentials: dict[str, Any] = field(repr=False)

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database; None for other databases and for one in memory."""
        name = self.credentials.get("file_path")
        return Path(name) if name is not None and name != MEMORY else None

    def changed(self, **credentials: Any) -> Address:
        """The same database with other connection settings."""
        return Address(self.dialect, self.engine, self.shown, self.credentials | credentials)


def read(url: str) -> Address:
    """Read `url`; a `SettingsError` says what is wrong, and never repeats a password."""
    if url == f"sqlite://{MEMORY}":
        return _sqlite(MEMORY)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise SettingsError(f"The database URL is malformed. Write it like {EXAMPLES}.") from None
    if parts.scheme == "sqlite":
        if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
            raise SettingsError(
                "The database URL of SQLite takes three slashes and an absolute path, and no options: "
                "sqlite:///var/lib/hub/hub.db. Write % and ? and # in a path as %25, %3F and %23."
            )
        return _sqlite("/" + unquote(parts.path).lstrip("/"))
    if parts.scheme in {"postgres", "postgresql", "asyncpg"}:
        credentials = _POSTGRES | _server(parts, 5432, _POSTGRES_OPTIONS)
        if (mode := credentials.pop("sslmode", None)) is not None:
            credentials["ssl"] = mode
        return Address("postgres", "hub.db.postgres", _shown(parts, "PostgreSQL"), credentials)
    if parts.scheme in {"mysql", "mariadb"}:
        product = "MariaDB" if parts.scheme == "mariadb" else "MySQL"
        return Address("mysql", "hub.db.mysql", _shown(parts, product), _MYSQL | _mysql(parts, product))
    raise SettingsError(
        f"The database URL must begin with sqlite, postgres or mysql (or mariadb). Write it like {EXAMPLES}."
    )


def _sqlite(name: str) -> Address:
    return Address("sqlite", "hub.db.sqlite", f"SQLite database {name}", {"file_path": name, **_SQLITE})


def _server(parts: SplitResult, port: int, options: dict[str, Any]) -> dict[str, Any]:
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise SettingsError(f"The database URL names no database. Write it like {EXAMPLES}.")
    credentials: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "database": name,
    }
    for key, value in parse_qsl(parts.query):
        if key not in options:
            raise SettingsError(f"The database URL has the unknown option {key!r}; known are {', '.join(options)}.")
        try:
            credentials[key] = options[key](value)
        except ValueError:
            raise SettingsError(f"The option {key!r} of the database URL must be a number.") from None
    return credentials


def _mysql(parts: SplitResult, product: str) -> dict[str, Any]:
    if find_spec("asyncmy") is None:
        raise SettingsError(f"The driver for {product} is not installed. Run: pip install 'automation-hub[mysql]'")
    credentials = _server(parts, 3306, _MYSQL_OPTIONS)
    if credentials.get("ssl_mode", _SSL_MODES[0]) not in _SSL_MODES:
        raise SettingsError(f"The option 'ssl_mode' of the database URL is one of {', '.join(_SSL_MODES)}.")
    return credentials


def _shown(parts: SplitResult, product: str) -> str:
    place = parts.hostname or "the local socket"
    port = f":{parts.port}" if parts.port else ""
    return f"{product} database {unquote(parts.path.removeprefix('/'))!r} at {place}{port}"
