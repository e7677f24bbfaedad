"""What each type of metric source says on the wire, in the same situations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

BODY = "S3CRET"
MULTIPLE = SourceError(message="the query yields several series, and so multiple values")
ONE = Sample(value=1)
TWO = Sample(value=2)
DENIED = SourceError(message="the metrics server does not accept the credentials (HTTP 403)")
BUSY = SourceError(message="the metrics server is overloaded or not ready (HTTP 429)")
FAILED = SourceError(message="the metrics server failed (HTTP 500)")
SENSELESS = SourceError(message="the metrics server's answer makes no sense")
LATE = SourceError(message="the metrics server was not reached: no answer in time")
KEPTN = "GET /apis/metrics.keptn.sh/v1beta1"
QUEUE = "GET /apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue"
KEPTN_RESOURCES = {
    "kind": "APIResourceList",
    "groupVersion": "metrics.keptn.sh/v1beta1",
    "resources": [{"name": "keptnmetrics", "kind": "KeptnMetric", "namespaced": True}],
}
KEPTN_METRIC = {
    "apiVersion": "metrics.keptn.sh/v1beta1",
    "metadata": {"name": "up", "namespace": "test"},
}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one type is asked, and what it says.

    Attributes:
        query: that it understands.
        keys: of its Secret; None without one.
        one: the body that says 1.
        nothing: bodies that say that there is no number.
        several: a body that says 1 and then 2.
        of_several: what is made of that.
        fields: of the source.
    """

    query: str = "up"
    keys: dict[str, str] | None
    one: Any
    nothing: Mapping[str, Any]
    several: Any
    of_several: Measurement
    fields: Mapping[str, Any] = field(default_factory=dict)
    denied: SourceError = DENIED
    busy: SourceError = BUSY
    failed: SourceError = FAILED
    senseless: SourceError = SENSELESS
    late: SourceError = LATE


def vector(*values: str) -> Any:
    series = [{"metric": {}, "value": [1, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


def datadog(*series: list[Any]) -> Any:
    points = [{"pointlist": [[n, value] for n, value in enumerate(one)]} for one in series]
    return {"status": "ok", "series": points}


def dynatrace(*series: list[Any]) -> Any:
    return {"result": [{"data": [{"values": values} for values in series]}]}


def cloudwatch(*series: list[Any]) -> Any:
    return {"MetricDataResults": [{"Id": "a", "Values": values} for values in series]}


def stackdriver(*series: Any) -> Any:
    data = [{"pointData": [{"values": [{"doubleValue": value}]}]} for value in series]
    return {"timeSeriesData": data}


def csv(*values: str) -> str:
    head = "#datatype,string,long,double\n#default,_result,,\n,result,table,_value\n"
    return head + "".join(f",,{n},{value}\n" for n, value in enumerate(values))


def events(*batches: dict[str, Any]) -> str:
    told = [
        {"data": [{"tsId": name, "value": value} for name, value in batch.items()]}
        for batch in batches
    ]
    said = "".join(f"event: data\ndata: {json.dumps(one)}\n\n" for one in told)
    return said + 'event: control-message\ndata: {"event": "END_OF_CHANNEL"}\n\n'


def external(*values: str) -> Any:
    return {"items": [{"metricName": "queue", "value": value} for value in values]}


def own_cluster(path: str) -> dict[str, SourceError]:
    """What the API server's failures are called: as those of everything else of it."""
    return {
        "denied": SourceError(message=f"{path} answered 403"),
        "busy": SourceError(message=f"{path} answered 429"),
        "failed": SourceError(message=f"{path} answered 500"),
        "late": SourceError(message=f"{path}: no answer in time"),
    }


DIALECTS = {
    "prometheus": Dialect(
        keys={"token": BODY},
        one=vector("1"),
        nothing={"no series": vector(), "NaN": vector("NaN")},
        several=vector("1", "2"),
        of_several=TWO,
        senseless=SourceError(message="the metrics server's answer is none of Prometheus"),
    ),
    "datadog": Dialect(
        keys={"datadog_api_key": BODY, "datadog_application_key": BODY},
        one=datadog([1]),
        nothing={
            "no series": datadog(),
            "no points": datadog([]),
            "null": datadog([None]),
            "NaN": datadog([float("nan")]),
        },
        several=datadog([1], [2]),
        of_several=ONE,
    ),
    "newrelic": Dialect(
        keys={"newrelic_account_id": "1", "newrelic_query_key": BODY},
        one={"results": [{"result": 1}]},
        nothing={
            "no results": {"results": []},
            "null": {"results": [{"result": None}]},
            "NaN": {"results": [{"result": float("nan")}]},
        },
        several={"results": [{"result": 1}, {"result": 2}]},
        of_several=NoData(message="the query yields no value, or several"),
    ),
    "graphite": Dialect(
        query="target=x",
        keys={"username": BODY, "password": BODY},
        one=[{"target": "x", "datapoints": [[1, 10]]}],
        nothing={
            "no targets": [],
            "nulls": [{"target": "x", "datapoints": [[None, 10]]}],
            "NaN": [{"target": "x", "datapoints": [[float("nan"), 10]]}],
        },
        several=[{"target": "x", "datapoints": [[1, 9]]}, {"target": "y", "datapoints": [[2, 9]]}],
        of_several=TWO,
    ),
    "influxdb": Dialect(
        keys={"token": BODY, "org": "o"},
        one=csv("1"),
        nothing={"no rows": csv(), "null": csv(""), "NaN": csv("NaN"), "no tables": ""},
        several=csv("1", "2"),
        of_several=ONE,
    ),
    "dynatrace": Dialect(
        keys={"dynatrace_token": BODY},
        one=dynatrace([1]),
        nothing={
            "no result": {"result": []},
            "no series": dynatrace(),
            "null": dynatrace([None]),
            "NaN": dynatrace([float("nan")]),
        },
        several=dynatrace([1], [2]),
        of_several=TWO,
    ),
    "cloudwatch": Dialect(
        query='[{"id": "a", "expression": "b"}]',
        keys=None,
        one=cloudwatch([1.0]),
        nothing={
            "no series": cloudwatch(),
            "no values": cloudwatch([]),
            "NaN": cloudwatch([float("nan")]),
        },
        several=cloudwatch([1.0], [2.0]),
        of_several=ONE,
        fields={"address": "", "region": "eu-west-1"},
    ),
    "stackdriver": Dialect(
        keys={"project": "p"},
        one=stackdriver(1),
        nothing={
            "no series": stackdriver(),
            "no points": {"timeSeriesData": [{"pointData": []}]},
            "null": stackdriver(None),
            "NaN": stackdriver("NaN"),
        },
        several=stackdriver(1, 2),
        of_several=ONE,
        fields={"address": ""},
    ),
    "splunk": Dialect(
        keys={"sf_token_key": BODY},
        one=events({"a": 1}),
        nothing={
            "no batches": events(),
            "no points": events({}),
            "null": events({"a": None}),
            "NaN": events({"a": "NaN"}),
        },
        several=events({"a": 1, "b": 2}),
        of_several=MULTIPLE,
    ),
    "externalmetrics": Dialect(
        query="queue",
        keys={"token": BODY},
        one=external("1"),
        nothing={"no items": external()},
        several=external("1", "2"),
        of_several=ONE,
    ),
    "externalmetrics of the own cluster": Dialect(
        query="queue",
        keys=None,
        one=external("1"),
        nothing={"no items": external()},
        several=external("1", "2"),
        of_several=ONE,
        fields={"address": ""},
        **own_cluster(QUEUE),
        senseless=SourceError(message=f"{QUEUE} answered 200 without a JSON object"),
    ),
    "keptn": Dialect(
        query="keptnmetric/test/up",
        keys=None,
        one={"kind": "KeptnMetric", "status": {"value": "1"}},
        nothing={
            "no status": {"kind": "KeptnMetric"},
            "empty": {"kind": "KeptnMetric", "status": {"value": ""}},
            "NaN": {"kind": "KeptnMetric", "status": {"value": "NaN"}},
        },
        several={"kind": "KeptnMetric", "status": {"value": "1", "intervalResults": []}},
        of_several=ONE,
        fields={"address": ""},
        **own_cluster(KEPTN),
        senseless=SourceError(
            message=f"{KEPTN}/namespaces/test/keptnmetrics/up answered 200 without a JSON object"
        ),
    ),
}
