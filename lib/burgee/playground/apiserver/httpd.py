"""A small HTTP/1.1 server: keep-alive, one write per answer, streams for watches.

The standard library's handler parses headers as e-mail, which costs more than a whole read of
the store; this one does what API clients need and no more. One thread per connection.
"""

import contextlib
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedReader
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

_LOG = logging.getLogger(__name__)

_MAX_LINE_BYTES = 65536
_MAX_HEADERS = 100
_MAX_BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request as read from the wire; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """An answer in chunks. An empty chunk sends nothing: it lets the server look around."""

    chunks: Iterator[bytes]
    close: Callable[[], None]
    content_type: str = "application/json"


Handler: TypeAlias = Callable[[Request], Answer | Stream]


class BadRequestLine(ValueError):
    """What came is not HTTP; the connection is closed."""


class HttpServer:
    """Listens on one address until it is closed."""

    def __init__(self, handler: Handler, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        self._listener = socket.create_server((host, port), backlog=128)
        self.host: str = host
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._closed = False
        self._acceptor = threading.Thread(target=self._accept, name="api-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def close(self) -> None:
        """Stop accepting, end every connection, wait for the threads."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._open.values())
            for connection in self._open:
                _shut(connection)
        if self._acceptor.is_alive():
            # Closing a listener does not wake accept on every system; a connection does.
            with contextlib.suppress(OSError):
                socket.create_connection((self.host, self.port), timeout=1).close()
            self._acceptor.join(timeout=5)
        self._listener.close()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="api-connection", daemon=True
            )
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._open[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as reader:
                while self._exchange(connection, reader):
                    pass
        except (OSError, BadRequestLine):
            pass  # the peer went away, or it speaks something else
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def _exchange(self, connection: socket.socket, reader: BufferedReader) -> bool:
        """One request and its answer; False when the connection is to be closed."""
        request = read_request(connection, reader)
        if request is None:
            return False
        answer = self._handler(request)
        if isinstance(answer, Stream):
            self._stream(connection, answer)
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        connection.sendall(_encoded(answer, keep=keep, empty=request.method == "HEAD"))
        return keep

    def _stream(self, connection: socket.socket, stream: Stream) -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {stream.content_type}\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        try:
            connection.sendall(head.encode())
            for chunk in stream.chunks:
                if chunk:
                    connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                elif self._closed or _is_gone(connection):
                    return
            connection.sendall(b"0\r\n\r\n")
        finally:
            stream.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _is_gone(connection: socket.socket) -> bool:
    """Whether the peer of a stream has closed its side."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _encoded(answer: Answer, *, keep: bool, empty: bool) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    lines = [
        f"HTTP/1.1 {answer.status} {phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    if not keep:
        lines.append("Connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return head if empty else head + answer.body


def read_request(connection: socket.socket, reader: BufferedReader) -> Request | None:
    """The next request of a connection; None at its end.

    Raises:
        BadRequestLine: that is no HTTP, or more of it than is taken.
    """
    line = reader.readline(_MAX_LINE_BYTES)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        raise BadRequestLine(line)
    method, target, _ = parts
    headers: dict[str, str] = {}
    while (line := reader.readline(_MAX_LINE_BYTES)) not in {b"\r\n", b"\n"}:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator or len(headers) >= _MAX_HEADERS:
            raise BadRequestLine(line)
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    path, _, query = target.partition("?")
    return Request(
        method=method,
        path=unquote(path),
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers=headers,
        body=_body(reader, headers),
    )


def _body(reader: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunked(reader)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
        raise BadRequestLine(f"a body of {length} bytes")
    wanted = int(length)
    body = reader.read(wanted) if wanted else b""
    if len(body) < wanted:
        raise BadRequestLine("the body ended early")
    return body


def _chunked(reader: BufferedReader) -> bytes:
    body = bytearray()
    while True:
        size = reader.readline(_MAX_LINE_BYTES).partition(b";")[0].strip()
        try:
            length = int(size, 16)
        except ValueError as e:
            raise BadRequestLine(size) from e
        if len(body) + length > _MAX_BODY_BYTES:
            raise BadRequestLine("a body that is too large")
        body += reader.read(length)
        reader.readline(_MAX_LINE_BYTES)
        if not length:
            return bytes(body)
