"""The ladder of weights that a canary climbs.

Source: flagger pkg/controller/scheduler.go, nextStepWeight.
"""

from collections.abc import Sequence
from itertools import pairwise

from burgee.api.analysis import Analysis

FULL = 100


def top_weight(analysis: Analysis) -> int:
    """The weight after which a promotion follows, in percent."""
    if analysis.step_weights:
        return min(FULL, analysis.step_weights[-1])
    return analysis.max_weight if analysis.max_weight > 0 else FULL


def next_weight(analysis: Analysis, weight: int) -> int:
    """The weight of the step after `weight`; overshooting maxWeight is allowed, 100 is not.

    Args:
        analysis: with stepWeight, or stepWeights as an ascending list.
        weight: percent now; one that is not in the list (the list was edited in the middle of a
            run) goes to the next higher entry, where Flagger jumps to 100.
    """
    if analysis.step_weights:
        higher = (step for step in analysis.step_weights if step > weight)
        return min(FULL, next(higher, FULL))
    return min(FULL, weight + analysis.step_weight)


def ladder(analysis: Analysis) -> tuple[int, ...]:
    """Every weight of a run in order, for a reader and for tests."""
    steps: list[int] = []
    weight = 0
    while weight < top_weight(analysis):
        weight = next_weight(analysis, weight)
        steps.append(weight)
    return tuple(steps)


def ladder_problem(analysis: Analysis) -> str:
    """Why the steps cannot be climbed, empty where they can."""
    steps: Sequence[int] = analysis.step_weights
    if steps:
        if any(step <= 0 for step in steps):
            return f"stepWeights {list(steps)} must all be above 0"
        if any(b <= a for a, b in pairwise(steps)):
            return f"stepWeights {list(steps)} must ascend"
        return ""
    if analysis.step_weight <= 0:
        return "stepWeight must be above 0"
    if analysis.max_weight > FULL:
        return f"maxWeight {analysis.max_weight} is above 100"
    return ""
