"""`/metrics`, in the text format of Prometheus: off unless it is switched on, and then for those who may see it.

What this process counted comes from its meters, how things stand from the database. The library that writes the format
is loaded at the first request, so that a hub that nobody watches does not pay for it.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hub import __version__, meters
from hub.context import Hub
from hub.services import figures
from hub.services.readiness import PATIENCE
from hub.web.front.asgi import SAFE_ROWS, App, Receive, Scope, Send, answer, header, local_path
from hub.web.front.proxies import address_of

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

logger = logging.getLogger(__name__)

PATH: Final = "/metrics"
SEEN: Final = "hub.seen"
"""Where the route of a request is noted in its scope, for whoever counts it."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK", "UNLOCK"})


def measured(app: App, hub: Hub) -> App:
    """Count requests, and answer `/metrics`; without the setting, do neither."""
    if not hub.settings.metrics:
        return app

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if local_path(scope) == PATH and scope["method"] in {"GET", "HEAD"}:
            await tell(hub, scope, send)
            return
        seen: dict[str, str] = {}
        scope[SEEN] = seen

        async def noted(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = f"{message['status'] // 100}xx"
            await send(message)

        began = time.monotonic()
        try:
            await app(scope, receive, noted)
        finally:
            _count(scope["method"], seen, time.monotonic() - began)

    return counted


def _count(method: str, seen: dict[str, str], seconds: float) -> None:
    method, route = method if method in _METHODS else meters.OTHER, seen.get("route", "")
    meters.REQUESTS.add(method, route, seen.get("status", "none"))
    if not route.endswith("/stream"):
        meters.REQUEST_SECONDS.see(seconds, method, route)


async def tell(hub: Hub, scope: Scope, send: Send) -> None:
    """Answer with everything, or refuse."""
    if not _may_see(hub, scope):
        sentence = "Metrics need the token of HUB_METRICS_TOKEN, or an address of HUB_METRICS_NETWORKS."
        await answer(scope, send, 403, sentence)
        return
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415 - heavy, see above

    body = generate_latest(_registry(await _standing(hub)))
    headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", b"%d" % len(body)),
               (b"cache-control", b"no-store"), *SAFE_ROWS]  # fmt: skip
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def _standing(hub: Hub) -> figures.Standing | None:
    """Ask how things stand; None when the database does not answer, which must not cost what this process counted."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await figures.standing(hub)
    except Exception as error:  # noqa: BLE001 - whatever it is, the database did not answer
        logger.warning("The metrics lack what the database would tell: it does not answer (%s).", type(error).__name__)
        return None


def _may_see(hub: Hub, scope: Scope) -> bool:
    wanted = hub.settings.metrics_token
    scheme, _, token = header(scope, b"authorization").partition(" ")
    if wanted and scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), wanted.encode()):
        return True
    address = address_of((scope.get("client") or ("",))[0] or "")
    return address is not None and any(address in network for network in hub.settings.metrics_networks)


def _registry(standing: figures.Standing | None) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415 - heavy, see above

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(standing))
    return registry


class _Families:
    """What the library asks for everything."""

    def __init__(self, standing: figures.Standing | None) -> None:
        self._standing = standing

    def collect(self) -> Iterator[Any]:
        """Yield every family."""
        from prometheus_client import core  # noqa: PLC0415 - heavy, see above

        info = core.InfoMetricFamily("hub", "Version of the hub.")
        info.add_metric([], {"version": __version__})
        yield info
        up = 0.0 if self._standing is None else 1.0
        yield core.GaugeMetricFamily("hub_database_up", "Whether the database answered this node.", value=up)
        if self._standing is not None:
            yield from _gauges(self._standing, core.GaugeMetricFamily)
        for counter in meters.COUNTERS:
            family = core.CounterMetricFamily(counter.name, counter.text, labels=counter.labels)
            for labels, value in list(counter.values.items()) or _nothing(counter.labels):
                family.add_metric(labels, value)
            yield family
        for spread in meters.SPREADS:
            histogram = core.HistogramMetricFamily(spread.name, spread.text, labels=spread.labels)
            for labels, row in list(spread.values.items()):
                histogram.add_metric(labels, _buckets(spread.bounds, row), row[-1])
            yield histogram


def _gauges(at: figures.Standing, family: Any) -> Iterator[Any]:
    told: tuple[tuple[str, str, str, dict[str, int]], ...] = (
        ("hub_tasks", "Tasks that are not finished.", "status", at.by_status),
        ("hub_queue_tasks", "Tasks that no worker has yet, by the tag that they want.", "tag", at.waiting_by_tag),
        ("hub_workers", "Workers that were seen in the last 30 seconds.", "state", at.workers),
    )
    for name, text, label, values in told:
        gauge = family(name, text, labels=[label])
        for value, count in values.items():
            gauge.add_metric([value], count)
        yield gauge
    yield family("hub_queue_oldest_seconds", "Since when the first of the waiting tasks waits.", value=at.oldest_wait)


def _nothing(labels: meters.Labels) -> list[tuple[meters.Labels, float]]:
    """A counter without labels begins at zero."""
    return [] if labels else [((), 0.0)]


def _buckets(bounds: tuple[float, ...], row: list[float]) -> list[tuple[str, float]]:
    total, found = 0.0, []
    for bound, count in zip([*map(str, bounds), "+Inf"], row, strict=False):
        total += count
        found.append((bound, total))
    return found
