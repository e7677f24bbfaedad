"""Provider kubernetes: Services alone. Nothing is shifted; the apex selects the primary.

Source: flagger pkg/router/kubernetes_default.go; reference 4.14.
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
    """No route object at all: the analysis looks at a canary that no client reaches."""

    @property
    def capabilities(self) -> Capabilities:
        """None: the strategy is Blue/Green without a switch."""
        return Capabilities()

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
