"""Replicas of the primary and the target, and what holds their scalers."""

from collections.abc import Iterator

from burgee.api.manifest import Manifest, metadata
from burgee.engine.effects import Effect, Scale
from burgee.engine.facts import Facts
from burgee.engine.placing import patch_on
from burgee.engine.turn import PrimaryMode, TargetMode, World
from burgee.targets.scaling import Replicas, Scaling, WorkloadPatch


def scaling(facts: Facts, world: World) -> Iterator[Effect]:
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
        yield patch_on(scaler, patch)


def scaling_effect(workload: Manifest, change: Scaling, *, guarded: bool = False) -> Effect:
    """A change of scale; guarded: not where the workload changed since it was observed."""
    if isinstance(change, WorkloadPatch):
        return patch_on(workload, change.patch)
    head = metadata(workload)
    return Scale(
        api_version=workload["apiVersion"],
        kind=workload["kind"],
        namespace=head["namespace"],
        name=head["name"],
        replicas=change.count,
        resource_version=head.get("resourceVersion") if guarded else None,
    )
