"""One route of an HTTPProxy as a route of Envoy. Pure.

Source: contour, internal/dag/conditions.go, internal/dag/policy.go, internal/envoy/v3/route.go and
internal/sorter/sorter.go.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_routes import (
    Share,
    copied,
    duration,
    header_changes,
    respond,
    split,
)
from burgee.playground.dataplane.plane import Refused
from burgee.playground.dataplane.unknown import only
from burgee.playground.dataplane.xds import Config

_ALL = 100
_PATHS = ("prefix", "exact", "regex")
_FORMS = {"exact": "path", "prefix": "prefix"}
_STRING_WAYS = ("exact", "contains", "prefix", "suffix", "regex")
_HEADER_FIELDS = {
    *("name", "exact", "contains", "regex", "notexact", "notcontains"),
    *("present", "notpresent", "ignoreCase"),
}
_PARAMETER_FIELDS = {"name", *_STRING_WAYS, "present", "ignoreCase"}
_WAY_RANK = ("exact", "safe_regex", "prefix", "suffix", "contains")


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A route of Envoy, and what it is ranked by."""

    config: Config

    @property
    def rank(self) -> tuple[Any, ...]:
        """Exact paths first, then regular expressions, then prefixes; the longer first.

        Among routes of one path those with more conditions on headers, then on parameters, and
        then by the conditions themselves.
        """
        match: Config = self.config["match"]
        form, path = _path_of(match)
        headers: list[Config] = match.get("headers", [])
        parameters: list[Config] = match.get("query_parameters", [])
        return (
            ("path", "safe_regex", "prefix").index(form),
            -len(path),
            [-ord(letter) for letter in path],
            -len(headers),
            -len(parameters),
            [_condition_rank(header) for header in headers],
            [_condition_rank(parameter) for parameter in parameters],
        )


def in_order(routes: Iterable[Route]) -> list[Route]:
    """The routes as Envoy has to try them; Contour ranks them, whatever order they stand in."""
    return sorted(routes, key=lambda route: route.rank)


def nowhere(conditions: Sequence[Manifest], status: int) -> Route:
    """A route for these conditions that leads nowhere."""
    return Route(config={"match": _match(conditions, "conditions"), **respond(status)})


def http_route(
    route: Manifest,
    outer: Sequence[Manifest],
    *,
    namespace: str,
    ports: Collection[ServicePort],
    where: str,
) -> Route:
    """A route of a proxy.

    Args:
        route: an entry of spec.routes.
        outer: the conditions of the includes that lead to the proxy.
        namespace: of the proxy.
        ports: that there are.
        where: the path of the route, for errors.

    Raises:
        Refused: it asks for something that is not translated, or for a Service that is not there.
    """
    only(route, {"conditions", "services", "timeoutPolicy", "retryPolicy"}, where)
    own: list[Manifest] = route.get("conditions") or []
    if sum(bool(c.get(way)) for c in own for way in _PATHS) > 1:
        raise Refused(f"{where}: more than one prefix, exact or regex in a condition block")
    more: Config = {
        **_timeouts(route.get("timeoutPolicy") or {}, f"{where}.timeoutPolicy"),
        **_retries(route.get("retryPolicy") or {}, f"{where}.retryPolicy"),
    }
    services: list[Manifest] = route.get("services") or []
    known = [
        (service, _cluster(service, namespace, ports, f"{where}.services[{number}]"))
        for number, service in enumerate(services)
    ]
    mirrors = [copied(c, s.get("weight") or _ALL) for s, c in known if s.get("mirror")]
    if len(mirrors) > 1:
        raise Refused(f"{where}: only one service per route may be nominated as mirror")
    if mirrors:
        more["request_mirror_policies"] = mirrors
    backends = [(service, cluster) for service, cluster in known if not service.get("mirror")]
    even = not any(service.get("weight") for service, _ in backends)
    shares = [
        Share(
            cluster=cluster,
            weight=1 if even else service.get("weight") or 0,
            changes={
                **_headers("request", service.get("requestHeadersPolicy") or {}, where),
                **_headers("response", service.get("responseHeadersPolicy") or {}, where),
            },
        )
        for service, cluster in backends
    ]
    match = _match([*outer, *own], f"{where}.conditions")
    return Route(config={"match": match, **split(shares, **more)})


def _cluster(service: Manifest, namespace: str, ports: Collection[ServicePort], where: str) -> str:
    fields = {"name", "port", "weight", "mirror"}
    only(service, {*fields, "requestHeadersPolicy", "responseHeadersPolicy"}, where)
    port = ServicePort(
        namespace=namespace, service=str(service["name"]), port=int(service["port"])
    )
    if port not in ports:
        raise Refused(f"{where}: unresolved service reference {namespace}/{service['name']}")
    return port.cluster


def _match(conditions: Sequence[Manifest], where: str) -> Config:
    """All conditions from the root to the route: paths are joined, the others add up."""
    joined, last = "", ""
    headers: list[Config] = []
    parameters: list[Config] = []
    for number, given in enumerate(conditions):
        at = f"{where}[{number}]"
        only(given, {*_PATHS, "header", "queryParameter"}, at)
        for way in _PATHS:
            if given.get(way):
                joined += str(given[way])
                last = way if last != "regex" else last
        if given.get("header"):
            headers.append(_header(given["header"], f"{at}.header"))
        if given.get("queryParameter"):
            parameters.append(_parameter(given["queryParameter"], f"{at}.queryParameter"))
    path = re.sub("//+", "/", joined) or "/"
    form: Config = (
        {"safe_regex": {"regex": path}} if last == "regex" else {_FORMS.get(last, "prefix"): path}
    )
    if headers:
        form["headers"] = sorted(headers, key=_condition_rank)
    if parameters:
        form["query_parameters"] = sorted(parameters, key=_condition_rank)
    return form


def _header(given: Manifest, where: str) -> Config:
    only(given, _HEADER_FIELDS, where)
    name: Config = {"name": given["name"]}
    for way in ("exact", "contains", "regex"):
        if given.get(way):
            return {**name, "string_match": _string(way, given)}
    for way in ("exact", "contains"):
        if given.get(f"not{way}"):
            text = {way: given[f"not{way}"], "ignoreCase": given.get("ignoreCase")}
            return {**name, "string_match": _string(way, text), "invert_match": True}
    if given.get("notpresent"):
        return {**name, "present_match": True, "invert_match": True}
    if given.get("present"):
        return {**name, "present_match": True}
    raise Refused(f"{where} has no condition")


def _parameter(given: Manifest, where: str) -> Config:
    only(given, _PARAMETER_FIELDS, where)
    for way in _STRING_WAYS:
        if given.get(way):
            return {"name": given["name"], "string_match": _string(way, given)}
    if given.get("present"):
        return {"name": given["name"], "present_match": True}
    raise Refused(f"{where} has no condition")


def _string(way: str, given: Manifest) -> Config:
    if way == "regex":
        return {"safe_regex": {"regex": given[way]}}
    return {way: given[way], **({"ignore_case": True} if given.get("ignoreCase") else {})}


def _path_of(match: Config) -> tuple[str, str]:
    if "safe_regex" in match:
        return "safe_regex", match["safe_regex"]["regex"]
    form = "path" if "path" in match else "prefix"
    return form, match[form]


def _condition_rank(given: Config) -> tuple[Any, ...]:
    """By name, then the more specific way, then the value; what is not inverted first."""
    text: Config = given.get("string_match") or {}
    way = next((word for word in _WAY_RANK if word in text), "")
    rank = _WAY_RANK.index(way) if way else len(_WAY_RANK)
    return given["name"].lower(), rank, str(text.get(way)), bool(given.get("invert_match"))


def _timeouts(policy: Manifest, where: str) -> Config:
    only(policy, {"response", "idle"}, where)
    fields = (("response", "timeout"), ("idle", "idle_timeout"))
    return {
        field: "0s" if policy[word] in {"infinity", "infinite"} else duration(policy[word])
        for word, field in fields
        if policy.get(word)
    }


def _retries(policy: Manifest, where: str) -> Config:
    only(policy, {"count", "perTryTimeout", "retryOn"}, where)
    if not policy:
        return {}
    count = int(policy.get("count") or 1)
    found: Config = {
        "num_retries": max(count, 0),
        "retry_on": ",".join(policy.get("retryOn") or ["5xx"]),
    }
    if policy.get("perTryTimeout"):
        found["per_try_timeout"] = duration(policy["perTryTimeout"])
    return {"retry_policy": found}


def _headers(side: str, policy: Manifest, where: str) -> Config:
    only(policy, {"set", "remove"}, f"{where}.{side}HeadersPolicy")
    values: list[Manifest] = policy.get("set") or []
    changes = {str(value["name"]): str(value["value"]) for value in values}
    if any(name.lower() == "host" for name in changes):
        raise Refused(f"{where}.{side}HeadersPolicy: Host is not known to the playground")
    return header_changes(side, set_=changes, remove=policy.get("remove") or ())
