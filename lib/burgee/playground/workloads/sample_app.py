"""The workload of the demo: a small HTTP server with a version, a latency and a share of errors.

It imports little, because a pod is a fresh interpreter and the demo waits for it: the standard
http.server alone would double the start. Every answer leaves in a single segment on a socket
without Nagle's algorithm, else a kept connection adds 40 ms to each one and the latency check
judges that.
"""

import argparse
import itertools
import math
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

from burgee.playground.workloads.app_metrics import AppMetrics

_MAX_HEAD_BYTES = 65_536
_DRAIN_SECONDS = 1.0
ACCESS = "access"
"""The first word of a line of the access log; monotonic time, pod and host follow."""

_PROBES = frozenset({"/healthz", "/readyz"})
_METRICS = "/metrics"


class SampleApp:
    """One replica: a thread for each connection, connections are kept."""

    def __init__(
        self,
        *,
        version: str,
        pod: str,
        fail_share: float = 0.0,
        latency_ms: float = 0.0,
        access_log: bool = False,
    ) -> None:
        self._version = version
        self._pod = pod
        self._fail_share = fail_share
        self._latency_seconds = latency_ms / 1000
        self._access_log = access_log
        self._numbers = itertools.count(1)
        self._metrics = AppMetrics()
        self._busy = 0
        self._idle = threading.Condition()
        self._stopping = False

    def serve(self, listener: socket.socket) -> None:
        """Answer until the process ends."""
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """End the process once the requests that are being answered are done."""
        with self._idle:
            self._stopping = True
            self._idle.wait_for(lambda: self._busy == 0, timeout=_DRAIN_SECONDS)
        os._exit(0)

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            buffer = b""
            while True:
                head, buffer = _read_head(connection, buffer)
                if not head:
                    return
                with self._idle:
                    self._busy += 1
                try:
                    length = _content_length(head)
                    while len(buffer) < length:
                        chunk = connection.recv(65_536)
                        if not chunk:
                            return
                        buffer += chunk
                    buffer = buffer[length:]
                    connection.sendall(self._answer(head))
                except OSError:
                    return
                finally:
                    with self._idle:
                        self._busy -= 1
                        self._idle.notify_all()

    def _answer(self, head: bytes) -> bytes:
        method, target, _ = head.decode("latin-1").split(" ", 2)
        path = target.partition("?")[0]
        if path in _PROBES:
            return self._response("200 OK", b"ok\n")
        if path == _METRICS:
            return self._response("200 OK", self._metrics.exposition().encode())
        began = time.monotonic()
        status, body = self._served(head)
        self._metrics.observe(method, status[:3], time.monotonic() - began)
        return self._response(status, body)

    def _served(self, head: bytes) -> tuple[str, bytes]:
        """Status line and body of a request of a user."""
        if self._latency_seconds:
            time.sleep(self._latency_seconds)
        number = next(self._numbers)
        if self._access_log:
            line = f"{ACCESS} {time.monotonic():.3f} {self._pod} {_host(head)}\n"
            os.write(sys.stdout.fileno(), line.encode())
        if math.floor(number * self._fail_share) > math.floor((number - 1) * self._fail_share):
            return "500 Internal Server Error", b"this version fails on purpose\n"
        return "200 OK", f"{self._version} from {self._pod}\n".encode()

    def _response(self, status: str, body: bytes) -> bytes:
        closing = "connection: close\r\n" if self._stopping else ""
        return (
            f"HTTP/1.1 {status}\r\n"
            "content-type: text/plain\r\n"
            f"content-length: {len(body)}\r\n"
            f"x-version: {self._version}\r\n"
            f"x-pod: {self._pod}\r\n{closing}\r\n"
        ).encode("latin-1") + body


def _read_head(connection: socket.socket, buffer: bytes) -> tuple[bytes, bytes]:
    """The next request line with its headers, and what came after; empty at the end."""
    while b"\r\n\r\n" not in buffer:
        try:
            chunk = connection.recv(65_536)
        except OSError:
            return b"", b""
        if not chunk or len(buffer) > _MAX_HEAD_BYTES:
            return b"", b""
        buffer += chunk
    head, _, rest = buffer.partition(b"\r\n\r\n")
    return (head, rest) if head.count(b" ") >= 2 else (b"", b"")


def _content_length(head: bytes) -> int:
    value = _header(head, b"content-length")
    return int(value) if value.isdigit() else 0


def _host(head: bytes) -> str:
    return _header(head, b"host").decode("latin-1")


def _header(head: bytes, wanted: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return value.strip()
    return b""


def _end_with_parent() -> None:
    """End when stdin does: the parent holds its other end, so this also covers a killed parent."""
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


def main() -> None:
    """Serve on a loopback port until SIGTERM or the end of stdin."""
    options = argparse.ArgumentParser(description="The workload of the demo.")
    options.add_argument("--version", default="v1")
    options.add_argument("--pod", default="local")
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--fail-share", type=float, default=0.0, help="0.2 fails a fifth")
    options.add_argument("--latency-ms", type=float, default=0.0)
    options.add_argument("--access-log", action="store_true", help="a line for each request")
    chosen = options.parse_args()
    app = SampleApp(
        version=chosen.version,
        pod=chosen.pod,
        fail_share=chosen.fail_share,
        latency_ms=chosen.latency_ms,
        access_log=chosen.access_log,
    )

    def end(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=app.stop, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with socket.create_server(("127.0.0.1", chosen.port), backlog=128) as listener:
        app.serve(listener)


if __name__ == "__main__":
    main()
