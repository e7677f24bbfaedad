"""One HTTP/1.1 exchange on an open connection: as much of it as an API server answers with."""

import time
from dataclasses import dataclass
from socket import socket

_MOST_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"
_LINE_END = b"\r\n"


class Closed(Exception):
    """The server has closed the connection, or breaks it."""


class Unusual(Exception):
    """The answer is nothing that this module reads, though it may be right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What of an answer's head decides how its body is read; `length` is None for chunks."""

    code: int
    length: int | None
    kept: bool


def exchange(
    connection: socket, request: bytes, received: bytearray, deadline: float
) -> tuple[Head, bytes]:
    """Send a request and read the whole answer: its head and its body.

    Args:
        connection: nothing is under way on it; afterwards it is to be closed if this raises.
        request: complete.
        received: what comes is added here, so that a caller can tell whether anything came.
        deadline: the monotonic() time by which all must be there.

    Raises:
        Closed: the server did so before the end.
        Unusual: see there.
        TimeoutError: the deadline is over.
        OSError: the connection failed.
        ValueError, IndexError: what came is no HTTP.
    """
    connection.settimeout(_left(deadline))
    connection.sendall(request)
    while (end := received.find(_HEAD_END)) < 0:
        _receive(connection, received, deadline)
    head = _parsed(bytes(received[:end]))
    start = end + len(_HEAD_END)
    if head.length is None:
        body, end = _chunks(connection, received, start, deadline)
    else:
        end = start + head.length
        while len(received) < end:
            _receive(connection, received, deadline)
        body = bytes(received[start:end])
    if len(received) != end:
        raise ValueError
    return head, body


def _receive(connection: socket, received: bytearray, deadline: float) -> None:
    connection.settimeout(_left(deadline))
    chunk = connection.recv(_CHUNK_BYTES)
    received += chunk
    if not chunk:
        raise Closed
    if len(received) > _MOST_BYTES:
        raise Unusual


def _parsed(raw: bytes) -> Head:
    status, *lines = raw.split(_LINE_END)
    version, code, *_ = status.split(b" ", 2)
    fields = {name.lower(): value.strip() for name, _, value in (x.partition(b":") for x in lines)}
    length, encoding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    number = int(code)
    if version != b"HTTP/1.1" or number < 200 or number in {204, 304}:
        raise Unusual
    if (length is None) is (encoding is None) or encoding not in {None, b"chunked"}:
        raise Unusual
    if b"content-encoding" in fields:
        raise Unusual
    return Head(
        code=number,
        length=None if length is None else _whole(length, 10),
        kept=fields.get(b"connection", b"").lower() != b"close",
    )


def _chunks(
    connection: socket, received: bytearray, start: int, deadline: float
) -> tuple[bytes, int]:
    """A body in chunks, and where it ends; extensions and trailers are unusual."""
    parts: list[bytes] = []
    while True:
        while (line_end := received.find(_LINE_END, start)) < 0:
            _receive(connection, received, deadline)
        announced = bytes(received[start:line_end])
        if b";" in announced:
            raise Unusual
        size = _whole(announced, 16)
        data = line_end + len(_LINE_END)
        start = data + size + len(_LINE_END)
        while len(received) < start:
            _receive(connection, received, deadline)
        if bytes(received[data + size : start]) != _LINE_END:
            raise ValueError if size else Unusual
        if size == 0:
            return b"".join(parts), start
        parts.append(bytes(received[data : data + size]))


def _whole(text: bytes, base: int) -> int:
    """A number without sign, blanks or underscores."""
    if not text.isalnum():
        raise ValueError
    return int(text, base)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
