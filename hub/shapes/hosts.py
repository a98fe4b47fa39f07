"""Shapes of hosts before anything is run."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from hub.shapes.kinds import Free, Time


class HostSeen(TypedDict):
    """A host of an inventory, or of a run that was not started yet."""

    name: str
    groups: list[str]
    variables: Free
    """What Ansible would know of it, with what is or looks secret hidden; empty for hosts of a run."""


class HostsSeen(TypedDict):
    """What a worker found when it looked at hosts."""

    hosts: list[HostSeen]
    groups: dict[str, int]
    """How many of the hosts are in each group."""
    note: str
    """What could not be told, as a sentence."""
    error: str
    """Why the hosts cannot be told, as a sentence; empty when they are."""
    said: str
    """The last of what programs said, where there is an error."""
    looked: Time | None
    """When; null where nobody has looked within the last half minute, and then there is nothing else."""
    host_limit: NotRequired[int]
    """Most hosts that a task of the template may touch; 0 is without limit."""


class HostFacts(TypedDict):
    """What a host last told of itself."""

    host: str
    facts: Free
    task_id: int
    """The task in which it did."""
    created: Time
