"""Gateway API: HTTPRoutes that belong to a Gateway program Envoy. Pure.

All listeners of all Gateways of our class share the one port of the playground's Envoy; protocols
other than HTTP are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_rules import rules_from
from burgee.playground.dataplane.gateway_routes import Route, Translated, in_order, translated
from burgee.playground.dataplane.gateway_status import CONTROLLER, Parent, report
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import (
    NOT_UNDERSTOOD,
    Dialect,
    Plan,
    Refused,
    Verdict,
    refusal_of,
)
from burgee.playground.dataplane.unknown import only
from burgee.playground.kinds.resources import STATUS, Column, Resource

GROUP = "gateway.networking.k8s.io"
_EVERY_HOST = "*"


def _kind(kind: str, plural: str, *columns: Column, namespaced: bool = True) -> Resource:
    return Resource(
        group=GROUP,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        subresources=frozenset({STATUS}),
        columns=columns,
        generation=True,
        custom=True,
    )


GATEWAY_CLASS = _kind(
    "GatewayClass",
    "gatewayclasses",
    Column(name="Controller", json_path=".spec.controllerName"),
    namespaced=False,
)
GATEWAY = _kind("Gateway", "gateways", Column(name="Class", json_path=".spec.gatewayClassName"))
HTTP_ROUTE = _kind(
    "HTTPRoute", "httproutes", Column(name="Hostnames", json_path=".spec.hostnames")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attachment:
    """A listener that a route belongs to, by one of its parentRefs."""

    listener: Manifest
    gateway: Manifest


def plan(objects: Objects) -> Plan:
    """What Envoy should serve for these objects."""
    endpoints = objects.endpoints()
    classes = {
        name_of(c)
        for c in objects.of(GATEWAY_CLASS.kind)
        if c["spec"].get("controllerName") == CONTROLLER
    }
    gateways = {
        (namespace_of(g), name_of(g)): g
        for g in objects.of(GATEWAY.kind)
        if g["spec"].get("gatewayClassName") in classes
    }
    refusals = {key: _refusal(gateway) for key, gateway in gateways.items()}
    hosts: dict[str, list[Route]] = {}
    verdicts: list[Verdict] = []
    rules = {}
    attached: dict[tuple[str, str, str], int] = {}
    for route in objects.of(HTTP_ROUTE.kind):
        made = _translation(route, frozenset(endpoints))
        parents = list(_parents(route, gateways, refusals, made))
        if not parents:
            continue  # it belongs to nobody here, who then says nothing about it
        verdicts.append(_route_verdict(route, [parent for parent, _ in parents], made))
        attachments = [one for _, found in parents for one in found]
        if isinstance(made, str) or not attachments:
            continue
        rules[f"{namespace_of(route)}/{name_of(route)}"] = rules_from(in_order(made.routes))
        for host in dict.fromkeys(_hosts(route, attachments)):
            hosts.setdefault(host, []).extend(made.routes)
        for one in attachments:
            gateway = one.gateway
            place = (namespace_of(gateway), name_of(gateway), str(one.listener["name"]))
            attached[place] = attached.get(place, 0) + 1
    config = [
        {"name": host, "domains": [host], "routes": in_order(found)}
        for host, found in sorted(hosts.items())
    ]
    return Plan(
        endpoints=endpoints,
        config=config,
        rules=rules,
        verdicts=[
            *(Verdict(subject=c) for c in objects.of(GATEWAY_CLASS.kind) if name_of(c) in classes),
            *(
                Verdict(
                    subject=gateway,
                    refusal=refusals[key],
                    details={
                        listener["name"]: attached.get((*key, listener["name"]), 0)
                        for listener in gateway["spec"]["listeners"]
                    },
                )
                for key, gateway in gateways.items()
            ),
            *verdicts,
        ],
    )


def _refusal(gateway: Manifest) -> str:
    """Why a Gateway is not served."""
    try:
        only(gateway["spec"], {"gatewayClassName", "listeners"}, "spec")
        for number, listener in enumerate(gateway["spec"]["listeners"]):
            _check(listener, f"spec.listeners[{number}]")
    except NOT_UNDERSTOOD as error:
        return refusal_of(error)
    return ""


def _check(listener: Manifest, where: str) -> None:
    """Refuse a listener that is not translated."""
    only(listener, {"name", "hostname", "port", "protocol", "allowedRoutes"}, where)
    if listener["protocol"] != "HTTP":
        raise Refused(f"{where}.protocol {listener['protocol']} is not known to the playground")
    allowed: Manifest = listener.get("allowedRoutes") or {}
    only(allowed, {"namespaces"}, f"{where}.allowedRoutes")
    only(allowed.get("namespaces") or {}, {"from"}, f"{where}.allowedRoutes.namespaces")


def _translation(route: Manifest, ports: frozenset[ServicePort]) -> Translated | str:
    """The routes, or why there are none."""
    try:
        only(route["spec"], {"parentRefs", "hostnames", "rules"}, "spec")
        return translated(route, ports)
    except NOT_UNDERSTOOD as error:
        return refusal_of(error)


def _parents(
    route: Manifest,
    gateways: Mapping[tuple[str, str], Manifest],
    refusals: Mapping[tuple[str, str], str],
    made: Translated | str,
) -> Iterator[tuple[Parent, list[_Attachment]]]:
    """What each Gateway of ours that a route names makes of it, and where the route is attached."""
    for ref in route["spec"].get("parentRefs") or []:
        key = (str(ref.get("namespace") or namespace_of(route)), str(ref["name"]))
        gateway = gateways.get(key)
        if gateway is None or (ref.get("kind") or "Gateway") != "Gateway":
            continue
        listeners = [
            listener
            for listener in gateway["spec"]["listeners"]
            if ref.get("sectionName") in {None, listener["name"]}
            and ref.get("port") in {None, listener["port"]}
        ]
        allowed = [one for one in listeners if _allows(one, gateway, route)]
        fitting = [one for one in allowed if _shared_hosts(one, route)]
        reason, message = "", ""
        if refusals[key]:
            reason, message = "NoMatchingParent", f"the Gateway is not served: {refusals[key]}"
        elif not listeners:
            reason, message = "NoMatchingParent", "no listener has this name and port"
        elif not allowed:
            reason, message = "NotAllowedByListeners", "no listener allows routes of its namespace"
        elif not fitting:
            reason, message = "NoMatchingListenerHostname", "no listener has such a hostname"
        elif isinstance(made, str):
            reason, message = "UnsupportedValue", made
        attachments = [_Attachment(listener=one, gateway=gateway) for one in fitting]
        parent = Parent(ref=ref, reason=reason, message=message)
        yield parent, [] if reason else attachments


def _route_verdict(route: Manifest, parents: Sequence[Parent], made: Translated | str) -> Verdict:
    missing = () if isinstance(made, str) else made.missing
    refusal = next((parent.message for parent in parents if parent.reason), "")
    return Verdict(subject=route, refusal=refusal, details=(parents, missing))


def _allows(listener: Manifest, gateway: Manifest, route: Manifest) -> bool:
    namespaces: Manifest = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
    match namespaces.get("from") or "Same":
        case "All":
            return True
        case "Same":
            return namespace_of(gateway) == namespace_of(route)
        case _:
            return False


def _hosts(route: Manifest, attachments: Sequence[_Attachment]) -> list[str]:
    return [host for one in attachments for host in _shared_hosts(one.listener, route)]


def _shared_hosts(listener: Manifest, route: Manifest) -> list[str]:
    """The names that both a listener and a route have; the more special of the two."""
    own = str(listener.get("hostname") or _EVERY_HOST)
    wanted: list[str] = route["spec"].get("hostnames") or [own]
    found: list[str] = []
    for host in wanted:
        if _covers(own, host):
            found.append(host)
        elif _covers(host, own):
            found.append(own)
    return found


def _covers(pattern: str, host: str) -> bool:
    return pattern in {_EVERY_HOST, host} or (
        pattern.startswith("*.") and host.endswith(pattern[1:])
    )


GATEWAY_API = Dialect(kinds=(GATEWAY_CLASS, GATEWAY, HTTP_ROUTE), translate=plan, report=report)
