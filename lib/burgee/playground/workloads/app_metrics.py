"""What the sample app measures of itself: `http_request_duration_seconds`, as podinfo has it.

It imports little, like the app.
"""

import bisect
import threading

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NAME = "http_request_duration_seconds"


class AppMetrics:
    """Durations of requests by method and status."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._sums: dict[tuple[str, str], float] = {}

    def observe(self, method: str, status: str, seconds: float) -> None:
        """Count one request."""
        key = method, status
        place = bisect.bisect_left(_BUCKETS, seconds)
        with self._lock:
            counts = self._counts.setdefault(key, [0] * (len(_BUCKETS) + 1))
            counts[place] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds

    def exposition(self) -> str:
        """Prometheus's text format."""
        with self._lock:
            known = [(key, list(counts), self._sums[key]) for key, counts in self._counts.items()]
        lines = [f"# TYPE {_NAME} histogram"]
        for (method, status), counts, total in known:
            labels = f'method="{method}",path="root",status="{status}"'
            below = 0
            for limit, count in zip((*map(str, _BUCKETS), "+Inf"), counts, strict=True):
                below += count
                lines.append(f'{_NAME}_bucket{{{labels},le="{limit}"}} {below}')
            lines.append(f"{_NAME}_sum{{{labels}}} {total}")
            lines.append(f"{_NAME}_count{{{labels}}} {below}")
        return "\n".join(lines) + "\n"
