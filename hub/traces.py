"""Traces for OpenTelemetry, where they are wanted: one for each request, one for each task, and a link between them.

Nothing crosses from the web to a worker but the number of a task, so the ids of a task's trace follow from its number
and the moment it was made: whoever knows these can add to the trace (docs/adr/0015). Without the setting nothing of
OpenTelemetry is imported, and every function here does nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
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
    """Return the ids of a task's trace and of its first span."""
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


def note_launch(task_id: int, created: datetime) -> None:
    """Trace the launch of a task where it was asked for, with a link to the task's own trace."""
    if _tracer is None:
        return
    from opentelemetry.trace import Link  # noqa: PLC0415 - see above

    links = [Link(_context(task_id, created))]
    _tracer.start_span("launch", attributes={"hub.task.id": task_id}, links=links).end()


@contextmanager
def task(task_id: int, created: datetime, attributes: Mapping[str, Any], *, again: bool) -> Iterator[Any]:
    """Trace a task from its launch on; a second pass, after a confirmation, is a part of the same trace."""
    if _tracer is None:
        yield None
        return
    from opentelemetry import trace  # noqa: PLC0415 - see above
    from opentelemetry.context import Context  # noqa: PLC0415 - see above

    told = {"hub.task.id": task_id, **attributes}
    if again:
        around = trace.set_span_in_context(trace.NonRecordingSpan(_context(task_id, created)), Context())
        with span("pass", told, context=around) as one:
            yield one
        return
    began = int(created.timestamp() * 1e9)
    forced = _forced.set(ids_of(task_id, created))
    try:
        first = _tracer.start_span("task", Context(), attributes=told, start_time=began)
    finally:
        _forced.reset(forced)
    with trace.use_span(first, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        _tracer.start_span("wait", start_time=began).end()
        yield first


def _context(task_id: int, created: datetime) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415 - see above

    return SpanContext(*ids_of(task_id, created), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def environment() -> dict[str, str]:
    """Return what lets a program add to the trace: `TRACEPARENT`; nothing when nothing is traced."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - above

        TraceContextTextMapPropagator().inject(carrier)
    return {name.upper(): value for name, value in carrier.items() if name == "traceparent"}
