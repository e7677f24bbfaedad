"""What Traefik should come to, what it shows, and that the two can be compared."""

from typing import Any

import pytest

from burgee.playground.dataplane import traefik_shown
from burgee.playground.dataplane.endpoint_slices import slices
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import Plan
from burgee.playground.dataplane.steering import Rule
from burgee.playground.dataplane.traefik_routes import plan
from tests.playground_data.cluster_objects import service

APPS = ("web-primary", "web-canary")
PRIMARY, CANARY = "test-web-primary-80", "test-web-canary-80"


def _pod(app: str, port: int, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{app}-1",
            "namespace": "test",
            "labels": {"app": app},
            "annotations": {"burgee.dev/playground-port": str(port)},
        },
        "status": {
            "podIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            **status,
        },
    }


def _object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "test"},
        "spec": spec,
    }


def _backend(name: str, weight: int | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "port": 80, **({} if weight is None else {"weight": weight}), **more}


def _route(*services: dict[str, Any], match: str = "Host(`web`)", **route: Any) -> dict[str, Any]:
    return _object(
        "IngressRoute", "web", routes=[{"match": match, "services": list(services), **route}]
    )


TO_WEB = {"kind": "TraefikService", "name": "web"}


def _plan(*objects: dict[str, Any], running: tuple[str, ...] = APPS) -> Plan:
    return plan(
        Objects(
            services=[service(name, name) for name in APPS],
            pods=[_pod(name, 1000 + n) for n, name in enumerate(running)],
            routes={
                kind: [found for found in objects if found["kind"] == kind]
                for kind in ("IngressRoute", "TraefikService")
            },
        )
    )


def _weighted(*services: dict[str, Any]) -> dict[str, Any]:
    return _object("TraefikService", "web", weighted={"services": list(services)})


@pytest.mark.parametrize(
    ("services", "shares"),
    [
        pytest.param(
            [("web-primary", 70), ("web-canary", 30)], {PRIMARY: 70, CANARY: 30}, id="two"
        ),
        pytest.param([("web-primary", 100), ("web-canary", 0)], {PRIMARY: 100}, id="nought"),
        pytest.param([("web-primary", 0)], {PRIMARY: 100}, id="the only one"),
        pytest.param(
            [("web-primary", None), ("web-canary", 3)], {PRIMARY: 25, CANARY: 75}, id="none is one"
        ),
    ],
)
def test_weights(services: list[tuple[str, int | None]], shares: dict[str, float]) -> None:
    found = _plan(_route(TO_WEB), _weighted(*(_backend(*one) for one in services)))
    assert found.config == {("Host(`web`)", 11): (shares, {})}
    weights = {name.removeprefix("test-").removesuffix("-80"): s for name, s in shares.items()}
    assert found.rules == {"test/web": (Rule(weights=weights),)}


def test_copies() -> None:
    mirroring = {**_backend("web-primary"), "mirrors": [_backend("web-canary", percent=50)]}
    found = _plan(_route(TO_WEB), _object("TraefikService", "web", mirroring=mirroring))
    assert found.rules["test/web"] == (
        Rule(weights={"web-primary": 100}, mirrored={"web-canary": 50}),
    )


def test_routes_of_a_host_are_ranked_by_priority() -> None:
    test = _route(
        _backend("web-primary", 0),
        _backend("web-canary", 100),
        match="(Host(`web`)) && ((Header(`X-Cohort`, `insider`)) || (HeaderRegexp(`cookie`, `a`)))",
        priority=12,
    )
    test["metadata"]["name"] = "web-canary"
    found = _plan(_route(TO_WEB), test, _weighted(_backend("web-primary", 100)))
    assert found.rules["test/web"] == (
        Rule(matching=("x-cohort", "cookie"), weights={"web-canary": 100}),
        Rule(weights={"web-primary": 100}),
    )


@pytest.mark.parametrize(
    ("objects", "running"),
    [
        pytest.param([_route(TO_WEB)], APPS, id="no TraefikService"),
        pytest.param(
            [_route(TO_WEB), _weighted(_backend("web-primary", 50), _backend("web-canary", 50))],
            ("web-primary",),
            id="one Service without pods",
        ),
        pytest.param([_route(_backend("nobody"))], APPS, id="no Service"),
    ],
)
def test_route_that_leads_to_nothing_is_left_out(
    objects: list[dict[str, Any]], running: tuple[str, ...]
) -> None:
    found = _plan(*objects, running=running)
    assert (found.config, found.rules) == ({}, {})


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        pytest.param(
            [_route(TO_WEB, middlewares=[{"name": "x"}])], "middlewares is not known", id="route"
        ),
        pytest.param(
            [_route(TO_WEB), _object("TraefikService", "web", highestRandomWeight={"a": 1})],
            "highestRandomWeight is not known",
            id="service",
        ),
        pytest.param([_route(_backend("web-primary", port="http"))], "has a name", id="port"),
        pytest.param([_route({})], "malformed", id="malformed"),
    ],
)
def test_what_is_not_understood_is_refused(objects: list[dict[str, Any]], why: str) -> None:
    [verdict] = _plan(*objects).verdicts
    assert why in verdict.refusal


def _balancer(name: str, port: int, **more: Any) -> dict[str, Any]:
    servers = [{"url": f"http://127.0.0.1:{port}"}]
    return {
        "name": f"{name}@kubernetescrd",
        "provider": "kubernetescrd",
        "loadBalancer": {"servers": servers},
        **more,
    }


def _metadata(service_name: str) -> dict[str, Any]:
    about = {"namespace": "test", "name": service_name, "port": "80"}
    return {"observability": {"metadata": {"kubernetes": about}}}


def test_shown_routers_can_be_compared() -> None:
    services = [
        _balancer(PRIMARY, 1000),
        _balancer("test-alone-0123", 1001, **_metadata("web-canary")),
        {
            "name": "test-web@kubernetescrd",
            "provider": "kubernetescrd",
            "weighted": {
                "services": [
                    {"name": PRIMARY, "weight": 70},
                    {"name": "test-alone-0123", "weight": 30},
                ]
            },
        },
        {
            "name": "test-copies@kubernetescrd",
            "provider": "kubernetescrd",
            "mirroring": {"service": PRIMARY, "mirrors": [{"name": CANARY, "percent": 50}]},
        },
        {"name": "api@internal", "provider": "internal"},
    ]

    def router(rule: str, service_name: str, **more: Any) -> dict[str, Any]:
        given = {"rule": rule, "priority": 5, "service": service_name, "status": "enabled"}
        return {**given, "provider": "kubernetescrd", **more}

    shown = [
        router("a", "test-web"),
        router("b", "test-copies"),
        router("c", "test-alone-0123"),
        router("d", "test-web", status="disabled"),
        router("e", "api@internal", provider="internal"),
    ]
    assert traefik_shown.routers(shown, services) == {
        ("a", 5): ({PRIMARY: 70, CANARY: 30}, {}),
        ("b", 5): ({PRIMARY: 100}, {CANARY: 50}),
        ("c", 5): ({CANARY: 100}, {}),
    }
    assert traefik_shown.servers(services) == [
        (PRIMARY, {Endpoint(address="127.0.0.1", port=1000)}),
        (CANARY, {Endpoint(address="127.0.0.1", port=1001)}),
    ]


def test_slices_are_of_ready_pods_with_the_port_of_each() -> None:
    unready = _pod("web-primary", 3, conditions=[{"type": "Ready", "status": "False"}])
    unready["metadata"]["name"] = "unready"
    services = [service("web", "web-primary", 80), service("web-canary", "nobody")]
    found = slices(services, [_pod("web-primary", 1234), unready])
    [((namespace, name), made)] = found.items()
    assert (namespace, name) == ("test", "web-web-primary-1")
    assert made["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert made["ports"] == [{"name": "http", "port": 1234, "protocol": "TCP"}]
    [endpoint] = made["endpoints"]
    assert endpoint["addresses"] == ["127.0.0.1"]
