"""A plugin with a misspelt hook."""

from hub.plugin import hookimpl

HUB_API = 1


@hookimpl
def hub_executers():
    return []
