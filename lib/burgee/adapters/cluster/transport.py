"""One HTTP exchange with the API server: bounded in time and size, and cheap.

Every sync reads its Canary live, so that reads take a short way first, see quickread. Of all else
a prepared request goes straight to requests' transport adapter: what a Session adds on the way
(cookies, redirects, proxies and .netrc from the environment) is unwanted here in any case and
costs more than the rest of the call.

The time-out of a socket starts again with every byte, so a server that drips its body is stopped
between two reads: such a call lasts at most twice its time. (The head of an answer is read in one
go; a server that drips that is not stopped before the head ends.)
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, RequestException, SSLError, Timeout
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.cluster.quickread import BrokenRead, QuickReader
from burgee.errors import ClusterError, InvalidSettings

_CONNECT_SECONDS = 2.0
_POOL_SIZE = 16
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Transport:
    """Connections to one API server, for use by many threads at once."""

    def __init__(self, access: KubeAccess, *, user_agent: str) -> None:
        """Open nothing yet."""
        self._access = access
        self._adapter = _OneServer()
        self._reader = QuickReader(access, user_agent=user_agent)
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }

    def exchange(
        self,
        method: str,
        target: str,
        *,
        seconds: float,
        body: bytes | None = None,
        content_type: str = "",
    ) -> tuple[int, bytes]:
        """Send one request and read the whole answer: its code and its body.

        A GET whose kept connection turns out to be closed by the server is sent once more;
        nothing else is ever repeated.

        Raises:
            ClusterError: there was no whole answer within `seconds`.
        """
        label = f"{method} {target.partition('?')[0]}"
        deadline = time.monotonic() + seconds
        if method == "GET" and seconds > 0:
            answer = self._read(target, label, deadline)
            if answer is not None:
                return answer
        request = self._prepare(method, target, body, content_type, label)
        opened = self._adapter.opened
        try:
            response = self._send(request, label, deadline)
        except _Reset:
            reused = opened > 0 and opened == self._adapter.opened
            if method != "GET" or not reused:
                raise
            response = self._send(request, label, deadline)
        return response.status_code, _read_all(response, label, deadline)

    def close(self) -> None:
        """Close the connections and remove the files that were made for them."""
        self._reader.close()
        self._adapter.close()
        self._access.close()

    def _read(self, target: str, label: str, deadline: float) -> tuple[int, bytes] | None:
        try:
            return self._reader.read(target, self._token(label), deadline, _CONNECT_SECONDS)
        except BrokenRead as error:
            raise ClusterError(f"{label}: {error}") from None

    def _token(self, label: str) -> str:
        try:
            return self._access.token()
        except InvalidSettings as error:
            raise ClusterError(f"{label}: {error}") from None

    def _prepare(
        self, method: str, target: str, body: bytes | None, content_type: str, label: str
    ) -> PreparedRequest:
        headers = dict(self._headers)
        token = self._token(label)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = content_type
            headers["Content-Length"] = str(len(body))
        request = PreparedRequest()
        request.method = method
        request.url = f"{self._access.server}{target}"
        request.headers = CaseInsensitiveDict(headers)
        request.body = body
        request.hooks = default_hooks()
        return request

    def _send(self, request: PreparedRequest, label: str, deadline: float) -> Response:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ClusterError(f"{label}: no time is left for it")
        try:
            return self._adapter.send(
                request,
                stream=True,
                timeout=(min(left, _CONNECT_SECONDS), left),
                verify=self._access.verify,
                cert=self._access.client_certificate,
            )
        except RequestException as error:
            raise _failure(label, error) from None
        except Exception as error:
            # For example a header that cannot be sent: its text quotes the token.
            raise ClusterError(f"{label} failed: {type(error).__name__}") from None


class _Reset(ClusterError):
    """The server closed the connection before it answered."""


class _OneServer(HTTPAdapter):
    """An adapter whose calls all go to one place: its pool is looked up and set up once.

    The ordinary adapter looks for the certificate files on every call; here the TLS layer reads
    them when it opens a connection.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=_POOL_SIZE)
        self._pool: Any = None
        self._lock = threading.Lock()

    @property
    def opened(self) -> int:
        """How many connections were ever opened."""
        return 0 if self._pool is None else int(self._pool.num_connections)

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> Any:
        """The one pool."""
        with self._lock:
            if self._pool is None:
                pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
                set_up: Any = super().cert_verify
                set_up(pool, request.url, verify, cert)
                self._pool = pool
            return self._pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: it was done when the pool was made."""


def _failure(label: str, error: RequestException) -> ClusterError:
    match error:
        case ConnectTimeout():
            return ClusterError(f"{label}: no connection in time")
        case Timeout():
            return ClusterError(f"{label}: no answer in time")
        case SSLError():
            return ClusterError(f"{label}: TLS failed (certificate or protocol)")
        case _ if _was_reset(error):
            return _Reset(f"{label}: the connection was closed without an answer")
        case _:
            return ClusterError(f"{label}: {type(error).__name__}")


def _was_reset(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (ConnectionResetError, BrokenPipeError)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _read_all(response: Response, label: str, deadline: float) -> bytes:
    raw = response.raw
    chunks: list[bytes] = []
    size = 0
    problem = ""
    try:
        while chunk := raw.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > _MAX_ANSWER_BYTES:
                problem = "the answer is too large"
                break
            if time.monotonic() > deadline:
                problem = "no whole answer in time"
                break
    except Exception as error:
        problem = f"the answer broke off ({type(error).__name__})"
    if problem:
        raw.close()
        raise ClusterError(f"{label}: {problem}", response.status_code)
    raw.release_conn()
    return b"".join(chunks)
