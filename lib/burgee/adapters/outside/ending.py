"""Answers that have to end in time.

The time-out of a socket starts again with every byte, and http.client waits for a head, for what
follows the last chunk and for the end of interim answers (100 Continue) as long as something
arrives. Who drips any of these would hold a thread for ever, so whatever is read of an answer is
read by one deadline.
"""

import io
import time
from http.client import HTTPResponse
from socket import socket
from typing import Any


class EndingResponse(HTTPResponse):
    """An answer whose first and last byte both come within the time-out of its socket."""

    def __init__(
        self,
        sock: socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        """Begin to wait for it."""
        super().__init__(sock, debuglevel, method, url)
        seconds = sock.gettimeout()
        if seconds is not None:
            raw = _Hurried(sock, self.fp.detach(), time.monotonic() + seconds)
            self.fp = io.BufferedReader(raw)


class _Hurried(io.RawIOBase):
    """What a socket receives until a deadline."""

    def __init__(self, sock: socket, raw: io.RawIOBase, deadline: float) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Receive once; raises TimeoutError when the time is over, whatever has arrived."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket, which may be closed only now."""
        if not self.closed:
            self._raw.close()
        super().close()
