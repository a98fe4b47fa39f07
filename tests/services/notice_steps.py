"""A hub with a notifier that writes down what it is handed, or fails as it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hub.context import Hub
from hub.models import Notification
from hub.plugin import Notice, Notifier, Params, Secret
from hub.services import channels
from hub.services.channels import ChannelDraft
from hub.testing.scene import Scene


class TubeParams(Params):
    server: str = "https://tube.example.com"
    """Where it goes."""
    url: Secret | None = None
    """A secret address."""
    token: Secret | None = None
    """A secret."""


class Tube(Notifier[TubeParams]):
    """Keeps what it is handed; `faults` are raised first, one each."""

    name = "tube"
    title = "Tube"
    params_type = TubeParams

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.params: list[TubeParams] = []
        self.faults: list[BaseException] = []

    async def send(self, params: TubeParams, notice: Notice) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.params.append(params)
        self.sent.append(notice)


def with_tube(scene: Scene) -> tuple[Scene, Tube]:
    """The same scene in a hub that has this notifier and no other."""
    tube = Tube()
    return replace(scene, hub=hub_with(scene.hub, tube)), tube


def hub_with(hub: Hub, tube: Tube) -> Hub:
    return replace(hub, registry=replace(hub.registry, notifiers={"tube": tube}))


async def channel(scene: Scene, *events: str, everywhere: bool = False, **members: Any) -> int:
    """Make a channel that hears of these events; return its id."""
    draft = ChannelDraft.read({"name": "Tube", "notifier": "tube", "events": list(events), **members})
    project_id = None if everywhere else scene.project.id
    return int((await channels.create_channel(scene.hub, scene.actor, project_id, draft))["id"])


async def written(*members: str) -> Sequence[Any]:
    """What the outbox holds, in order: the event, or these members."""
    rows = await Notification.all().order_by("id").values(*(members or ("event",)))
    return [row["event"] if not members else tuple(row[name] for name in members) for row in rows]
