"""A Canary for each provider that asks for all that the provider can do, and what it is made from."""

from dataclasses import dataclass
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import Capabilities, Cookies, Router, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

PORT: Final = 9898
OWNER: Final = "6f1c6a3e-0000-4000-8000-000000000001"
NAMES: Final = Names(
    target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo"
)
COOKIES: Final = Cookies(canary="c=abcdefghij", primary="p=klmnopqrst", previous="c=uvwxyzabcd")

_SERVICE: Final[Manifest] = {
    "apex": {"labels": {"team": "shop"}, "annotations": {"a": "1", "b": "2"}},
    "backendTimeout": "5s",
    "backends": ["backend.test", "database.test"],
    "corsPolicy": {
        "allowOrigin": ["https://example.com"],
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["x-a", "x-b"],
        "allowCredentials": True,
        "maxAge": "24h",
    },
    "gatewayRefs": [{"name": "public", "namespace": "ingress", "sectionName": "https"}],
    "gateways": ["ingress/public", "mesh"],
    "headers": {
        "request": {"add": {"x-a": "1"}, "set": {"x-b": "2"}, "remove": ["x-c"]},
        "response": {"add": {"x-d": "3"}},
    },
    "hosts": ["podinfo.example.com", "podinfo.example.org"],
    "match": [{"uri": {"prefix": f"/api/v{number}"}} for number in range(4)],
    "meshName": "mesh",
    "mirror": [{"backendRef": {"name": "shadow", "port": PORT}}],
    "retries": {"attempts": 3, "perTryTimeout": "1s", "retryOn": "gateway-error"},
    "rewrite": {"uri": "/"},
    "timeout": "15s",
    "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}},
}
# Conditions of an A/B test: a header that is exact and one by a pattern, four times.
_MATCH: Final[list[Manifest]] = [
    {"headers": {f"x-{number}": {"exact": "1"}, "user-agent": {"regex": ".*Firefox.*"}}}
    for number in range(4)
]
# One object alone can say one condition.
_SIMPLE: Final = frozenset({"nginx", "skipper"})
_METADATA: Final[Manifest] = {
    "name": "web",
    "namespace": "test",
    "labels": {"team": "shop"},
    "annotations": {f"example.com/{number}": str(number) for number in range(6)},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteCase:
    """One provider.

    Attributes:
        originals: the user's objects that its routes are made from.
        weights: of the route that is there.
        next_weights: of the step after it.
    """

    router: Router
    canary: Canary
    originals: tuple[Manifest, ...]
    weights: Weights
    next_weights: Weights


def case_of(provider: str) -> RouteCase:
    """All that a provider can do, in one Canary."""
    router = router_of(provider)
    able = router.capabilities
    tested = able.matching and not able.session_affinity
    weights = Weights(primary=0, canary=100) if tested else Weights(primary=70, canary=30)
    spec = {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
        "service": {"port": PORT, **_service(provider, able)},
        "analysis": _analysis(provider, able),
        **_references(provider),
    }
    return RouteCase(
        router=router,
        canary=Canary.model_validate(
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "metadata": {"name": "podinfo", "namespace": "test", "uid": OWNER},
                "spec": spec,
            }
        ),
        originals=_originals(provider),
        weights=weights,
        next_weights=Weights() if tested else Weights(primary=60, canary=40),
    )


def _service(provider: str, able: Capabilities) -> Manifest:
    fields = able.honours - ({"match"} if provider.endswith(":grpc") else set())
    return {field: value for field, value in _SERVICE.items() if field in fields}


def _analysis(provider: str, able: Capabilities) -> Manifest:
    if able.session_affinity:
        cookies = {"cookieName": "c", "primaryCookieName": "p"}
        return {"interval": "30s", "stepWeight": 10, "sessionAffinity": cookies}
    if not able.matching:
        return {"interval": "30s", "stepWeight": 10}
    match = _MATCH
    if provider in _SIMPLE:
        match = [{"headers": {"x-canary": {"exact": "insider"}}}]
    return {"interval": "30s", "iterations": 10, "match": match}


def _references(provider: str) -> Manifest:
    match provider:
        case "nginx" | "skipper":
            return {"ingressRef": _reference("networking.k8s.io/v1", "Ingress")}
        case "apisix":
            return {"routeRef": _reference("apisix.apache.org/v2", "ApisixRoute")}
        case "traefik":
            return {"routeRef": _reference("traefik.io/v1alpha1", "IngressRoute")}
        case "gloo":
            return {"upstreamRef": _reference("gloo.solo.io/v1", "Upstream")}
        case _:
            return {}


def _reference(api_version: str, kind: str) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "name": "web"}


def _originals(provider: str) -> tuple[Manifest, ...]:
    specs: dict[str, Manifest] = {
        "nginx": {"rules": _ingress_rules()},
        "skipper": {"rules": _ingress_rules()},
        "apisix": {"http": _apisix_rules()},
        "traefik": {"entryPoints": ["websecure"], "routes": _traefik_routes()},
        "gloo": {"connectionConfig": {"maxRequestsPerConnection": 4}, "useHttp2": True},
    }
    if provider == "knative":
        head = {"name": "podinfo", "namespace": "test", "annotations": {}}
        head["annotations"] = {"flagger.app/primary-revision": "podinfo-00001"}
        service = {"apiVersion": "serving.knative.dev/v1", "kind": "Service"}
        return ({**service, "metadata": head, "spec": {}},)
    if provider not in specs:
        return ()
    (reference,) = _references(provider).values()
    kind = {key: reference[key] for key in ("apiVersion", "kind")}
    return ({**kind, "metadata": _METADATA, "spec": specs[provider]},)


def _ingress_rules() -> list[Manifest]:
    backend = {"service": {"name": "podinfo", "port": {"number": PORT}}}
    paths = [
        {"path": f"/{number}", "pathType": "Prefix", "backend": backend} for number in range(4)
    ]
    return [
        {"host": f"{host}.example.com", "http": {"paths": paths}} for host in ("www", "api", "app")
    ]


def _apisix_rules() -> list[Manifest]:
    match = {"hosts": ["app.example.com"], "paths": ["/api/*", "/web/*"]}
    backend = {"serviceName": "podinfo", "servicePort": PORT}
    return [{"name": "all", "match": match, "backends": [backend]}]


def _traefik_routes() -> list[Manifest]:
    service = {"kind": "TraefikService", "name": "podinfo"}
    return [
        {
            "kind": "Rule",
            "match": f"Host(`app.example.com`) && PathPrefix(`/{number}`)",
            "services": [service],
        }
        for number in range(4)
    ]
