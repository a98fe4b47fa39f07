"""Traces for OpenTelemetry, where they are wanted: one from the request over the queue to the processes of its task.

Only the number of a task crosses the queue. The launch keeps in the database which span the task is a part of, and the
id of the task's first span follows from its number and the moment it was made, so that a second pass in another process
can go on with it (docs/adr/0015). Without the setting nothing of OpenTelemetry is imported, and nothing is done here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hub.errors import SettingsError

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's own variable, which names where traces go."""

_tracer: Any = None
_forced: ContextVar[tuple[int, int] | None] = ContextVar("forced", default=None)
_ABSENT: Final = "Traces need OpenTelemetry: install automation-hub[otel], or leave HUB_TRACES and {0} unset."


def active() -> bool:
    """Whether anything is traced."""
    return _tracer is not None


def wanted(switched_on: bool) -> bool:  # noqa: FBT001 - the value of the setting itself
    """Tell whether the settings or OpenTelemetry's own variable want traces."""
    return switched_on or bool(os.environ.get(ENDPOINT))


@contextmanager
def exported(service: str, version: str) -> Iterator[None]:
    """Send traces to a collector over OTLP while the block lasts. Raises `SettingsError` without the packages."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above
    except ImportError:
        raise SettingsError(_ABSENT.format(ENDPOINT)) from None
    with collected(BatchSpanProcessor(OTLPSpanExporter()), service, version):
        yield


@contextmanager
def collected(processor: Any, service: str = "hub", version: str = "") -> Iterator[None]:
    """Hand every span that ends to a processor of the SDK while the block lasts."""
    global _tracer  # noqa: PLW0603 - one for the process, as OpenTelemetry has it
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - see above

    resource = Resource.create({"service.name": service, "service.version": version})
    provider = TracerProvider(resource=resource, id_generator=_generator(), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    former, _tracer = _tracer, provider.get_tracer("hub", version)
    try:
        yield
    finally:
        _tracer = former
        provider.shutdown()


def _generator() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415 - see above

    class Generator(RandomIdGenerator):
        """Random ids, but for the first span of a task."""

        def generate_trace_id(self) -> int:
            forced = _forced.get()
            return super().generate_trace_id() if forced is None else forced[0]

        def generate_span_id(self) -> int:
            forced = _forced.get()
            return super().generate_span_id() if forced is None else forced[1]

    return Generator()


def ids_of(task_id: int, created: datetime) -> tuple[int, int]:
    """Return the ids of a task's first span, and of its trace when no launch noted one."""
    digest = hashlib.sha256(f"hub task {task_id} {created.astimezone(UTC).isoformat()}".encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


@contextmanager
def span(name: str, attributes: Mapping[str, Any] | None = None, **how: Any) -> Iterator[Any]:
    """Trace what the block does. What an exception says is not told: it may hold what people typed."""
    if _tracer is None:
        yield None
        return
    with _tracer.start_as_current_span(
        name, attributes=dict(attributes or {}), record_exception=False, set_status_on_exception=False, **how
    ) as one:
        try:
            yield one
        except BaseException:
            fail(one)
            raise


def fail(one: Any) -> None:
    """Mark a span as failed."""
    if one is not None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - see above

        one.set_status(StatusCode.ERROR)


@contextmanager
def request(method: str, headers: Mapping[str, str]) -> Iterator[Any]:
    """Trace a request, as part of its caller's trace when it names one (`traceparent`)."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - see above
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - see above

    around = TraceContextTextMapPropagator().extract(headers)
    with span(method, {"http.request.method": method}, context=around, kind=SpanKind.SERVER) as one:
        yield one


def launch(task_id: int) -> str:
    """Trace the launch of a task where it was asked for; return what its own spans belong to (`traceparent`)."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - see above

    one = _tracer.start_span("launch", attributes={"hub.task.id": task_id})
    one.end()
    return _written(set_span_in_context(one))


@dataclass(frozen=True, slots=True)
class Traced:
    """What of a task decides where its spans belong."""

    id: int
    created: datetime
    parent: str = ""
    """What `launch` returned; empty when the launch was not traced."""
    again: bool = False
    """It ran before, asked, and was confirmed."""


@contextmanager
def task(about: Traced, attributes: Mapping[str, Any]) -> Iterator[Any]:
    """Trace a task from its launch on; a second pass, after a confirmation, is a part of the same trace."""
    if _tracer is None:
        yield None
        return
    from opentelemetry import trace  # noqa: PLC0415 - see above

    told, around = {"hub.task.id": about.id, **attributes}, _around(about.parent)
    if about.again:
        first = trace.NonRecordingSpan(_first_of(about, trace.get_current_span(around).get_span_context()))
        with span("pass", told, context=trace.set_span_in_context(first, around)) as one:
            yield one
        return
    began = int(about.created.timestamp() * 1e9)
    forced = _forced.set(ids_of(about.id, about.created))
    try:
        first = _tracer.start_span("task", around, attributes=told, start_time=began)
    finally:
        _forced.reset(forced)
    with trace.use_span(first, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        _tracer.start_span("wait", start_time=began).end()
        yield first


def _first_of(about: Traced, launched: Any) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415 - see above

    trace_id, span_id = ids_of(about.id, about.created)
    if launched.is_valid:
        return SpanContext(launched.trace_id, span_id, is_remote=True, trace_flags=launched.trace_flags)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _around(parent: str) -> Any:
    from opentelemetry.context import Context  # noqa: PLC0415 - see above
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - see above

    return TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())


def _written(context: Any = None) -> str:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - see above

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, context)
    return carrier.get("traceparent", "")


def environment() -> dict[str, str]:
    """Return what lets a program add to the trace: `TRACEPARENT`; nothing when nothing is traced."""
    parent = _written() if _tracer is not None else ""
    return {"TRACEPARENT": parent} if parent else {}
