"""Where an object goes: among the children, to its owner field by field, or nowhere at all."""

from collections.abc import Iterator, Mapping

from burgee.api.manifest import Manifest, annotations_of, controller_uid, name_of, namespace_of
from burgee.engine.effects import ApplyForeign, Effect, MergePatch
from burgee.engine.objects.releasing import merge_patch
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.observation import ObjectKey
from burgee.errors import InvalidCanary
from burgee.routers.base import OWNER_ANNOTATION
from burgee.routers.registry import canonical
from burgee.targets import autoscaler, configs
from burgee.targets.applied import carries
from burgee.targets.borrow import (
    borrowed_fields,
    keep_route,
    keep_service,
    ports_in_the_way,
    selector_surplus,
    shows_borrowed,
)
from burgee.targets.drift import holds, prune
from burgee.targets.kube_service import borrowed_copy, is_copy, keep_copy
from burgee.targets.primary import keep_workload

LISTED_ROUTES = frozenset({"Ingress"})
"""Kinds of routes that Metacontroller lists: one that is left out of an answer is deleted."""


def keep_all(children: Mapping[ObjectKey, Manifest]) -> tuple[Manifest, ...]:
    """Every child as it is: nothing is touched."""
    return tuple(keep(child) for child in children.values())


def keep(observed: Manifest) -> Manifest:
    """A child to apply again as it is observed."""
    match observed["kind"]:
        case "Deployment" | "DaemonSet":
            return keep_workload(observed)
        case "ConfigMap" | "Secret":
            return configs.keep_copy(observed)
        case "HorizontalPodAutoscaler":
            return autoscaler.keep_hpa(observed)
        case "Ingress":
            return keep_route(observed)
        case _:
            return keep_copy(observed) if is_copy(observed) else keep_service(observed)


def key_of(manifest: Manifest) -> ObjectKey:
    """Kind and name of an object."""
    return manifest["kind"], name_of(manifest)


def place(
    facts: Facts, manifest: Manifest, wanted: dict[ObjectKey, Manifest], effects: list[Effect]
) -> None:
    """Puts an object among the children, or leaves it to its owner.

    An object that burgee did not create is patched field by field and stays the user's. A route
    that is observed exactly as wanted needs no apply.
    """
    key = key_of(manifest)
    observation, uid = facts.observation, facts.canary.metadata.uid
    others = unlisted(facts)
    own = observation.children.get(key) or others.get(key)
    foreign = observation.services.get(key[1]) if key[0] == "Service" else None
    if own is not None and controller_uid(own) != uid:
        own, foreign = None, own
    if foreign is not None and key[0] in LISTED_ROUTES:
        _check_unowned(foreign)
        foreign = None
    if foreign is not None:
        owns_service = key[0] != "Service" or facts.kind.owns_apex
        borrowed = borrowed_fields(manifest, foreign) if owns_service else borrowed_copy(manifest)
        in_the_way = ports_in_the_way(foreign, borrowed)
        if in_the_way:
            effects.append(patch_on(borrowed, in_the_way))
        if not shows_borrowed(foreign, borrowed):
            effects.append(ApplyForeign(manifest=borrowed))
        surplus = selector_surplus(foreign, borrowed)
        if surplus:
            effects.append(patch_on(borrowed, surplus))
        return
    unmanaged = facts.spec.service.unmanaged_metadata
    if own is not None:
        patch = prune(
            own,
            manifest,
            keep_labels=unmanaged.labels if unmanaged else (),
            keep_annotations=unmanaged.annotations if unmanaged else (),
        )
        if key[0] in LISTED_ROUTES:
            patch = _with_annotations(own, manifest, patch or {})
        if patch:
            effects.append(patch_on(manifest, patch))
        listed = key[0] in LISTED_ROUTES or key not in others
        # Nothing foreign is on it; what remains is whether all of ours is.
        if not (listed or patch) and holds(canonical(own), canonical(manifest), owner_uid=uid):
            return
    wanted[key] = manifest


def _with_annotations(observed: Manifest, wanted: Manifest, patch: Manifest) -> Manifest:
    """A patch that sets the annotations besides.

    Metacontroller takes an object for unchanged as long as its generation is, which annotations
    do not move: it would leave them as somebody else set them.
    """
    seen = annotations_of(observed)
    missing = {
        key: value for key, value in annotations_of(wanted).items() if seen.get(key) != value
    }
    if not missing:
        return patch
    head: Manifest = patch.get("metadata") or {}
    annotations: Manifest = {**(head.get("annotations") or {}), **missing}
    return {**patch, "metadata": {**head, "annotations": annotations}}


def _check_unowned(found: Manifest) -> None:
    """A copy that nobody owns is taken on, as it would be by Flagger.

    Raises:
        InvalidCanary: something else owns it.
    """
    if controller_uid(found):
        raise InvalidCanary(
            "RouteConflict",
            f"{found['kind']} {name_of(found)} is owned by something else than this Canary",
        )


def apply_own(facts: Facts, manifest: Manifest) -> Iterator[Effect]:
    """What burgee writes itself, where it is not there: an object that is no child.

    An object of the whole cluster is applied as a whole. Of a user's object single fields are
    patched, from more than one place: an apply would take away what the one before had set.
    """
    observed = facts.observation.routes.get(key_of(manifest))
    whole = not namespace_of(manifest)
    if whole and observed is not None:
        foreign = prune(observed, manifest) or {}
        if OWNER_ANNOTATION not in annotations_of(manifest):
            foreign = {field: part for field, part in foreign.items() if field == "spec"}
        if foreign:
            yield patch_on(manifest, foreign)
    if observed is None or not carries(observed, manifest):
        yield ApplyForeign(manifest=manifest) if whole else merge_patch(manifest)


def weigh(facts: Facts, manifest: Manifest) -> Iterator[Effect]:
    """The apply that gives a user's route its weights, where it does not have them.

    What is remembered of the weights before is no reason for a write of its own.
    """
    observed = facts.observation.routes.get(key_of(manifest))
    if observed is None or not carries(observed, {"spec": manifest["spec"]}):
        yield ApplyForeign(manifest=manifest)


def unlisted(facts: Facts) -> dict[ObjectKey, Manifest]:
    """Observed objects of kinds that Metacontroller does not list."""
    scaler = facts.observation.primary_scaler
    return {**facts.observation.routes, **({key_of(scaler): scaler} if scaler else {})}


def patch_on(found: Manifest, patch: Manifest) -> MergePatch:
    """The effect that merges a patch into an observed object."""
    return MergePatch(
        api_version=found["apiVersion"],
        kind=found["kind"],
        namespace=namespace_of(found),
        name=name_of(found),
        patch=patch,
    )
