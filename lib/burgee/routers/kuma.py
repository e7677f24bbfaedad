"""Kuma: a TrafficRoute, which belongs to the whole cluster.

A Canary cannot own what has no namespace. burgee applies the route itself, writes on it whose it
is, and deletes it with its Canary. Its name has no namespace either, so that two Canaries can ask
for the same one: the second is refused.

Source: flagger pkg/router/kuma.go (weights alone, never deleted); kuma 2, TrafficRoute.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.guards import KUBECTL_LAST_APPLIED
from burgee.api.manifest import Manifest, annotations_of
from burgee.errors import InvalidCanary
from burgee.routers.base import (
    OWNER_ANNOTATION,
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    Role,
    ServiceNames,
    Weights,
)
from burgee.routers.conditions import Alternative, Condition, Way, alternatives
from burgee.routers.metadata import route_metadata
from burgee.routers.originals import named
from burgee.routers.shares import Rule, canary_share, rule

TRAFFIC_ROUTE = RelatedKind(
    api_version="kuma.io/v1alpha1", resource="trafficroutes", kind="TrafficRoute"
)
MESH = "kuma.io/mesh"
SERVICE = "kuma.io/service"
DEFAULT_MESH = "default"


class KumaRouter:
    """The provider `kuma`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, and tests by headers where the Service speaks HTTP."""
        return Capabilities(weights=True, matching=True, honours=frozenset({"apex"}))

    def kinds(self) -> tuple[RelatedKind, ...]:
        """TrafficRoutes."""
        return (TRAFFIC_ROUTE,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A TrafficRoute of the cluster, called like the apex Service."""
        name = canary.spec.apex_name
        return (Related(kind=TRAFFIC_ROUTE, names=(name,), namespace="", role=Role.APPLIED),)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The TrafficRoute.

        Raises:
            InvalidCanary: one of that name is somebody else's, or the conditions of the test
                cannot be expressed.
        """
        metadata = route_metadata(aim.canary, aim.names, aim.apex_service)
        del metadata["namespace"]
        if _is_owned(aim.canary, aim.names, aim.originals):
            metadata["annotations"] = {
                **metadata["annotations"],
                OWNER_ANNOTATION: aim.canary.key,
            }
        mesh = (aim.canary.metadata.annotations or {}).get(MESH) or DEFAULT_MESH
        return (
            {
                "apiVersion": TRAFFIC_ROUTE.api_version,
                "kind": TRAFFIC_ROUTE.kind,
                "mesh": mesh,
                "metadata": metadata,
                "spec": {
                    "sources": [{"match": {SERVICE: "*"}}],
                    "destinations": [{"match": _tag(aim.canary, aim.names.apex)}],
                    "conf": _conf(aim.canary, aim.names, aim.weights),
                },
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed TrafficRoute steers requests exactly like this."""
        (wanted,) = self.render(aim)
        found = named(observed, TRAFFIC_ROUTE, aim.names.apex)
        return (
            found is not None
            and found.get("mesh") == wanted["mesh"]
            and all(
                (found.get("spec") or {}).get(field) == wanted["spec"][field]
                for field in ("sources", "destinations")
            )
            and _rules(found) == _rules(wanted)
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any rule."""
        found = named(observed, TRAFFIC_ROUTE, names.apex)
        return canary_share(_rules(found) if found else (), names)


def _is_owned(canary: Canary, names: ServiceNames, originals: Sequence[Manifest]) -> bool:
    """True where the route is burgee's to delete: it is new, its own, or was made by Flagger.

    One that kubectl made for this very Service stays when the Canary goes.
    """
    found = named(originals, TRAFFIC_ROUTE, names.apex)
    if found is None:
        return True
    owner = annotations_of(found).get(OWNER_ANNOTATION)
    if owner == canary.key:
        return True
    spec: Manifest = found.get("spec") or {}
    if owner or spec.get("destinations") != [{"match": _tag(canary, names.apex)}]:
        raise InvalidCanary(
            "RouteConflict",
            f"TrafficRoute {names.apex} belongs to {owner or 'another Service'}; TrafficRoutes "
            "have no namespace, so spec.service.name must differ",
        )
    return KUBECTL_LAST_APPLIED not in annotations_of(found)


def _tag(canary: Canary, service: str) -> dict[str, str]:
    """Kuma's name of a Service: name, namespace and port."""
    return {SERVICE: f"{service}_{canary.metadata.namespace}_svc_{canary.spec.service.port}"}


def _conf(canary: Canary, names: ServiceNames, weights: Weights) -> Manifest:
    split = _split(canary, names, weights)
    tests = alternatives(canary, parameters=False)
    if not tests:
        return {"split": split}
    return {
        "http": [{"match": {"headers": _headers(test)}, "split": split} for test in tests],
        "split": _split(canary, names, Weights()),
    }


def _split(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    return [
        {"weight": weights.primary, "destination": _tag(canary, names.primary)},
        {"weight": weights.canary, "destination": _tag(canary, names.canary)},
    ]


def _headers(test: Alternative) -> Manifest:
    return {condition.name.lower(): _value(condition) for condition in test.headers}


def _value(condition: Condition) -> Manifest:
    if condition.way is Way.SUFFIX:
        return {"regex": condition.whole}
    return {condition.way.value: condition.value}


def _rules(route: Manifest) -> tuple[Rule, ...]:
    """The rules of HTTP, and the one for all other traffic."""
    spec: Manifest = route.get("spec") or {}
    conf: Manifest = spec.get("conf") or {}
    http: list[Manifest] = conf.get("http") or []
    return tuple(_rule(part) for part in (*http, conf))


def _rule(part: Manifest) -> Rule:
    split: list[Manifest] = part.get("split") or []
    return rule([(_service_of(s), s.get("weight") or 0) for s in split], match=part.get("match"))


def _service_of(split: Manifest) -> str:
    """The Service of a destination; names of Services have no underscore."""
    destination: Manifest = split.get("destination") or {}
    return str(destination.get(SERVICE, "")).partition("_")[0]
