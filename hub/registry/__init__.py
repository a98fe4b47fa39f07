"""Plugins: found, fenced, contained, and asked what they bring.

    discovery   finds built-in modules and entry points, imports each alone, refuses what does not fit
    extensions  says what is wrong with an extension, in a sentence
    collect     asks the plugins for their offers and settles names
    catalogue   the `Registry` that the hub works with
    contain     calls foreign code with a time limit and turns its errors into sentences
    ledger      remembers what went wrong, without growing for ever

A plugin that fails is listed with a sentence; it never stops the hub.
"""

from __future__ import annotations

from hub.registry.catalogue import Contribution, PluginInfo, Registry
from hub.registry.collect import load
from hub.registry.contain import guard
from hub.registry.extensions import KINDS, fault
from hub.registry.ledger import Problem

__all__ = ["KINDS", "Contribution", "PluginInfo", "Problem", "Registry", "fault", "guard", "load"]
