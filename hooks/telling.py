"""What a sync tells Prometheus of its Canary."""

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.reading.strategy import Strategy, strategy_of
from burgee.errors import InvalidCanary
from burgee.routers.registry import carrier_of, router_of
from hooks.context import HookContext
from hooks.series import lifetime_of
from hooks.sighting import sighting_of
from hooks.tally import Ending, Release

_STRATEGIES = {
    Strategy.CANARY: "canary",
    Strategy.AB: "ab-testing",
    Strategy.BLUE_GREEN: "blue-green",
}
_ENDINGS = {Phase.SUCCEEDED: Ending.SUCCESS, Phase.FAILED: Ending.FAILURE}


def tell(
    live: Manifest,
    canary: Canary | None,
    status: CanaryStatus,
    controller: Manifest,
    context: HookContext,
) -> None:
    """Show the Canary as it is answered, and count the release that ends with it.

    Args:
        live: the Canary.
        canary: the same, None where its spec is not of the right shape.
        status: as it is answered.
        controller: the CompositeController.
        context: where it is shown.
    """
    series, settings = context.series, context.settings.engine
    seen = sighting_of(live, canary, status, floor_seconds=settings.min_interval_seconds)
    series.see(seen, lifetime=lifetime_of(controller))
    release = _release(canary, settings) if canary else None
    if canary is None or release is None:
        return
    series.expect(seen.uid, release)
    before = canary.status
    if status.phase is not before.phase and (ending := _ENDINGS.get(status.phase)):
        # An answer whose status was not written is worked out again from the same state.
        transition = (before.phase, before.phase_start_time, before.last_applied_spec)
        series.count_ending(seen.uid, ending, release, transition)


def _release(canary: Canary, settings: EngineSettings) -> Release | None:
    try:
        router = router_of(carrier_of(canary, settings), settings)
    except InvalidCanary:
        return None
    return Release(
        strategy=_STRATEGIES[strategy_of(canary.spec, router.capabilities)],
        analysis="skipped" if canary.spec.skips_analysis else "completed",
    )
