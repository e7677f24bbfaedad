"""New Relic: NRQL over Insights' query API."""

from typing import Any

import pytest

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

KEYS = {"newrelic_account_id": "51312", "newrelic_query_key": "nr-key"}
SEVERAL = NoData(message="the query yields no value, or several")


@pytest.mark.parametrize(
    ("results", "measurement"),
    [
        pytest.param([{"result": 1.9}], Sample(value=1.9), id="result"),
        pytest.param([{"result": 0}], Sample(value=0), id="nought is a value"),
        pytest.param([{"average": 12.5}], Sample(value=12.5), id="a value by its function"),
        pytest.param([{"percentiles": {"95": 0.8}}], Sample(value=0.8), id="a percentile"),
        pytest.param([{"percentiles": {"95": None}}], NoData(), id="no percentile"),
        pytest.param([{"percentiles": {"95": 1, "99": 2}}], NoData(), id="two percentiles"),
        pytest.param([{"result": None}], NoData(), id="null"),
        pytest.param([{"count": 1, "average": 2}], NoData(), id="two columns"),
        pytest.param([{}], NoData(), id="no column"),
        pytest.param([], SEVERAL, id="no result"),
        pytest.param([{"result": 1}, {"result": 2}], SEVERAL, id="several"),
    ],
)
def test_answers(
    results: Any, measurement: Measurement, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({"results": results, "performanceStats": {}})]

    assert ask("newrelic", KEYS) == measurement


@pytest.mark.parametrize(
    "content", [{"results": [1]}, {"results": {}}, [], {"results": [{"result": [1]}]}]
)
def test_answers_without_sense(content: Any, ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(content)]

    assert ask("newrelic", KEYS) == SourceError(
        message="the metrics server's answer makes no sense"
    )


def test_request(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({"results": [{"result": 1}]})]

    ask(
        "newrelic",
        KEYS,
        query="SELECT\n  average(duration)\nFROM Transaction\n",
        interval_seconds=90,
        address=f"{server.url}/",
    )

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("GET", "/v1/accounts/51312/query")
    assert seen.params == {
        "nrql": "SELECT\n  average(duration)\nFROM Transaction SINCE 90 seconds ago"
    }
    assert seen.headers["X-Query-Key"] == "nr-key"


def test_an_account_cannot_lead_elsewhere(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({"results": [{"result": 1}]})]

    ask("newrelic", {**KEYS, "newrelic_account_id": "1/../../admin?x=#"})

    assert server.seen[0].path.startswith("/v1/accounts/1%2F..%2F..%2Fadmin%3Fx%3D%23/query?")


def test_online(online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({"results": []}), json_reply({}, 403)]

    assert online("newrelic", KEYS)
    assert not online("newrelic", KEYS)
    assert server.seen[0].params["nrql"].startswith("SELECT * FROM Metric SINCE ")
