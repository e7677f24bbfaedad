"""Backends of a Gateway API route, and what one that is observed gives the canary."""

from collections.abc import Sequence
from math import ceil

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import ServiceNames, Weights
from burgee.routers.gateway.filters import request_mirror

ALL = 100


def service_ref(canary: Canary, name: str) -> Manifest:
    """A Service as a backend, without a weight."""
    port = canary.spec.service.port
    return {"group": "", "kind": "Service", "name": name, "port": port}


def weighted_refs(canary: Canary, names: ServiceNames, weights: Weights) -> list[Manifest]:
    """Both backends with their shares, primary first."""
    return [
        {**service_ref(canary, names.primary), "weight": weights.primary},
        {**service_ref(canary, names.canary), "weight": weights.canary},
    ]


def primary_ref(canary: Canary, names: ServiceNames) -> list[Manifest]:
    """The primary alone: where everybody goes who is not part of a test."""
    return [{**service_ref(canary, names.primary), "weight": ALL}]


def analysis_mirror(
    canary: Canary, names: ServiceNames, weights: Weights, *, percent: bool
) -> list[Manifest]:
    """The filter that copies requests to the canary while the analysis asks for it.

    Args:
        canary: has mirrorWeight.
        names: of the Services.
        weights: say whether requests are copied.
        percent: whether this version of the API can copy a share of them.
    """
    if not weights.mirrored:
        return []
    share = canary.spec.plan.mirror_weight if percent else 0
    return [request_mirror(service_ref(canary, names.canary), share)]


def canary_share(rules: Sequence[Manifest], names: ServiceNames) -> int | None:
    """The canary's largest share of any rule, copies included; None where neither is named."""
    shares: list[int] = []
    known = False
    for rule in rules:
        backends: list[Manifest] = rule.get("backendRefs") or []
        total = sum(_weight(backend) for backend in backends)
        for backend in backends:
            known = known or backend.get("name") in {names.primary, names.canary}
            if backend.get("name") == names.canary and total:
                shares.append(ceil(_weight(backend) * ALL / total))
        for mirror in canary_mirrors(rule, names.canary):
            known = True
            shares.append(mirrored_percent(mirror))
    return max(shares, default=0) if known else None


def canary_mirrors(rule: Manifest, name: str) -> list[Manifest]:
    """The copies of a rule's requests that go to that Service."""
    filters: list[Manifest] = rule.get("filters") or []
    mirrors: list[Manifest] = [found.get("requestMirror") or {} for found in filters]
    return [mirror for mirror in mirrors if (mirror.get("backendRef") or {}).get("name") == name]


def mirrored_percent(mirror: Manifest) -> int:
    """How many percent of the requests a mirror copies; a fraction counts as all of them."""
    percent: int | None = mirror.get("percent")
    return ALL if percent is None else percent


def _weight(backend: Manifest) -> int:
    weight: int | None = backend.get("weight")
    return 1 if weight is None else weight
