"""What the parents of a route say of it, in its status."""

from collections.abc import Iterator

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, namespace_of
from burgee.routers.gateway.defaults import PARENT
from burgee.routers.unmet import generation_of, is_current, unmet

_IDENTITY = ("group", "kind", "namespace", "name", "sectionName", "port")
ACCEPTED = "Accepted"
_TYPES = (ACCEPTED, "ResolvedRefs")


def all_parents_accept(route: Manifest) -> bool:
    """True if no parent that the route has says that it did not accept the route as it is now.

    As in Flagger a route of which nobody says anything counts: nothing serves it, so there is
    nothing to wait for. Different on purpose: an answer that does not say which generation it is
    about counts for the newest. Linkerd gives none, and would be waited for without an end.
    """
    generation = generation_of(route)
    return all(
        condition.get("status") == "True" and is_current(condition, generation)
        for parent in _present(route)
        for condition in parent.get("conditions") or ()
        if condition.get("type") == ACCEPTED
    )


def refuses(route: Manifest, ref: Manifest) -> bool:
    """True where a parent says that it does not take the route as it is now, and nobody else does.

    Args:
        route: with its status.
        ref: one of its parents, as it names it.
    """
    generation, asked = generation_of(route), identity_of(ref, route)
    answers = [
        condition.get("status") != "False"
        for parent in _parents(route)
        if identity_of(parent.get("parentRef") or {}, route) == asked
        for condition in parent.get("conditions") or ()
        if condition.get("type") == ACCEPTED and is_current(condition, generation)
    ]
    return bool(answers) and not any(answers)


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


def _present(route: Manifest) -> Iterator[Manifest]:
    """What is said by parents that the route has, not by those that it had once.

    There may be several entries for one parent: controllers besides the one that serves it say
    there what they do with the route.
    """
    spec: Manifest = route.get("spec") or {}
    named = {_object(ref, route) for ref in spec.get("parentRefs") or ()}
    for parent in _parents(route):
        ref: Manifest | None = parent.get("parentRef")
        if not ref or _object(ref, route) in named:
            yield parent


def _object(ref: Manifest, route: Manifest) -> tuple[str, str, str]:
    """Kind, namespace and name that a reference means."""
    full = {**PARENT, "namespace": namespace_of(route), **ref}
    return full["kind"], full["namespace"], full["name"]


def _field(ref: Manifest, route: Manifest, canary: Canary) -> str:
    """The entry of gatewayRefs that a parent of the status is."""
    seen = identity_of(ref, route)
    for index, given in enumerate(canary.spec.service.gateway_refs):
        if identity_of(given, route) == seen:
            return f"spec.service.gatewayRefs[{index}]"
    return "spec.service.gatewayRefs"


def identity_of(ref: Manifest, route: Manifest) -> tuple[object, ...]:
    """What tells a parent of a route from another; the last two are the listener's."""
    full = {**PARENT, "namespace": namespace_of(route), **ref}
    return tuple(full.get(part) for part in _IDENTITY)


def _called(ref: Manifest, route: Manifest) -> str:
    full = {**PARENT, "namespace": namespace_of(route), **ref}
    return f"{full['kind']} {full['namespace']}/{full.get('name')}"
