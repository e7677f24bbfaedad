"""InfluxDB 2, by Flux; the answer is annotated CSV.

Flagger takes no rows for the value 0, which lets every release pass, and refuses whole numbers.

Source: flagger pkg/metrics/providers/influxdb.go.
"""

import csv
import io
import json
from collections.abc import Iterator

from burgee.adapters.sources.asking import Garbage, Inquiry, Provider, Question, measured
from burgee.metrics.model import Measurement, NoData

_NUMBERS = frozenset({"double", "long", "unsignedLong"})
# Needs no data; Flagger asks for those of a bucket `default`, which not every server has.
_PROBE = "buckets() |> limit(n: 1)"
_DIALECT = {"header": True, "delimiter": ",", "annotations": ["datatype", "group", "default"]}


def _asked(inquiry: Inquiry, query: str) -> Question:
    headers = {"Content-Type": "application/json", "Accept": "application/csv"}
    params: tuple[tuple[str, str], ...] = ()
    if inquiry.source.secret is not None:
        token, org = inquiry.required("token", "org")
        headers["Authorization"] = f"Token {token}"
        params = (("org", org),)
    body = {"query": query, "type": "flux", "dialect": _DIALECT}
    return Question(
        url=f"{inquiry.address()}/api/v2/query",
        params=params,
        headers=headers,
        body=json.dumps(body).encode(),
    )


def _question(inquiry: Inquiry) -> Question:
    return _asked(inquiry, inquiry.query)


def _read(body: bytes) -> Measurement:
    """The `_value` of the first record of the first table that has one."""
    try:
        return next(_values(body), NoData())
    except (UnicodeDecodeError, csv.Error):
        raise Garbage from None


def _values(body: bytes) -> Iterator[Measurement]:
    types: list[str] = []
    defaults: list[str] = []
    header: list[str] | None = None
    for row in csv.reader(io.StringIO(body.decode(), newline="")):
        match row:
            case []:
                header = None
            case ["#datatype", *_]:
                types, defaults, header = row, [], None
            case ["#default", *_]:
                defaults = row
            case [first, *_] if first.startswith("#"):
                pass
            case _ if header is None:
                # Not so in a table that says what went wrong (`error` and `reference`).
                if "_value" not in row:
                    raise Garbage
                header = row
            case _:
                yield _value(row, header.index("_value"), types, defaults)


def _value(row: list[str], column: int, types: list[str], defaults: list[str]) -> Measurement:
    if column >= len(row) or column >= len(types) or types[column] not in _NUMBERS:
        raise Garbage
    default = defaults[column] if column < len(defaults) else ""
    return measured(row[column] or default or None)


def _probe(inquiry: Inquiry) -> Question:
    return _asked(inquiry, _PROBE)


PROVIDER = Provider(question=_question, read=_read, probe=_probe, most_seconds=15.0)
