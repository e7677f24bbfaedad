"""Dynatrace's metrics API v2: one value about ten intervals.

Source: flagger pkg/metrics/providers/dynatrace.go.
"""

from collections.abc import Mapping

from burgee.adapters.sources.asking import (
    Inquiry,
    Provider,
    Question,
    decoded,
    measured,
    member,
    members,
)
from burgee.metrics.model import Measurement, NoData

_INTERVALS = 10


def _headers(inquiry: Inquiry) -> Mapping[str, str]:
    (token,) = inquiry.required("dynatrace_token")
    return {"Authorization": f"Api-Token {token}"}


def _question(inquiry: Inquiry) -> Question:
    start, end = inquiry.window(_INTERVALS)
    return Question(
        url=f"{inquiry.address()}/api/v2/metrics/query",
        params=(
            ("metricSelector", inquiry.query.strip()),
            ("resolution", "Inf"),
            ("from", str(int(start * 1000))),
            ("to", str(int(end * 1000))),
        ),
        headers=_headers(inquiry),
    )


def _read(body: bytes) -> Measurement:
    """The first value of the last series of the first result."""
    results = members(member(decoded(body), "result"))
    series = members(member(results[0], "data")) if results else []
    values = members(member(series[-1], "values")) if series else []
    return measured(values[0]) if values else NoData()


def _probe(inquiry: Inquiry) -> Question:
    return Question(
        url=f"{inquiry.address()}/api/v2/metrics",
        params=(("pageSize", "1"),),
        headers=_headers(inquiry),
    )


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
