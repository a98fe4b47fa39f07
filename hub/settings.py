"""Start settings: one frozen object, read once from the environment, `*_FILE` secrets and `hub.toml`.

Order, later wins: defaults, `hub.toml`, `HUB_…` environment, `HUB_…_FILE`. A malformed value or an unknown key in
`hub.toml` ends the start with a sentence that names it; an unknown `HUB_…` variable is warned about, as it may belong
to a plugin.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from hub.errors import SettingsError
from hub.setting_types import Folders, Names, Networks, Seconds, SignOn
from hub.settings_upkeep import Upkeep

logger = logging.getLogger(__name__)


def _from_json(value: object) -> object:
    """Read an object that came as a variable of the environment."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("write a JSON object") from None


def _default_data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hub"


_SIGN_ON_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class Settings(Upkeep):
    """Everything that is decided before the start. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(default_factory=_default_data_dir)
    """Folder for the database, keys, repositories and task folders."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=3000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    public_url: str = ""
    """Address under which people reach the hub, for links and cookies; may have a path."""
    trusted_proxies: Networks = Field(default="localhost", validate_default=True)
    """Networks whose proxies are believed about who asks: addresses, `localhost`, `private`, or `none`."""
    proxy_headers: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    """Which headers those proxies write: `X-Forwarded-…`, or `Forwarded` (RFC 7239)."""
    tls_certificate: Path | None = None
    """File of the certificate with its chain, to serve https; a renewed one is taken over while serving."""
    tls_key: Path | None = None
    """File of its private key."""
    tls_redirect_port: int = Field(default=0, ge=0, le=65535)
    """Port to send people to https from; 0 for none."""
    access_log: bool = False
    """Logs each request: address, method, path, status, size and time."""
    requests_per_address: int = Field(default=256, ge=0)
    """How many requests of one address may be under way at once, live views included; 0 means without limit."""
    database_url: str = ""
    """`sqlite:///path`, `postgres://…`, `mysql://…` or `mariadb://…`; empty for SQLite in the data folder."""
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
    stop_grace: Seconds = 10
    """How long a stopped task may take to end by itself before it is killed."""
    drain: Seconds = 30
    """How long running tasks may go on when what runs them is told to end; then they are stopped."""
    non_admin_can_create_project: bool = False
    """Lets everybody create projects."""
    shared_cache_days: int = Field(default=30, ge=0)
    """After how many days Python environments, roles and collections that no task uses leave a worker; 0 keeps them."""
    forwarded_env_vars: Names = ()
    """Variables of the hub's own environment that tasks see, such as `HTTPS_PROXY`."""
    webhook_legacy_answers: bool = False
    """Answers incoming webhooks with 204, and 200 at an unknown address, whatever came of them."""
    webhook_get: bool = False
    """Lets a GET start tasks at integrations that ask for proof of the sender; otherwise only a POST does."""
    task_url: str = ""
    """Address under which tasks reach the hub, for Terraform states; empty takes the public one."""
    terraform_state_versions: int = Field(default=100, ge=1)
    """How many versions of each Terraform state are kept."""
    terraform_state_size: int = Field(default=64, ge=1, le=1024)
    """Largest Terraform state that is taken, in MiB."""
    blob_store: str = "disk"
    """Where artifacts are kept: `disk`, or a store that a plugin brings. All machines of a hub need the same one."""
    blob_store_params: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Table `[blob_store_params]` of `hub.toml`; as a variable a JSON object. For `disk` its `folder`, an absolute path
    that every server and worker sees; without it the folder `blobs` of the data folder."""
    artifact_size: int = Field(default=256, ge=1, le=1024 * 1024)
    """How much the artifacts of one task may take, all files together, in MiB."""
    session_idle_days: int = Field(default=7, ge=1)
    """A session that was idle for so long ends."""
    password_login: bool = True
    """False lets only administrators sign in with a password of the hub itself; directories are not concerned."""
    sign_on: dict[str, SignOn] = Field(default_factory=dict, repr=False)
    """Tables `[sign_on.<id>]`: providers and directories to sign in through. As a variable: a JSON object."""
    sandbox: Literal["auto", "landlock", "bubblewrap", "none"] = "auto"
    """What keeps tasks from the hub's own files: `auto` is Landlock where the kernel has it."""
    sandbox_network: bool = True
    """False leaves tasks without a network; with `bubblewrap` only."""
    sandbox_paths: Folders = ()
    """Further folders that tasks see, read-only, in a sandbox of bubblewrap."""
    hidden_paths: Folders = ()
    """Files and folders that no task may open, beside the data folder, the settings and what they name as secret."""
    task_user: str = ""
    """User that the programs of tasks run as; takes a hub that runs as root."""
    task_memory: int = Field(default=0, ge=0)
    """MiB of memory that each process of a task may have; 0, here and in the next four, means without limit."""
    task_processes: int = Field(default=0, ge=0)
    """How many processes the user of the tasks may have at once."""
    task_file_size: int = Field(default=0, ge=0)
    """MiB of the largest file that a task may write."""
    task_open_files: int = Field(default=0, ge=0)
    """How many files and connections each process of a task may have open."""
    task_cpu_seconds: Seconds = 0
    """Processor time that each process of a task may use."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    plugins: dict[str, Any] = Field(default_factory=dict)
    """Table `[plugins]` of `hub.toml`, read by plugins."""

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("local_repository_roots", "hidden_paths", "sandbox_paths", mode="after")
    @classmethod
    def _real_folders(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in value:
            if not folder.expanduser().is_absolute():
                raise ValueError(f"{folder} is not an absolute path")
        return tuple(folder.expanduser().resolve() for folder in value)

    @field_validator("public_url", "task_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            raise ValueError("write a whole address such as https://hub.example.org")
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", urlsplit(value).path.rstrip("/")) or "?" in value or "#" in value:
            raise ValueError("its path may have letters, digits and . _ ~ - only, as in https://example.org/hub")
        return value.rstrip("/")

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value.expanduser(), os.R_OK):
            raise ValueError("there is no such file, or it may not be read")
        return None if value is None else value.expanduser().absolute()

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("HUB_TLS_CERTIFICATE and HUB_TLS_KEY go together; set both or none")
        if self.tls_redirect_port and self.tls_certificate is None:
            raise ValueError("HUB_TLS_REDIRECT_PORT needs HUB_TLS_CERTIFICATE and HUB_TLS_KEY")
        return self

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"sqlite", "postgres", "postgresql", "mysql", "mariadb"}:
            raise ValueError("write sqlite:///path, postgres://…, mysql://… or mariadb://…")
        return re.sub(r"^postgresql://", "postgres://", value)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("write redis://host:6379/0")
        return value

    @field_validator("blob_store_params", mode="before")
    @classmethod
    def _params_object(cls, value: object) -> object:
        return _from_json(value)

    @field_validator("sign_on", mode="before")
    @classmethod
    def _sign_on_object(cls, value: object) -> object:
        value = _from_json(value)
        if isinstance(value, Mapping):
            for name in value:
                if not _SIGN_ON_ID.fullmatch(str(name)):
                    raise ValueError(f"{name} is no id; use lower-case letters, digits, - and _")
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
        scheme = "http" if self.tls_certificate is None else "https"
        return self.public_url or f"{scheme}://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """True when people come by https, so that cookies must be Secure."""
        return self.address.startswith("https:")

    @property
    def base_path(self) -> str:
        """Path of the public address, without a trailing slash; usually empty."""
        return urlsplit(self.public_url).path.rstrip("/")


_SECRETS = (
    "admin_password",
    "metrics_token",
    "blob_store_params",
    "database_url",
    "redis_url",
    "sign_on",
    "vault_keys",
)
"""Settings that may also come from a file, named by `HUB_<NAME>_FILE`."""


def read_settings(environ: Mapping[str, str] | None = None, *, config: Path | None = None, **given: Any) -> Settings:
    """Read the settings; `given` values (command line flags) win over all. Raises `SettingsError`."""
    environ = os.environ if environ is None else environ
    file = _find_config(environ, config)
    values = _from_toml(file)
    values.update(_from_environ(environ))
    values.update(given)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_first_fault(error)) from None
    return settings.model_copy(
        update={"hidden_paths": (*settings.hidden_paths, *_secret_files(environ, file, settings))}
    )


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


def _secret_files(environ: Mapping[str, str], config: Path | None, settings: Settings) -> list[Path]:
    """Return the files that settings were read from, and those that plugins read secrets from."""
    named = [text for name, text in environ.items() if re.fullmatch("HUB_[A-Z0-9_]+_FILE", name) and text]
    for way in settings.sign_on.values():
        named += [str(text) for name, text in way.params.items() if name.endswith("_file") and text]
    return [Path(one).expanduser().resolve() for one in ([config] if config else []) + [Path(one) for one in named]]


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False)[0]
    text = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:  # two settings that do not go together
        return f"{text}."
    name = str(fault["loc"][0])
    shown = "" if name in _SECRETS else f" (it is {fault['input']!r})"
    inside = "".join(f", at {'.'.join(map(str, fault['loc'][1:]))}" for _ in fault["loc"][1:2])
    return f"The setting {name} (HUB_{name.upper()}) is wrong{inside if name == 'sign_on' else ''}: {text}{shown}."
