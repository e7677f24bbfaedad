"""Dynatrace: the metrics API v2."""

from typing import Any

import pytest

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

KEYS = {"dynatrace_token": "dt0c01"}


def answer(*series: list[Any]) -> dict[str, Any]:
    data = [{"dimensions": [], "timestamps": [1], "values": values} for values in series]
    return {"totalCount": 1, "resolution": "Inf", "result": [{"metricId": "m", "data": data}]}


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(answer([1.5]), Sample(value=1.5), id="one"),
        pytest.param(answer([1], [2, 3]), Sample(value=2), id="the last series' first value"),
        pytest.param(answer([None]), NoData(), id="null"),
        pytest.param(answer([]), NoData(), id="no values"),
        pytest.param(answer(), NoData(), id="no series"),
        pytest.param({"result": []}, NoData(), id="no result"),
    ],
)
def test_answers(
    content: Any, measurement: Measurement, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply(content)]

    assert ask("dynatrace", KEYS) == measurement


@pytest.mark.parametrize(
    "content", [[], {"result": {}}, {"result": [{"data": 1}]}, answer([{}]), answer(["x"])]
)
def test_answers_without_sense(content: Any, ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(content)]

    assert ask("dynatrace", KEYS) == SourceError(
        message="the metrics server's answer makes no sense"
    )


def test_request(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(answer([1]))]

    query = 'builtin:service.errors.total.rate:filter(eq("dt.entity.service",X))'
    ask("dynatrace", KEYS, query=query, address=f"{server.url}/e/env-id/", interval_seconds=30)

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("GET", "/e/env-id/api/v2/metrics/query")
    assert seen.params == {
        "metricSelector": query,
        "resolution": "Inf",
        "from": str((1_700_000_000 - 300) * 1000),
        "to": "1700000000000",
    }
    assert seen.headers["Authorization"] == "Api-Token dt0c01"


def test_online(online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({}), json_reply({}, 401)]

    assert online("dynatrace", KEYS)
    assert not online("dynatrace", KEYS)
    assert server.seen[0].path == "/api/v2/metrics?pageSize=1"
