"""From the wanted world and the observed one to children and effects."""

from collections.abc import Iterator, Mapping

from burgee.api.manifest import (
    Manifest,
    annotations_of,
    controller_uid,
    metadata,
    name_of,
    namespace_of,
)
from burgee.api.status import STARTING
from burgee.engine.effects import ApplyForeign, Effect, MergePatch, Scale
from burgee.engine.facts import Facts
from burgee.engine.observation import ObjectKey
from burgee.engine.releasing import merge_patch
from burgee.engine.roles import role_in
from burgee.engine.strategy import has_begun
from burgee.engine.turn import PrimaryMode, TargetMode, World
from burgee.errors import InvalidCanary
from burgee.routers.base import NO_COOKIES, OWNER_ANNOTATION, Cookies, Role
from burgee.targets import autoscaler, configs
from burgee.targets.applied import carries, has_nulls
from burgee.targets.borrow import borrowed_fields, keep_route, keep_service, shows_borrowed
from burgee.targets.drift import prune, settled
from burgee.targets.hashing import flagger_id
from burgee.targets.kube_service import borrowed_copy, is_copy, keep_copy
from burgee.targets.primary import keep_workload
from burgee.targets.scaling import Replicas, Scaling, WorkloadPatch
from burgee.targets.services import creation_patch

LISTED_ROUTES = frozenset({"Ingress"})
"""Kinds of routes that Metacontroller lists: one that is left out of an answer is deleted."""


def compose(
    facts: Facts, world: World, cookies: Cookies = NO_COOKIES
) -> tuple[tuple[Manifest, ...], tuple[Effect, ...]]:
    """The complete children and the effects that bring the observed world to the wanted one.

    Whatever the Canary owns and this sync does not want otherwise is kept as it is observed: a
    child of a listed kind that is left out of an answer is deleted.
    """
    effects: list[Effect] = []
    wanted: dict[ObjectKey, Manifest] = {}
    for manifest in _workload(facts, world.primary):
        if role_in(facts.roles, manifest) is Role.APPLIED:
            effects.extend(_apply(facts, manifest))
        elif manifest["kind"] == "Service":
            _place(facts, manifest, wanted, effects)
        else:
            wanted[_key(manifest)] = manifest
    for manifest in _scaler(facts, world.primary):
        _place(facts, manifest, wanted, effects)
    for manifest in _services(facts, world):
        _place(facts, manifest, wanted, effects)
    for manifest in _routes(facts, world, cookies):
        if role_in(facts.roles, manifest) is Role.APPLIED:
            effects.extend(_apply(facts, manifest))
        else:
            _place(facts, manifest, wanted, effects)
    kept = (keep(child) for key, child in facts.observation.children.items() if key not in wanted)
    effects.extend(_new_services(facts))
    effects.extend(_scaling(facts, world))
    return (*wanted.values(), *kept), tuple(effects)


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


def _key(manifest: Manifest) -> ObjectKey:
    return manifest["kind"], name_of(manifest)


def _place(
    facts: Facts, manifest: Manifest, wanted: dict[ObjectKey, Manifest], effects: list[Effect]
) -> None:
    """Puts an object among the children, or leaves it to its owner.

    An object that burgee did not create is patched field by field and stays the user's. A route
    that is observed exactly as wanted needs no apply.
    """
    key = _key(manifest)
    observation, uid = facts.observation, facts.canary.metadata.uid
    own = observation.children.get(key) or _unlisted(facts).get(key)
    foreign = observation.services.get(key[1]) if key[0] == "Service" else None
    if own is not None and controller_uid(own) != uid:
        own, foreign = None, own
    if foreign is not None and key[0] in LISTED_ROUTES:
        _check_unowned(foreign)
        foreign = None
    if foreign is not None:
        owns_service = key[0] != "Service" or facts.kind.owns_apex
        borrowed = borrowed_fields(manifest, foreign) if owns_service else borrowed_copy(manifest)
        if not shows_borrowed(foreign, borrowed):
            effects.append(ApplyForeign(manifest=borrowed))
        return
    unmanaged = facts.spec.service.unmanaged_metadata
    if own is not None:
        patch = prune(
            own,
            manifest,
            keep_labels=unmanaged.labels if unmanaged else (),
            keep_annotations=unmanaged.annotations if unmanaged else (),
        )
        if patch is not None:
            effects.append(_patch(manifest, patch))
        listed = key[0] in LISTED_ROUTES or key not in _unlisted(facts)
        if not listed and settled(own, manifest, owner_uid=uid):
            return
    wanted[key] = manifest


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


def _apply(facts: Facts, manifest: Manifest) -> Iterator[Effect]:
    """What burgee writes itself, where it is not there: fields of an object that is no child.

    Null stands for a field that has to go, which an apply cannot say.
    """
    observed = facts.observation.routes.get(_key(manifest))
    if observed is not None and OWNER_ANNOTATION in annotations_of(manifest):
        foreign = prune(observed, manifest)
        if foreign is not None:
            yield _patch(manifest, foreign)
    if observed is not None and carries(observed, manifest):
        return
    yield merge_patch(manifest) if has_nulls(manifest) else ApplyForeign(manifest=manifest)


def _services(facts: Facts, world: World) -> Iterator[Manifest]:
    """The primary and canary Services, and the apex one once the primary can serve."""
    observed = {
        name: child
        for (kind, name), child in facts.observation.children.items()
        if kind == "Service"
    }
    built = facts.kind.services(facts.canary, facts.names, facts.target, observed)
    for manifest in built.backends:
        if not (name_of(manifest) in observed and _holds_copy(facts, manifest)):
            yield manifest
    if built.apex and (world.route is not None or name_of(built.apex) in observed):
        yield built.apex


def _new_services(facts: Facts) -> Iterator[Effect]:
    """What the Services get once, while the Canary is set up."""
    if facts.status.phase not in STARTING:
        return
    for (kind, _), child in facts.observation.children.items():
        patch = creation_patch(facts.canary, child) if kind == "Service" else None
        if patch:
            yield _patch(child, patch)


def _holds_copy(facts: Facts, manifest: Manifest) -> bool:
    """True for a copy that gets traffic still, and is not meant to get any as the target is now.

    It stays as it is, so that a new revision gets no traffic before it is let in.
    """
    is_canary = _key(manifest) == facts.kind.canary_key(facts.names)
    meant = has_begun(facts.status) and not facts.run_outdated
    return is_canary and not meant and not facts.canary_is_off


def _unlisted(facts: Facts) -> dict[ObjectKey, Manifest]:
    """Observed objects of kinds that Metacontroller does not list."""
    scaler = facts.observation.primary_scaler
    return {**facts.observation.routes, **({_key(scaler): scaler} if scaler else {})}


def _routes(facts: Facts, world: World, cookies: Cookies) -> tuple[Manifest, ...]:
    if world.route is None:
        return ()
    apex = facts.observation.children.get(("Service", facts.names.apex))
    return facts.router.render(
        facts.canary,
        facts.names,
        world.route,
        apex,
        cookies=cookies,
        originals=facts.originals,
    )


def _workload(facts: Facts, mode: PrimaryMode) -> Iterator[Manifest]:
    """The primary with its configs, built from the target or kept."""
    children = facts.observation.children
    build = mode is PrimaryMode.BUILD or facts.primary is None
    settings = facts.observation.settings
    # A copy that another Canary shares belongs to whoever built it last.
    shared = facts.observation.shared
    for key in facts.tracked:
        (copy,) = configs.build_copies((key,), facts.observation.configs, settings)
        if build or (_key(copy) not in children and key not in shared):
            yield copy
    if build:
        yield facts.kind.build_primary(
            facts.target,
            facts.names,
            revision=facts.revision,
            flagger_id=flagger_id(facts.canary.metadata.uid, facts.revision),
            copied_names=facts.tracked,
            settings=settings,
            first=facts.primary is None or facts.status.phase in STARTING,
            observed=facts.primary,
        )


def _scaler(facts: Facts, mode: PrimaryMode) -> Iterator[Manifest]:
    """The primary's scaler: a copy of the target's, kept as it is between promotions."""
    kind, scaler = facts.scaler_kind, facts.observation.scaler
    if kind is None or scaler is None:
        return
    copy = kind.build_primary(scaler, facts.canary, facts.names)
    key = _key(copy)
    observed = facts.observation.children.get(key) or _unlisted(facts).get(key)
    if mode is PrimaryMode.BUILD or observed is None:
        yield copy
    elif not kind.listed:
        yield kind.keep(observed)


def _scaling(facts: Facts, world: World) -> Iterator[Effect]:
    """Replicas of the primary and the target, only where they differ."""
    if world.primary is PrimaryMode.BUILD and facts.primary is not None:
        has, wants = facts.kind.replicas(facts.primary), facts.wanted_replicas
        differs = facts.primary_is_small if facts.spec.autoscaler_ref else has != wants
        if differs and wants is not None:
            yield scaling_effect(facts.primary, Replicas(count=wants))
    serves = world.route is not None and world.route.canary > 0
    if world.target is TargetMode.RUN:
        yield from run_target(facts)
    elif world.target is TargetMode.ZERO and facts.canary_is_off:
        yield from _pause(facts, paused=True)
        change = facts.kind.scale_to_zero(facts.target)
        if change:
            yield scaling_effect(facts.target, change, guarded=True)
    elif serves:
        yield from _pause(facts, paused=False)


def run_target(facts: Facts, *, as_primary: bool = False) -> Iterator[Effect]:
    """What brings the target's pods back: its scaler first, so that it does not object.

    Args:
        facts: of this sync.
        as_primary: True for as many pods as the primary has; otherwise the minimum of the
            target's scaler counts, where there is one.
    """
    yield from _pause(facts, paused=False)
    kind, scaler = facts.scaler_kind, facts.observation.scaler
    minimum = kind.min_replicas(scaler) if kind and scaler and not as_primary else None
    change = facts.kind.scale_from_zero(facts.target, facts.primary, minimum)
    if change:
        yield scaling_effect(facts.target, change)


def _pause(facts: Facts, *, paused: bool) -> Iterator[Effect]:
    """What holds or frees the target's scaler; worked out in each sync, so that it heals."""
    kind, scaler = facts.scaler_kind, facts.observation.scaler
    patch = kind.pause_patch(scaler, paused=paused) if kind and scaler else None
    if patch and scaler:
        yield _patch(scaler, patch)


def scaling_effect(workload: Manifest, change: Scaling, *, guarded: bool = False) -> Effect:
    """A change of scale; guarded: not where the workload changed since it was observed."""
    if isinstance(change, WorkloadPatch):
        return _patch(workload, change.patch)
    head = metadata(workload)
    return Scale(
        api_version=workload["apiVersion"],
        kind=workload["kind"],
        namespace=head["namespace"],
        name=head["name"],
        replicas=change.count,
        resource_version=head.get("resourceVersion") if guarded else None,
    )


def _patch(found: Manifest, patch: Manifest) -> MergePatch:
    return MergePatch(
        api_version=found["apiVersion"],
        kind=found["kind"],
        namespace=namespace_of(found),
        name=name_of(found),
        patch=patch,
    )
