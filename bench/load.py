"""A load generator: a few kept connections, each with one request under way at any time.

One thread serves all of them, so that on a small machine most of the processor is left to what is
measured.
"""

import itertools
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CLIENTS = 4
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 18


class WrongAnswer(Exception):
    """A measured call was not answered as it has to be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What one run of load came to."""

    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Answers a second, over all clients."""
        return len(self.latencies_ms) / self.seconds


@dataclass(slots=True)
class _Client:
    """One connection and what it waits for."""

    sock: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    wanted: int = 0


def http_post(url: str, body: bytes, *, token: str) -> bytes:
    """A request as Metacontroller sends it, ready to be written to a socket."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\n"
        f"Host: {parts.netloc}\r\n"
        "User-Agent: Go-http-client/1.1\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    )
    return head.encode() + body


def run(
    url: str,
    requests: Sequence[bytes],
    *,
    seconds: float = 0.0,
    count: int = 0,
    clients: int = CLIENTS,
) -> Run:
    """Send requests in turn until the time is over or so many are answered.

    Args:
        url: of the server; the path stands in the requests.
        requests: from `http_post`.
        seconds: how long, 0 for no limit.
        count: how many, 0 for no limit.
        clients: connections.

    Raises:
        WrongAnswer: one was no 200, or none came.
    """
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        waiting = [_Client(opened.enter_context(_connect(url))) for _ in range(clients)]
        for client in waiting:
            selector.register(client.sock, selectors.EVENT_READ, client)
        turns = itertools.cycle(requests)
        began = time.perf_counter()
        for client in waiting:
            _send(client, next(turns))
        started = unanswered = clients
        while unanswered:
            events = selector.select(_TIMEOUT_SECONDS)
            if not events:
                raise WrongAnswer(f"{url} does not answer")
            for key, _mask in events:
                client = key.data
                if not _received_all(client):
                    continue
                now = time.perf_counter()
                latencies.append((now - client.sent_at) * 1000)
                if (seconds and now - began >= seconds) or (count and started >= count):
                    unanswered -= 1
                    continue
                _send(client, next(turns))
                started += 1
        took = time.perf_counter() - began
    return Run(seconds=took, latencies_ms=tuple(latencies))


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port), _TIMEOUT_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _send(client: _Client, request: bytes) -> None:
    client.received.clear()
    client.wanted = 0
    client.sent_at = time.perf_counter()
    client.sock.sendall(request)


def _received_all(client: _Client) -> bool:
    """Read what is there; whether the answer is complete."""
    chunk = client.sock.recv(_CHUNK_BYTES)
    client.received += chunk
    if not client.wanted:
        end = client.received.find(b"\r\n\r\n")
        if end >= 0:
            client.wanted = end + 4 + _body_bytes(bytes(client.received[:end]))
    if not chunk or len(client.received) > client.wanted > 0:
        raise WrongAnswer(f"the answer broke off: {bytes(client.received[:200])!r}")
    return len(client.received) == client.wanted


def _body_bytes(head: bytes) -> int:
    status, _, rest = head.partition(b"\r\n")
    if status.split(b" ", 2)[1] != b"200":
        raise WrongAnswer(status.decode(errors="replace"))
    for line in rest.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise WrongAnswer("an answer without a length")
