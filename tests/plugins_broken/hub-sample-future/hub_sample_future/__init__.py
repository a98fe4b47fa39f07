"""A plugin for a hub that does not exist yet."""

HUB_API = 99
