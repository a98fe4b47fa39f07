"""Start settings: one frozen object, read once from the environment, `*_FILE` secrets and `hub.toml`.

Order, later wins: defaults, `hub.toml`, `HUB_…` environment, `HUB_…_FILE`. A malformed value or an unknown key in
`hub.toml` ends the start with a sentence that names it; an unknown `HUB_…` variable is warned about, as it may belong
to a plugin.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from hub.errors import SettingsError

logger = logging.getLogger(__name__)


def _listed(separators: str) -> BeforeValidator:
    def split(value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in re.split(f"[{separators}]", value) if part.strip())
        return value

    return BeforeValidator(split)


Names = Annotated[tuple[str, ...], _listed(", ")]
Folders = Annotated[tuple[Path, ...], _listed(os.pathsep + ",")]
Seconds = Annotated[int, Field(ge=0)]


def _default_data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hub"


class Settings(BaseModel):
    """Everything that is decided before the start. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    data_dir: Path = Field(default_factory=_default_data_dir)
    """Folder for the database, keys, repositories and task folders."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=3000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    public_url: str = ""
    """Address under which people reach the hub, for links and cookies; may have a path."""
    database_url: str = ""
    """`sqlite:///path`, `postgres://…` or `mysql://…`; empty for SQLite in the data folder."""
    redis_url: str = ""
    """`redis://…` to share work between machines; empty for the in-process queue."""
    admin_login: str = "admin"
    """Login of the first administrator, made when there is no user yet."""
    admin_password: str = Field(default="", repr=False)
    """Its password; empty generates one and prints it once."""
    admin_email: str = "admin@localhost"
    """Its e-mail address."""
    max_parallel_tasks: int = Field(default=10, ge=0)
    """How many tasks run at once in the whole hub; 0 means without limit."""
    local_repository_roots: Folders = ()
    """Folders below which repositories may be local paths; none when empty."""
    plugins_off: Names = ()
    """Plugins that stay off, by entry point name."""
    vault_keys: str = Field(default="", repr=False)
    """Key ring `id:base64,…`, the active one first; empty keeps it in the data folder."""
    task_time_limit: Seconds = 0
    """How long a task may run; 0 means without limit."""
    max_tasks_per_template: int = Field(default=0, ge=0)
    """How many finished tasks of a template are kept; 0 keeps all."""
    stop_grace: Seconds = 10
    """How long a stopped task may take to end by itself before it is killed."""
    non_admin_can_create_project: bool = False
    """Lets everybody create projects."""
    forwarded_env_vars: Names = ()
    """Variables of the hub's own environment that tasks see, such as `HTTPS_PROXY`."""
    webhook_legacy_answers: bool = False
    """Answers incoming webhooks with 204, and 200 at an unknown address, whatever came of them."""
    session_idle_days: int = Field(default=7, ge=1)
    """A session that was idle for so long ends."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    plugins: dict[str, Any] = Field(default_factory=dict)
    """Table `[plugins]` of `hub.toml`, read by plugins."""

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("local_repository_roots", mode="after")
    @classmethod
    def _real_folders(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in value:
            if not folder.expanduser().is_absolute():
                raise ValueError(f"{folder} is not an absolute path")
        return tuple(folder.expanduser().resolve() for folder in value)

    @field_validator("public_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            raise ValueError("write a whole address such as https://hub.example.org")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"sqlite", "postgres", "postgresql", "mysql"}:
            raise ValueError("write sqlite:///path, postgres://… or mysql://…")
        return re.sub(r"^postgresql://", "postgres://", value)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("write redis://host:6379/0")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("write debug, info, warning or error")
        return value.lower()

    @property
    def database(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hub.sqlite3'}"

    @property
    def embedded_database(self) -> bool:
        """True for a database that this process has for itself."""
        return self.database.startswith("sqlite:")

    @property
    def address(self) -> str:
        """The public address, or the one listened on."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """True when people come by https, so that cookies must be Secure."""
        return self.public_url.startswith("https:")

    @property
    def base_path(self) -> str:
        """Path of the public address, without a trailing slash; usually empty."""
        return urlsplit(self.public_url).path.rstrip("/")


_SECRETS = ("admin_password", "database_url", "redis_url", "vault_keys")
"""Settings that may also come from a file, named by `HUB_<NAME>_FILE`."""


def read_settings(environ: Mapping[str, str] | None = None, *, config: Path | None = None, **given: Any) -> Settings:
    """Read the settings; `given` values (command line flags) win over all. Raises `SettingsError`."""
    environ = os.environ if environ is None else environ
    values = _from_toml(_find_config(environ, config))
    values.update(_from_environ(environ))
    values.update(given)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_first_fault(error)) from None


def _find_config(environ: Mapping[str, str], config: Path | None) -> Path | None:
    named = config or (Path(environ["HUB_CONFIG"]) if environ.get("HUB_CONFIG") else None)
    if named:
        if not named.is_file():
            raise SettingsError(f"The settings file {named} does not exist.")
        return named
    candidates = (Path("hub.toml"), Path("/etc/hub/hub.toml"))
    return next((path for path in candidates if path.is_file()), None)


def _from_toml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from None
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(f"The settings file {path} has an unknown key: {unknown[0]}.")
    return values


_NOT_SETTINGS = frozenset({"HUB_CONFIG", "HUB_RUN", "HUB_SERVER", "HUB_TOKEN"})
"""Variables of ours that set nothing here; the last two are those of the client."""


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {f"HUB_{name.upper()}": name for name in Settings.model_fields if name != "plugins"}
    for variable, text in sorted(environ.items()):
        if not variable.startswith("HUB_") or variable in _NOT_SETTINGS:
            continue
        if variable in known:
            if text != "":
                values[known[variable]] = text
        elif variable.endswith("_FILE") and known.get(variable.removesuffix("_FILE")) in _SECRETS:
            values[known[variable.removesuffix("_FILE")]] = _secret_file(variable, text, environ)
        else:
            logger.warning("The environment variable %s is not a setting of the hub.", variable)
    return values


def _secret_file(variable: str, path: str, environ: Mapping[str, str]) -> str:
    if environ.get(variable.removesuffix("_FILE")):
        raise SettingsError(f"Both {variable.removesuffix('_FILE')} and {variable} are set; keep one of them.")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"{variable} names {path}, which cannot be read: {reason}.") from None


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False)[0]
    name = str(fault["loc"][0])
    text = fault["msg"].removeprefix("Value error, ")
    shown = "" if name in _SECRETS else f" (it is {fault['input']!r})"
    return f"The setting {name} (HUB_{name.upper()}) is wrong: {text}{shown}."
