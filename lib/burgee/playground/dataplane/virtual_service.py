"""Istio's VirtualService as routes of Envoy: what istiod does for a mesh.

Pure. What a release needs is translated: destinations with weights, matches, mirroring, headers,
rewrites, timeouts, retries. Delegation, TCP and TLS routes are not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_routes import Share, copied, duration, header_changes, split
from burgee.playground.dataplane.xds import Config

_HEADER_OF = {"authority": ":authority", "method": ":method", "scheme": ":scheme"}


def host_names(host: str, namespace: str) -> list[str]:
    """All names by which a client may call a host; a short one also by its longer forms."""
    if "." in host or host == "*":
        return [host]
    return [host, f"{host}.{namespace}", f"{host}.{namespace}.svc", _full_name(host, namespace)]


def _full_name(service: str, namespace: str) -> str:
    return f"{service}.{namespace}.svc.cluster.local"


def virtual_host(virtual_service: Manifest, ports: Iterable[ServicePort]) -> Config:
    """The virtual host of one VirtualService.

    Args:
        virtual_service: networking.istio.io, any version.
        ports: what destinations can name; one that names anything else answers 503.
    """
    namespace = namespace_of(virtual_service)
    spec: Manifest = virtual_service.get("spec") or {}
    known = sorted(ports)
    names = [name for host in spec.get("hosts") or [] for name in host_names(host, namespace)]

    def find(destination: Mapping[str, Any]) -> str:
        return _cluster(destination, namespace, known)

    return {
        "name": f"{namespace}/{name_of(virtual_service)}",
        "domains": list(dict.fromkeys(names)),
        "routes": [route for http in spec.get("http") or [] for route in _routes(http, find)],
    }


def plain_host(port: ServicePort) -> Config:
    """The virtual host of a Service that no VirtualService speaks for."""
    return {
        "name": f"{port.namespace}/{port.service}",
        "domains": host_names(port.service, port.namespace)[1:],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": port.cluster}}],
    }


def _cluster(destination: Mapping[str, Any], namespace: str, known: Sequence[ServicePort]) -> str:
    """The cluster of a destination; without a port it is the Service's first."""
    service, _, rest = str(destination.get("host", "")).partition(".")
    owner = rest.partition(".")[0] or namespace
    number = (destination.get("port") or {}).get("number")
    return next(
        (
            port.cluster
            for port in known
            if (port.service, port.namespace) == (service, owner) and number in {None, port.port}
        ),
        f"{owner}_{service}_unknown",
    )


def _routes(http: Manifest, find: Callable[[Mapping[str, Any]], str]) -> list[Config]:
    """One Envoy route for each match of an HTTP route, or one for all requests."""
    matches: list[Manifest] = http.get("match") or [{}]
    return [{"match": _match(match), **_action(http, match, find)} for match in matches]


def _match(match: Manifest) -> Config:
    found: Config = _path(match.get("uri") or {})
    if match.get("ignoreUriCase") and "safe_regex" not in found:
        found["case_sensitive"] = False
    headers = [
        {"name": _HEADER_OF[key], **_string_match(match[key])}
        for key in sorted(_HEADER_OF)
        if match.get(key)
    ]
    headers += [
        {"name": name, **_string_match(value)}
        for name, value in (match.get("headers") or {}).items()
    ]
    headers += [
        {"name": name, **_string_match(value), "invert_match": True}
        for name, value in (match.get("withoutHeaders") or {}).items()
    ]
    if headers:
        found["headers"] = headers
    if match.get("queryParams"):
        found["query_parameters"] = [
            {"name": name, **_string_match(value)} for name, value in match["queryParams"].items()
        ]
    return found


def _path(uri: Manifest) -> Config:
    match uri:
        case {"exact": path}:
            return {"path": path}
        case {"regex": pattern}:
            return {"safe_regex": {"regex": pattern}}
        case _:
            return {"prefix": uri.get("prefix", "/")}


def _string_match(value: Manifest | None) -> Config:
    """Istio's StringMatch; without any condition the header has to be there."""
    match value or {}:
        case {"exact": text}:
            return {"string_match": {"exact": text}}
        case {"prefix": text}:
            return {"string_match": {"prefix": text}}
        case {"regex": pattern}:
            return {"string_match": {"safe_regex": {"regex": pattern}}}
        case _:
            return {"present_match": True}


def _action(http: Manifest, match: Manifest, find: Callable[[Mapping[str, Any]], str]) -> Config:
    more: Config = _rewrite(http.get("rewrite") or {}, match)
    if http.get("timeout"):
        more["timeout"] = duration(http["timeout"])
    if http.get("retries"):
        more["retry_policy"] = _retries(http["retries"])
    if http.get("mirror"):
        percent = float((http.get("mirrorPercentage") or {}).get("value", 100))
        more["request_mirror_policies"] = [copied(find(http["mirror"]), percent)]
    shares = [
        Share(
            cluster=find(route.get("destination") or {}),
            weight=_weight(route, http["route"]),
            changes=_header_changes(route.get("headers") or {}),
        )
        for route in http.get("route") or []
    ]
    return {**split(shares, **more), **_header_changes(http.get("headers") or {})}


def _weight(route: Manifest, siblings: Sequence[Manifest]) -> int:
    """A single destination takes all, whatever its weight; among several it is as written."""
    if len(siblings) == 1:
        return 100
    return int(route.get("weight") or 0)


def _header_changes(headers: Manifest) -> Config:
    found: Config = {}
    for side in ("request", "response"):
        changes: Manifest = headers.get(side) or {}
        found |= header_changes(
            side,
            set_=changes.get("set"),
            add=changes.get("add"),
            remove=changes.get("remove") or (),
        )
    return found


def _rewrite(rewrite: Manifest, match: Manifest) -> Config:
    found: Config = {}
    if rewrite.get("authority"):
        found["host_rewrite_literal"] = rewrite["authority"]
    if rewrite.get("uri"):
        pattern = (match.get("uri") or {}).get("regex")
        if pattern:
            found["regex_rewrite"] = {
                "pattern": {"regex": pattern},
                "substitution": rewrite["uri"],
            }
        else:
            found["prefix_rewrite"] = rewrite["uri"]
    return found


def _retries(retries: Manifest) -> Config:
    found: Config = {
        "num_retries": int(retries.get("attempts") or 0),
        "retry_on": retries.get("retryOn") or "connect-failure,refused-stream",
    }
    if retries.get("perTryTimeout"):
        found["per_try_timeout"] = duration(retries["perTryTimeout"])
    return found
