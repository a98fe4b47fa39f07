"""Shapes of Terraform states that the hub keeps: their addresses, versions, locks and what changed between two."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Time


class StateAlias(TypedDict):
    """An address of a Terraform state."""

    id: int
    url: str
    auth_key_id: int | None
    project_id: int
    inventory_id: int


class StateVersion(TypedDict):
    """A version of a Terraform state."""

    id: int
    created: Time
    project_id: int
    inventory_id: int
    task_id: NotRequired[int]
    serial: int
    lineage: str
    """Empty where the state was removed."""


class State(StateVersion):
    """A version of a Terraform state, with its text."""

    state: NotRequired[str]
    """Left out for who may not manage resources."""


class StateLock(TypedDict):
    """Who holds the lock of a Terraform state."""

    id: str
    operation: str
    who: str
    version: str
    task_id: int | None
    created: Time


class ChangedResource(TypedDict):
    """A resource that differs between two versions of a state."""

    name: str
    action: str
    """`add`, `change` or `destroy`."""
    attributes: list[str]
    """Names of what changed; values are not told, since a state does not mark every secret."""


class ChangedOutput(TypedDict):
    """An output that differs between two versions of a state."""

    name: str
    action: str
    before: NotRequired[str | None]
    after: NotRequired[str | None]
    sensitive: NotRequired[bool]


class StateChanges(TypedDict):
    """What differs between two versions of a Terraform state."""

    id: int
    serial: int
    since: int | None
    since_serial: int | None
    counts: dict[str, int]
    resources: list[ChangedResource]
    left_out: int
    """How many more resources there are."""
    outputs: list[ChangedOutput]
    readable: bool
    """False where the tool has encrypted the state itself."""
