"""Datadog's query API, the timeseries points of ten intervals.

Flagger takes the first point, which is the oldest, because the newest is mostly of a span that is
not over: a count in it is too small, and would let every release pass. A user asks for what is
now, so it is the newest point of a span that is over.

Source: flagger pkg/metrics/providers/datadog.go; Datadog's reference of "query timeseries points"
(a point's time is the beginning of its span, `interval` its length, `to_date` the end of all).
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
from burgee.metrics.model import Measurement, NoData, Sample, SourceError

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
        return SourceError(message="the metrics server cannot evaluate the query")
    series = members(member(answer, "series"))
    if not series:
        return NoData()
    points = [_point(one) for one in members(member(series[0], "pointlist"))]
    end, length = member(answer, "to_date"), member(series[0], "interval")
    over = [value for begin, value in points if _is_over(begin, length, end)]
    found = last_measured(over)
    return found if isinstance(found, Sample) else last_measured([value for _, value in points])


def _point(point: object) -> tuple[object, object]:
    """When its span begins, in milliseconds since 1970, and its value."""
    match point:
        case [begin, value]:
            return begin, value
        case _:
            raise Garbage


def _is_over(begin: object, seconds: object, end: object) -> bool:
    match begin, seconds, end:
        case int() | float(), int() | float(), int() | float():
            return begin + seconds * 1000 <= end
        case _:
            return True


def _probe(inquiry: Inquiry) -> Question:
    return Question(url=f"{inquiry.address(ADDRESS)}/api/v1/validate", headers=_headers(inquiry))


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
