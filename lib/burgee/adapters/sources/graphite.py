"""Graphite's render API; the query is what stands behind `render?`.

Source: flagger pkg/metrics/providers/graphite.go.
"""

from urllib.parse import parse_qsl

from burgee.adapters.sources.asking import (
    Garbage,
    Inquiry,
    Provider,
    Question,
    basic,
    decoded,
    last_measured,
    member,
    members,
)
from burgee.metrics.model import Measurement
from burgee.metrics.queries import one_line

_PROBE = "target=test"


def _asked(inquiry: Inquiry, query: str) -> Question:
    given = parse_qsl(one_line(query), keep_blank_values=True)
    headers: dict[str, str] = {}
    if inquiry.source.secret is not None:
        headers["Authorization"] = basic(*inquiry.required("username", "password"))
    return Question(
        url=f"{inquiry.address()}/render",
        params=(*(pair for pair in given if pair[0] != "format"), ("format", "json")),
        headers=headers,
    )


def _question(inquiry: Inquiry) -> Question:
    return _asked(inquiry, inquiry.query)


def _read(body: bytes) -> Measurement:
    """The last value that is one, of the last target that has any."""
    return last_measured(
        [
            _value(point)
            for target in members(decoded(body))
            for point in members(member(target, "datapoints"))
        ]
    )


def _value(point: object) -> object:
    match point:
        case [value, _]:
            return value
        case _:
            raise Garbage


def _probe(inquiry: Inquiry) -> Question:
    return _asked(inquiry, _PROBE)


PROVIDER = Provider(question=_question, read=_read, probe=_probe, read_probe=_read)
