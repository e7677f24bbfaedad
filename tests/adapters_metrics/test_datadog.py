"""Datadog: the query API's requests and answers, as its reference has them."""

from typing import Any

import pytest

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

KEYS = {"datadog_api_key": "api\n", "datadog_application_key": "app"}


def answer(*pointlists: list[Any]) -> dict[str, Any]:
    series = [
        {"metric": "trace.hits", "interval": 20, "pointlist": points} for points in pointlists
    ]
    return {"status": "ok", "res_type": "time_series", "series": series}


def asked_until(end: float, *points: Any) -> dict[str, Any]:
    """Points of 20 seconds each, asked for until some millisecond."""
    return {**answer(list(points)), "from_date": 0, "to_date": end}


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(
            asked_until(59_999, [0.0, 9], [20_000.0, 8], [40_000.0, 1]),
            Sample(value=8),
            id="the span of the newest is not over",
        ),
        pytest.param(
            asked_until(60_000, [0.0, 9], [20_000.0, 8], [40_000.0, 1]),
            Sample(value=1),
            id="it is over",
        ),
        pytest.param(
            asked_until(59_000, [20_000.0, None], [40_000.0, 1]),
            Sample(value=1),
            id="no other has a value",
        ),
        pytest.param(asked_until(59_000, [40_000.0, 1]), Sample(value=1), id="there is no other"),
        pytest.param(answer([[1.0, 4.5]]), Sample(value=4.5), id="one point"),
        pytest.param(answer([[1.0, 1], [2.0, 2], [3.0, 3]]), Sample(value=3), id="the newest"),
        pytest.param(answer([[1.0, 1], [2.0, None]]), Sample(value=1), id="the newest there is"),
        pytest.param(answer([[1.0, 1]], [[1.0, 2]]), Sample(value=1), id="the first series"),
        pytest.param(answer(), NoData(), id="no series"),
        pytest.param({"status": "ok"}, NoData(), id="no series at all"),
        pytest.param(answer([]), NoData(), id="no points"),
        pytest.param(answer([[1.0, None]]), NoData(), id="no value"),
    ],
)
def test_answers(
    content: Any, measurement: Measurement, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply(content)]

    assert ask("datadog", KEYS) == measurement


@pytest.mark.parametrize(
    "content",
    [
        answer([[1.0]]),
        answer([[1.0, True]]),
        answer([[1.0, {}]]),
        {"series": "x"},
        {"series": [1]},
        [],
    ],
)
def test_answers_without_sense(content: Any, ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(content)]

    assert ask("datadog", KEYS) == SourceError(
        message="the metrics server's answer makes no sense"
    )


def test_a_query_that_cannot_be_evaluated(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({"status": "error", "error": "S3CRET", "series": []})]

    assert ask("datadog", KEYS) == SourceError(
        message="the metrics server cannot evaluate the query"
    )


def test_request(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(answer([[1.0, 1]]))]

    query = "sum:trace.hits{service:podinfo,\n env:prod}.as_rate()\n"
    ask("datadog", KEYS, query=query, interval_seconds=90)

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("GET", "/api/v1/query")
    assert seen.params == {
        "query": query.strip(),
        "from": str(1_700_000_000 - 900),
        "to": "1700000000",
    }
    assert seen.headers["DD-API-KEY"] == "api"
    assert seen.headers["DD-APPLICATION-KEY"] == "app"


@pytest.mark.parametrize(("code", "is_online"), [(200, True), (403, False), (500, False)])
def test_online(code: int, is_online: bool, online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({"valid": True}, code)]

    assert online("datadog", KEYS) is is_online
    assert server.seen[0].path == "/api/v1/validate"
    assert server.seen[0].headers["DD-API-KEY"] == "api"
