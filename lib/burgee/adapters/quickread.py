"""The short way for a read: one GET over a kept connection, and nothing out of the ordinary.

Every sync begins with the read of its Canary, and most syncs are nothing but that. requests
prepares, adapts, pools and parses headers as e-mail, which takes more time than all the rest of
such a sync. So a read goes this way first. It speaks as much HTTP/1.1 as an API server answers
with; what is right but out of the ordinary is left to the long way.
"""

import ssl
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection, socket
from typing import TypeAlias
from urllib.parse import urlsplit

from burgee.adapters.kubeconfig import KubeAccess
from burgee.adapters.plainhttp import Closed, Unusual, exchange

_MOST_KEPT = 16

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
        self._headers = (
            f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {user_agent}\r\n"
            "Accept: application/json\r\nAccept-Encoding: identity\r\n"
        )
        # Only a server whose certificate is checked against a file that burgee was given: the
        # system's own trust, and no trust at all, are left to the long way.
        self._usable = not self._secure or isinstance(access.verify, str)
        self._kept: list[socket] = []
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
            be had, a kept one was closed meanwhile, or the answer is unusual.

        Raises:
            BrokenRead: there was no whole answer, or none in time.
        """
        request = self._request(target, token)
        if not self._usable or request is None:
            return None
        connection, reused = self._take(connect_seconds)
        if connection is None:
            return None
        received = bytearray()
        try:
            head, body = exchange(connection, request, received, deadline)
        except BaseException as error:
            connection.close()
            _check_failure(error, received, reused=reused)
            return None
        if head.kept and len(self._kept) < _MOST_KEPT and not self._closed:
            self._kept.append(connection)
        else:
            connection.close()
        return head.code, body

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        while self._kept:
            with suppress(IndexError):
                self._kept.pop().close()

    def _request(self, target: str, token: str) -> bytes | None:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        plain = target.isascii() and target.isprintable() and " " not in target
        if not plain or not token.isascii() or not token.isprintable():
            return None
        return f"GET {self._prefix}{target}{self._headers}{authorization}\r\n".encode("ascii")

    def _take(self, connect_seconds: float) -> tuple[socket | None, bool]:
        """A connection, and whether it is a kept one."""
        with suppress(IndexError):
            return self._kept.pop(), True
        with suppress(OSError, ValueError):
            return self._open(connect_seconds), False
        return None, False

    def _open(self, seconds: float) -> socket:
        raw = create_connection((self._host, self._port), seconds)
        try:
            raw.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            if not self._secure:
                return raw
            # Read anew for every connection: the files may have been rotated.
            context = ssl.create_default_context(cafile=str(self._access.verify))
            if self._access.client_certificate:
                context.load_cert_chain(*self._access.client_certificate)
            return context.wrap_socket(raw, server_hostname=self._host)
        except BaseException:
            raw.close()
            raise


def _check_failure(error: BaseException, received: bytearray, *, reused: bool) -> None:
    """Return where the long way may help, raise where it cannot."""
    match error:
        case Unusual():
            return
        case TimeoutError():
            raise BrokenRead("no answer in time") from None
        case Closed() | OSError() if not received:
            if not reused:
                raise BrokenRead("the connection was closed without an answer") from None
        case Closed() | OSError():
            raise BrokenRead("the answer broke off") from None
        case ValueError() | IndexError():
            raise BrokenRead("the answer is no HTTP") from None
        case _:
            raise error
