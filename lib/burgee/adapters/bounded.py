"""HTTP to servers that burgee does not know: bounded in time and in size.

requests' time-out starts again with every byte that arrives and its bodies have no limit; a
Prometheus or a webhook that drips or floods would hold a thread or fill the memory. Nothing is
sent that was not asked for either: no cookies, no credentials from .netrc.
"""

import io
import os
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import get_environ_proxies

_CHUNK_BYTES = 64 * 1024
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class AnswerTooLarge(requests.RequestException):
    """The body is larger than what is ever worth reading."""


class BoundedAdapter(HTTPAdapter):
    """Sends without any retry, and reads the body within the same time and up to a size.

    Between two reads the time is looked at, so that one request lasts at most three times its
    time-out: to connect, to the headers, through the body.
    """

    def __init__(self, *, limit_bytes: int, cut: bool) -> None:
        """Bound the answers.

        Args:
            limit_bytes: of a body, decompressed.
            cut: what is beyond the limit is not read and not missed; otherwise it is an error.
        """
        super().__init__(max_retries=0)
        self._limit_bytes = limit_bytes
        self._cut = cut

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
        """
        del stream
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

    def __init__(self, url: str, *, limit_bytes: int, cut: bool, verify: bool = True) -> None:
        super().__init__()
        self._bounded = BoundedAdapter(limit_bytes=limit_bytes, cut=cut)
        self.trust_env = False
        self.max_redirects = 3
        self.proxies = dict(get_environ_proxies(url))
        self.verify = _ca_bundle() if verify else False
        self.headers.update({"User-Agent": "burgee", "Accept-Encoding": "identity"})

    def get_adapter(self, url: str) -> BaseAdapter:
        """The bounded one, if it is HTTP at all."""
        if url.lower().startswith(("http://", "https://")):
            return self._bounded
        raise requests.exceptions.InvalidSchema("neither http nor https")

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
        case requests.ConnectTimeout():
            return "no connection in time"
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.SSLError():
            return "TLS failed (certificate or protocol)"
        case requests.exceptions.ProxyError():
            return "the proxy failed"
        case requests.TooManyRedirects():
            return "too many redirects"
        case AnswerTooLarge():
            return str(error)
        case requests.exceptions.ChunkedEncodingError():
            return "the answer broke off"
        case requests.ConnectionError():
            return _reason_of_connection(error)
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
