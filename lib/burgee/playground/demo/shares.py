"""What the rules of a data plane give the canary, in percent. Pure."""

from collections.abc import Sequence

from burgee.playground.dataplane.steering import Rule
from burgee.playground.demo.objects import CANARY_SERVICE

FULL = 100.0


def weight_of_canary(rules: Sequence[Rule]) -> float:
    """Percent that the last rule gives the canary: what everybody else's requests do."""
    return rules[-1].weights.get(CANARY_SERVICE, 0) if rules else 0


def weight_of_matching(rules: Sequence[Rule]) -> float:
    """Percent that the canary gets of the requests that the first rule looks for."""
    return rules[0].weights.get(CANARY_SERVICE, 0) if len(rules) > 1 else 0


def mirrored_to_canary(rules: Sequence[Rule]) -> float:
    """Percent of everybody's requests that are copied to the canary."""
    return rules[-1].mirrored.get(CANARY_SERVICE, 0) if rules else 0


def pods_behind(rules: Sequence[Rule]) -> int:
    """Pods that may get a request of everybody."""
    return sum(rules[-1].pods.values()) if rules else 0


def pods_of_canary(rules: Sequence[Rule]) -> int:
    """The canary's among them."""
    return rules[-1].pods.get(CANARY_SERVICE, 0) if rules else 0


def share_of_pods(rules: Sequence[Rule], capacity: int) -> float | None:
    """What the canary gets by its number of pods, None on the way from one step to the next.

    The side that grows comes first, so while both sides serve there are more pods than
    `capacity` until a step is complete.

    Args:
        rules: of the data plane.
        capacity: pods that serve at rest, and share the steps of a run exactly.
    """
    share = weight_of_canary(rules)
    return share if share in {0, FULL} or pods_behind(rules) == capacity else None
