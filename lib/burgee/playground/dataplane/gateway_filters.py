"""Filters of an HTTPRoute: changes of headers and paths, and copies of requests. Pure."""

import re
from collections.abc import Collection, Sequence

from burgee.api.manifest import Manifest, namespace_of
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_routes import copied, header_changes
from burgee.playground.dataplane.plane import Refused
from burgee.playground.dataplane.unknown import only
from burgee.playground.dataplane.xds import Config

_ALL = 100
_SIDES = {
    "RequestHeaderModifier": ("request", "requestHeaderModifier"),
    "ResponseHeaderModifier": ("response", "responseHeaderModifier"),
}
_MIRROR, _REWRITE = "RequestMirror", "URLRewrite"


def service_port(route: Manifest, ref: Manifest, where: str) -> ServicePort:
    """The port of a Service that a backend means.

    Raises:
        Refused: it is no Service, or one of another namespace.
    """
    if (ref.get("group") or "", ref.get("kind") or "Service") != ("", "Service"):
        raise Refused(f"{where}: {ref.get('kind')} is not known to the playground")
    namespace = str(ref.get("namespace") or namespace_of(route))
    if namespace != namespace_of(route):
        raise Refused(f"{where}: no ReferenceGrant lets it name Services of {namespace}")
    if ref.get("port") is None:
        raise Refused(f"{where}: a Service needs a port")
    return ServicePort(namespace=namespace, service=str(ref["name"]), port=int(ref["port"]))


def backend_changes(filters: Sequence[Manifest], where: str) -> Config:
    """What is changed on the way to one backend.

    Raises:
        Refused: anything but headers.
    """
    found: Config = {}
    for given in filters:
        if given["type"] not in _SIDES:
            raise Refused(f"{where}: filter {given['type']} is not known to the playground")
        found |= _headers(given, where)
    return found


def rule_changes(filters: Sequence[Manifest], path: Manifest, where: str) -> tuple[Config, Config]:
    """What a rule changes: fields of the route's action, and of the route.

    Args:
        filters: of the rule.
        path: of the match that the route is for.
        where: the path of the rule, for errors.

    Raises:
        Refused: a filter is not translated.
    """
    action: Config = {}
    route: Config = {}
    for given in filters:
        match given["type"]:
            case kind if kind in _SIDES:
                route |= _headers(given, where)
            case kind if kind == _REWRITE:
                action |= _rewrite(given["urlRewrite"], path, where)
            case kind if kind == _MIRROR:
                pass
            case kind:
                raise Refused(f"{where}: filter {kind} is not known to the playground")
    return action, route


def copies(
    route: Manifest,
    filters: Sequence[Manifest],
    ports: Collection[ServicePort],
    missing: list[str],
    where: str,
) -> list[Config]:
    """The mirror policies of a rule; a backend that there is not is noted and left out."""
    found: list[Config] = []
    for given in filters:
        if given["type"] != _MIRROR:
            continue
        mirror: Manifest = given["requestMirror"]
        only(mirror, {"backendRef", "percent", "fraction"}, f"{where}.requestMirror")
        port = service_port(route, mirror["backendRef"], f"{where}.requestMirror")
        if port in ports:
            found.append(copied(port.cluster, _percent(mirror)))
        else:
            missing.append(f"{port.namespace}/{port.service}:{port.port}")
    return found


def _percent(mirror: Manifest) -> float:
    fraction: Manifest | None = mirror.get("fraction")
    if fraction:
        return _ALL * float(fraction["numerator"]) / float(fraction.get("denominator") or _ALL)
    percent = mirror.get("percent")
    return _ALL if percent is None else float(percent)


def _headers(given: Manifest, where: str) -> Config:
    side, field = _SIDES[given["type"]]
    changes: Manifest = given[field]
    only(changes, {"set", "add", "remove"}, f"{where}.{field}")
    return header_changes(
        side,
        set_={str(one["name"]): str(one["value"]) for one in changes.get("set") or []},
        add={str(one["name"]): str(one["value"]) for one in changes.get("add") or []},
        remove=changes.get("remove") or (),
    )


def _rewrite(rewrite: Manifest, path: Manifest, where: str) -> Config:
    only(rewrite, {"hostname", "path"}, f"{where}.urlRewrite")
    found: Config = {}
    if rewrite.get("hostname"):
        found["host_rewrite_literal"] = rewrite["hostname"]
    change: Manifest = rewrite.get("path") or {}
    match change.get("type"):
        case None:
            pass
        case "ReplaceFullPath":
            found["regex_rewrite"] = _pattern(r"^/[^?]*", change["replaceFullPath"])
        case "ReplacePrefixMatch" if path["type"] == "PathPrefix":
            # the rest of the path keeps its slash, and only one
            prefix, fresh = str(path["value"]).rstrip("/"), change["replacePrefixMatch"]
            if fresh in {"", "/"}:
                found["regex_rewrite"] = _pattern(rf"^{re.escape(prefix)}/*", "/")
            else:
                found["regex_rewrite"] = _pattern(rf"^{re.escape(prefix)}", fresh.rstrip("/"))
        case kind:
            raise Refused(f"{where}: urlRewrite {kind} is not known to the playground here")
    return found


def _pattern(regex: str, substitution: str) -> Config:
    return {"pattern": {"regex": regex}, "substitution": substitution}
