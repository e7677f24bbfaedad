"""Graphite: the render API."""

import base64
from typing import Any

import pytest

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

KEYS = {"username": "u", "password": "p:ü"}


def answer(*targets: list[Any]) -> list[dict[str, Any]]:
    return [{"target": f"t{n}", "datapoints": points} for n, points in enumerate(targets)]


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(answer([[1, 10], [2.5, 20]]), Sample(value=2.5), id="the last"),
        pytest.param(answer([[1, 10], [None, 20]]), Sample(value=1), id="the last that is one"),
        pytest.param(answer([[1, 10]], [[2, 10]]), Sample(value=2), id="of the last target"),
        pytest.param(answer([[1, 10]], [[None, 10]]), Sample(value=1), id="that has any"),
        pytest.param(answer([["7.5", "10"]]), Sample(value=7.5), id="as text"),
        pytest.param(answer([[None, 10]]), NoData(), id="no value"),
        pytest.param(answer([]), NoData(), id="no points"),
        pytest.param([], NoData(), id="no target"),
    ],
)
def test_answers(
    content: Any, measurement: Measurement, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply(content)]

    assert ask("graphite") == measurement


@pytest.mark.parametrize(
    "content", [{}, answer([[1]]), answer([["x", 1]]), answer([[True, 1]]), [1], "text"]
)
def test_answers_without_sense(content: Any, ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(content)]

    assert ask("graphite") == SourceError(message="the metrics server's answer makes no sense")


def test_request(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(answer([[1, 1]]))]

    ask(
        "graphite",
        KEYS,
        query="target=sumSeries(\n  app.http.*.count\n)&from=-2min&format=png",
        address=f"{server.url}/graph/",
    )

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("GET", "/graph/render")
    assert seen.params == {
        "target": "sumSeries( app.http.*.count )",
        "from": "-2min",
        "format": "json",
    }
    pair = base64.b64encode("u:p:ü".encode()).decode()
    assert seen.headers["Authorization"] == f"Basic {pair}"


def test_several_targets_are_sent(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(answer([[1, 1]]))]

    ask("graphite", query="target=a&target=b%2Cc")

    assert server.seen[0].path == "/render?target=a&target=b%2Cc&format=json"
    assert "Authorization" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("data", "missing"), [({"username": "u"}, "password"), ({}, "username and no password")]
)
def test_a_secret_has_to_hold_both(
    data: dict[str, str], missing: str, ask: Any, server: Any
) -> None:
    assert ask("graphite", data) == SourceError(message=f"Secret test/auth has no {missing}")
    assert server.seen == []


def test_online_needs_no_data(online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply([]), json_reply({}), json_reply([], 500)]

    assert online("graphite")
    assert not online("graphite")
    assert not online("graphite")
    assert server.seen[0].params == {"target": "test", "format": "json"}
