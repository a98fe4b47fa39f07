"""All hooks, in the order in which the hub calls them.

A hook is a pure, synchronous question, asked once at boot unless it says otherwise. The answer is a list of typed
objects; work happens in the async methods of those objects. A plugin is a module, named by an entry point of the group
`hub`, with `HUB_API = 1` and functions marked `@hookimpl`:

    from hub.plugin import hookimpl

    HUB_API = 1

    @hookimpl
    def hub_executors():
        return [MyExecutor()]

The hub calls each plugin alone: one that raises is named on the Plugins page and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from hub.plugin.auth import PasswordProvider, RedirectProvider
    from hub.plugin.events import GateRequest, HubEvent
    from hub.plugin.execution import Executor
    from hub.plugin.host import Host
    from hub.plugin.inventory import InventorySource
    from hub.plugin.notify import Notifier
    from hub.plugin.secrets import KeyType, SecretBackend
    from hub.plugin.storage import BlobStore
    from hub.plugin.surface import ActorView, Command, NavItem, Pages, Panel, ProjectView, Screen
    from hub.plugin.webhook import WebhookAdapter

PROJECT: Final = "hub"
API_VERSION: Final = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# Offers: asked once at boot.


@hookspec
def hub_executors() -> Sequence[Executor]:
    """Which executors do you bring? Their names are the wire's `app` values."""
    raise NotImplementedError


@hookspec
def hub_notifiers() -> Sequence[Notifier]:
    """Which notifiers do you bring?"""
    raise NotImplementedError


@hookspec
def hub_auth_providers() -> Sequence[PasswordProvider | RedirectProvider]:
    """Which ways to sign in do you bring? Password providers are asked in order of their names, built-in ones first."""
    raise NotImplementedError


@hookspec
def hub_key_types() -> Sequence[KeyType]:
    """Which types of key do you bring? Their names are the wire's key `type` values."""
    raise NotImplementedError


@hookspec
def hub_secret_backends() -> Sequence[SecretBackend]:
    """Which places to keep secrets do you bring?"""
    raise NotImplementedError


@hookspec
def hub_blob_stores() -> Sequence[BlobStore]:
    """Which places to keep large files do you bring?"""
    raise NotImplementedError


@hookspec
def hub_inventory_sources() -> Sequence[InventorySource]:
    """Which sources of inventories do you bring?"""
    raise NotImplementedError


@hookspec
def hub_webhook_adapters() -> Sequence[WebhookAdapter]:
    """Which senders of webhooks do you understand?"""
    raise NotImplementedError


# Surface: what people see.


@hookspec
def hub_blueprints(host: Host) -> Sequence[Pages]:
    """Which pages do you bring? Asked once, when the web server starts; mounted at `/x/<plugin>`."""
    raise NotImplementedError


@hookspec
def hub_screens(host: Host) -> Sequence[Screen]:
    """Which pages in the frame of the hub do you bring? Asked once, when the web server starts."""
    raise NotImplementedError


@hookspec
def hub_nav(actor: ActorView, project: ProjectView | None) -> Sequence[NavItem]:
    """Which links belong into the navigation for this person here? Asked for each page, so answer from memory."""
    raise NotImplementedError


@hookspec
def hub_panels(slot: str) -> Sequence[Panel]:
    """Which boxes belong into this slot (`dashboard`, `template`, `task`)? Asked once for each slot at boot."""
    raise NotImplementedError


@hookspec
def hub_commands() -> Sequence[Command]:
    """Which command line verbs do you bring? Asked when the command line is used."""
    raise NotImplementedError


# Life.


@hookspec
def hub_startup(host: Host) -> None:
    """Called once when a server or worker has started. At most 10 seconds; raise to be listed with a problem."""


@hookspec
def hub_gate(request: GateRequest) -> str | None:
    """May this task start? None lets it pass, a sentence refuses it. The first refusal wins; an error refuses too.

    Called in a thread, for several tasks at once; at most 5 seconds.
    """


@hookspec
def hub_event(event: HubEvent) -> None:
    """Hear that something happened, after it was committed. At most 5 seconds; errors are noted and go no further.

    Called in a thread, one event after the other.
    """


@hookspec
def hub_shutdown(host: Host) -> None:
    """Called once before a server or worker ends. At most 10 seconds."""
