"""The short way for a read: one GET over a kept connection, by the standard library's client.

Every sync begins with the read of its Canary, and most syncs are nothing but that. What requests
adds to such a read (preparing, adapting, pooling) takes four times the processor time of the
read itself, so it is used where its comfort is needed: for writes, for trust that is not a CA
file, and wherever this way finds no connection.
"""

import ssl
import time
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import TypeAlias
from urllib.parse import urlsplit

from burgee.adapters.cluster.kubeconfig import KubeAccess

_MOST_KEPT = 16
_MOST_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

Answer: TypeAlias = tuple[int, bytes]


class BrokenRead(Exception):
    """There is no usable answer, and asking again would be no better; the text says why."""


class QuickReader:
    """Reads from one API server, for use by many threads at once."""

    def __init__(self, access: KubeAccess, *, user_agent: str) -> None:
        """Open nothing yet."""
        parts = urlsplit(access.server)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._prefix = parts.path
        self._access = access
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        # Only a server whose certificate is checked against a file that burgee was given: the
        # system's own trust, and no trust at all, are left to the long way.
        self._usable = not self._secure or isinstance(access.verify, str)
        self._kept: list[HTTPConnection] = []
        self._closed = False

    def read(
        self, target: str, token: str, deadline: float, connect_seconds: float
    ) -> Answer | None:
        """GET a path.

        Args:
            target: path and query, quoted.
            token: the bearer token, may be empty.
            deadline: the monotonic() time by which the whole answer must be there.
            connect_seconds: the most that a new connection may take.

        Returns:
            The code and the body; None where this is to be done the long way: no connection is to
            be had, or a kept one was closed meanwhile.

        Raises:
            BrokenRead: there was no whole answer, or none in time.
        """
        if not self._usable:
            return None
        connection, reused = self._take(min(connect_seconds, _left(deadline)))
        if connection is None:
            return None
        try:
            answer = self._exchange(connection, target, token, deadline)
        except BaseException as error:
            connection.close()
            _check_failure(error, reused=reused)
            return None
        if connection.sock is not None and len(self._kept) < _MOST_KEPT and not self._closed:
            self._kept.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        while self._kept:
            with suppress(IndexError):
                self._kept.pop().close()

    def _exchange(
        self, connection: HTTPConnection, target: str, token: str, deadline: float
    ) -> Answer:
        headers = self._headers
        if token:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        connection.sock.settimeout(_left(deadline))
        connection.request("GET", self._prefix + target, headers=headers)
        response = connection.getresponse()
        return response.status, _body(response, connection, deadline)

    def _take(self, connect_seconds: float) -> tuple[HTTPConnection | None, bool]:
        """A connection, and whether it is a kept one."""
        with suppress(IndexError):
            return self._kept.pop(), True
        with suppress(OSError, ValueError, HTTPException):
            return self._open(connect_seconds), False
        return None, False

    def _open(self, seconds: float) -> HTTPConnection:
        if self._secure:
            # Read anew for every connection: the files may have been rotated.
            context = ssl.create_default_context(cafile=str(self._access.verify))
            if self._access.client_certificate:
                context.load_cert_chain(*self._access.client_certificate)
            connection: HTTPConnection = HTTPSConnection(
                self._host, self._port, timeout=seconds, context=context
            )
        else:
            connection = HTTPConnection(self._host, self._port, timeout=seconds)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        connection.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return connection


def _body(response: HTTPResponse, connection: HTTPConnection, deadline: float) -> bytes:
    """The whole body, within the time and up to a size."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise BrokenRead("the answer is too large")
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
    # Nothing is left; this says so to the connection, which then serves again.
    response.read()
    return b"".join(parts)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _check_failure(error: BaseException, *, reused: bool) -> None:
    """Return where the long way may help, raise where it cannot."""
    match error:
        case TimeoutError():
            raise BrokenRead("no answer in time") from None
        case ConnectionError() if reused:
            return
        case ConnectionError():
            raise BrokenRead("the connection was closed without an answer") from None
        case OSError() | IncompleteRead():
            raise BrokenRead("the answer broke off") from None
        case HTTPException() | ValueError():
            raise BrokenRead("the answer is no HTTP") from None
        case _:
            raise error
