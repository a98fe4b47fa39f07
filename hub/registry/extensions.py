"""What makes an extension acceptable, kind by kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from hub.plugin import (
    BlobStore,
    Capabilities,
    Executor,
    Extension,
    InventorySource,
    KeyType,
    Notifier,
    Params,
    PasswordProvider,
    RedirectProvider,
    SecretBackend,
    WebhookAdapter,
)

NAME: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of extension: which hook brings it, what it is called, and what it must be able to do."""

    offer: str
    """Name of the collection in `Registry`."""
    hook: str
    noun: str
    shape: type[Extension]
    verbs: tuple[str, ...]


KINDS: Final[tuple[Kind, ...]] = (
    Kind("executors", "hub_executors", "executor", Executor, ("run",)),
    Kind("notifiers", "hub_notifiers", "notifier", Notifier, ("send",)),
    Kind("password_providers", "hub_auth_providers", "auth provider", PasswordProvider, ("check",)),
    Kind("redirect_providers", "hub_auth_providers", "auth provider", RedirectProvider, ("begin", "finish")),
    Kind("key_types", "hub_key_types", "key type", KeyType, ("materialise",)),
    Kind("secret_backends", "hub_secret_backends", "secret backend", SecretBackend, ("read",)),
    Kind("blob_stores", "hub_blob_stores", "blob store", BlobStore, ("put", "get", "list", "delete")),
    Kind("inventory_sources", "hub_inventory_sources", "inventory source", InventorySource, ("fetch",)),
    Kind("webhook_adapters", "hub_webhook_adapters", "webhook adapter", WebhookAdapter, ("verify", "parse")),
)


def _by_hook() -> Mapping[str, tuple[Kind, ...]]:
    hooks = dict.fromkeys(kind.hook for kind in KINDS)
    return MappingProxyType({hook: tuple(kind for kind in KINDS if kind.hook == hook) for hook in hooks})


BY_HOOK: Final = _by_hook()


def kind_of(hook: str, thing: object) -> Kind | None:
    """Return the kind that `hook` may bring and `thing` is; None when it is none of them."""
    return next((kind for kind in BY_HOOK[hook] if isinstance(thing, kind.shape)), None)


def called(kind: Kind, thing: object) -> str:
    """Name an extension in a sentence, however broken it is."""
    name = getattr(thing, "name", None)
    return f"The {kind.noun} {name if isinstance(name, str) and name else type(thing).__name__}"


def fault(kind: Kind, extension: Extension) -> str | None:
    """Say what is wrong with `extension` in a whole sentence; None when it is fit for use."""
    who = called(kind, extension)
    name = getattr(extension, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return f"{who} needs a name of 1 to 64 lower-case letters, digits, '-' and '_'."
    title = getattr(extension, "title", None)
    if not isinstance(title, str) or not title.strip():
        return f"{who} needs a title, the name that people read."
    version: object = extension.params_version
    if not isinstance(version, int) or version < 1:
        return f"{who} needs a params_version that is a whole number from 1 on."
    verbs = kind.verbs
    if isinstance(extension, SecretBackend) and not extension.read_only:
        verbs += ("write", "delete")
    missing = [verb for verb in verbs if getattr(type(extension), verb) is getattr(kind.shape, verb)]
    if missing:
        return f"{who} does not define {' and '.join(missing)}."
    if kind.shape is Executor:
        return _executor_fault(who, extension)
    return _params_fault(who, "params_type", extension.params_type)


def _executor_fault(who: str, executor: Any) -> str | None:
    if not isinstance(executor.capabilities, Capabilities):
        return f"{who} needs capabilities made with hub.plugin.Capabilities."
    return _params_fault(who, "params_type", executor.params_type) or _params_fault(
        who, "task_params_type", executor.task_params_type
    )


def _params_fault(who: str, member: str, params_type: object) -> str | None:
    if not (isinstance(params_type, type) and issubclass(params_type, Params)):
        return f"{who} needs a {member} that is a class derived from hub.plugin.Params."
    config = params_type.model_config
    if config.get("extra") != "forbid" or config.get("frozen") is not True:
        return f"{who} has a {member} that is not frozen or takes unknown members; leave both as Params sets them."
    try:
        json.dumps(super(Params, params_type).model_json_schema())  # what it says of its fields is no matter yet
    except Exception as error:  # noqa: BLE001 - pydantic and foreign field types may raise anything
        return f"{who} has a {member} from which no form can be made: {error}"
    return None
