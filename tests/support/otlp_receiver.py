"""A receiver of OpenTelemetry's traces over HTTP, which understands what it gets."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scripted_http import Received, Reply, ScriptedServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span as it came over the wire; ids in hex, times in seconds since 1970."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    began: float
    ended: float
    failed: bool
    attributes: dict[str, Any]
    service: str


class OtlpReceiver:
    """Takes what is POSTed to /v1/traces.

    Attributes:
        bodies: as they came.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._spans: list[Span] = []
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    @property
    def spans(self) -> list[Span]:
        """Everything so far."""
        with self._lock:
            return list(self._spans)

    def wait(self, found: Callable[[list[Span]], Any], seconds: float = 15.0) -> Any:
        """Until something can be found among the spans; returns it."""
        end = time.monotonic() + seconds
        while not (result := found(self.spans)):
            assert time.monotonic() < end, [span.name for span in self.spans]
            time.sleep(0.02)
        return result

    def _answer(self, received: Received) -> Reply:
        if received.path != "/v1/traces":
            return Reply(status=404)
        message = ExportTraceServiceRequest.FromString(received.body)
        found = [
            Span(
                name=span.name,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                kind=span.kind,
                began=span.start_time_unix_nano / 1e9,
                ended=span.end_time_unix_nano / 1e9,
                failed=span.status.code == 2,
                attributes=_values(span.attributes),
                service=_values(group.resource.attributes)["service.name"],
            )
            for group in message.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self.bodies.append(received.body)
            self._spans += found
        return Reply(content_type="application/x-protobuf")


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
