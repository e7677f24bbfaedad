"""Datadog's query API, the timeseries points of ten intervals.

Flagger takes the first point, which is the oldest; the newest is what a user asks for.

Source: flagger pkg/metrics/providers/datadog.go.
"""

from collections.abc import Mapping

from burgee.adapters.sources.asking import (
    Garbage,
    Inquiry,
    Provider,
    Question,
    decoded,
    last_measured,
    member,
    members,
)
from burgee.metrics.model import Measurement, NoData

ADDRESS = "https://api.datadoghq.com"

_INTERVALS = 10


def _headers(inquiry: Inquiry) -> Mapping[str, str]:
    api, application = inquiry.required("datadog_api_key", "datadog_application_key")
    return {"DD-API-KEY": api, "DD-APPLICATION-KEY": application}


def _question(inquiry: Inquiry) -> Question:
    start, end = inquiry.window(_INTERVALS)
    return Question(
        url=f"{inquiry.address(ADDRESS)}/api/v1/query",
        params=(
            ("query", inquiry.query.strip()),
            ("from", str(int(start))),
            ("to", str(int(end))),
        ),
        headers=_headers(inquiry),
    )


def _read(body: bytes) -> Measurement:
    answer = decoded(body)
    if member(answer, "status") == "error":
        raise Garbage
    series = members(member(answer, "series"))
    if not series:
        return NoData()
    return last_measured([_value(point) for point in members(member(series[0], "pointlist"))])


def _value(point: object) -> object:
    match point:
        case [_, value]:
            return value
        case _:
            raise Garbage


def _probe(inquiry: Inquiry) -> Question:
    return Question(url=f"{inquiry.address(ADDRESS)}/api/v1/validate", headers=_headers(inquiry))


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
