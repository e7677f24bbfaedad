"""HTTP to servers that burgee does not know: bounded in time and in size.

requests' time-out starts again with every byte that arrives and its bodies have no limit; a
Prometheus or a webhook that drips or floods would hold a thread or fill the memory. Nothing is
sent that was not asked for either: no cookies, no credentials from .netrc or of the address. And
it goes where it was sent or nowhere: addresses are judged first, redirects are not followed.
"""

import contextlib
import io
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy

from burgee.adapters.outside.addresses import AddressPolicy, AddressRefused, policy_for
from burgee.adapters.outside.pinned import pool_classes

DEFAULT_POLICY = policy_for(os.environ)

_CHUNK_BYTES = 64 * 1024
_MOST_CONNECTIONS = 32
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class AnswerTooLarge(requests.RequestException):
    """The body is larger than what is ever worth reading."""


class BoundedAdapter(HTTPAdapter):
    """Sends without any retry, and reads the body within the same time and up to a size.

    What an answer consists of is read by one deadline, however it arrives, so that one request lasts
    at most four times its time-out: to connect, for TLS, to send, and through the answer.
    """

    def __init__(
        self, *, limit_bytes: int, cut: bool, policy: AddressPolicy, judge_proxy: bool
    ) -> None:
        """Bound the answers.

        Args:
            limit_bytes: of a body, decompressed.
            cut: what is beyond the limit is not read and not missed; otherwise it is an error.
            policy: which addresses may be reached.
            judge_proxy: the proxy was written by a user too.
        """
        self._limit_bytes = limit_bytes
        self._cut = cut
        self._policy = policy
        self._judge_proxy = judge_proxy
        super().__init__(max_retries=0, pool_maxsize=_MOST_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Connect only to what was judged."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(self._policy)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Likewise for a proxy that a user wrote; the installation's may be anywhere."""
        manager: Any = super().proxy_manager_for(proxy, **kwargs)
        policy = self._policy if self._judge_proxy else None
        manager.pool_classes_by_scheme = pool_classes(policy)
        return manager

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request; the body of the answer is read already.

        Raises:
            RequestException: there was no whole answer.
            AddressRefused: the address may not be reached.
        """
        del stream
        self._judge(str(request.url), proxies)
        deadline = time.monotonic() + float(timeout)
        response = super().send(
            request,
            stream=True,
            timeout=timeout,
            verify=verify,
            cert=cert,
            proxies=dict(proxies or {}),
        )
        raw = response.raw
        try:
            body = b"".join(self._chunks(raw, deadline))
        finally:
            raw.close()
        response.raw = io.BytesIO(body)
        return response

    def _judge(self, url: str, proxies: Mapping[str, str] | None) -> None:
        """Refuse what the connection would not notice."""
        split = urlsplit(url)
        if split.username is not None or split.password is not None:
            raise AddressRefused("it holds credentials, which belong in a Secret")
        if not select_proxy(url, dict(proxies or {})):
            return
        # A proxy connects in our place, and may know names that are unknown here.
        with contextlib.suppress(socket.gaierror):
            self._policy.reachable(split.hostname or "", split.port or 0)

    def _chunks(self, raw: Any, deadline: float) -> Iterator[bytes]:
        left = self._limit_bytes
        while chunk := _read(raw):
            if len(chunk) > left and not self._cut:
                raise AnswerTooLarge(f"the answer is larger than {self._limit_bytes} bytes")
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0 and self._cut:
                return
            if time.monotonic() > deadline:
                raise requests.ReadTimeout("the answer did not end in time")


def _read(raw: Any) -> bytes:
    try:
        chunk: bytes = raw.read1(_CHUNK_BYTES, decode_content=True)
    except Exception as error:
        if isinstance(error.__cause__ or error.__context__, TimeoutError):
            raise requests.ReadTimeout("the answer did not end in time") from error
        raise requests.exceptions.ChunkedEncodingError("the answer broke off") from error
    return chunk


class BoundedSession(Session):
    """A session whose every request goes through one bounded adapter.

    Proxies and a CA bundle come from the environment, as they do for Flagger.
    """

    def __init__(
        self,
        url: str,
        *,
        limit_bytes: int,
        cut: bool,
        verify: bool = True,
        proxy: str = "",
        policy: AddressPolicy = DEFAULT_POLICY,
    ) -> None:
        super().__init__()
        self._bounded = BoundedAdapter(
            limit_bytes=limit_bytes, cut=cut, policy=policy, judge_proxy=bool(proxy)
        )
        self.trust_env = False
        self.proxies = {"http": proxy, "https": proxy} if proxy else dict(get_environ_proxies(url))
        self.verify = _ca_bundle() if verify else False
        self.headers.update({"User-Agent": "burgee", "Accept-Encoding": "identity"})

    def get_adapter(self, url: str) -> BaseAdapter:
        """The bounded one, if it is HTTP at all."""
        if url.lower().startswith(("http://", "https://")):
            return self._bounded
        raise requests.exceptions.InvalidSchema("neither http nor https")

    def get_redirect_target(self, resp: Response) -> None:
        """None: the one that answers does not choose who is asked."""
        del resp

    def close(self) -> None:
        """Close the kept connections."""
        self._bounded.close()
        super().close()


def _ca_bundle() -> bool | str:
    given = (os.environ.get(variable) for variable in _CA_VARIABLES)
    return next((path for path in given if path), True)


def reason(error: Exception) -> str:
    """Why a request failed, in words that hold no address, no body and no credential."""
    match error:
        case AddressRefused():
            return f"the address is refused: {error}"
        case requests.ConnectTimeout():
            return "no connection in time"
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.SSLError():
            return "TLS failed (certificate or protocol)"
        case requests.exceptions.ProxyError():
            return "the proxy failed"
        case AnswerTooLarge():
            return str(error)
        case requests.exceptions.ChunkedEncodingError():
            return "the answer broke off"
        case requests.ConnectionError():
            return _reason_of_connection(error)
        case requests.exceptions.MissingSchema() | requests.exceptions.InvalidSchema():
            return "the address is refused: it begins with neither http:// nor https://"
        case requests.exceptions.InvalidURL():
            return "the address is refused: it is no URL with a host"
        case ValueError():
            return "the address or a header cannot be sent"
        case _:
            return f"it failed ({type(error).__name__})"


def _reason_of_connection(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        match seen:
            case ConnectionRefusedError():
                return "connection refused"
            case socket.gaierror():
                return "the host was not found"
            case ConnectionResetError() | BrokenPipeError():
                return "the connection was closed without an answer"
            case _:
                seen = seen.__cause__ or seen.__context__
    return "no connection"
