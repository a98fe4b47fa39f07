"""A plugin that asks for an argument which its hook does not have."""

from hub.plugin import hookimpl

HUB_API = 1


@hookimpl
def hub_event(happening):
    return None
