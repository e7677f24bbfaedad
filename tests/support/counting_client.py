"""A client that counts who answers: a fixed number of connections, one request under way on each.

Linear in what it sends and fast enough for tens of thousands of requests in a test; only for
loopback.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_DEADLINE_SECONDS = 60.0


@dataclass
class Tally:
    """What came back.

    Attributes:
        pods: answers by the app of the pod: `shop` for the target, `shop-primary`.
        failed: answers of 500 and more, and connections that broke before an answer.
        first_failure: for a message.
    """

    pods: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    first_failure: str = ""

    @property
    def total(self) -> int:
        return self.pods.total() + self.failed

    def share(self, app: str) -> float:
        """Percent of all that was sent."""
        return 100 * self.pods[app] / self.total


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.socket = socket.create_connection(address, timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.fresh = True

    def reopen(self) -> None:
        self.socket.close()
        self.__init__(self._address)  # type: ignore[misc]


def send_many(
    url: str,
    host: str,
    count: int,
    *,
    connections: int = 8,
    headers: Mapping[str, str] | None = None,
    requests_per_second: float = 0.0,
    until: Callable[[], bool] = lambda: False,
) -> Tally:
    """Send GET requests and count who answers.

    A kept connection that the server closed between two requests is opened again, and the request
    is sent on the new one, as HTTP/1.1 asks of clients (RFC 9112, 9.3.1). It counts as failed
    when a fresh connection breaks, or any once a part of the answer has come.

    Args:
        url: of the proxy.
        host: of the service.
        count: of requests.
        connections: that are open.
        headers: further ones.
        requests_per_second: an upper bound; none for as fast as answers come.
        until: ends it early, asked now and then.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    assert address[0] == "127.0.0.1"
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    request = f"GET / HTTP/1.1\r\nhost: {host}\r\n{extra}\r\n".encode()
    tally = Tally()
    deadline = time.monotonic() + _DEADLINE_SECONDS
    began, sent = time.monotonic(), 0
    idle = [_Connection(address) for _ in range(min(connections, count))]
    every = list(idle)
    with selectors.DefaultSelector() as selector:
        while tally.total < count:
            assert time.monotonic() < deadline, f"{tally.total} of {count} after a minute"
            if until() and sent == tally.total:
                break
            while idle and sent < count and not until():
                if requests_per_second:
                    wait = began + sent / requests_per_second - time.monotonic()
                    if wait > 0:
                        if sent == tally.total:
                            time.sleep(wait)
                        else:
                            break
                connection = idle.pop()
                _send(connection, request)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                sent += 1
            for key, _ in selector.select(0.001 if requests_per_second else 0.5):
                connection = key.data
                outcome = _receive(connection, tally)
                if outcome == "again":
                    selector.unregister(key.fileobj)
                    connection.reopen()
                    _send(connection, request)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                elif outcome == "done":
                    selector.unregister(key.fileobj)
                    idle.append(connection)
    for connection in every:
        connection.socket.close()
    return tally


def _send(connection: _Connection, request: bytes) -> None:
    try:
        connection.socket.sendall(request)
    except OSError:
        connection.reopen()
        connection.socket.sendall(request)


def _receive(connection: _Connection, tally: Tally) -> str:
    """Whether an answer is `done`, wants `more`, or has to be asked for `again`."""
    try:
        chunk = connection.socket.recv(65_536)
    except OSError as error:
        chunk, broken = b"", str(error)
    else:
        broken = "closed"
    if not chunk:
        if not connection.buffer and not connection.fresh:
            return "again"
        tally.failed += 1
        tally.first_failure = tally.first_failure or f"connection {broken}"
        connection.reopen()
        return "done"
    connection.buffer += chunk
    head, end, body = connection.buffer.partition(b"\r\n\r\n")
    if not end:
        return "more"
    lines = head.decode("latin-1").split("\r\n")
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    if len(body) < int(fields.get("content-length", "0")):
        return "more"
    status = int(lines[0].split()[1])
    if status >= 500 or "x-pod" not in fields:
        tally.failed += 1
        tally.first_failure = tally.first_failure or f"{lines[0]} {body[:200]!r}"
    else:
        tally.pods[fields["x-pod"].rsplit("-", 2)[0]] += 1
    connection.buffer, connection.fresh = b"", False
    if fields.get("connection", "").lower() == "close":
        connection.reopen()
    return "done"
