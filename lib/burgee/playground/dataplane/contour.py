"""Contour: HTTPProxies program Envoy. Pure.

Root proxies bring hosts, the proxies that they include bring routes. What a release needs is
translated; a proxy that asks for anything else is refused and not served.
Source: contour, internal/dag/httpproxy_processor.go and internal/status/proxystatus.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.dataplane.conditions import condition
from burgee.playground.dataplane.contour_routes import Route, http_route, in_order, nowhere
from burgee.playground.dataplane.endpoints import ServicePort
from burgee.playground.dataplane.envoy_rules import rules_from
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import (
    NOT_UNDERSTOOD,
    Dialect,
    Plan,
    Verdict,
    refusal_of,
)
from burgee.playground.dataplane.steering import Rule
from burgee.playground.dataplane.unknown import only
from burgee.playground.dataplane.xds import Config
from burgee.playground.kinds.resources import STATUS, Column, Resource

HTTP_PROXY = Resource(
    group="projectcontour.io",
    version="v1",
    plural="httpproxies",
    kind="HTTPProxy",
    short_names=("proxy", "proxies"),
    subresources=frozenset({STATUS}),
    columns=(
        Column(name="FQDN", json_path=".spec.virtualhost.fqdn"),
        Column(name="Status", json_path=".status.currentStatus"),
        Column(name="Status Description", json_path=".status.description"),
    ),
    generation=True,
    custom=True,
)
_ORPHANED = "this HTTPProxy is not part of a delegation chain from a root HTTPProxy"
_BAD_GATEWAY = 502


@dataclass(kw_only=True)
class _Reading:
    """What is found on the way from the roots to the routes.

    Attributes:
        proxies: by namespace and name.
        ports: what services can name.
        errors: of a proxy, the first of each.
        reached: the proxies that a root leads to.
        rules: of each proxy that has routes.
    """

    proxies: Mapping[tuple[str, str], Manifest]
    ports: frozenset[ServicePort]
    errors: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    reached: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    rules: dict[str, Sequence[Rule]] = field(default_factory=dict[str, Sequence[Rule]])

    def routes(
        self, proxy: Manifest, conditions: Sequence[Manifest], path: Sequence[tuple[str, str]]
    ) -> Iterator[Route]:
        """The routes of a proxy and of those that it includes; none of one that is refused."""
        key = _key(proxy)
        if key in path:
            self.errors.setdefault(path[-1], f"include creates a cycle through {'/'.join(key)}")
            return
        self.reached.add(key)
        try:
            own = self._own(proxy, conditions)
        except NOT_UNDERSTOOD as error:
            self.errors.setdefault(key, refusal_of(error))
            return
        for include in proxy["spec"].get("includes") or []:
            yield from self._included(proxy, include, conditions, [*path, key])
        yield from own

    def _own(self, proxy: Manifest, conditions: Sequence[Manifest]) -> list[Route]:
        spec: Manifest = proxy.get("spec") or {}
        only(spec, {"virtualhost", "includes", "routes", "ingressClassName"}, "spec")
        only(spec.get("virtualhost") or {}, {"fqdn"}, "spec.virtualhost")
        for number, include in enumerate(spec.get("includes") or []):
            only(include, {"name", "namespace", "conditions"}, f"spec.includes[{number}]")
        routes: list[Manifest] = spec.get("routes") or []
        found = [
            http_route(
                route,
                conditions,
                namespace=namespace_of(proxy),
                ports=self.ports,
                where=f"spec.routes[{number}]",
            )
            for number, route in enumerate(routes)
        ]
        if found:
            name = f"{namespace_of(proxy)}/{name_of(proxy)}"
            self.rules[name] = rules_from(route.config for route in in_order(found))
        return found

    def _included(
        self,
        proxy: Manifest,
        include: Manifest,
        conditions: Sequence[Manifest],
        path: Sequence[tuple[str, str]],
    ) -> Iterator[Route]:
        key = (str(include.get("namespace") or namespace_of(proxy)), str(include["name"]))
        inner = [*conditions, *(include.get("conditions") or [])]
        found = self.proxies.get(key)
        if found is None or (found.get("spec") or {}).get("virtualhost"):
            why = "not found" if found is None else "is a root httpproxy"
            self.errors.setdefault(_key(proxy), f"include {'/'.join(key)} {why}")
            yield nowhere(inner, _BAD_GATEWAY)
            return
        yield from self.routes(found, inner, path)


def plan(objects: Objects) -> Plan:
    """What Envoy should serve for these objects."""
    endpoints = objects.endpoints()
    proxies = objects.of(HTTP_PROXY.kind)
    reading = _Reading(proxies={_key(p): p for p in proxies}, ports=frozenset(endpoints))
    hosts: list[Config] = []
    owners: dict[str, tuple[str, str]] = {}
    for proxy in proxies:
        host = (proxy.get("spec") or {}).get("virtualhost")
        if not host:
            continue
        fqdn = str(host.get("fqdn", ""))
        if fqdn in owners:
            reading.errors[_key(proxy)] = f"fqdn {fqdn!r} is used in multiple HTTPProxies"
            continue
        owners[fqdn] = _key(proxy)
        routes = [route.config for route in in_order(reading.routes(proxy, [], []))]
        name = f"{namespace_of(proxy)}/{name_of(proxy)}"
        hosts.append({"name": name, "domains": [fqdn], "routes": routes})
    verdicts = [
        Verdict(
            subject=proxy,
            refusal=reading.errors.get(_key(proxy))
            or ("" if _key(proxy) in reading.reached else _ORPHANED),
        )
        for proxy in proxies
    ]
    return Plan(endpoints=endpoints, config=hosts, rules=reading.rules, verdicts=verdicts)


def report(verdict: Verdict, now: datetime) -> Manifest:
    """The status that Contour gives a proxy."""
    status: Manifest = verdict.subject.get("status") or {}
    known: list[Manifest] = status.get("conditions") or []
    orphaned = verdict.refusal == _ORPHANED
    valid = condition(
        known,
        verdict.subject,
        "Valid",
        holds=not verdict.refusal,
        reason="Orphaned" if orphaned else "ErrorPresent" if verdict.refusal else "Valid",
        message=verdict.refusal or "Valid HTTPProxy",
        now=now,
    )
    word = "orphaned" if orphaned else "invalid" if verdict.refusal else "valid"
    return {"currentStatus": word, "description": valid["message"], "conditions": [valid]}


def _key(proxy: Manifest) -> tuple[str, str]:
    return namespace_of(proxy), name_of(proxy)


CONTOUR = Dialect(kinds=(HTTP_PROXY,), translate=plan, report=report)
