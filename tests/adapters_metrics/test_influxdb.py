"""InfluxDB: Flux, and annotated CSV as the server writes it."""

from typing import Any

import pytest

from burgee.metrics.model import Measurement, NoData, Sample, SourceError

KEYS = {"token": "t0ken", "org": "my org"}
NO_SENSE = SourceError(message="the metrics server's answer makes no sense")


def table(*values: str, kind: str = "double", default: str = "") -> str:
    rows = [f",,0,2026-11-23T00:00:00Z,{value},errors" for value in values]
    lines = [
        f"#datatype,string,long,dateTime:RFC3339,{kind},string",
        "#group,false,false,false,false,true",
        f"#default,_result,,,{default},",
        ",result,table,_time,_value,_field",
        *rows,
    ]
    return "\r\n".join(lines) + "\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "measurement"),
    [
        pytest.param(table("0.5"), Sample(value=0.5), id="one"),
        pytest.param(table("0.5", "0.7"), Sample(value=0.5), id="the first record"),
        pytest.param(table("1") + table("2"), Sample(value=1), id="the first table"),
        pytest.param(table() + table("2"), Sample(value=2), id="the first with a record"),
        pytest.param(table("42", kind="long"), Sample(value=42), id="a whole number"),
        pytest.param(table("7", kind="unsignedLong"), Sample(value=7), id="unsigned"),
        pytest.param(table("", default="3"), Sample(value=3), id="the default"),
        pytest.param(
            table("5").replace("_field", "error").replace("errors", "timeout"),
            Sample(value=5),
            id="a tag named error",
        ),
        pytest.param(
            table("5").replace(",errors", ',"a\nb"'), Sample(value=5), id="a tag of two lines"
        ),
        pytest.param(
            table("5")
            .replace(",_value,_field", ",_field,_value")
            .replace(",5,errors", ",a\x85b\u2028c,5")
            .replace("double,string", "string,double"),
            Sample(value=5),
            id="a tag with other line ends",
        ),
        pytest.param(table(""), NoData(), id="null"),
        pytest.param(table("NaN"), NoData(), id="not a number"),
        pytest.param(table(), NoData(), id="no rows"),
        pytest.param("", NoData(), id="nothing"),
        pytest.param("\r\n", NoData(), id="an empty line"),
    ],
)
def test_answers(body: str, measurement: Measurement, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body.encode())]

    assert ask("influxdb") == measurement


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,S3CRET,1\n",
            id="an error in the middle",
        ),
        pytest.param(table("yes", kind="boolean"), id="boolean"),
        pytest.param(table("text", kind="string"), id="text"),
        pytest.param(table("x"), id="no number"),
        pytest.param(table("1").split("#group")[0] + ",result\r\n,x\r\n", id="no value column"),
        pytest.param(",result,_value\r\n,,1\r\n", id="no types"),
        pytest.param("<html></html>", id="HTML"),
        pytest.param('{"results": []}', id="JSON"),
    ],
)
def test_answers_without_sense(body: str, ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=body.encode())]

    assert ask("influxdb") == NO_SENSE


def test_answers_that_are_no_text(ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=b"\xff\xfe\x00")]

    assert ask("influxdb") == NO_SENSE


def test_request(ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=table("1").encode())]
    query = 'from(bucket: "b")\n  |> range(start: -2h)\n'

    ask("influxdb", KEYS, query=query)

    (seen,) = server.seen
    assert (seen.method, seen.path.partition("?")[0]) == ("POST", "/api/v2/query")
    assert seen.params == {"org": "my org"}
    assert seen.headers["Authorization"] == "Token t0ken"
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.json()["query"] == query
    assert seen.json()["type"] == "flux"
    assert seen.json()["dialect"]["annotations"] == ["datatype", "group", "default"]


def test_without_a_secret_nothing_is_claimed(ask: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(body=table("1").encode())]

    assert ask("influxdb") == Sample(value=1)
    assert server.seen[0].path == "/api/v2/query"
    assert "Authorization" not in server.seen[0].headers


def test_online(online: Any, server: Any, reply: Any) -> None:
    server.replies = [reply(), reply(code=401)]

    assert online("influxdb", KEYS)
    assert not online("influxdb", KEYS)
    assert server.seen[0].json()["query"] == "buckets() |> limit(n: 1)"
