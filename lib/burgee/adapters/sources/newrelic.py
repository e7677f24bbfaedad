"""New Relic's Insights query API: NRQL about the last interval.

Source: flagger pkg/metrics/providers/newrelic.go.
"""

from typing import cast
from urllib.parse import quote

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
from burgee.metrics.model import Measurement, NoData

ADDRESS = "https://insights-api.newrelic.com"

_PROBE = "SELECT * FROM Metric"


def _asked(inquiry: Inquiry, query: str) -> Question:
    account, key = inquiry.required("newrelic_account_id", "newrelic_query_key")
    seconds = max(int(inquiry.interval_seconds), 1)
    return Question(
        url=f"{inquiry.address(ADDRESS)}/v1/accounts/{quote(account, safe='')}/query",
        params=(("nrql", f"{query.strip()} SINCE {seconds} seconds ago"),),
        headers={"X-Query-Key": key},
    )


def _question(inquiry: Inquiry) -> Question:
    return _asked(inquiry, inquiry.query)


def _read(body: bytes) -> Measurement:
    results = members(member(decoded(body), "results"))
    if len(results) != 1:
        return NoData(message="the query yields no value, or several")
    (result,) = results
    if not isinstance(result, dict):
        raise Garbage
    found = cast("dict[str, object]", result)
    if "result" in found:
        return measured(found["result"])
    # `SELECT average(duration)` answers with {"average": 1.2}, and `percentile(duration, 95)` with
    # {"percentiles": {"95": 1.2}}, which Flagger takes for nothing.
    return measured(_only(_only(found)))


def _only(found: object) -> object:
    """The value of an object with one, None for one with more; anything else is itself."""
    if not isinstance(found, dict):
        return found
    values = list(cast("dict[str, object]", found).values())
    return values[0] if len(values) == 1 else None


def _probe(inquiry: Inquiry) -> Question:
    return _asked(inquiry, _PROBE)


PROVIDER = Provider(question=_question, read=_read, probe=_probe)
