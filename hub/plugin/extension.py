"""The one shape that every kind of extension has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hub.plugin.params import NoParams, Params


class Extension:
    """Something that a plugin brings: a name, a title, typed parameters, and one or two async verbs.

    Instances are made by the plugin, without side effects, when the hub asks for its offers at boot.
    """

    name: str
    """Unique among its kind: lower-case letters, digits, `-` and `_`. Stored in the database, so never renamed."""

    title: str
    """What people read."""

    description: str = ""
    """One sentence on what it is for."""

    params_type: ClassVar[type[Params]] = NoParams
    """What is configured once (for an executor: on the template)."""

    params_version: ClassVar[int] = 1
    """Raise it when stored params need `upgrade`."""

    def upgrade(self, params: Mapping[str, Any], version: int) -> Mapping[str, Any]:
        """Return params that were stored at an older `version` in today's shape."""
        return params
