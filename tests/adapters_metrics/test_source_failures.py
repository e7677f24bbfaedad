"""What goes wrong with any source that one HTTP request asks."""

import time
from typing import Any

import pytest

from burgee.adapters.sources.registry import PROVIDERS
from burgee.metrics.model import SourceError

KEYS = {
    "datadog": {"datadog_api_key": "S3CRET", "datadog_application_key": "S3CRET"},
    "dynatrace": {"dynatrace_token": "S3CRET"},
    "externalmetrics": {"token": "S3CRET"},
    "graphite": {"username": "S3CRET", "password": "S3CRET"},
    "influxdb": {"token": "S3CRET", "org": "S3CRET"},
    "newrelic": {"newrelic_account_id": "1", "newrelic_query_key": "S3CRET"},
    "splunk": {"sf_token_key": "S3CRET"},
}

pytestmark = pytest.mark.parametrize("kind", sorted(PROVIDERS))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (400, "cannot evaluate the query (HTTP 400)"),
        (401, "does not accept the credentials (HTTP 401)"),
        (403, "does not accept the credentials (HTTP 403)"),
        (404, "has no query API at this address (HTTP 404)"),
        (429, "is overloaded or not ready (HTTP 429)"),
        (500, "failed (HTTP 500)"),
        (503, "is overloaded or not ready (HTTP 503)"),
        (307, "sends to another address, which is not followed (HTTP 307)"),
    ],
)
def test_codes(kind: str, code: int, says: str, ask: Any, server: Any, reply: Any) -> None:
    headers = {"Location": f"{server.url}/there"}
    server.replies = [reply(code=code, body=b"S3CRET", headers=headers)]

    assert ask(kind, KEYS[kind]) == SourceError(message=f"the metrics server {says}")
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"\xff\x00\xfe", b"<html>S3CRET</html>", b"[" * 100_000])
def test_garbage(kind: str, body: bytes, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body)]

    assert ask(kind, KEYS[kind]) == SourceError(
        message="the metrics server's answer makes no sense"
    )


@pytest.mark.parametrize("how", ["hang", "stall", "drip"])
def test_time_is_over(kind: str, how: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=b" " * 1000, **{how: True})]

    began = time.monotonic()
    measured = ask(kind, KEYS[kind], seconds=0.2)

    assert measured == SourceError(message="the metrics server was not reached: no answer in time")
    assert time.monotonic() - began < 2


def test_an_answer_that_never_ends_is_too_large(
    kind: str, ask: Any, server: Any, reply: Any
) -> None:
    server.replies = [reply(body=b" " * 5 * 1024 * 1024)]

    assert ask(kind, KEYS[kind]) == SourceError(
        message=("the metrics server was not reached: the answer is larger than 1048576 bytes")
    )


def test_nobody_is_there(kind: str, ask: Any, online: Any, closed_port: str) -> None:
    assert ask(kind, KEYS[kind], address=closed_port) == SourceError(
        message="the metrics server was not reached: connection refused"
    )
    assert not online(kind, KEYS[kind], address=closed_port)


def test_the_connection_is_dropped(kind: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(drop=True)]

    assert ask(kind, KEYS[kind]).message.startswith("the metrics server was not reached: ")
    assert len(server.seen) == 1


def test_an_address_that_is_closed(kind: str, ask: Any) -> None:
    assert "the address is refused" in ask(kind, KEYS[kind], address="http://169.254.1.1").message


def test_an_unknown_certificate(kind: str, ask: Any, tls_server: Any, reply: Any) -> None:
    tls_server.replies = [reply(code=503)]

    assert ask(kind, KEYS[kind], address=tls_server.url) == SourceError(
        message="the metrics server was not reached: TLS failed (certificate or protocol)"
    )
    measured = ask(kind, KEYS[kind], address=tls_server.url, insecure_skip_verify=True)
    assert "HTTP 503" in measured.message


def test_a_secret_that_is_not_there(kind: str, ask: Any, server: Any) -> None:
    assert ask(kind, secret=("test", "auth")) == SourceError(
        message="Secret test/auth was not found"
    )
    assert server.seen == []


def test_credentials_that_cannot_be_sent(kind: str, ask: Any, server: Any) -> None:
    bad = {key: f"{value}\r\nX: y" for key, value in KEYS[kind].items()}

    measured = ask(kind, bad)

    assert "S3CRET" not in str(measured)
    assert all("X" not in seen.headers for seen in server.seen)


def test_no_time_is_no_request(kind: str, ask: Any, server: Any) -> None:
    assert ask(kind, KEYS[kind], seconds=0) == SourceError(message="no time was left to ask")
    assert server.seen == []


def test_headers_of_the_template_are_sent(kind: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(code=503)]

    ask(kind, KEYS[kind], headers=(("X-Many", ("a", "b")), ("Authorization", ("mine",))))

    (seen,) = server.seen
    assert seen.headers["X-Many"] == "a, b"
    sets_it = kind in {"dynatrace", "externalmetrics", "graphite", "influxdb"}
    assert (seen.headers["Authorization"] == "mine") is not sets_it


def test_connections_are_kept(kind: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=b"{}")]

    ask(kind, KEYS[kind])
    ask(kind, KEYS[kind])

    assert len({seen.connection for seen in server.seen}) == 1
