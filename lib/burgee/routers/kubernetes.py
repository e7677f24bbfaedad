"""Provider kubernetes: Services alone, no route object.

With iterations nothing is shifted: the apex Service selects the primary, and the analysis looks at
pods that no client reaches. Weights are numbers of pods behind the apex Service; that is the
engine's doing (engine/reading/ratio.py), for there is no object here that could carry them.

Source: flagger pkg/router/kubernetes_default.go. Different on purpose: Flagger
makes ten iterations of weights.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    ServiceNames,
)


class KubernetesRouter:
    """No route object at all."""

    @property
    def capabilities(self) -> Capabilities:
        """Numbers of pods; everything else is Blue/Green without a switch."""
        return Capabilities(by_replicas=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """None."""
        return ()

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """None."""
        del canary
        return ()

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """No objects, whatever the weights."""
        del aim
        return ()

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """Always: there is nothing that could show something else."""
        del observed, aim
        return True

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """Nothing reaches the canary."""
        del observed, names
        return 0
