"""Traces by OpenTelemetry's library, configured by its own environment variables.

Every call is a trace of its own: Metacontroller sends no context to continue, and none is handed
on to metric sources, webhooks and receivers.
"""

import threading
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from burgee.adapters.deeds import Deed, Ended, Kind

NAME = "burgee"
PATIENCE_SECONDS = 2.0

_NANOSECONDS = 1_000_000_000
_BAD = frozenset({"Error", "dropped", "failed", "offline"})


class OpenTelemetry:
    """Spans of calls and of what was done for them, sent in batches from a thread of their own."""

    def __init__(self) -> None:
        """Open what the environment describes; see docs/observability.md."""
        self._exporter = OTLPSpanExporter()
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer(NAME, version(NAME))

    def begin(self, hook: str) -> "CallTrace":
        """A call begins."""
        return CallTrace(self._tracer, hook)

    def close(self) -> None:
        """Send what is left; a receiver that does not answer is not waited for."""
        impatience = threading.Timer(PATIENCE_SECONDS, self._exporter.shutdown)
        impatience.daemon = True
        impatience.start()
        self._provider.shutdown()
        impatience.cancel()


class CallTrace:
    """The span of one call, and those within it."""

    def __init__(self, tracer: Tracer, hook: str) -> None:
        """Begin now."""
        self._tracer = tracer
        self._span = tracer.start_span(
            hook,
            context=Context(),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": "POST", "http.route": f"/{hook}"},
        )
        self._within = set_span_in_context(self._span, Context())

    def note(self, deed: Deed) -> None:
        """A span for the deed."""
        began = round(deed.took.began * _NANOSECONDS)
        prefix = f"{NAME}.{deed.kind}"
        span = self._tracer.start_span(
            f"{deed.kind} {deed.type}".strip(),
            context=self._within,
            kind=SpanKind.CLIENT,
            start_time=began,
            attributes={
                f"{prefix}.type": deed.type,
                f"{prefix}.name": deed.name,
                f"{prefix}.outcome": deed.outcome,
            },
        )
        # A webhook that says no is no error: a closed gate does, and a rollback webhook.
        if deed.outcome in _BAD and deed.kind is not Kind.WEBHOOK:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=began + round(deed.took.seconds * _NANOSECONDS))

    def end(self, ended: Ended) -> None:
        """The call is over."""
        span = self._span
        span.set_attribute("http.response.status_code", ended.code)
        span.set_attribute(f"{NAME}.outcome", ended.outcome)
        if ended.canary is not None:
            namespace, name = ended.canary
            span.set_attribute("k8s.namespace.name", namespace)
            span.set_attribute(f"{NAME}.canary.name", name)
        if ended.phase:
            span.set_attribute(f"{NAME}.canary.phase", ended.phase)
        if not ended.well:
            span.set_status(Status(StatusCode.ERROR, ended.outcome))
        span.end()


def _resource() -> Resource:
    """What the environment says of this process; its service is burgee where that says nothing."""
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: NAME}))
    return found
