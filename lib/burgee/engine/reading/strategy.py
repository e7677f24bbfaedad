"""Which way a release goes, and what its next step is.

A step is a change of status alone: the route follows from it (turn.route_of).

    canary       weights climb; with `mirror` the first step copies requests to the canary
    A/B          requests that match go to the canary, for so many iterations
    Blue/Green   so many iterations on the idle (or mirrored) canary, then all traffic to it

Source: flagger pkg/controller/scheduler.go, runCanary, runAB and runBlueGreen.
"""

from enum import Enum, auto
from typing import Any

from burgee.api.analysis import Analysis
from burgee.api.canary import CanarySpec
from burgee.api.status import CanaryStatus
from burgee.engine.reading.weights import FULL, next_weight, top_weight
from burgee.routers.base import Capabilities

SERVICES_ONLY_ITERATIONS = 10
DEPLOYMENT = "Deployment"


class Strategy(Enum):
    """How traffic reaches the new revision."""

    CANARY = auto()
    AB = auto()
    BLUE_GREEN = auto()


def strategy_of(spec: CanarySpec, able: Capabilities) -> Strategy:
    """The strategy of a Canary; without weights a provider makes any analysis Blue/Green."""
    analysis = spec.plan
    if by_replicas(spec, able):
        return Strategy.CANARY
    if not able.weights and not able.matching:
        return Strategy.BLUE_GREEN
    if analysis.iterations > 0:
        return Strategy.AB if analysis.match else Strategy.BLUE_GREEN
    return Strategy.CANARY


def by_replicas(spec: CanarySpec, able: Capabilities) -> bool:
    """True where weights are numbers of pods: the target's number has to be burgee's to choose.

    With iterations, and on every other kind of target, it stays Blue/Green, as in Flagger.
    """
    analysis = spec.plan
    asked = analysis.iterations <= 0 and bool(analysis.step_weight or analysis.step_weights)
    counted = spec.target_ref.kind == DEPLOYMENT
    return able.by_replicas and asked and counted and not spec.skips_analysis


def iterations_of(analysis: Analysis) -> int:
    """Iterations of A/B and Blue/Green; ten where only Services are there to switch."""
    return analysis.iterations if analysis.iterations > 0 else SERVICES_ONLY_ITERATIONS


def has_begun(status: CanaryStatus) -> bool:
    """True once the first step of a run is taken."""
    return bool(status.routed_weight or status.iterations or status.traffic_mirrored)


def next_step(
    strategy: Strategy, analysis: Analysis, status: CanaryStatus, able: Capabilities
) -> dict[str, Any] | None:
    """The status fields of the next step; None at the end, where a promotion follows."""
    match strategy:
        case Strategy.CANARY:
            return _next_weight(analysis, status, able)
        case Strategy.AB:
            if status.iterations >= iterations_of(analysis):
                return None
            return {"iterations": status.iterations + 1, "traffic_weight": FULL}
        case Strategy.BLUE_GREEN:
            if status.iterations >= iterations_of(analysis):
                return None
            mirrored = True if analysis.mirror and able.mirroring else None
            return {"iterations": status.iterations + 1, "traffic_mirrored": mirrored}


def switch(strategy: Strategy, status: CanaryStatus, able: Capabilities) -> dict[str, Any] | None:
    """Blue/Green's last step before the promotion: all traffic to the canary.

    None for the other strategies, where it is done, and where only Services are there to switch:
    then the primary takes over at once.
    """
    if strategy is not Strategy.BLUE_GREEN or not able.weights or status.routed_weight == FULL:
        return None
    return {
        "iterations": status.iterations + 1,
        "traffic_weight": FULL,
        "traffic_mirrored": None,
    }


def _next_weight(
    analysis: Analysis, status: CanaryStatus, able: Capabilities
) -> dict[str, Any] | None:
    if status.routed_weight >= top_weight(analysis):
        return None
    if analysis.mirror and able.mirroring and not has_begun(status):
        return {"traffic_mirrored": True}
    return {
        "canary_weight": next_weight(analysis, status.routed_weight),
        "traffic_weight": None,
        "traffic_mirrored": None,
    }


def describe_step(fields: dict[str, Any]) -> str:
    """A step, for an Event."""
    if "canary_weight" in fields:
        return f"Canary weight {fields['canary_weight']}"
    if fields.get("traffic_mirrored"):
        iteration = f", iteration {fields['iterations']}" if "iterations" in fields else ""
        return f"Traffic is mirrored to the canary{iteration}"
    if fields.get("traffic_weight") == FULL and "traffic_mirrored" in fields:
        return "All traffic to the canary"
    return f"Iteration {fields['iterations']}"
