"""Ways to sign in that are set up: what a plugin brings, with the rules and parameters that the settings give it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from hub.context import Hub
from hub.errors import Invalid
from hub.plugin import Params, PasswordProvider, RedirectProvider
from hub.setting_types import SignOn

logger = logging.getLogger(__name__)

_FILE: Final = "_file"
_LONGEST_SECRET: Final = 64 * 1024

Provider = TypeVar("Provider", "PasswordProvider[Any]", "RedirectProvider[Any]")


@dataclass(frozen=True, slots=True)
class Connection(Generic[Provider]):
    """One directory or provider. Identities are known by its id, so that an id is never given to another one."""

    id: str
    provider: Provider
    rules: SignOn
    table: Mapping[str, Any] = field(repr=False)
    home: str
    """Where the table stands in the settings."""

    @property
    def title(self) -> str:
        """What people read."""
        return self.rules.title or self.provider.title

    def params(self) -> Params:
        """Read the table as the plugin wants it. Raises `Invalid` without showing any value."""
        known = self.provider.params_type.model_fields
        try:
            return self.provider.params_type.model_validate(dict(_with_files(self.table, known)))
        except ValidationError as error:
            fault: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join([self.home, *(str(part) for part in fault["loc"])])
            text = fault["msg"].removeprefix("Value error, ")
            raise Invalid(f"The setting {name} is wrong: {text}.") from None
        except OSError as error:
            raise Invalid(f"A file that the setting {self.home} names cannot be read: {error.strerror}.") from None


def _with_files(table: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Put the content of a file for each `NAME_file`, where NAME is a parameter and `NAME_file` is none."""
    for name, value in table.items():
        plain = name.removesuffix(_FILE)
        if name in known or plain == name or plain not in known:
            yield name, value
        else:
            with Path(str(value)).open(encoding="utf-8", errors="replace") as file:
                yield plain, file.read(_LONGEST_SECRET).strip()


def password_connections(hub: Hub) -> list[Connection[PasswordProvider[Any]]]:
    """Directories, in the order in which they are asked."""
    return _connections(hub, hub.registry.password_providers)


def redirect_connections(hub: Hub) -> list[Connection[RedirectProvider[Any]]]:
    """Providers with pages of their own, in the order of their buttons; those that are set up wrongly are left out."""
    return [one for one in _connections(hub, hub.registry.redirect_providers) if _works(hub, one)]


def redirect_connection(hub: Hub, name: str) -> Connection[RedirectProvider[Any]]:
    """Return one of them. Raises `Invalid` with a sentence for people."""
    for one in redirect_connections(hub):
        if one.id == name:
            return one
    raise Invalid("This way to sign in does not exist, or it is not set up.")


def every_connection(hub: Hub) -> list[Connection[Any]]:
    """Return all of them, also those that are not set up, or wrongly."""
    return [*_connections(hub, hub.registry.password_providers), *_connections(hub, hub.registry.redirect_providers)]


def all_connections(hub: Hub) -> dict[str, str]:
    """Titles of every connection by id."""
    password, redirect = password_connections(hub), redirect_connections(hub)
    return {**{one.id: one.title for one in password}, **{one.id: one.title for one in redirect}}


def _connections(hub: Hub, providers: Mapping[str, Provider]) -> list[Connection[Provider]]:
    """Those that `[sign_on]` names; of the other providers, each by itself with its table `[plugins.<name>]`."""
    told = sorted(hub.settings.sign_on.items(), key=lambda item: item[1].order)
    found = [
        Connection(name, providers[rules.kind], rules, rules.params, f"sign_on.{name}.params")
        for name, rules in told
        if rules.kind in providers
    ]
    named = {rules.kind for _, rules in told} | {name for name, _ in told}
    for name, provider in providers.items():
        if name not in named:
            table = hub.settings.plugins.get(name)
            given = table if isinstance(table, dict) else {}
            found.append(Connection(name, provider, SignOn(kind=name), given, f"plugins.{name}"))
    return found


def _works(hub: Hub, connection: Connection[RedirectProvider[Any]]) -> bool:
    try:
        connection.params()
    except Invalid as error:
        if connection.table:
            hub.registry.ledger.note(hub.registry.owner(connection.provider), error.sentence)
            logger.warning("The sign-on %s is not offered: %s", connection.id, error)
        return False
    return True
