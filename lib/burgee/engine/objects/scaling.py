"""Replicas of the primary and the target, and what holds their scalers."""

from collections.abc import Iterator

from burgee.api.manifest import Manifest, metadata
from burgee.api.status import Phase
from burgee.engine.effects import Effect, Scale
from burgee.engine.objects.placing import patch_on
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.ratio import Ratio
from burgee.engine.turn import PrimaryMode, TargetMode, World
from burgee.targets.scaling import Replicas, Scaling, WorkloadPatch
from burgee.targets.sharing import held_patch


def scaling(facts: Facts, world: World) -> Iterator[Effect]:
    """Replicas of the primary and the target, only where they differ."""
    if facts.ratio is not None:
        yield from _share_pods(facts, facts.ratio, world)
        return
    yield from _forget_label(facts)
    if world.primary is PrimaryMode.BUILD and facts.primary is not None:
        has, wants = facts.kind.replicas(facts.primary), facts.wanted_replicas
        differs = facts.primary_is_small if facts.spec.autoscaler_ref else has != wants
        if differs and wants is not None:
            yield scaling_effect(facts.primary, Replicas(count=wants))
    if world.target is TargetMode.RUN:
        yield from run_target(facts)
    else:
        yield from _rest_target(facts, world)


def run_target(facts: Facts, *, as_primary: bool = False) -> Iterator[Effect]:
    """What brings the target's pods back: its scaler first, so that it does not object.

    Args:
        facts: of this sync.
        as_primary: True for as many pods as the primary has; otherwise the minimum of the
            target's scaler counts, where there is one.
    """
    yield from _pause(facts, paused=False)
    if as_primary and facts.ratio is not None:
        yield from _run_alone(facts, facts.ratio)
        return
    kind, scaler = facts.scaler_kind, facts.observation.scaler
    minimum = kind.min_replicas(scaler) if kind and scaler and not as_primary else None
    change = facts.kind.scale_from_zero(facts.target, facts.primary, minimum)
    if change is None and as_primary and not facts.spec.autoscaler_ref:
        change = _up_to_primary(facts)
    if change:
        yield scaling_effect(facts.target, change)


def _up_to_primary(facts: Facts) -> Replicas | None:
    """The primary's number of pods where the target has fewer: it is to carry the same traffic."""
    has = facts.kind.replicas(facts.target)
    wants = facts.kind.replicas(facts.primary) if facts.primary else None
    return Replicas(count=wants) if has is not None and wants is not None and has < wants else None


def _rest_target(facts: Facts, world: World) -> Iterator[Effect]:
    """Takes the target's pods away once nobody is sent to them."""
    if world.target is TargetMode.ZERO and facts.canary_is_off:
        yield from _pause(facts, paused=True)
        change = facts.kind.scale_to_zero(facts.target)
        if change:
            yield scaling_effect(facts.target, change, guarded=True)
    elif world.route is not None and world.route.canary > 0:
        yield from _pause(facts, paused=False)


def _share_pods(facts: Facts, ratio: Ratio, world: World) -> Iterator[Effect]:
    """The numbers of pods that a weight asks for, where they are what carries it."""
    weight = world.route.canary if world.route else 0
    building = world.primary is PrimaryMode.BUILD
    wants = ratio.primary_replicas(weight, building=building)
    if facts.primary is not None and wants != ratio.primary.replicas:
        fewer = wants < ratio.primary.replicas
        yield scaling_effect(facts.primary, Replicas(count=wants), guarded=fewer)
    runs = world.target is TargetMode.RUN
    yield from _hold(facts, ratio, weight, runs=runs)
    if not runs and (facts.canary_is_off or ratio.bounds is not None):
        yield from _rest_target(facts, world)
        if weight == 0:
            return
    if runs:
        yield from _pause(facts, paused=False)
    wants, has = ratio.target_replicas(weight), ratio.canary.replicas
    # What is let go on is only given pods: it is decided later whether they are taken away.
    left = world.target is TargetMode.LEAVE and (wants < has or weight == 0)
    if wants != has and not left:
        yield scaling_effect(facts.target, Replicas(count=wants), guarded=wants < has)


def _hold(facts: Facts, ratio: Ratio, weight: int, *, runs: bool) -> Iterator[Effect]:
    """The shared label of the target's pods, and whether a new template has to wait."""
    idle = ratio.canary.replicas == 0
    label = True if ratio.active and (runs or idle) else None
    holds = ratio.holds_rollout(weight)
    paused = holds if holds or ratio.record is not None else None
    patch = held_patch(facts.target, facts.names.apex, label=label, paused=paused)
    if patch and (holds or label):
        # Nobody would take back at rest what a call that was given up writes late.
        version = metadata(facts.target).get("resourceVersion")
        patch = {**patch, "metadata": {"resourceVersion": version}}
    if patch:
        yield patch_on(facts.target, patch)


def _forget_label(facts: Facts) -> Iterator[Effect]:
    """The shared label goes from a target without pods whose weights are not theirs any more."""
    idle = facts.kind.is_scaled_to_zero(facts.target)
    if not idle or facts.by_replicas:
        return
    patch = held_patch(facts.target, facts.names.apex, label=False, paused=None)
    if patch:
        yield patch_on(facts.target, patch)


def _run_alone(facts: Facts, ratio: Ratio) -> Iterator[Effect]:
    """The target with all the pods that the Canary had, as it was before it had one."""
    patch = held_patch(facts.target, facts.names.apex, label=None, paused=False)
    if patch:
        yield patch_on(facts.target, patch)
    wants, has = max(ratio.capacity, ratio.primary.replicas), ratio.canary.replicas
    if ratio.bounds is not None:
        # Its autoscaler would have its way in the end, however often it is asked.
        asked = has > 0 and ratio.phase is Phase.TERMINATING
        wants = has if asked else ratio.bounds.within(wants)
    if has < wants:
        yield scaling_effect(facts.target, Replicas(count=wants))


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
