"""ingress-nginx: Ingresses and their canary annotations become what an nginx serves. Pure.

Source: ingress-nginx, internal/ingress/annotations/{canary,mirror}, internal/ingress/controller
(mergeAlternativeBackends) and rootfs/etc/nginx/lua/balancer.lua. Ingresses that use anything else
of the controller are refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from burgee.api.manifest import Manifest, annotations_of, name_of, namespace_of
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.nginx_model import Alternative, Location, Server
from burgee.playground.dataplane.objects import Endpoints, Objects
from burgee.playground.dataplane.plane import (
    NOT_UNDERSTOOD,
    Dialect,
    Plan,
    Refused,
    Verdict,
    refusal_of,
)
from burgee.playground.dataplane.steering import Rule
from burgee.playground.dataplane.unknown import only
from burgee.playground.kinds.resources import STATUS, Resource

INGRESS = Resource(
    group="networking.k8s.io",
    version="v1",
    plural="ingresses",
    kind="Ingress",
    short_names=("ing",),
    subresources=frozenset({STATUS}),
    generation=True,
)
CLASS, PREFIX = "nginx", "nginx.ingress.kubernetes.io/"
_CANARY = "canary"
_MIRROR = "mirror-target"
_CANARY_FIELDS = {
    _CANARY,
    *(f"canary-{word}" for word in ("weight", "weight-total", "by-cookie")),
    *(f"canary-by-header{word}" for word in ("", "-value", "-pattern")),
}
_TARGET = re.compile(
    r"http://(?P<host>(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc\.cluster\.local)"
    r":(?P<port>[0-9]+)\$request_uri"
)
_HEADER, _COOKIE = re.compile("[A-Za-z0-9-]*"), re.compile("[A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Path:
    """A path of an Ingress.

    Attributes:
        host: empty for any.
        path: as it is written.
        kind: its pathType.
        port: of the Service that it leads to.
    """

    host: str
    path: str
    kind: str
    port: ServicePort

    @property
    def place(self) -> tuple[str, str, str]:
        """What a canary has to have in common with it."""
        return self.host, self.path, self.kind


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ingress:
    """An Ingress that was understood."""

    manifest: Manifest
    paths: Sequence[_Path]
    annotations: Mapping[str, str]

    @property
    def is_canary(self) -> bool:
        return self.annotations.get(_CANARY) == "true"


def plan(objects: Objects) -> Plan:
    """What nginx should serve for these Ingresses."""
    endpoints = objects.endpoints()
    verdicts: list[Verdict] = []
    understood: list[_Ingress] = []
    for manifest in objects.of(INGRESS.kind):
        if manifest["spec"].get("ingressClassName") not in {None, CLASS}:
            continue
        try:
            understood.append(_understood(manifest, objects.services))
        except NOT_UNDERSTOOD as error:
            verdicts.append(Verdict(subject=manifest, refusal=refusal_of(error)))
        else:
            verdicts.append(Verdict(subject=manifest))
    locations = _locations([i for i in understood if not i.is_canary], endpoints)
    for canary in understood:
        if canary.is_canary:
            locations = _merged(locations, canary, endpoints)
    hosts: dict[str, list[Location]] = {}
    for (host, *_), found in locations.items():
        hosts.setdefault(host, []).extend(_written(found))
    return Plan(
        endpoints=endpoints,
        config=[
            Server(host=host, locations=sorted(found, key=lambda one: (one.path, one.exact)))
            for host, found in sorted(hosts.items())
        ],
        rules=_rules(one for one in locations.values() if endpoints.get(one.port)),
        verdicts=verdicts,
    )


def report(verdict: Verdict, now: datetime) -> Manifest | None:
    """The address of an Ingress that is served."""
    del now
    if verdict.refusal:
        return None
    return {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}


def _understood(manifest: Manifest, services: Sequence[Manifest]) -> _Ingress:
    only(manifest["spec"], {"ingressClassName", "rules"}, "spec")
    annotations = {
        key.removeprefix(PREFIX): value
        for key, value in annotations_of(manifest).items()
        if key.startswith(PREFIX)
    }
    for name in annotations:
        if name not in {*_CANARY_FIELDS, _MIRROR}:
            raise Refused(f"the annotation {PREFIX}{name} is not known to the playground")
    if annotations.get(_CANARY) != "true" and _CANARY_FIELDS & annotations.keys() - {_CANARY}:
        raise Refused(f"{PREFIX}{_CANARY} is configured but not enabled")
    found = _Ingress(
        manifest=manifest, paths=list(_paths(manifest, services)), annotations=annotations
    )
    if found.is_canary:
        for path in found.paths:
            _alternative(annotations, path.port)
    else:
        _mirror(annotations)
    return found


def _paths(manifest: Manifest, services: Sequence[Manifest]) -> Iterator[_Path]:
    for number, rule in enumerate(manifest["spec"].get("rules") or []):
        where = f"spec.rules[{number}]"
        only(rule, {"host", "http"}, where)
        host = str(rule.get("host") or "")
        if "*" in host:
            raise Refused(f"{where}.host {host} is not known to the playground")
        for path in (rule.get("http") or {}).get("paths") or []:
            only(path, {"path", "pathType", "backend"}, f"{where}.http.paths")
            only(path["backend"], {"service"}, f"{where}.http.paths.backend")
            yield _Path(
                host=host,
                path=str(path.get("path") or "/"),
                kind=str(path.get("pathType") or "ImplementationSpecific"),
                port=_port(manifest, path["backend"]["service"], services),
            )


def _port(manifest: Manifest, backend: Manifest, services: Sequence[Manifest]) -> ServicePort:
    """The port of a backend; one that is named is looked up."""
    namespace, name = namespace_of(manifest), str(backend["name"])
    wanted: Manifest = backend.get("port") or {}
    number = wanted.get("number") or next(
        (
            port["port"]
            for service in services
            if (namespace_of(service), name_of(service)) == (namespace, name)
            for port in service["spec"].get("ports") or []
            if port.get("name") == wanted.get("name")
        ),
        0,
    )
    return ServicePort(namespace=namespace, service=name, port=int(number))


def _mirror(annotations: Mapping[str, str]) -> tuple[ServicePort, str] | None:
    """The Service that gets copies, and the host that these are sent with."""
    target = annotations.get(_MIRROR)
    if not target:
        return None
    found = _TARGET.fullmatch(target)
    if found is None:
        raise Refused(f"{PREFIX}{_MIRROR} {target} is no Service, which is all that is known here")
    port = ServicePort(
        namespace=found["namespace"], service=found["service"], port=int(found["port"])
    )
    return port, found["host"]


def _alternative(annotations: Mapping[str, str], port: ServicePort) -> Alternative:
    pattern = annotations.get("canary-by-header-pattern", "")
    weight, total = (
        annotations.get("canary-weight", "0"),
        annotations.get("canary-weight-total", "100"),
    )
    header, cookie = (
        annotations.get("canary-by-header", ""),
        annotations.get("canary-by-cookie", ""),
    )
    if not (_HEADER.fullmatch(header) and _COOKIE.fullmatch(cookie)):
        raise Refused(f"the header {header!r} or the cookie {cookie!r} has no plain name")
    try:
        re.compile(pattern)
        return Alternative(
            port=port,
            weight=int(weight),
            weight_total=max(100, int(total)),
            header=header,
            header_value=annotations.get("canary-by-header-value", ""),
            header_pattern=pattern,
            cookie=cookie,
        )
    except (ValueError, re.error) as error:
        raise Refused(f"the canary annotations: {error}") from error


_Locations: TypeAlias = dict[tuple[str, str, str], Location]


def _locations(ingresses: Sequence[_Ingress], endpoints: Endpoints) -> _Locations:
    """The paths of all Ingresses that are no canaries; where two have one, the first counts."""
    found: _Locations = {}
    for ingress in ingresses:
        mirror = _mirror(ingress.annotations)
        there = mirror is not None and bool(endpoints.get(mirror[0]))
        for path in ingress.paths:
            found.setdefault(
                path.place,
                Location(
                    path=path.path,
                    exact=path.kind == "Exact",
                    shown=path.path,
                    ingress=name_of(ingress.manifest),
                    port=path.port,
                    mirror=mirror[0] if mirror and there else None,
                    mirror_host=mirror[1] if mirror and there else "",
                ),
            )
    return found


def _merged(locations: _Locations, canary: _Ingress, endpoints: Endpoints) -> _Locations:
    """The locations with a canary's Service beside those of the same host and path.

    One without endpoints takes nothing, and a location has one alternative, the first.
    """
    found = dict(locations)
    for path in canary.paths:
        known = found.get(path.place)
        if (
            known is not None
            and known.alternative is None
            and known.port != path.port
            and endpoints.get(path.port)
        ):
            alternative = _alternative(canary.annotations, path.port)
            found[path.place] = replace(known, alternative=alternative)
    return found


def _written(location: Location) -> Iterator[Location]:
    """The locations of nginx for a path: a prefix of whole segments is two."""
    bare = location.path.rstrip("/")
    if location.exact or not bare or location.path.endswith("/"):
        yield location
        return
    yield replace(location, exact=True)
    yield replace(location, path=f"{bare}/")


def _rules(locations: Iterable[Location]) -> dict[str, tuple[Rule, ...]]:
    """What the first of these paths of each Ingress means for a release."""
    found: dict[str, tuple[Rule, ...]] = {}
    for location in locations:
        found.setdefault(f"{location.port.namespace}/{location.ingress}", _rules_of(location))
    return found


def _rules_of(location: Location) -> tuple[Rule, ...]:
    primary, canary = location.port.service, location.alternative
    mirrored = {location.mirror.service: 100.0} if location.mirror else {}
    if canary is None:
        return (Rule(weights={primary: 100.0}, mirrored=mirrored),)
    tested = [
        Rule(matching=(name.lower(),), weights={canary.port.service: 100.0}, mirrored=mirrored)
        for name in (canary.header, "cookie" if canary.cookie else "")
        if name
    ]
    shares = {primary: 100.0 - canary.percent, canary.port.service: canary.percent}
    weights = {name: share for name, share in shares.items() if share}
    return (*tested, Rule(weights=weights, mirrored=mirrored))


INGRESS_NGINX = Dialect(kinds=(INGRESS,), translate=plan, report=report)
