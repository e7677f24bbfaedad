"""What both versions of App Mesh's API have in common.

Source: flagger pkg/router/appmesh.go and appmesh_v1beta2.go. Different on purpose: the entries of an
A/B test are alternatives, as everywhere else; Flagger demands the headers of all of them at once.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest, name_of
from burgee.errors import InvalidCanary
from burgee.routers.appmesh.retries import milliseconds
from burgee.routers.base import Capabilities, ServiceNames, Weights
from burgee.routers.conditions import Alternative, alternatives

GROUP: Final = "appmesh.k8s.aws"
ACCESS_LOG_ANNOTATION: Final = "appmesh.flagger.app/accesslog"
ACCESS_LOG: Final = {"accessLog": {"file": {"path": "/dev/stdout"}}}

FIRST_PRIORITY = 10
LAST_PRIORITY = 20

CAPABILITIES: Final = Capabilities(
    weights=True,
    matching=True,
    # App Mesh lets no pod start that has no virtual node.
    before_primary=True,
    honours=frozenset({"apex", "backends", "hosts", "match", "retries"}),
    first_only=frozenset({"match"}),
)


def protocol_of(canary: Canary) -> str:
    """The protocol of listeners; the port's name tells."""
    return "grpc" if "grpc" in canary.spec.service.port_name else "http"


def prefix_of(canary: Canary) -> str:
    """The path of all routes: App Mesh knows prefixes, and Flagger uses the first."""
    match = canary.spec.service.match
    uri: Manifest = (match[0].get("uri") if match else None) or {}
    prefix: str = uri.get("prefix") or "/"
    return prefix


def timeout_milliseconds(canary: Canary) -> int | None:
    """The time limit of a request, None for none.

    Raises:
        InvalidCanary: it is no duration.
    """
    text = canary.spec.service.timeout
    return milliseconds(text, "spec.service.timeout") if text else None


def tests_of(canary: Canary) -> tuple[tuple[str, int, list[Manifest]], ...]:
    """Suffix of the name, priority and headers of each route of an A/B test.

    Raises:
        InvalidCanary: App Mesh looks at headers only.
    """
    found = alternatives(canary, parameters=False)
    return tuple(
        ("a" if number == 0 else f"a{number + 1}", FIRST_PRIORITY + number, _headers(alternative))
        for number, alternative in enumerate(found)
    )


def others_priority(canary: Canary) -> int:
    """The priority of the route for everybody who is not part of a test."""
    return max(LAST_PRIORITY, FIRST_PRIORITY + len(canary.spec.plan.match))


class RouteBuilder(Protocol):
    """How one version of the API writes a route."""

    def __call__(
        self,
        canary: Canary,
        names: ServiceNames,
        name: str,
        weights: Weights | None,
        priority: int | None = None,
        headers: Sequence[Manifest] = (),
        /,
    ) -> Manifest:
        """One route; without weights all of it goes to the primary."""
        ...


def apex_routes(
    canary: Canary, names: ServiceNames, weights: Weights, route: RouteBuilder
) -> list[Manifest]:
    """The routes of the apex: one, or one for each alternative of a test and one for the others."""
    tests = tests_of(canary)
    if not tests:
        return [route(canary, names, names.apex, weights)]
    tested = [
        route(canary, names, f"{names.apex}-{suffix}", weights, priority, headers)
        for suffix, priority, headers in tests
    ]
    return [*tested, route(canary, names, f"{names.apex}-b", None, others_priority(canary))]


def backends_of(canary: Canary) -> tuple[str, ...]:
    """What the pods may call, each once.

    Raises:
        InvalidCanary: one is there twice, which App Mesh's own admission refuses.
    """
    backends = canary.spec.service.backends
    for index, name in enumerate(backends):
        if name in backends[:index]:
            raise InvalidCanary("InvalidBackends", f"spec.service.backends has {name} twice")
    return backends


def node_metadata(canary: Canary, name: str) -> Manifest:
    """The metadata of a virtual node: that of `service.apex`."""
    apex = canary.spec.service.apex
    metadata: Manifest = {
        "name": name,
        "namespace": canary.metadata.namespace,
        "annotations": {**((apex and apex.annotations) or {}), **FLUX_GUARDS},
    }
    if apex and apex.labels:
        metadata["labels"] = dict(apex.labels)
    return metadata


def logging_of(canary: Canary) -> Manifest:
    """The access log of a virtual node, empty where the Canary's annotation asks for none."""
    wanted = (canary.metadata.annotations or {}).get(ACCESS_LOG_ANNOTATION) == "enabled"
    return {"logging": ACCESS_LOG} if wanted else {}


def gateway_annotations(canary: Canary) -> dict[str, str]:
    """What App Mesh's ingress gateway reads on the apex virtual service."""
    service = canary.spec.service
    if not service.hosts:
        return {}
    prefix = "gateway.appmesh.k8s.aws"
    found = {
        f"{prefix}/expose": "true",
        f"{prefix}/domain": "".join(f"{host}," for host in service.hosts),
    }
    if service.timeout:
        found[f"{prefix}/timeout"] = service.timeout
    attempts = int((service.retries or {}).get("attempts") or 0)
    if attempts > 0:
        found[f"{prefix}/retries"] = str(attempts)
    return found


def find(observed: Sequence[Manifest], kind: str, name: str) -> Manifest | None:
    """An object of App Mesh; Istio has a kind of the same name."""
    return next(
        (
            found
            for found in observed
            if found.get("kind") == kind
            and str(found.get("apiVersion", "")).startswith(f"{GROUP}/")
            and name_of(found) == name
        ),
        None,
    )


def _headers(alternative: Alternative) -> list[Manifest]:
    return [
        {"name": header.name, "match": {header.way.value: header.value}}
        for header in alternative.headers
    ]
