"""Traces from a request to the rows of gold, sent by OTLP. They are off unless FOCUSFLOW_OTLP_ENDPOINT is set; the extra `tracing` brings
what sends them.

An event carries the context of the request that caused it, as CloudEvents' attribute `traceparent`. The lander finds it in the bytes of
events, and leaves it in the metadata of its commit for the refresher. No span has personal text: names are those of routes and tables.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from focusflow import __version__
from focusflow.errors import SetupProblem
from focusflow.settings import Settings

#: Under which name a commit of raw says whose traces it continues.
COMMIT_KEY = "traces"
#: So many traces are continued by one commit and one refresh; others end with their request.
MOST_TRACES = 50

TRACEPARENT = re.compile(rb'"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-01)"')

_tracer: Any = None  # of OpenTelemetry, once tracing has been started


@contextmanager
def tracing(settings: Settings, service: str) -> Iterator[None]:
    """Send the spans of this process until the end of the block."""
    global _tracer  # noqa: PLW0603 (one per process, as OpenTelemetry's own)
    if not settings.otlp_endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SetupProblem(
            "FOCUSFLOW_OTLP_ENDPOINT needs the extra `tracing`: pip install 'focusflow[tracing]'."
        ) from error

    resource = Resource.create({"service.name": f"focusflow-{service}", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("focusflow", __version__)
    try:
        yield
    finally:
        _tracer = None
        provider.shutdown()


def is_on() -> bool:
    return _tracer is not None


def current() -> str | None:
    """The context of the work at hand, as W3C's `traceparent`; None without a trace, or where it is not sampled."""
    if _tracer is None:
        return None
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


@contextmanager
def request_span(parent: bytes | None) -> Iterator[Any]:
    """The span of a request, which continues the trace of the caller. None where tracing is off."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind

    where = _context((parent or b"").decode("latin-1"))
    with _tracer.start_as_current_span("request", context=where, kind=SpanKind.SERVER) as span:
        yield span


@contextmanager
def spans(name: str, parents: Iterable[str], attributes: Mapping[str, Any] | None = None) -> Iterator[list[Any]]:
    """One span of the same work for each trace that it continues."""
    begun = [_tracer.start_span(name, context=_context(each), attributes=attributes) for each in parents if _tracer]
    try:
        yield begun
    except Exception as error:
        for span in begun:
            span.record_exception(error)
        raise
    finally:
        for span in begun:
            span.end()


def past_span(name: str, parent: Any, seconds: float, attributes: Mapping[str, Any]) -> None:
    """A part of a span's work that ends now."""
    from opentelemetry import trace

    now = time.time_ns()  # noqa: TID251 (OpenTelemetry's own clock)
    context = trace.set_span_in_context(parent)
    span = _tracer.start_span(name, context=context, start_time=now - int(seconds * 1e9), attributes=attributes)
    span.end(now)


def parents_of(values: Iterable[bytes]) -> list[str]:
    """The contexts that events carry, each once."""
    if _tracer is None:
        return []
    found = dict.fromkeys(match[1].decode() for value in values if (match := TRACEPARENT.search(value)))
    return list(found)[:MOST_TRACES]


def _context(traceparent: str) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})
