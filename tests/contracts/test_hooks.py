"""Each hook does what its docstring says; a hook without a test here fails."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.plugin import (
    ActorView,
    BlobStore,
    Command,
    Executor,
    Extension,
    GateRequest,
    HubEvent,
    InventorySource,
    KeyType,
    NavItem,
    Notifier,
    Pages,
    Panel,
    PasswordProvider,
    ProjectView,
    RedirectProvider,
    Screen,
    SecretBackend,
    WebhookAdapter,
    hookimpl,
    spec,
)
from hub.registry import KINDS, load
from hub.testing import inline_plugin

HOOKS = [name for name in vars(spec) if name.startswith("hub_")]
HOST = object()


def example_of(shape: type[Extension], name: str = "sample") -> Extension:
    """Make an extension of a kind, with every verb defined and doing nothing."""
    (kind,) = [each for each in KINDS if each.shape is shape]
    verbs = {verb: lambda self, *_: None for verb in (*kind.verbs, "write", "delete")}
    return type(shape.__name__, (shape,), {**verbs, "name": name, "title": "Sample"})()


def answering(name: str, answer):
    def hook():
        return answer

    hook.__name__ = name
    return hookimpl(hook)


def one(*hooks):
    registry = load(builtin=[inline_plugin(*hooks)], group="hub-tests-none")
    assert not registry.problems
    return registry


def offered(hook: str, shape: type[Extension]) -> list[Extension]:
    (kind,) = [each for each in KINDS if each.shape is shape]
    registry = one(answering(hook, [example_of(shape)]))
    return list(getattr(registry, kind.offer).values())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook):
    tests = [name for name in globals() if name.startswith("test_")]
    assert any(name == f"test_{hook}" or name.startswith(f"test_{hook}_") for name in tests), f"write test_{hook} here"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_what_it_asks_and_takes_at_most_two_arguments(hook):
    function = getattr(spec, hook)
    assert function.__doc__.strip().endswith(".") or "?" in function.__doc__
    assert function.__code__.co_argcount <= 2


def test_hub_executors_brings_executors():
    assert isinstance(offered("hub_executors", Executor)[0], Executor)


def test_hub_notifiers_brings_notifiers():
    assert isinstance(offered("hub_notifiers", Notifier)[0], Notifier)


def test_hub_auth_providers_brings_both_kinds():
    assert isinstance(offered("hub_auth_providers", PasswordProvider)[0], PasswordProvider)
    assert isinstance(offered("hub_auth_providers", RedirectProvider)[0], RedirectProvider)


def test_hub_key_types_brings_key_types():
    assert isinstance(offered("hub_key_types", KeyType)[0], KeyType)


def test_hub_secret_backends_brings_secret_backends():
    assert isinstance(offered("hub_secret_backends", SecretBackend)[0], SecretBackend)


def test_hub_blob_stores_brings_blob_stores():
    assert isinstance(offered("hub_blob_stores", BlobStore)[0], BlobStore)


def test_hub_inventory_sources_brings_inventory_sources():
    assert isinstance(offered("hub_inventory_sources", InventorySource)[0], InventorySource)


def test_hub_webhook_adapters_brings_webhook_adapters():
    assert isinstance(offered("hub_webhook_adapters", WebhookAdapter)[0], WebhookAdapter)


def test_hub_blueprints_is_handed_the_host_and_brings_pages():
    blueprint = object()

    @hookimpl
    def hub_blueprints(host):
        assert host is HOST
        return [Pages(blueprint)]

    (pages,) = one(hub_blueprints).pages(HOST)
    assert (pages.plugin, pages.item.blueprint, pages.item.public) == ("inline", blueprint, False)


def test_hub_screens_is_handed_the_host_and_brings_screens():
    @hookimpl
    def hub_screens(host):
        assert host is HOST
        return [Screen(title="Prices", path="prices")]

    (screen,) = one(hub_screens).screens(HOST)
    assert (screen.plugin, screen.item.path, screen.item.admin) == ("inline", "prices", False)


def test_hub_nav_is_handed_who_looks_and_where():
    @hookimpl
    def hub_nav(actor, project):
        return [NavItem(f"{actor.username} in {project.name}")]

    (link,) = one(hub_nav).nav(ActorView(1, "jane", admin=False), ProjectView(1, "Demo", 15))
    assert link.item.title == "jane in Demo"


def test_hub_panels_is_handed_the_slot():
    async def render(request):
        return "<p></p>"

    @hookimpl
    def hub_panels(slot):
        return [Panel("Costs", render)] if slot == "task" else []

    registry = one(hub_panels)
    assert [box.item.title for box in registry.panels("task")] == ["Costs"]
    assert not registry.panels("dashboard")


def test_hub_commands_brings_verbs():
    @hookimpl
    def hub_commands():
        return [Command("count", "Count.", len)]

    (verb,) = one(hub_commands).commands()
    assert (verb.plugin, verb.item.run(["a"])) == ("inline", 1)


def test_hub_startup_and_hub_shutdown_are_handed_the_host():
    told = []

    @hookimpl
    def hub_startup(host):
        told.append(("startup", host))

    @hookimpl
    def hub_shutdown(host):
        told.append(("shutdown", host))

    registry = one(hub_startup, hub_shutdown)
    registry.startup(HOST)
    registry.shutdown(HOST)
    assert told == [("startup", HOST), ("shutdown", HOST)]


test_hub_shutdown = test_hub_startup_and_hub_shutdown_are_handed_the_host


async def test_hub_gate_refuses_with_a_sentence_off_the_event_loop():
    asked_in = []

    @hookimpl
    def hub_gate(request):
        asked_in.append(threading.current_thread())
        return None if request.app == "shell" else f"No {request.app} here."

    registry = one(hub_gate)
    assert await registry.gate(GateRequest(1, 2, "Deploy", "shell", "jane", 3)) is None
    assert await registry.gate(GateRequest(1, 2, "Deploy", "bash", "jane", 3)) == "No bash here."
    assert threading.main_thread() not in asked_in


async def test_hub_event_hears_what_happened():
    heard = []

    @hookimpl
    def hub_event(event):
        heard.append(event)

    event = HubEvent("task.finished", datetime(2026, 1, 2, tzinfo=UTC))
    await one(hub_event).publish(event)
    assert heard == [event]


def test_the_hooks_stand_in_the_order_in_which_they_are_asked():
    source = Path(spec.__file__).read_text(encoding="utf-8")
    assert [source.index(f"def {hook}(") for hook in HOOKS] == sorted(source.index(f"def {hook}(") for hook in HOOKS)
