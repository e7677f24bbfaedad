"""Splunk Observability: SignalFlow over HTTP, answered by server-sent events."""

import json
from typing import Any

import pytest

from burgee.adapters.sources.asking import Inquiry
from burgee.adapters.sources.splunk import PROVIDER
from burgee.metrics.model import Measurement, NoData, Sample, Source, SourceError

KEYS = {"sf_token_key": "sf-token"}


def event(kind: str, content: Any, *, end: str = "\n") -> str:
    """One event, its JSON over several lines as the server writes it."""
    lines = [f"data: {line}" for line in json.dumps(content, indent=1).splitlines()]
    return end.join([f"event: {kind}", *lines, "", ""])


def control(name: str) -> str:
    return event("control-message", {"event": name, "timestampMs": 1, "handle": "A"})


def data(**values: Any) -> str:
    points = [{"tsId": name, "value": value} for name, value in values.items()]
    return event("data", {"data": points, "logicalTimestampMs": 1, "maxDelayMs": 1})


START = control("STREAM_START") + control("JOB_START")
METADATA = event("metadata", {"tsId": "a", "properties": {"sf_metric": "m"}})
END = control("END_OF_CHANNEL")


@pytest.mark.parametrize(
    ("body", "measurement"),
    [
        pytest.param(START + METADATA + data(a=1.5) + END, Sample(value=1.5), id="one"),
        pytest.param(START + data(a=1) + data(a=2) + END, Sample(value=2), id="the last"),
        pytest.param(START + data(a=1) + data(a=None) + END, Sample(value=1), id="that is one"),
        pytest.param(START + data() + END, NoData(), id="no value"),
        pytest.param(START + END, NoData(), id="nothing"),
        pytest.param(
            START + data(a=1, b=2) + END,
            SourceError(message="the query yields several series, and so multiple values"),
            id="several series",
        ),
        pytest.param(
            START + data(a=1) + data(b=2) + END,
            SourceError(message="the query yields several series, and so multiple values"),
            id="several series one after the other",
        ),
        pytest.param(
            event("error", {"errors": [{"code": "S3CRET"}]}),
            SourceError(message="the metrics server cannot evaluate the query"),
            id="an error",
        ),
        pytest.param(
            START + data(a=1) + control("CHANNEL_ABORT"),
            SourceError(message="the metrics server gave up on the query"),
            id="given up",
        ),
        pytest.param(
            START + event("message", {"message": {}}) + data(a=7) + END,
            Sample(value=7),
            id="news of the computation",
        ),
        pytest.param(
            event("data", {"data": [{"tsId": "a", "value": 3}]}, end="\r\n") + END,
            Sample(value=3),
            id="other line ends",
        ),
    ],
)
def test_answers(body: str, measurement: Measurement, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body.encode(), headers={"Content-Type": "text/event-stream"})]

    assert ask("splunk", KEYS) == measurement


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("<html></html>", id="HTML"),
        pytest.param("event: data\ndata: {\n\n", id="no JSON"),
        pytest.param(START, id="cut off"),
        pytest.param(event("data", {"data": [1]}) + END, id="no points"),
    ],
)
def test_answers_without_sense(body: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body.encode())]

    assert ask("splunk", KEYS) == SourceError(message="the metrics server's answer makes no sense")


def test_request(ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=(START + data(a=1) + END).encode())]
    program = "data('requests.count').sum().publish()\n"

    ask("splunk", KEYS, query=program, interval_seconds=30)

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("POST", "/v2/signalflow/execute")
    assert seen.params == {
        "start": str((1_700_000_000 - 300) * 1000),
        "stop": "1700000000000",
        "immediate": "true",
    }
    assert seen.headers["X-SF-Token"] == "sf-token"
    assert seen.headers["Content-Type"] == "text/plain"
    assert seen.body.decode() == program


@pytest.mark.parametrize(
    "address",
    [
        "https://api.us1.signalfx.com",
        "https://stream.us1.signalfx.com/",
        "wss://stream.us1.signalfx.com",
    ],
)
def test_each_api_has_its_host(address: str) -> None:
    inquiry = Inquiry(
        source=Source(type="splunk", address=address, secret=("test", "auth")),
        query="x",
        interval_seconds=60,
        now=0,
        secret=KEYS,
    )

    asked = PROVIDER.question(inquiry).url
    probed = PROVIDER.probe(inquiry).url

    assert asked == "https://stream.us1.signalfx.com/v2/signalflow/execute"
    assert probed == "https://api.us1.signalfx.com/v2/metric"


def test_online(online: Any, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply({}), json_reply({}, 401)]

    assert online("splunk", KEYS)
    assert not online("splunk", KEYS)
    assert server.seen[0].path == "/v2/metric?limit=1"
