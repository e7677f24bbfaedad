"""A paced client: what a user of the service sees while a release runs."""

import bisect
import http.client
import itertools
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from burgee.playground.dataplane.visitors import Visitor

NO_RESPONSE = 0
"""The status of a request that got no response at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One finished request.

    Attributes:
        started: `time.monotonic()` when it was sent.
        ended: likewise when it was answered.
        version: what the response says that it comes from, empty where it says nothing.
        pod: likewise.
        status: HTTP status, `NO_RESPONSE` where the connection broke.
        visitor: who sent it.
    """

    started: float
    ended: float
    version: str
    status: int
    pod: str = ""
    visitor: str = ""

    @property
    def failed(self) -> bool:
        """Whether a user would call it an error."""
        return self.status == NO_RESPONSE or self.status >= 500


def by_version(responses: Sequence[Response]) -> Counter[str]:
    """How many responses each version gave."""
    return Counter(response.version for response in responses)


def by_outcome(responses: Sequence[Response]) -> Counter[tuple[str, int]]:
    """How many responses each version gave with each status."""
    return Counter((response.version, response.status) for response in responses)


class Load:
    """Sends GET requests at a fixed rate over connections that are kept.

    Each thread has its own times to send, so a slow response delays later requests instead of
    bunching them; a thread that is late by more than a second skips what it missed. Each thread
    has its own visitors too, who take turns, so that no visitor has two requests under way.
    """

    def __init__(
        self,
        url: str,
        *,
        host: str,
        requests_per_second: float = 160.0,
        threads: int = 6,
        remember: int = 100_000,
        visitors: Sequence[Visitor] = (),
        on_demand: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            url: of the proxy.
            host: the name by which the service is called.
            requests_per_second: of all threads together.
            threads: connections.
            remember: how many responses.
            visitors: who sends, at least one for each thread; none for users without a name.
            on_demand: send nothing but after `demand`.
            clock: monotonic.
        """
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = parts.path or "/"
        self._host = host
        self._pause_seconds = threads / requests_per_second
        self._clock = clock
        self._until = 0.0 if on_demand else math.inf
        self._lock = threading.Lock()
        self._responses: deque[Response] = deque(maxlen=remember)
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._send,
                args=(index / requests_per_second, visitors[index::threads] or [Visitor()]),
                name=f"load-{index}",
            )
            for index in range(threads)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def demand(self, seconds: float) -> None:
        """Send for so long from now, where requests are sent on demand."""
        self._until = max(self._until, self._clock() + seconds)

    def close(self) -> None:
        """Stop; requests that are under way are finished and counted."""
        self._stopped.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def between(self, start: float, end: float) -> list[Response]:
        """Responses of requests that were both sent and answered in a span of monotonic time."""
        with self._lock:
            first = bisect.bisect_left(self._responses, start, key=lambda r: r.ended)
            recent = [self._responses[i] for i in range(first, len(self._responses))]
        return [r for r in recent if r.started >= start and r.ended <= end]

    def last(self, seconds: float) -> list[Response]:
        """Responses of the last seconds."""
        now = self._clock()
        return self.between(now - seconds, now)

    def all(self) -> list[Response]:
        """Every response that is remembered."""
        with self._lock:
            return list(self._responses)

    def _send(self, delay_seconds: float, visitors: Sequence[Visitor]) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=5)
        turns = itertools.cycle(visitors)
        try:
            due = self._clock() + delay_seconds
            while not self._stopped.wait(max(0.0, due - self._clock())):
                if self._clock() < self._until:
                    response = self._one(connection, next(turns))
                    with self._lock:
                        self._responses.append(response)
                due = max(due + self._pause_seconds, self._clock() - 1.0)
        finally:
            connection.close()

    def _one(self, connection: http.client.HTTPConnection, visitor: Visitor) -> Response:
        started = self._clock()
        version, pod, status = "", "", NO_RESPONSE
        try:
            answer = self._asked(connection, {**visitor.headers(), "host": self._host})
            answer.read()
            version, pod = answer.getheader("x-version", ""), answer.getheader("x-pod", "")
            status = answer.status
            visitor.learn(answer.headers.get_all("set-cookie", []))
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens a new one
        return Response(
            started=started,
            ended=self._clock(),
            version=version,
            status=status,
            pod=pod,
            visitor=visitor.name,
        )

    def _asked(
        self, connection: http.client.HTTPConnection, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send a request, once more where a kept connection was closed between two requests.

        A server may close an idle connection at any time, and HTTP lets clients repeat what
        is idempotent (RFC 9112, 9.3.1), which they all do. On a fresh one it is a failure.
        """
        kept = connection.sock is not None
        try:
            connection.request("GET", self._path, headers=headers)
            return connection.getresponse()
        except (BrokenPipeError, ConnectionResetError):  # RemoteDisconnected is one
            if not kept:
                raise
            connection.close()
        connection.request("GET", self._path, headers=headers)
        return connection.getresponse()
