"""The shares of the traffic that a status asks for."""

from burgee.api.status import CanaryStatus
from burgee.routers.base import Weights

FULL_PERCENT = 100
ALL_TO_PRIMARY = Weights()
ALL_TO_CANARY = Weights(primary=0, canary=FULL_PERCENT)


def route_of(status: CanaryStatus) -> Weights:
    """The route that a status asks for."""
    weight = status.routed_weight
    mirrored = bool(status.traffic_mirrored)
    return Weights(primary=FULL_PERCENT - weight, canary=weight, mirrored=mirrored)
