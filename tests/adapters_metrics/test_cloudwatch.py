"""CloudWatch: botocore against a local server that speaks its JSON protocol."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.sources.asking import Unusable
from burgee.adapters.sources.cloudwatch import CloudWatch, read_queries
from burgee.adapters.sources.registry import Sources
from burgee.metrics.model import Check, Limits, Measurement, NoData, Sample, Source, SourceError

NOW = 1_700_000_000
QUERY = json.dumps(
    [
        {"id": "e1", "expression": "m1 / m2", "label": "ErrorRate"},
        {
            "id": "m1",
            "returnData": False,
            "metricStat": {
                "metric": {
                    "namespace": "App",
                    "metricName": "Errors",
                    "dimensions": [{"name": "app", "value": "podinfo"}],
                },
                "period": 60,
                "stat": "Sum",
                "unit": "Count",
            },
        },
    ]
)


@pytest.fixture
def answer(reply: Any) -> Callable[..., Any]:
    def made(content: Any, code: int = 200) -> Any:
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return reply(code=code, body=json.dumps(content).encode(), headers=headers)

    return made


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    """A place without any credentials."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


@pytest.fixture
def keys(place: pytest.MonkeyPatch) -> None:
    place.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    place.setenv("AWS_SECRET_ACCESS_KEY", "S3CRET")


@pytest.fixture
def cloudwatch(server: Any) -> Iterator[CloudWatch]:
    made = CloudWatch(endpoint=server.url, now=lambda: NOW)
    yield made
    made.close()


def ask(
    cloudwatch: CloudWatch, query: str = QUERY, region: str = "eu-west-1", seconds: float = 60
) -> Measurement:
    check = Check(
        id="0",
        name="m",
        source=Source(type="cloudwatch", address="", region=region),
        query=query,
        limits=Limits(),
        interval_seconds=seconds,
    )
    return cloudwatch.measure(check, None, seconds=5)


def results(*values: list[Any]) -> dict[str, Any]:
    return {
        "MetricDataResults": [{"Id": f"e{n}", "Values": some} for n, some in enumerate(values)]
    }


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(results([2.5]), Sample(value=2.5), id="one"),
        pytest.param(results([3.0, 2.0, 1.0]), Sample(value=3), id="the newest stands first"),
        pytest.param(results([1.0], [2.0]), Sample(value=1), id="the first series"),
        pytest.param(results([]), NoData(), id="no values"),
        pytest.param(results(), NoData(), id="no series"),
        pytest.param(
            {}, SourceError(message="the metrics server's answer makes no sense"), id="nothing"
        ),
        pytest.param(results([float("nan")]), NoData(), id="not a number"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_answers(
    content: Any, measurement: Measurement, cloudwatch: CloudWatch, server: Any, answer: Any
) -> None:
    server.replies = [answer(content)]

    assert ask(cloudwatch) == measurement


@pytest.mark.usefixtures("keys")
def test_request(cloudwatch: CloudWatch, server: Any, answer: Any) -> None:
    server.replies = [answer(results([1.0]))]

    ask(cloudwatch, seconds=90)

    (seen,) = server.seen
    assert seen.headers["X-Amz-Target"] == "GraniteServiceVersion20100801.GetMetricData"
    assert "/eu-west-1/monitoring/aws4_request" in seen.headers["Authorization"]
    assert "S3CRET" not in str(seen.headers)
    sent = seen.json()
    assert sent["MaxDatapoints"] == 20
    assert sent["EndTime"] == NOW
    assert sent["StartTime"] == NOW - 900
    assert sent["MetricDataQueries"] == [
        {"Id": "e1", "Expression": "m1 / m2", "Label": "ErrorRate"},
        {
            "Id": "m1",
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "App",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "app", "Value": "podinfo"}],
                },
                "Period": 60,
                "Stat": "Sum",
                "Unit": "Count",
            },
        },
    ]


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (400, "InvalidParameterValue", "cannot evaluate the query (HTTP 400)"),
        (403, "AccessDenied", "does not accept the credentials (HTTP 403)"),
        (429, "TooMany", "is overloaded or not ready (HTTP 429)"),
        (404, "NotFound", "has no query API at this address (HTTP 404)"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_refusals(
    code: int, kind: str, says: str, cloudwatch: CloudWatch, server: Any, answer: Any
) -> None:
    server.replies = [answer({"__type": kind, "message": "S3CRET"}, code)]

    assert ask(cloudwatch) == SourceError(message=f"the metrics server {says}")


@pytest.mark.usefixtures("keys")
def test_a_failure_is_tried_once_more(
    cloudwatch: CloudWatch, server: Any, answer: Any, reply: Any
) -> None:
    server.replies = [reply(code=500), answer(results([4.0]))]

    assert ask(cloudwatch) == Sample(value=4)


@pytest.mark.usefixtures("keys")
def test_garbage(cloudwatch: CloudWatch, server: Any, reply: Any) -> None:
    server.replies = [reply(body=b"<html>S3CRET</html>")]

    assert ask(cloudwatch) == SourceError(message="the metrics server's answer makes no sense")


@pytest.mark.usefixtures("keys")
def test_time_is_over(server: Any, reply: Any) -> None:
    server.replies = [reply(hang=True)]
    quick = CloudWatch(endpoint=server.url, seconds=0.2)

    began = time.monotonic()
    measured = ask(quick)
    quick.close()

    assert measured == SourceError(message="the metrics server was not reached: no answer in time")
    assert time.monotonic() - began < 4


@pytest.mark.usefixtures("keys")
def test_nobody_is_there(closed_port: str) -> None:
    gone = CloudWatch(endpoint=closed_port)

    assert ask(gone) == SourceError(message="the metrics server was not reached: no connection")
    gone.close()


@pytest.mark.usefixtures("place")
def test_without_credentials(cloudwatch: CloudWatch, server: Any) -> None:
    assert ask(cloudwatch) == SourceError(
        message="there are no credentials for Amazon where burgee runs"
    )
    assert server.seen == []


def test_credentials_that_come_later(place: pytest.MonkeyPatch, server: Any, answer: Any) -> None:
    server.replies = [answer({"MetricDataResults": [{"Values": [1]}]})]
    cloudwatch = CloudWatch(endpoint=server.url, bare_seconds=0)

    before = ask(cloudwatch)
    place.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    place.setenv("AWS_SECRET_ACCESS_KEY", "S3CRET")
    after = ask(cloudwatch)
    cloudwatch.close()

    assert isinstance(before, SourceError)
    assert after == Sample(value=1)


@pytest.mark.usefixtures("keys")
def test_regions_do_not_pile_up(server: Any, answer: Any) -> None:
    server.replies = [answer({"MetricDataResults": [{"Values": [1]}]})]
    cloudwatch = CloudWatch(endpoint=server.url, most_regions=2)

    for region in ("a-b-1", "a-b-2", "a-b-1", "a-b-3", "a-b-1", "a-b-2"):
        assert ask(cloudwatch, region=region) == Sample(value=1)
    cloudwatch.close()

    connections = [seen.connection for seen in server.seen]
    assert connections[0] == connections[2] == connections[4]
    assert connections[5] != connections[1]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("region", ["evil.example/", "a b", "x@y"])
def test_a_region_cannot_lead_elsewhere(region: str) -> None:
    amazon = CloudWatch()

    assert ask(amazon, region=region) == SourceError(message="the region is none")
    amazon.close()


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("query", ['[{"expression": "x"}]', '[{"id": 1}]', "[1]"])
def test_queries_that_amazon_would_refuse(query: str, cloudwatch: CloudWatch, server: Any) -> None:
    assert ask(cloudwatch, query) == SourceError(
        message="the query is no list of MetricDataQueries"
    )
    assert server.seen == []


@pytest.mark.parametrize("query", ["", "[]", "{}", "up", "[" * 100_000])
def test_queries_that_are_none(query: str) -> None:
    with pytest.raises(Unusable, match="no JSON list"):
        read_queries(query)


def test_letters_do_not_matter_and_unknown_names_are_left_out() -> None:
    assert read_queries('[{"ID": "a", "returnDATA": true, "comment": "x"}]') == [
        {"Id": "a", "ReturnData": True}
    ]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (200, ""),
        (400, ""),
        (403, "the metrics server does not accept the credentials (HTTP 403)"),
        (404, "the metrics server has no query API at this address (HTTP 404)"),
    ],
)
@pytest.mark.usefixtures("keys")
def test_online(code: int, problem: str, cloudwatch: CloudWatch, server: Any, answer: Any) -> None:
    server.replies = [answer({} if code == 200 else {"__type": "X"}, code)]
    source = Source(type="cloudwatch", address="", region="eu-west-1")

    assert cloudwatch.problem(source, None, seconds=5) == problem


@pytest.mark.usefixtures("keys")
def test_it_is_in_the_registry(
    kube: KubeClient, cloudwatch: CloudWatch, server: Any, answer: Any
) -> None:
    server.replies = [answer(results([1.0]))]
    sources = Sources(kube, libraries={"cloudwatch": cloudwatch})
    source = Source(type="cloudwatch", address="", region="eu-west-1")
    check = Check(id="0", name="m", source=source, query=QUERY, limits=Limits())

    assert sources.measure(check, None, timeout_seconds=5) == Sample(value=1)
    assert sources.problem(source, None, timeout_seconds=5) == ""
    sources.close()


@pytest.mark.usefixtures("keys")
def test_without_the_library(cloudwatch: CloudWatch, place: pytest.MonkeyPatch) -> None:
    place.delitem(sys.modules, "burgee.adapters.sources.botocore_client", raising=False)
    place.setitem(sys.modules, "botocore.session", None)

    missing = "cloudwatch needs burgee[cloudwatch], which is not installed where burgee runs"
    assert ask(cloudwatch) == SourceError(message=missing)
    source = Source(type="cloudwatch", address="", region="eu-west-1")
    assert cloudwatch.problem(source, None, seconds=5) == missing
