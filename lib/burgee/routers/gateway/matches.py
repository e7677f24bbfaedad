"""Conditions on requests in the words of Gateway API.

Canaries write them in Istio's words, of which Gateway API knows a part. What it does not know is
refused with the field's name: left out, it would let more requests match than the user meant.
Source: flagger pkg/router/gateway_api.go, mapRouteMatches and mergeMatchConditions. Different on
purpose: a test narrows the general conditions, where Flagger drops their headers.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.affinity import COOKIE, cookie_pattern
from burgee.routers.gateway.checks import check_name, check_path

EVERY_PATH: Final[Mapping[str, str]] = {"type": "PathPrefix", "value": "/"}

# Istio's order of preference, where a condition has several.
_PATH_TYPES = (("regex", "RegularExpression"), ("exact", "Exact"), ("prefix", "PathPrefix"))
_VALUE_TYPES = (("exact", "Exact"), ("regex", "RegularExpression"))
_UNKNOWN = (
    "authority",
    "gateways",
    "ignoreUriCase",
    "port",
    "scheme",
    "sourceLabels",
    "sourceNamespace",
    "withoutHeaders",
)


def http_matches(conditions: Sequence[Manifest], field: str) -> list[Manifest]:
    """The conditions as HTTPRoute matches; one that says nothing matches every path.

    Args:
        conditions: in Istio's words.
        field: where they stand in the Canary, for the error.

    Raises:
        InvalidCanary: Gateway API cannot say it.
    """
    return [
        _http_match(condition, f"{field}[{number}]") for number, condition in enumerate(conditions)
    ]


def narrowed_matches(tested: Sequence[Manifest], general: Sequence[Manifest]) -> list[Manifest]:
    """Every condition of an A/B test within every general one, both as matches.

    Where both look at a header or a query parameter of the same name, the test's counts. What the
    general condition says besides holds for the test too: otherwise the route for everybody else
    could be the more specific of the two, and nobody would reach the canary.
    """
    return [
        {**base, **_joined("headers", base, test), **_joined("queryParams", base, test)}
        for test in tested
        for base in general
    ]


def cookie_matches(general: Sequence[Manifest], cookie: str) -> list[Manifest]:
    """The general matches for clients that have a cookie."""
    known = {"type": "RegularExpression", "name": COOKIE, "value": cookie_pattern(cookie)}
    return narrowed_matches([{"headers": [known]}], general or [{}])


def value_matches(found: Mapping[str, Manifest] | None, field: str) -> list[Manifest]:
    """Headers or query parameters by name; sorted, since the order of a map means nothing.

    Raises:
        InvalidCanary: neither exact nor regex, or the name is none.
    """
    named = sorted((found or {}).items())
    for name, _ in named:
        check_name(name, f"{field}.{name}")
    return [
        {"name": name, **_typed(value, _VALUE_TYPES, f"{field}.{name}")} for name, value in named
    ]


def refuse(condition: Manifest, fields: Sequence[str], where: str) -> None:
    """Raises InvalidCanary where a condition uses one of the fields."""
    for field in fields:
        if condition.get(field):
            raise InvalidCanary(
                "InvalidMatch", f"{where}.{field} cannot be expressed with Gateway API"
            )


def refuse_empty_tests(tested: Sequence[Manifest], field: str) -> None:
    """Raises InvalidCanary where an A/B test has a condition that everybody fulfils."""
    for number, condition in enumerate(tested):
        if not any(condition.get(part) for part in ("headers", "queryParams", *_UNKNOWN)):
            raise InvalidCanary(
                "InvalidMatch", f"{field}[{number}] has no condition: all requests would match"
            )


def _http_match(condition: Manifest, where: str) -> Manifest:
    refuse(condition, _UNKNOWN, where)
    match: Manifest = {}
    if condition.get("uri") is not None:
        path = _typed(condition["uri"], _PATH_TYPES, f"{where}.uri")
        if path["type"] != "RegularExpression":
            check_path(path["value"], f"{where}.uri")
        match["path"] = path
    method: Manifest | None = condition.get("method")
    if method is not None:
        match["method"] = _typed(method, (("exact", ""),), f"{where}.method")["value"]
    for field in ("headers", "queryParams"):
        values = value_matches(condition.get(field), f"{where}.{field}")
        if values:
            match[field] = values
    return match or {"path": dict(EVERY_PATH)}


def _typed(value: Manifest, types: Sequence[tuple[str, str]], where: str) -> Manifest:
    """The first way of matching that is given, with Gateway API's word for it."""
    for way, word in types:
        if value.get(way):
            return {"type": word, "value": value[way]}
    ways = " or ".join(way for way, _ in types)
    raise InvalidCanary("InvalidMatch", f"{where} must have {ways} to be expressed by Gateway API")


def _joined(field: str, base: Manifest, test: Manifest) -> Manifest:
    """Values of both, without those of `base` that `test` has too; names have no case."""
    wanted: list[Manifest] = test.get(field) or []
    names = {str(value["name"]).lower() for value in wanted}
    found: list[Manifest] = base.get(field) or []
    kept = [value for value in found if str(value["name"]).lower() not in names]
    return {field: [*kept, *wanted]} if kept or wanted else {}
