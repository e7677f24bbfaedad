"""A check that is asked of a Prometheus."""

from typing import Any

from burgee.adapters.sources.prometheus import Prometheus
from burgee.metrics.model import Check, Limits, Measurement, Source

SECRET = ("test", "auth")


def ask(
    prometheus: Prometheus,
    address: str,
    *,
    query: str = "up",
    data: dict[str, str] | None = None,
    seconds: float = 5,
    **source: Any,
) -> Measurement:
    check = Check(
        id="0/query",
        name="mine",
        source=Source(type="prometheus", address=address, **source),
        query=query,
        limits=Limits(),
    )
    return prometheus.measure(check, data, timeout_seconds=seconds)
