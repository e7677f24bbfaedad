"""Splunk Observability: a SignalFlow program over ten intervals.

Flagger opens a WebSocket for it. The same computation is to be had as one POST that is answered
by server-sent events, which is all that a program with an end needs.

Source: flagger pkg/metrics/providers/splunk.go; Splunk's reference of SignalFlow over HTTP.
"""

import re
from collections.abc import Iterator, Mapping

from burgee.adapters.sources.asking import (
    Garbage,
    Inquiry,
    Provider,
    Question,
    decoded,
    measured,
    member,
    members,
)
from burgee.metrics.model import Measurement, NoData, SourceError

_INTERVALS = 10


def _address(inquiry: Inquiry, host: str) -> str:
    """Of the streaming or of the other API, whichever of the two was written."""
    address = re.sub(r"^ws(s?)://", r"http\1://", inquiry.address())
    return re.sub(r"^(https?://)(?:api|stream)\.", rf"\1{host}.", address)


def _headers(inquiry: Inquiry) -> Mapping[str, str]:
    (token,) = inquiry.required("sf_token_key")
    return {"X-SF-Token": token, "Content-Type": "text/plain"}


def _question(inquiry: Inquiry) -> Question:
    start, end = inquiry.window(_INTERVALS)
    return Question(
        url=f"{_address(inquiry, 'stream')}/v2/signalflow/execute",
        params=(
            ("start", str(int(start * 1000))),
            ("stop", str(int(end * 1000))),
            ("immediate", "true"),
        ),
        headers=_headers(inquiry),
        body=inquiry.query.encode(),
    )


def _read(body: bytes) -> Measurement:
    """The last value that is one, of a program that yields one timeseries."""
    values: list[object] = []
    series: set[object] = set()
    ended = False
    for kind, data in _events(body):
        match kind:
            case "data":
                points = [
                    point
                    for point in members(member(data, "data"))
                    if member(point, "value") is not None
                ]
                series |= {str(member(point, "tsId")) for point in points}
                values += [member(point, "value") for point in points]
            case "error":
                return SourceError(message="the metrics server cannot evaluate the query")
            case "control-message":
                if member(data, "event") == "CHANNEL_ABORT":
                    return SourceError(message="the metrics server gave up on the query")
                ended = ended or member(data, "event") == "END_OF_CHANNEL"
            case _:
                pass
    if len(series) > 1:
        return SourceError(message="the query yields several series, and so multiple values")
    if not ended and not values:
        raise Garbage
    return measured(values[-1]) if values else NoData()


def _events(body: bytes) -> Iterator[tuple[str, object]]:
    """Name and data of every server-sent event."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Garbage from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    for block in lines.split("\n\n"):
        fields = [line.partition(":") for line in block.split("\n")]
        data = "\n".join(value.removeprefix(" ") for name, _, value in fields if name == "data")
        if data:
            kinds = [value.strip() for name, _, value in fields if name == "event"]
            yield kinds[-1] if kinds else "message", decoded(data.encode())


def _probe(inquiry: Inquiry) -> Question:
    return Question(
        url=f"{_address(inquiry, 'api')}/v2/metric",
        params=(("limit", "1"),),
        headers=_headers(inquiry),
    )


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
