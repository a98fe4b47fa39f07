"""The plugins that were found, what they bring, and what is wrong with them; for administrators."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.registry import PluginInfo, Registry
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.connections import Connection, every_connection


def list_plugins(registry: Registry, actor: Actor) -> list[dict[str, Any]]:
    """Every plugin, in the order in which they were loaded."""
    require_admin(actor)
    return [_shown(plugin) for plugin in registry.plugins]


def sign_ons(hub: Hub, actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """What the settings say of ways to sign in, by the plugin that brings them. No secret is shown."""
    require_admin(actor)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in every_connection(hub):
        found.setdefault(hub.registry.owner(one.provider), []).append(_sign_on(one))
    return found


def _sign_on(one: Connection[Any]) -> dict[str, Any]:
    """State `on`, `off` (nothing is set) or `wrong`, with the values that are no secrets."""
    state, sentence = "on" if one.table or not one.provider.params_type.model_fields else "off", ""
    try:
        if one.table:
            one.params()
    except Invalid as error:
        state, sentence = "wrong", error.sentence
    known = one.provider.params_type.model_json_schema().get("properties", {})
    values = {
        name: str(value) if name in known and not _is_secret(known[name]) else None
        for name, value in sorted(one.table.items())
    }
    return {"title": one.title, "home": one.home, "state": state, "sentence": sentence, "given": values}


def _is_secret(described: dict[str, Any]) -> bool:
    parts = [described, *described.get("anyOf", ())]
    return any(part.get("writeOnly") or part.get("format") == "password" for part in parts)


def _shown(plugin: PluginInfo) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "summary": plugin.summary,
        "builtin": plugin.builtin,
        "state": plugin.state,
        "reason": plugin.reason,
        "hooks": list(plugin.hooks),
        "offers": {kind: list(names) for kind, names in plugin.offers.items()},
        "problems": [
            {"sentence": problem.sentence, "count": problem.count, "first": problem.first, "last": problem.last}
            for problem in plugin.problems
        ],
    }
