"""Provider kubernetes: Services alone, no route object.

With iterations nothing is shifted: the apex Service selects the primary, and the analysis looks at
pods that no client reaches. Weights are numbers of pods behind the apex Service; that is the
engine's doing (engine/ratio.py), for there is no object here that could carry them.

Source: flagger pkg/router/kubernetes_default.go; reference 4.14. Different on purpose: Flagger
makes ten iterations of weights.
"""

from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import (
    NO_COOKIES,
    Capabilities,
    Cookies,
    Related,
    RelatedKind,
    ServiceNames,
    Weights,
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

    def render(
        self,
        canary: Canary,
        names: ServiceNames,
        weights: Weights,
        apex_service: Manifest | None = None,
        *,
        cookies: Cookies = NO_COOKIES,
        originals: Sequence[Manifest] = (),
    ) -> tuple[Manifest, ...]:
        """No objects, whatever the weights."""
        del canary, names, weights, apex_service, cookies, originals
        return ()

    def shows(
        self,
        observed: Sequence[Manifest],
        canary: Canary,
        names: ServiceNames,
        weights: Weights,
        *,
        cookies: Cookies = NO_COOKIES,
        originals: Sequence[Manifest] = (),
    ) -> bool:
        """Always: there is nothing that could show something else."""
        del observed, canary, names, weights, cookies, originals
        return True

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """Nothing reaches the canary."""
        del observed, names
        return 0
