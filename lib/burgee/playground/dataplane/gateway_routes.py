"""The rules of an HTTPRoute as routes of Envoy. Pure.

Source: Gateway API v1, HTTPRouteRule and its parts.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.api.model import duration_seconds
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_routes import Share, split
from burgee.playground.dataplane.gateway_filters import (
    backend_changes,
    copies,
    rule_changes,
    service_port,
)
from burgee.playground.dataplane.plane import Refused
from burgee.playground.dataplane.unknown import only
from burgee.playground.dataplane.xds import Config

_ANY_PATH: Manifest = {"type": "PathPrefix", "value": "/"}
_INTERNAL_ERROR = 500
_VALUE_FIELDS = {"name", "type", "value"}
_RULE_FIELDS = {"name", "matches", "filters", "backendRefs", "timeouts"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A route of Envoy, and what it is ranked by."""

    config: Config
    rank: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Translated:
    """An HTTPRoute.

    Attributes:
        routes: of Envoy, in the order in which they are written.
        missing: backends that there are not; their share is answered with an error.
    """

    routes: Sequence[Route]
    missing: Sequence[str]


def in_order(routes: Iterable[Route]) -> list[Config]:
    """The routes as Envoy has to try them."""
    return [route.config for route in sorted(routes, key=lambda route: route.rank)]


def translated(route: Manifest, ports: Collection[ServicePort]) -> Translated:
    """The routes of an HTTPRoute.

    Args:
        route: of any version of the API.
        ports: that there are.

    Raises:
        Refused: it asks for something that is not translated.
    """
    rules: list[Manifest] = route["spec"].get("rules") or [{}]
    missing: list[str] = []
    found = [
        made
        for number, rule in enumerate(rules)
        for made in _routes(route, rule, number, ports, missing)
    ]
    return Translated(routes=found, missing=list(dict.fromkeys(missing)))


def _routes(
    route: Manifest,
    rule: Manifest,
    number: int,
    ports: Collection[ServicePort],
    missing: list[str],
) -> Iterator[Route]:
    """One for each match of a rule."""
    where = f"spec.rules[{number}]"
    only(rule, _RULE_FIELDS, where)
    filters: list[Manifest] = rule.get("filters") or []
    backends: list[Manifest] = rule.get("backendRefs") or []
    shares = [_share(route, ref, ports, missing, f"{where}.backendRefs") for ref in backends]
    more: Config = {
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        **_timeouts(rule.get("timeouts") or {}, f"{where}.timeouts"),
    }
    mirrors = copies(route, filters, ports, missing, where)
    if mirrors:
        more["request_mirror_policies"] = mirrors
    matches: list[Manifest] = rule.get("matches") or [{}]
    for place, match in enumerate(matches):
        at = f"{where}.matches[{place}]"
        path: Manifest = {**_ANY_PATH, **(match.get("path") or {})}
        action, changes = rule_changes(filters, path, where)
        yield Route(
            config={
                "match": _match(match, path, at),
                **split(shares, otherwise=_INTERNAL_ERROR, **more, **action),
                **changes,
            },
            rank=(*_specificity(match, path), *_age(route), number, place),
        )


def _share(
    route: Manifest,
    ref: Manifest,
    ports: Collection[ServicePort],
    missing: list[str],
    where: str,
) -> Share:
    only(ref, {"group", "kind", "name", "namespace", "port", "weight", "filters"}, where)
    port = service_port(route, ref, where)
    if port not in ports:
        missing.append(f"{port.namespace}/{port.service}:{port.port}")
    weight = ref.get("weight")
    return Share(
        cluster=port.cluster,
        weight=1 if weight is None else int(weight),
        changes=backend_changes(ref.get("filters") or [], where),
    )


def _match(match: Manifest, path: Manifest, where: str) -> Config:
    only(match, {"path", "headers", "queryParams", "method"}, where)
    found: Config = _path(path, where)
    headers = [_value(given, f"{where}.headers") for given in match.get("headers") or []]
    if match.get("method"):
        method = {"name": ":method", "string_match": {"exact": match["method"]}}
        headers.insert(0, method)
    if headers:
        found["headers"] = headers
    parameters = [
        _value(given, f"{where}.queryParams") for given in match.get("queryParams") or []
    ]
    if parameters:
        found["query_parameters"] = parameters
    return found


def _path(path: Manifest, where: str) -> Config:
    value = str(path["value"])
    match path["type"]:
        case "Exact":
            return {"path": value}
        case "RegularExpression":
            return {"safe_regex": {"regex": value}}
        case "PathPrefix":
            # whole segments: /a is no prefix of /ab
            bare = value.rstrip("/")
            return {"path_separated_prefix": bare} if bare else {"prefix": "/"}
        case unknown:
            raise Refused(f"{where}.path.type {unknown} is not known to the playground")


def _value(given: Manifest, where: str) -> Config:
    only(given, _VALUE_FIELDS, where)
    match given.get("type") or "Exact":
        case "Exact":
            return {"name": given["name"], "string_match": {"exact": given["value"]}}
        case "RegularExpression":
            text = {"safe_regex": {"regex": given["value"]}}
            return {"name": given["name"], "string_match": text}
        case unknown:
            raise Refused(f"{where}.type {unknown} is not known to the playground")


def _specificity(match: Manifest, path: Manifest) -> tuple[Any, ...]:
    """Exact paths, patterns, then the longest prefix; methods, headers, then parameters."""
    kinds = ("Exact", "RegularExpression", "PathPrefix")
    return (
        kinds.index(path["type"]),
        -len(path["value"]),
        not match.get("method"),
        -len(match.get("headers") or ()),
        -len(match.get("queryParams") or ()),
    )


def _age(route: Manifest) -> tuple[str, str, str]:
    created = str(metadata(route).get("creationTimestamp", ""))
    return created, namespace_of(route), name_of(route)


def _timeouts(limits: Manifest, where: str) -> Config:
    """Without retries the limit of a try is one of the whole request; nought means none."""
    only(limits, {"request", "backendRequest"}, where)
    seconds = [duration_seconds(limits.get(word) or "") for word in ("request", "backendRequest")]
    given = [limit for limit in seconds if limit]
    if given:
        return {"timeout": f"{min(given):.9f}s"}
    return {"timeout": "0s"} if any(limit == 0 for limit in seconds) else {}
