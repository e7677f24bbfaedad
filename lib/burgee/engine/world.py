"""From the wanted world and the observed one to children and effects."""

from collections.abc import Iterator, Mapping

from burgee.api.manifest import Manifest, controller_uid, metadata, name_of
from burgee.api.status import STARTING
from burgee.engine.effects import ApplyForeign, Effect, MergePatch, Scale
from burgee.engine.facts import Facts
from burgee.engine.observation import ObjectKey
from burgee.engine.turn import PrimaryMode, TargetMode, World
from burgee.targets import autoscaler, configs, deployment, services
from burgee.targets.borrow import borrowed_fields, keep_service, shows_borrowed
from burgee.targets.deployment import replicas_of
from burgee.targets.drift import prune, settled
from burgee.targets.hashing import flagger_id


def compose(facts: Facts, world: World) -> tuple[tuple[Manifest, ...], tuple[Effect, ...]]:
    """The complete children and the effects that bring the observed world to the wanted one.

    Whatever the Canary owns and this sync does not want otherwise is kept as it is observed: a
    child of a listed kind that is left out of an answer is deleted.
    """
    effects: list[Effect] = []
    wanted: dict[ObjectKey, Manifest] = {}
    for manifest in _workload(facts, world.primary):
        wanted[_key(manifest)] = manifest
    for manifest in _services(facts, world):
        _place(facts, manifest, wanted, effects)
    routes = _routes(facts, world)
    for manifest in routes:
        _place(facts, manifest, wanted, effects)
    kept = (keep(child) for key, child in facts.observation.children.items() if key not in wanted)
    effects.extend(_scaling(facts, world))
    return (*wanted.values(), *kept), tuple(effects)


def keep_all(children: Mapping[ObjectKey, Manifest]) -> tuple[Manifest, ...]:
    """Every child as it is: nothing is touched."""
    return tuple(keep(child) for child in children.values())


def keep(observed: Manifest) -> Manifest:
    """A child to apply again as it is observed."""
    match observed["kind"]:
        case "Deployment":
            return deployment.keep_primary(observed)
        case "ConfigMap" | "Secret":
            return configs.keep_copy(observed)
        case "HorizontalPodAutoscaler":
            return autoscaler.keep_hpa(observed)
        case _:
            return keep_service(observed)


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
    own = observation.children.get(key) or observation.routes.get(key)
    foreign = observation.services.get(key[1]) if key[0] == "Service" else None
    if own is not None and controller_uid(own) != uid:
        own, foreign = None, own
    if foreign is not None:
        borrowed = borrowed_fields(manifest)
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
            effects.append(
                MergePatch(
                    api_version=manifest["apiVersion"],
                    kind=manifest["kind"],
                    namespace=facts.canary.metadata.namespace,
                    name=key[1],
                    patch=patch,
                )
            )
        if key in observation.routes and settled(own, manifest, owner_uid=uid):
            return
    wanted[key] = manifest


def _services(facts: Facts, world: World) -> Iterator[Manifest]:
    """The primary and canary Services, and the apex one once the primary can serve."""
    observed = {
        name: child
        for (kind, name), child in facts.observation.children.items()
        if kind == "Service"
    }
    built = services.build_services(facts.canary, facts.names, facts.target, observed)
    yield built.canary
    yield built.primary
    if world.route is not None or name_of(built.apex) in observed:
        yield built.apex


def _routes(facts: Facts, world: World) -> tuple[Manifest, ...]:
    if world.route is None:
        return ()
    apex = facts.observation.children.get(("Service", facts.names.apex))
    return facts.router.render(facts.canary, facts.names, world.route, apex)


def _workload(facts: Facts, mode: PrimaryMode) -> Iterator[Manifest]:
    """The primary with its configs and its scaler, built from the target or kept."""
    children = facts.observation.children
    build = mode is PrimaryMode.BUILD or facts.primary is None
    settings = facts.observation.settings
    for copy in configs.build_copies(facts.tracked, facts.observation.configs, settings):
        if build or _key(copy) not in children:
            yield copy
    if build:
        yield deployment.build_primary(
            facts.target,
            facts.names,
            revision=facts.revision,
            flagger_id=flagger_id(facts.canary.metadata.uid, facts.revision),
            copied_names=facts.tracked,
            settings=settings,
            first=facts.primary is None or facts.status.phase in STARTING,
            observed=facts.primary,
        )
    scaler = facts.observation.scaler
    if scaler is not None:
        copy = autoscaler.build_primary_hpa(scaler, facts.canary, facts.names)
        if mode is PrimaryMode.BUILD or _key(copy) not in children:
            yield copy


def _scaling(facts: Facts, world: World) -> Iterator[Scale]:
    """Replicas of the primary and the target, through /scale and only where they differ."""
    if world.primary is PrimaryMode.BUILD and facts.primary is not None:
        has = replicas_of(facts.primary)
        wants = facts.wanted_replicas
        differs = facts.primary_is_small if facts.spec.autoscaler_ref else has != wants
        if differs:
            yield _scale(facts.primary, wants)
    has = replicas_of(facts.target)
    if world.target is TargetMode.RUN and has == 0:
        wants = autoscaler.wanted_replicas(facts.target, facts.primary, facts.observation.scaler)
        yield _scale(facts.target, wants)
    if world.target is TargetMode.ZERO and has > 0 and facts.canary_is_off:
        yield _scale(facts.target, 0, guarded=True)


def _scale(workload: Manifest, replicas: int, *, guarded: bool = False) -> Scale:
    """Guarded: not where the workload changed since it was observed."""
    head = metadata(workload)
    return Scale(
        api_version=workload["apiVersion"],
        kind=workload["kind"],
        namespace=head["namespace"],
        name=head["name"],
        replicas=replicas,
        resource_version=head.get("resourceVersion") if guarded else None,
    )
