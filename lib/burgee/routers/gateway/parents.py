"""What the parents of a route say of it, in its status."""

from collections.abc import Iterator

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, namespace_of
from burgee.routers.gateway.defaults import PARENT
from burgee.routers.unmet import generation_of, unmet

_IDENTITY = ("group", "kind", "namespace", "name", "sectionName", "port")
_TYPES = ("Accepted", "ResolvedRefs")


def all_parents_accept(route: Manifest) -> bool:
    """True if every parent in status accepted the route as it is now.

    A route without any parent in status counts, as in Flagger: nothing serves it, so there is
    nothing to wait for.
    """
    generation = generation_of(route)
    return all(_accepts(parent, generation) for parent in _parents(route))


def _accepts(parent: Manifest, generation: int) -> bool:
    conditions: list[Manifest] = parent.get("conditions") or []
    return any(
        condition.get("type") == "Accepted"
        and condition.get("status") == "True"
        and (condition.get("observedGeneration") or 0) >= generation
        for condition in conditions
    )


def parents_trouble(route: Manifest, canary: Canary) -> str:
    """What parents say that do not take the route as it is now, with the field that names them."""
    return "; ".join(_said(route, canary))


def _said(route: Manifest, canary: Canary) -> Iterator[str]:
    generation = generation_of(route)
    for parent in _parents(route):
        told = unmet(parent.get("conditions") or [], _TYPES, generation)
        if told:
            ref: Manifest = parent.get("parentRef") or {}
            yield f"{_field(ref, route, canary)} ({_called(ref, route)}): {'; '.join(told)}"


def _parents(route: Manifest) -> list[Manifest]:
    status: Manifest = route.get("status") or {}
    parents: list[Manifest] = status.get("parents") or []
    return parents


def _field(ref: Manifest, route: Manifest, canary: Canary) -> str:
    """The entry of gatewayRefs that a parent of the status is."""
    seen = _identity(ref, route)
    for index, given in enumerate(canary.spec.service.gateway_refs):
        if _identity(given, route) == seen:
            return f"spec.service.gatewayRefs[{index}]"
    return "spec.service.gatewayRefs"


def _identity(ref: Manifest, route: Manifest) -> tuple[object, ...]:
    full = {**PARENT, "namespace": namespace_of(route), **ref}
    return tuple(full.get(part) for part in _IDENTITY)


def _called(ref: Manifest, route: Manifest) -> str:
    full = {**PARENT, "namespace": namespace_of(route), **ref}
    return f"{full['kind']} {full['namespace']}/{full.get('name')}"
