"""From the wanted world and the observed one to children and effects."""

from collections.abc import Iterator

from burgee.api.manifest import Manifest, name_of
from burgee.api.status import STARTING
from burgee.engine.effects import Effect
from burgee.engine.objects.moving import leave
from burgee.engine.objects.placing import apply_own, keep, key_of, patch_on, place, unlisted, weigh
from burgee.engine.objects.scaling import scaling
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.observation import ObjectKey
from burgee.engine.reading.roles import role_in
from burgee.engine.reading.strategy import has_begun
from burgee.engine.reading.traffic import ALL_TO_PRIMARY
from burgee.engine.turn import PrimaryMode, World
from burgee.routers.base import NO_COOKIES, Cookies, Role
from burgee.targets import configs
from burgee.targets.hashing import flagger_id
from burgee.targets.primary import Blueprint
from burgee.targets.services import creation_patch
from burgee.targets.sharing import labelled, selector_for


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
            effects.extend(apply_own(facts, manifest))
        elif manifest["kind"] == "Service":
            place(facts, manifest, wanted, effects)
        else:
            wanted[key_of(manifest)] = manifest
    for manifest in _scaler(facts, world.primary):
        place(facts, manifest, wanted, effects)
    for manifest in _services(facts, world):
        place(facts, manifest, wanted, effects)
    for manifest in _routes(facts, world, cookies):
        match role_in(facts.roles, manifest):
            case Role.APPLIED:
                effects.extend(apply_own(facts, manifest))
            case Role.WEIGHED:
                effects.extend(weigh(facts, manifest))
            case _:
                place(facts, manifest, wanted, effects)
    dropped, farewells = leave(facts, world)
    effects.extend(farewells)
    kept = (
        keep(child)
        for key, child in facts.observation.children.items()
        if key not in wanted and key not in dropped
    )
    effects.extend(_new_services(facts))
    effects.extend(scaling(facts, world))
    return (*wanted.values(), *kept), tuple(effects)


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
        yield _aimed(facts, world, built.apex)


def _aimed(facts: Facts, world: World, apex: Manifest) -> Manifest:
    """The apex Service, choosing the pods that are to get its traffic."""
    if facts.ratio is None or world.route is None:
        return apex
    side = facts.ratio.side_for(world.route.canary)
    spec = {**apex["spec"], "selector": selector_for(side, facts.names)}
    return {**apex, "spec": spec}


def _new_services(facts: Facts) -> Iterator[Effect]:
    """What the Services get once, while the Canary is set up."""
    if facts.status.phase not in STARTING:
        return
    for (kind, _), child in facts.observation.children.items():
        patch = creation_patch(facts.canary, child) if kind == "Service" else None
        if patch:
            yield patch_on(child, patch)


def _holds_copy(facts: Facts, manifest: Manifest) -> bool:
    """True for a copy that gets traffic still, and is not meant to get any as the target is now.

    It stays as it is, so that a new revision gets no traffic before it is let in.
    """
    is_canary = key_of(manifest) == facts.kind.canary_key(facts.names)
    meant = has_begun(facts.status) and not facts.run_outdated
    return is_canary and not meant and not facts.canary_is_off


def _routes(facts: Facts, world: World, cookies: Cookies) -> tuple[Manifest, ...]:
    route = world.route
    if route is None and facts.router.capabilities.before_primary:
        # Its mesh refuses pods that no object of it selects.
        route = ALL_TO_PRIMARY
    if route is None:
        return ()
    return facts.rendered(route, cookies)


def _workload(facts: Facts, mode: PrimaryMode) -> Iterator[Manifest]:
    """The primary with its configs, built from the target or kept."""
    children = facts.observation.children
    build = mode is PrimaryMode.BUILD or facts.primary is None
    settings = facts.observation.settings
    # A copy that another Canary shares belongs to whoever built it last.
    shared, copied = facts.observation.shared, True
    for key in facts.tracked:
        (copy,) = configs.build_copies((key,), facts.observation.configs, settings)
        observed = children.get(key_of(copy))
        if build or (observed is None and key not in shared):
            yield copy
        if key not in shared and not configs.shows_copy(observed, copy):
            copied = False
    # Pods that start before their copies are there would run with the old values.
    if build and copied:
        plan = Blueprint(
            target=facts.target,
            names=facts.names,
            revision=facts.revision,
            flagger_id=flagger_id(facts.canary.metadata.uid, facts.revision),
            copied_names=facts.tracked,
            settings=settings,
            first=facts.primary is None or facts.status.phase in STARTING,
            observed=facts.primary,
        )
        primary = facts.kind.build_primary(plan)
        behind = facts.ratio is not None and facts.ratio.is_shared
        yield labelled(primary, facts.names.apex, wanted=facts.by_replicas or behind)
    elif facts.ratio and facts.ratio.needs_label and not build:
        yield labelled(facts.kind.keep(facts.primary or {}), facts.names.apex, wanted=True)


def _scaler(facts: Facts, mode: PrimaryMode) -> Iterator[Manifest]:
    """The primary's scaler: a copy of the target's, kept as it is between promotions."""
    kind, scaler = facts.scaler_kind, facts.observation.scaler
    if kind is None or scaler is None:
        return
    copy = kind.build_primary(scaler, facts.canary, facts.names)
    key = key_of(copy)
    observed = facts.observation.children.get(key) or unlisted(facts).get(key)
    if mode is PrimaryMode.BUILD or observed is None:
        yield copy
    elif not kind.listed:
        yield kind.keep(observed)
