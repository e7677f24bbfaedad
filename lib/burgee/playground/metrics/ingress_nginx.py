"""What ingress-nginx's own exporter shows, counted from the access log of a plain nginx.

Source: ingress-nginx, internal/ingress/metric/collectors/socket.go and
rootfs/etc/nginx/lua/monitor.lua. Only what Flagger's queries need is shown.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from burgee.playground.metrics.exporter import Exporter

JOB = "ingress-nginx"
_REQUESTS = "nginx_ingress_controller_requests"
_DURATION = "nginx_ingress_controller_response_duration_seconds"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LABELS = ("namespace", "ingress", "service", "canary", "path", "method", "status")


@dataclass(kw_only=True)
class _Series:
    """Requests with the same labels."""

    requests: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS) + 1))
    seconds: float = 0.0


class RequestCounts:
    """The counters of a log that grows.

    Args:
        log: its lines have the labels, the time of the request and that of the response, with
            tabs between; one that is no number (no response, or several tries) is not counted.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0
        self._rest = b""
        self._series: dict[tuple[str, ...], _Series] = {}

    def exposition(self) -> str:
        """Read what is new, and show all in Prometheus's text format."""
        self._read()
        lines = [f"# TYPE {_REQUESTS} counter", f"# TYPE {_DURATION} histogram"]
        for values, series in self._series.items():
            pairs = zip(_LABELS, values, strict=True)
            labels = ",".join(f'{name}="{value}"' for name, value in pairs)
            lines.append(f"{_REQUESTS}{{{labels}}} {series.requests}")
            lines += _histogram(labels, series)
        return "\n".join(lines) + "\n"

    def _read(self) -> None:
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._offset)
            fresh = log.read()
        self._offset += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        for line in lines:
            self._count(line.decode("utf-8", "replace").split("\t"))

    def _count(self, fields: Sequence[str]) -> None:
        if len(fields) != len(_LABELS) + 2:
            return
        *values, _, response_time = fields
        series = self._series.setdefault(tuple(values), _Series())
        series.requests += 1
        try:
            seconds = float(response_time)
        except ValueError:
            return
        series.counts[bisect.bisect_left(_BUCKETS, seconds)] += 1
        series.seconds += seconds


def nginx_exporter(log: Path) -> Exporter:
    """The exporter for an nginx that writes this log."""
    counts = RequestCounts(log)
    return Exporter(JOB, counts.exposition)


def _histogram(labels: str, series: _Series) -> list[str]:
    lines: list[str] = []
    below = 0
    for limit, count in zip((*map(str, _BUCKETS), "+Inf"), series.counts, strict=True):
        below += count
        lines.append(f'{_DURATION}_bucket{{{labels},le="{limit}"}} {below}')
    return [
        *lines,
        f"{_DURATION}_sum{{{labels}}} {series.seconds}",
        f"{_DURATION}_count{{{labels}}} {below}",
    ]
