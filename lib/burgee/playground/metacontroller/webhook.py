"""Calls of the hooks: POST, one timeout for the whole exchange, no retries.

Source: Metacontroller pkg/hooks/webhook.go. Connections are kept alive per thread and URL; one
that the server has closed meanwhile is noticed before it is used again, as Go does, because a
POST that dies half-way is not sent again.
"""

import http.client
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from math import ceil
from urllib.parse import urlsplit

from burgee.playground.metacontroller.envelope import SyncFailed
from burgee.playground.metacontroller.faults import Faults

_CHUNK_BYTES = 1 << 16


class HookFailed(SyncFailed):
    """The hook could not be asked, or answered with something else than 200."""


class TooManyRequests(Exception):
    """429: ask again in `after_seconds`; without a usable header that is 0, at once."""

    def __init__(self, after_seconds: int) -> None:
        super().__init__(f"too many requests, again in {after_seconds} s")
        self.after_seconds = after_seconds


def retry_after_seconds(header: str | None, now_seconds: float) -> int:
    """The whole seconds that a Retry-After header asks for, 0 where it can't be read.

    Args:
        header: an integer or an HTTP date.
        now_seconds: the time since the epoch that a date is measured from.
    """
    text = (header or "").strip()
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return ceil(parsedate_to_datetime(text).timestamp() - now_seconds)
    return 0


class HookClient:
    """Calls one hook, its URLs in turn.

    Args:
        urls: where the hook is served; more than one are several replicas.
        timeout_seconds: for one call, from connecting to the last byte.
        authorization: the Authorization header, empty for none.
        faults: may break the connection at the worst moments.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout_seconds: float,
        authorization: str = "",
        faults: Faults | None = None,
    ) -> None:
        self.statuses: Counter[int] = Counter()
        self._targets = [urlsplit(url) for url in urls]
        self._timeout_seconds = timeout_seconds
        self._faults = faults or Faults()
        self._headers = {"Content-Type": "application/json", "User-Agent": "Go-http-client/1.1"}
        if authorization:
            self._headers["Authorization"] = authorization
        self._lock = threading.Lock()
        self._turn = 0
        self._aborted = False
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()

    def call(self, body: bytes) -> bytes:
        """POST `body` and return the body of a 200 answer.

        Raises:
            HookFailed: any other status but 429, a timeout, a broken connection.
            TooManyRequests: 429.
        """
        if self._faults.hit("lost_request"):
            raise HookFailed("http error: connection reset before the request was sent")
        status, header, answer = self._exchange(body)
        if self._faults.hit("lost_answer"):
            raise HookFailed("http error: connection reset while the answer was read")
        if status == 429:
            raise TooManyRequests(retry_after_seconds(header, time.time()))
        if status != 200:
            text = answer.decode(errors="replace")
            raise HookFailed(f"unsupported status code: {status} body: {text}")
        return answer

    def abort(self) -> None:
        """Let calls that run fail, and all that come."""
        with self._lock:
            self._aborted = True
            sockets = [connection.sock for connection in self._open]
        for sock in sockets:
            if sock is not None:
                # The thread that owns the connection closes it; it may have done so just now.
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections; to be called when no thread uses them any more."""
        with self._lock:
            connections = list(self._open)
            self._open.clear()
        for connection in connections:
            connection.close()

    def _exchange(self, body: bytes) -> tuple[int, str | None, bytes]:
        deadline = time.monotonic() + self._timeout_seconds
        with self._lock:
            index = self._turn % len(self._targets)
            self._turn += 1
        target = self._targets[index]
        try:
            with self._connection(index) as connection:
                connection.request("POST", target.path or "/", body, self._headers)
                if self._faults.hit("hook_timeout"):
                    time.sleep(self._faults.rates.hook_timeout_seconds)
                    raise TimeoutError("context deadline exceeded")
                self._limit(connection, deadline)
                response = connection.getresponse()
                answer = b"".join(self._chunks(connection, response, deadline))
        except (OSError, http.client.HTTPException) as error:
            raise HookFailed(f"http error: Post {target.geturl()}: {error!r}") from error
        with self._lock:
            self.statuses[response.status] += 1
        return response.status, response.getheader("Retry-After"), answer

    def _chunks(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        deadline: float,
    ) -> Iterator[bytes]:
        while chunk := response.read1(_CHUNK_BYTES):
            yield chunk
            self._limit(connection, deadline)
        # Only a read without a limit lets the response know that it is over.
        yield response.read()

    @staticmethod
    def _limit(connection: http.client.HTTPConnection, deadline: float) -> None:
        """Let the next read end at the deadline of the whole call."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("context deadline exceeded")
        # The last read of a closing server has no socket any more.
        if connection.sock is not None:
            connection.sock.settimeout(left)

    @contextmanager
    def _connection(self, index: int) -> Generator[http.client.HTTPConnection, None, None]:
        """This thread's connection to one URL; thrown away when anything goes wrong with it."""
        connection = self._held().get(index)
        if connection is None or _is_dead(connection):
            self._drop(index)
            connection = self._connect(index)
        try:
            yield connection
        except BaseException:
            self._drop(index)
            raise
        # An answer with Connection: close has closed the socket already.
        if connection.sock is None:
            self._drop(index)

    def _connect(self, index: int) -> http.client.HTTPConnection:
        if self._aborted:
            raise HookFailed("context canceled")
        target = self._targets[index]
        kind = (
            http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(target.hostname or "", target.port, timeout=self._timeout_seconds)
        self._held()[index] = connection
        with self._lock:
            self._open.add(connection)
        return connection

    def _drop(self, index: int) -> None:
        connection = self._held().pop(index, None)
        if connection is not None:
            connection.close()
            with self._lock:
                self._open.discard(connection)

    def _held(self) -> dict[int, http.client.HTTPConnection]:
        held: dict[int, http.client.HTTPConnection] | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = {}
        return held


def _is_dead(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed (or sent something on) a connection that was idle."""
    sock: socket.socket | None = connection.sock
    if sock is None:
        return True
    readable, _, _ = select.select([sock], [], [], 0)
    return bool(readable)
