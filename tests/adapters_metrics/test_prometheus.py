import base64
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from asked_prometheus import SECRET, ask

from burgee.adapters.sources.prometheus import Prometheus
from burgee.metrics.model import Measurement, NoData, Sample, SourceError


@pytest.mark.parametrize(
    ("series", "measurement"),
    [
        pytest.param(["99.5"], Sample(value=99.5), id="one"),
        pytest.param(["1", "2", "3"], Sample(value=3), id="the last of several"),
        pytest.param(["+Inf"], Sample(value=float("inf")), id="infinite"),
        pytest.param([], NoData(), id="empty"),
        pytest.param(["NaN"], NoData(), id="not a number"),
        pytest.param(["1", "NaN"], NoData(), id="the last is not a number"),
        pytest.param([{"metric": {}, "value": [1, 2]}], NoData(), id="no text"),
        pytest.param(
            ["4", {"metric": {}, "value": [1, 2]}], Sample(value=4), id="no text is passed over"
        ),
        pytest.param(
            ["x"],
            SourceError(message="the query yields something that is no number"),
            id="text that is no number",
        ),
        pytest.param(
            [{"metric": {}, "values": [[1, "2"]]}],
            SourceError(message="the query yields a range, which has multiple values"),
            id="range",
        ),
        pytest.param(
            [1700000000, "2"],
            SourceError(message="the query yields a bare number or text, not a series"),
            id="scalar",
        ),
        pytest.param(
            [{"metric": {}, "histogram": [1, {}]}],
            SourceError(message="the query yields no plain values"),
            id="histogram",
        ),
    ],
)
def test_answers_are_read_as_flagger_reads_them(
    series: list[Any], measurement: Measurement, prometheus: Prometheus, server: Any, result: Any
) -> None:
    server.replies = [result(*series)]

    assert ask(prometheus, server.url) == measurement


def test_request_is_flaggers(prometheus: Prometheus, server: Any, result: Any) -> None:
    server.replies = [result("1")]

    ask(
        prometheus,
        f"{server.url}/prom/",
        query='\n  sum(\n\trate(m{x="a+b&c"}[1m])\n)\n',
        headers=(("X-Scope-OrgID", ("tenant",)), ("X-Many", ("a", "b"))),
    )

    (seen,) = server.seen
    assert seen.method == "GET"
    assert seen.path.startswith("/prom/api/v1/query?query=")
    assert seen.query == 'sum( rate(m{x="a+b&c"}[1m]) )'
    assert seen.headers["X-Scope-OrgID"] == "tenant"
    assert seen.headers["X-Many"] == "a, b"
    assert "Authorization" not in seen.headers


@pytest.mark.parametrize(
    ("secret", "authorization"),
    [
        pytest.param({"token": "t0ken\n"}, "Bearer t0ken", id="token"),
        pytest.param(
            {"token": "t", "username": "u", "password": "p"}, "Bearer t", id="token wins"
        ),
        pytest.param(
            {"username": "ü", "password": "p:q"},
            f"Basic {base64.b64encode('ü:p:q'.encode()).decode()}",
            id="basic",
        ),
    ],
)
def test_secret_becomes_a_header(
    secret: dict[str, str], authorization: str, prometheus: Prometheus, server: Any, result: Any
) -> None:
    server.replies = [result("1")]
    headers = (("Authorization", ("Basic static",)),)

    measured = ask(prometheus, server.url, data=secret, secret=SECRET, headers=headers)

    assert measured == Sample(value=1)
    assert server.seen[0].headers["Authorization"] == authorization


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        pytest.param(None, "Secret test/auth was not found", id="no secret"),
        pytest.param({}, "Secret test/auth has no token and no username and no password", id="{}"),
        pytest.param(
            {"username": "u", "token": " "},
            "Secret test/auth has no token and no password",
            id="half",
        ),
    ],
)
def test_without_credentials_nothing_is_sent(
    secret: dict[str, str] | None, message: str, prometheus: Prometheus, server: Any
) -> None:
    assert ask(prometheus, server.url, data=secret, secret=SECRET) == SourceError(message=message)
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param(400, "the metrics server cannot evaluate the query (HTTP 400)", id="400"),
        pytest.param(
            401, "the metrics server does not accept the credentials (HTTP 401)", id="401"
        ),
        pytest.param(
            404, "the metrics server has no query API at this address (HTTP 404)", id="404"
        ),
        pytest.param(429, "the metrics server is overloaded or not ready (HTTP 429)", id="429"),
        pytest.param(500, "the metrics server failed (HTTP 500)", id="500"),
        pytest.param(503, "the metrics server is overloaded or not ready (HTTP 503)", id="503"),
        pytest.param(204, "the metrics server's answer is none of Prometheus", id="204"),
    ],
)
def test_error_codes_are_told_once_and_without_the_body(
    code: int, message: str, prometheus: Prometheus, server: Any, reply: Any
) -> None:
    server.replies = [reply(code=code, body=b"s3cret" if code != 204 else b"")]

    began = time.monotonic()

    assert ask(prometheus, server.url) == SourceError(message=message)
    assert len(server.seen) == 1
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>login</html>", id="html"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"status": "error"}', id="no data"),
        pytest.param(b'{"data": {"result": 5}}', id="number"),
        pytest.param(b'{"data": {"result": {"a": 1}}}', id="object"),
        pytest.param(b"\xff\xfe\x00", id="bytes"),
    ],
)
def test_garbage_is_an_error(body: bytes, prometheus: Prometheus, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body)]

    assert ask(prometheus, server.url) == SourceError(
        message="the metrics server's answer is none of Prometheus"
    )


def test_deep_garbage_is_an_error(prometheus: Prometheus, server: Any, reply: Any) -> None:
    server.replies = [reply(body=b"[" * 500_000)]

    assert isinstance(ask(prometheus, server.url), SourceError)


def test_a_huge_answer_is_not_read_to_its_end(
    prometheus: Prometheus, server: Any, reply: Any
) -> None:
    server.replies = [reply(body=b" " * 64 * 1024 * 1024)]

    assert ask(prometheus, server.url) == SourceError(
        message="the metrics server was not reached: the answer is larger than 1048576 bytes"
    )
    assert server.sent_bytes < 32 * 1024 * 1024


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(
    prometheus: Prometheus, server: Any, reply: Any
) -> None:
    body = gzip.compress(b" " * 64 * 1024 * 1024)
    server.replies = [reply(body=body, headers={"Content-Encoding": "gzip"})]

    assert "larger than" in str(ask(prometheus, server.url))


def test_a_compressed_answer_is_read(
    prometheus: Prometheus, server: Any, reply: Any, result: Any
) -> None:
    body = gzip.compress(result("7").body)
    server.replies = [reply(body=body, headers={"Content-Encoding": "gzip"})]

    assert ask(prometheus, server.url) == Sample(value=7)


@pytest.mark.parametrize("kind", ["hang", "stall", "drip"])
def test_a_slow_server_ends_with_the_time(
    kind: str, prometheus: Prometheus, server: Any, reply: Any
) -> None:
    server.replies = [reply(body=b" " * 10_000, **{kind: True})]

    began = time.monotonic()
    measured = ask(prometheus, server.url, seconds=0.3)

    assert measured == SourceError(message="the metrics server was not reached: no answer in time")
    assert time.monotonic() - began < 3


def test_a_server_that_accepts_nothing_ends_with_the_time(
    prometheus: Prometheus, silent_port: str
) -> None:
    began = time.monotonic()

    assert ask(prometheus, silent_port, seconds=0.3) == SourceError(
        message="the metrics server was not reached: no connection in time"
    )
    assert time.monotonic() - began < 3


def test_a_proxy_of_the_environment_is_used(
    prometheus: Prometheus, server: Any, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.replies = [result("1")]

    assert ask(prometheus, "http://prometheus.invalid:9090") == Sample(value=1)
    assert server.seen[0].path.startswith("http://prometheus.invalid:9090/api/v1/query?")


def test_a_proxy_that_is_gone_is_an_error(
    prometheus: Prometheus, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", closed_port)

    assert ask(prometheus, "http://prometheus.invalid:9090") == SourceError(
        message="the metrics server was not reached: the proxy failed"
    )


def test_credentials_of_netrc_are_not_used(
    prometheus: Prometheus,
    server: Any,
    result: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.replies = [result("1")]

    ask(prometheus, server.url)

    assert "Authorization" not in server.seen[0].headers


def test_certificates_of_the_environment_are_trusted(
    prometheus: Prometheus,
    tls_server: Any,
    self_signed: Path,
    result: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(self_signed / "cert.pem"))
    tls_server.replies = [result("1")]

    assert ask(prometheus, tls_server.url) == Sample(value=1)


def test_a_server_that_hangs_up_is_an_error(
    prometheus: Prometheus, server: Any, reply: Any
) -> None:
    server.replies = [reply(drop=True)]

    measured = ask(prometheus, server.url)

    assert isinstance(measured, SourceError)
    assert measured.message.startswith("the metrics server was not reached: ")
    assert len(server.seen) == 1


def test_an_answer_that_breaks_off_is_an_error(
    prometheus: Prometheus, server: Any, reply: Any
) -> None:
    server.replies = [reply(body=b"{}", headers={"Content-Length": "10", "Connection": "close"})]

    assert ask(prometheus, server.url) == SourceError(
        message="the metrics server was not reached: the answer broke off"
    )
