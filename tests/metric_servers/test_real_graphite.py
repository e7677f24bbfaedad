"""Debian's Graphite: Carbon takes the numbers, Whisper keeps them, the web application answers."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from real_servers import graphite

from burgee.metrics.model import NoData, Sample, SourceError

pytestmark = pytest.mark.slow

ERRORS = (5, 6, 7, 8, 9)
REQUESTS = 200


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with graphite(tmp_path_factory.mktemp("graphite")) as (url, lines):
        feed(lines)
        wait_for_all(url)
        yield url


def feed(port: int) -> None:
    """Five seconds of a workload that fails more and more."""
    now = int(time.time())
    told: list[str] = []
    for ago, errors in zip(range(len(ERRORS), 0, -1), ERRORS, strict=True):
        told.append(f"podinfo.errors {errors} {now - ago}\n")
        told.append(f"podinfo.requests {REQUESTS} {now - ago}\n")
        told.append(f"other.errors 1 {now - ago}\n")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall("".join(told).encode())


def wait_for_all(url: str) -> None:
    """Until what was sent can be asked for."""
    end = time.monotonic() + 20
    params = {"target": "*.*", "from": "-5min", "format": "json"}
    known: set[str] = set()
    while known != {"podinfo.errors", "podinfo.requests", "other.errors"}:
        assert time.monotonic() < end, known
        found = requests.get(f"{url}/render", params=params, timeout=5).json()
        numbers = {
            one["target"]: [value for value, _ in one["datapoints"] if value is not None]
            for one in found
        }
        known = {name for name, values in numbers.items() if len(values) == len(ERRORS)}
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("target=podinfo.errors&from=-5min", Sample(value=9), id="the newest point"),
        pytest.param(
            "target=asPercent(sumSeries(podinfo.errors), sumSeries(podinfo.requests))&from=-5min",
            Sample(value=4.5),
            id="a share",
        ),
        pytest.param(
            "target=maxSeries(podinfo.errors)\n&from=-5min\n&until=now",
            Sample(value=9),
            id="lines",
        ),
        pytest.param(
            "target=podinfo.errors&target=other.errors&from=-5min",
            Sample(value=1),
            id="the last of several targets",
        ),
        pytest.param(
            "target=podinfo.errors&target=nothing.at.all&from=-5min",
            Sample(value=9),
            id="a target without series is none",
        ),
        pytest.param("target=nothing.at.all&from=-5min", NoData(), id="no series"),
        pytest.param("target=podinfo.errors&from=-30min&until=-20min", NoData(), id="only nulls"),
        pytest.param(
            "target=divideSeries(podinfo.errors,diffSeries(podinfo.errors,podinfo.errors))"
            "&from=-5min",
            NoData(),
            id="divided by nought",
        ),
        pytest.param(
            "target=podinfo.errors&from=-5min&format=csv", Sample(value=9), id="another format"
        ),
        pytest.param(
            "target=((&from=-5min",
            SourceError(message="the metrics server failed (HTTP 500)"),
            id="a parenthesis is missing",
        ),
    ],
)
def test_what_a_query_yields(query: str, found: Any, address: str, ask: Any) -> None:
    assert ask("graphite", address, query) == found


def test_it_is_online(address: str, problem: Any) -> None:
    assert problem("graphite", address) == ""
    assert problem("graphite", f"{address}/nowhere") == (
        "the metrics server has no query API at this address (HTTP 404)"
    )
