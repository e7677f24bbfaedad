"""Metrics that an API server serves: external metrics, and KeptnMetrics."""

from typing import Any

import pytest

from burgee.adapters.sources.asking import Garbage
from burgee.adapters.sources.externalmetrics import quantity
from burgee.metrics.model import Measurement, NoData, Sample, SourceError

GROUP = "/apis/external.metrics.k8s.io/v1beta1"
KEPTN_RESOURCES = {
    "kind": "APIResourceList",
    "groupVersion": "metrics.keptn.sh/v1beta1",
    "resources": [{"name": "keptnmetrics", "kind": "KeptnMetric", "namespaced": True}],
}


KEPTN_METRIC = {
    "apiVersion": "metrics.keptn.sh/v1beta1",
    "kind": "KeptnMetric",
    "metadata": {"name": "response-time", "namespace": "prod"},
}


def listed(*values: Any) -> dict[str, Any]:
    items = [{"metricName": "queue", "metricLabels": {}, "value": value} for value in values]
    return {
        "kind": "ExternalMetricValueList",
        "apiVersion": "external.metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": items,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5),
        ("250m", 0.25),
        ("100u", 0.0001),
        ("5n", 5e-9),
        ("2k", 2000),
        ("3M", 3e6),
        ("1Ki", 1024),
        ("2Gi", 2 * 1024**3),
        ("1E", 1e18),
        ("12e3", 12000),
        ("1E3", 1000),
        ("1e999", float("inf")),
        ("-7", -7),
        (7, 7),
    ],
)
def test_quantities(text: Any, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "x", "1x", "1 k", "e3", "1e9999", True, 1.5, None, "NaN"])
def test_what_is_no_quantity(text: Any) -> None:
    with pytest.raises(Garbage):
        quantity(text)


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(listed("1500m"), Sample(value=1.5), id="one"),
        pytest.param(listed("1", "2"), Sample(value=1), id="the first"),
        pytest.param(listed(), NoData(), id="none"),
        pytest.param({"items": None}, NoData(), id="null"),
    ],
)
@pytest.mark.parametrize("address", [True, False], ids=["an address", "the own cluster"])
def test_external_metrics(
    address: bool,
    content: Any,
    measurement: Measurement,
    ask: Any,
    server: Any,
    json_reply: Any,
) -> None:
    server.replies = [json_reply(content)]
    where = {} if address else {"address": ""}

    query = "prod/queue?labelSelector=app%3Da"
    assert ask("externalmetrics", query=query, **where) == measurement

    (seen,) = server.seen
    assert seen.path == f"{GROUP}/namespaces/prod/queue?labelSelector=app%3Da"


def test_the_service_account_is_for_the_own_cluster_only(
    ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply(listed("1"))]

    ask("externalmetrics", address="")
    ask("externalmetrics")
    ask("externalmetrics", {"token": "theirs"})
    ask("externalmetrics", {"other": "x"})

    sent = [seen.headers.get("Authorization") for seen in server.seen]
    assert sent == ["Bearer of-the-service-account", None, "Bearer theirs", None]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (403, f"GET {GROUP}/namespaces/default/up answered 403"),
        (404, f"GET {GROUP}/namespaces/default/up answered 404"),
        (500, f"GET {GROUP}/namespaces/default/up answered 500"),
    ],
)
def test_the_own_api_server_refuses(
    code: int, says: str, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({"message": "S3CRET"}, code)]

    assert ask("externalmetrics", address="") == SourceError(message=says)


@pytest.mark.parametrize("content", [{"items": [{}]}, {"items": {}}, listed("x")])
def test_lists_without_sense(content: Any, ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(content)]

    assert ask("externalmetrics", address="") == SourceError(
        message="the API server's answer is no list of metrics"
    )


def test_external_metrics_online(online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(listed()), json_reply(listed()), json_reply({}, 404)]

    assert online("externalmetrics")
    assert online("externalmetrics", address="")
    assert not online("externalmetrics")
    assert not online("externalmetrics", address="")
    paths = {seen.path for seen in server.seen}
    assert paths == {f"{GROUP}/namespaces/kube-system/dummy-metric"}


@pytest.mark.parametrize(
    ("status", "measurement"),
    [
        pytest.param({"value": "12.5"}, Sample(value=12.5), id="a number"),
        pytest.param({"value": ""}, NoData(), id="empty"),
        pytest.param({}, NoData(), id="not yet"),
        pytest.param({"value": "NaN"}, NoData(), id="not a number"),
        pytest.param(
            {"value": "fast"}, SourceError(message="Keptn's object holds no result"), id="text"
        ),
        pytest.param([], NoData(), id="no status"),
        pytest.param(
            ["x"], SourceError(message="Keptn's object holds no result"), id="a strange status"
        ),
    ],
)
def test_keptn_metrics(
    status: Any, measurement: Measurement, ask: Any, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply(KEPTN_RESOURCES), json_reply({**KEPTN_METRIC, "status": status})]

    assert ask("keptn", query="KeptnMetric/prod/Response-Time", address="") == measurement
    assert server.seen[-1].path == (
        "/apis/metrics.keptn.sh/v1beta1/namespaces/prod/keptnmetrics/response-time"
    )


def test_a_keptn_metric_that_is_not_there(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(KEPTN_RESOURCES), json_reply({}, 404)]

    assert ask("keptn", query="keptnmetric/prod/a").message.endswith("answered 404")


def test_a_cluster_without_keptn(ask: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({}, 404)]

    assert isinstance(ask("keptn", query="keptnmetric/prod/a"), SourceError)


def test_keptn_is_always_online(online: Any, server: Any) -> None:
    assert online("keptn")
    assert server.seen == []


@pytest.mark.parametrize("kind", ["keptn", "externalmetrics"])
def test_queries_that_name_nothing_are_not_asked(kind: str, ask: Any, server: Any) -> None:
    assert isinstance(ask(kind, query="a/b/c/d", address=""), SourceError)
    assert server.seen == []


def test_an_unknown_type_is_told(ask: Any, online: Any) -> None:
    assert ask("abacus") == SourceError(message="there are no metrics of type abacus")
    assert not online("abacus")
