"""What each type of MetricTemplate needs, and the spans and objects that queries are about."""

from dataclasses import replace
from typing import Any

import pytest

from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.metrics.checks import build_checks
from burgee.metrics.model import BrokenCheck, Check, Source
from burgee.metrics.sources import TYPES, ClusterMetric, cluster_metric, usable, window_seconds

ERRORS = ("test", "errors")
METRIC = {"name": "errors", "templateRef": {"name": "errors"}}

NEEDS = {
    "cloudwatch": {"region"},
    "datadog": {"secret"},
    "dynatrace": {"address", "secret"},
    "externalmetrics": set[str](),
    "graphite": {"address"},
    "influxdb": {"address"},
    "keptn": set[str](),
    "newrelic": {"secret"},
    "prometheus": {"address"},
    "splunk": {"address", "secret"},
    "stackdriver": {"secret"},
}
WINDOWED = {"cloudwatch", "datadog", "dynatrace", "newrelic", "splunk"}


# What decides how a request stands on its connection, in the letters that somebody may write.
OF_THE_CONNECTION = [
    *("Host", "HOST", "Content-Length", "content-length", "Transfer-Encoding", "Trailer", "TE"),
    *("Connection", "Keep-Alive", "Upgrade", "Expect", "Proxy-Authorization", "Proxy-Connection"),
]


def source(kind: str, *, without: str = "") -> Source:
    fields: dict[str, Any] = {"address": "http://x", "secret": ("a", "b"), "region": "r"}
    fields.pop(without, None)
    return Source(**{"address": "", "type": kind, **fields})


def test_every_type_of_flagger_is_there() -> None:
    assert set(NEEDS) == TYPES


@pytest.mark.parametrize("part", ["address", "secret", "region"])
@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_needs(kind: str, part: str) -> None:
    without = source(kind, without=part)

    if part in NEEDS[kind]:
        with pytest.raises(InvalidCanary, match=part) as caught:
            usable(without)
        assert caught.value.reason == "InvalidMetric"
    else:
        assert usable(without) is without


@pytest.mark.parametrize("name", OF_THE_CONNECTION)
def test_headers_of_the_connection_are_not_sent(name: str) -> None:
    own = ("X-Scope-OrgID", ("tenant",))
    given = replace(source("splunk"), headers=((name, ("chunked",)), own))

    assert usable(given).headers == (own,)


@pytest.mark.parametrize(
    "name", ["", "X Y", "Transfer-Encoding ", "Transfer-Encoding\t", "X:Y", "X\r\nY", "Größe"]
)
def test_the_name_of_a_header_is_a_word(name: str) -> None:
    with pytest.raises(InvalidCanary, match="name of a header") as caught:
        usable(replace(source("graphite"), headers=((name, ("x",)),)))

    assert caught.value.reason == "InvalidMetric"


@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_windows(kind: str) -> None:
    assert window_seconds(source(kind), "5m", 60) == (300 if kind in WINDOWED else 60)


@pytest.mark.parametrize("interval", ["", "often", "0s", "-1m", "1"])
@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_intervals_that_are_none(kind: str, interval: str) -> None:
    if kind not in WINDOWED:
        assert window_seconds(source(kind), interval, 60) == 60
        return
    with pytest.raises(InvalidCanary, match="no duration"):
        window_seconds(source(kind), interval, 60)


@pytest.mark.parametrize(
    ("kind", "query", "namespace", "name", "selector"),
    [
        ("externalmetrics", "queue", "default", "queue", ""),
        ("externalmetrics", "/queue", "default", "queue", ""),
        ("externalmetrics", "prod/queue\n", "prod", "queue", ""),
        ("externalmetrics", "prod/a?labelSelector=x%3Dy%2Cz", "prod", "a", "x=y,z"),
        ("externalmetrics", "a?labelSelector=", "default", "a", ""),
        ("externalmetrics", "s0-prom:rate|5m", "default", "s0-prom:rate|5m", ""),
        ("keptn", "keptnmetric/prod/response-time", "prod", "response-time", ""),
        ("keptn", "KeptnMetrics/Prod/Slow\n", "prod", "slow", ""),
        # As Flagger's documentation has it.
        ("keptn", "keptnmetric/my-ns/slow/2m/reporter=destination", "my-ns", "slow", ""),
    ],
)
def test_metrics_of_a_cluster(
    kind: str, query: str, namespace: str, name: str, selector: str
) -> None:
    assert cluster_metric(source(kind), query) == ClusterMetric(
        namespace=namespace, name=name, label_selector=selector
    )


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("externalmetrics", ""),
        ("externalmetrics", "prod/"),
        ("externalmetrics", "a/b/c"),
        ("externalmetrics", "prod/.."),
        ("externalmetrics", "../queue"),
        ("externalmetrics", "prod/a%2F..%2Fsecrets"),
        ("externalmetrics", "a b"),
        ("keptn", "keptnmetric/prod"),
        ("keptn", "keptnmetric//a"),
        ("keptn", "analysis/prod"),
        ("keptn", "analysis/prod/a/often"),
        ("keptn", "analysis/prod/a/-1m"),
        ("keptn", "analysis/prod/.."),
        ("keptn", "secret/prod/a"),
    ],
)
def test_queries_that_name_nothing(kind: str, query: str) -> None:
    with pytest.raises(InvalidCanary):
        cluster_metric(source(kind), query)


@pytest.mark.parametrize(
    ("query", "recent", "arguments"),
    [
        pytest.param("analysis/Prod/A", "1m", (), id="a minute by default"),
        pytest.param("Analyses/prod/a/5M\n", "5m", (), id="a span"),
        pytest.param("analysis/prod/a/duration=2h", "2h", (), id="a span by its name"),
        pytest.param("analysis/prod/a//k=v", "1m", (("k", "v"),), id="no span"),
        pytest.param(
            "analysis/prod/a/1m/url=http://x/y; Key=Value;;x",
            "1m",
            (("url", "http://x/y"), ("Key", "Value")),
            id="arguments",
        ),
    ],
)
def test_analyses(query: str, recent: str, arguments: tuple[tuple[str, str], ...]) -> None:
    assert cluster_metric(source("keptn"), query) == ClusterMetric(
        namespace="prod", name="a", recent=recent, arguments=arguments
    )


def test_other_queries_name_nothing() -> None:
    assert cluster_metric(source("graphite"), "target=a/b/c") is None


def checked(
    make_canary: Any, make_template: Any, metric: dict[str, Any], query: str, **provider: Any
) -> Check:
    template = make_template(query, **provider)
    (check,) = build_checks(make_canary(metric), {ERRORS: template}, EngineSettings())
    assert isinstance(check, Check)
    return check


def test_a_template_becomes_a_check(make_canary: Any, make_template: Any) -> None:
    check = checked(
        make_canary,
        make_template,
        {**METRIC, "interval": "2m"},
        "[\n  {{ target }}\n]\n",
        type="cloudwatch",
        address="",
        region="eu-west-1",
    )

    assert check.source == Source(type="cloudwatch", address="", region="eu-west-1")
    assert check.query == "[\n  podinfo\n]\n"
    assert check.interval_seconds == 120


def test_an_interval_that_is_left_out_is_a_minute(make_canary: Any, make_template: Any) -> None:
    check = checked(
        make_canary, make_template, METRIC, "q", type="datadog", secretRef={"name": "auth"}
    )

    assert check.interval_seconds == 60
    assert check.source.secret == ("test", "auth")


@pytest.mark.parametrize(
    ("kind", "query", "allowed"),
    [
        ("externalmetrics", "test/queue", True),
        ("externalmetrics", "queue", False),
        ("externalmetrics", "prod/queue", False),
        ("keptn", "keptnmetric/test/a", True),
        ("keptn", "keptnmetric/prod/a", False),
        ("keptn", "analysis/test/a/1m/x=y", True),
        ("keptn", "analysis/prod/a", False),
    ],
)
def test_metrics_of_other_namespaces_can_be_forbidden(
    kind: str, query: str, allowed: bool, make_canary: Any, make_template: Any
) -> None:
    templates = {ERRORS: make_template(query, type=kind)}

    (free,) = build_checks(make_canary(METRIC), templates, EngineSettings())
    settings = EngineSettings(no_cross_namespace_refs=True)
    (guarded,) = build_checks(make_canary(METRIC), templates, settings)

    assert isinstance(free, Check)
    assert isinstance(guarded, Check) is allowed
    if isinstance(guarded, BrokenCheck):
        assert "is in another namespace" in guarded.reason
