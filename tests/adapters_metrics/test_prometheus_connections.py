"""Addresses and connections of a Prometheus."""

from typing import Any

import pytest
from asked_prometheus import SECRET, ask

from burgee.adapters.sources.prometheus import Prometheus
from burgee.metrics.model import Sample, Source, SourceError

NO_SCHEME = "the address is refused: it begins with neither http:// nor https://"
NO_HOST = "the address is refused: it is no URL with a host"


def test_nobody_there_is_an_error(prometheus: Prometheus, closed_port: str) -> None:
    assert ask(prometheus, closed_port) == SourceError(
        message="the metrics server was not reached: connection refused"
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param("http://no-such-host.invalid", "the host was not found", id="host"),
        pytest.param("prometheus:9090", NO_SCHEME, id="no scheme"),
        pytest.param("ftp://127.0.0.1", NO_SCHEME, id="ftp"),
        pytest.param(
            "http://255.255.255.255",
            "the address is refused: its address is no address of one host, "
            "which is never reached",
            id="broadcast",
        ),
        pytest.param("http://", NO_HOST, id="no host"),
    ],
)
def test_a_useless_address_is_an_error(address: str, why: str, prometheus: Prometheus) -> None:
    assert ask(prometheus, address) == SourceError(
        message=f"the metrics server was not reached: {why}"
    )


def test_a_token_that_cannot_be_sent_is_not_told(prometheus: Prometheus, server: Any) -> None:
    measured = ask(prometheus, server.url, data={"token": "s3c\nret"}, secret=SECRET)

    assert isinstance(measured, SourceError)
    assert "s3c" not in measured.message
    assert server.seen == []


def test_redirects_are_not_followed(prometheus: Prometheus, server: Any, reply: Any) -> None:
    server.replies = [reply(code=302, headers={"Location": f"{server.url}/there"})]

    assert ask(prometheus, server.url, data={"token": "t"}, secret=SECRET) == SourceError(
        message="the metrics server sends to another address, which is not followed (HTTP 302)"
    )
    assert len(server.seen) == 1


def test_an_unknown_certificate_is_refused(prometheus: Prometheus, tls_server: Any) -> None:
    assert ask(prometheus, tls_server.url) == SourceError(
        message="the metrics server was not reached: TLS failed (certificate or protocol)"
    )
    assert tls_server.seen == []


def test_no_time_is_no_request(prometheus: Prometheus, server: Any) -> None:
    assert ask(prometheus, server.url, seconds=0) == SourceError(message="no time was left to ask")
    assert server.seen == []


def test_connections_are_kept_for_one_source_and_closed_for_the_oldest(
    prometheus: Prometheus, server: Any, result: Any
) -> None:
    server.replies = [result("1")]

    for path in ("/a", "/a", "/b", "/c", "/a"):
        assert ask(prometheus, server.url + path) == Sample(value=1)

    first, again, *others, evicted = [seen.connection for seen in server.seen]
    assert first == again
    assert len({first, *others, evicted}) == 4


def test_cookies_are_not_kept(
    prometheus: Prometheus, server: Any, result: Any, reply: Any
) -> None:
    server.replies = [
        reply(body=result("1").body, headers={"Set-Cookie": "session=1; Path=/"}),
        result("1"),
    ]

    ask(prometheus, server.url)
    ask(prometheus, server.url)

    assert "Cookie" not in server.seen[1].headers


NOT_PROMETHEUS = "the metrics server's answer is none of Prometheus"


@pytest.mark.parametrize(
    ("series", "problem"), [(["1"], ""), (["2"], NOT_PROMETHEUS), ([], NOT_PROMETHEUS)]
)
def test_online_is_a_query_that_needs_no_data(
    series: list[str], problem: str, prometheus: Prometheus, server: Any, result: Any
) -> None:
    server.replies = [result(*series)]
    source = Source(type="prometheus", address=server.url)

    assert prometheus.problem(source, None, timeout_seconds=5) == problem
    assert server.seen[0].query == "vector(1)"


def test_nobody_there_is_not_online(prometheus: Prometheus, closed_port: str) -> None:
    source = Source(type="prometheus", address=closed_port)

    assert prometheus.problem(source, None, timeout_seconds=5) == (
        "the metrics server was not reached: connection refused"
    )
