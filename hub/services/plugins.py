"""The plugins that were found, what they bring, and what is wrong with them; for administrators."""

from __future__ import annotations

from typing import Any

from hub.registry import PluginInfo, Registry
from hub.services.access import require_admin
from hub.services.actor import Actor


def list_plugins(registry: Registry, actor: Actor) -> list[dict[str, Any]]:
    """Every plugin, in the order in which they were loaded."""
    require_admin(actor)
    return [_shown(plugin) for plugin in registry.plugins]


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
