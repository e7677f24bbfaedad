"""What /metrics says of a Canary, under Flagger's names. Source: reference 9, Metrics."""

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.facts import FULL_PERCENT
from hooks.meters import Meters

_RUNNING, _GOOD, _BAD = 0, 1, 2
_VALUES = {Phase.PROGRESSING: _RUNNING, Phase.FAILED: _BAD}


def tell(canary: Manifest, status: CanaryStatus, meters: Meters) -> None:
    """Sets the gauges of a Canary; `name` is the target's, as in Flagger."""
    namespace, target = namespace_of(canary), _target(canary)
    meters.set_canary_status(
        name=target, namespace=namespace, value=_VALUES.get(status.phase, _GOOD)
    )
    weight = status.routed_weight
    meters.set_weight(workload=target, namespace=namespace, percent=weight)
    primary = f"{target}-primary"
    meters.set_weight(workload=primary, namespace=namespace, percent=FULL_PERCENT - weight)


def forget(canary: Manifest, meters: Meters) -> None:
    """Removes the gauges of a Canary that goes."""
    namespace, target = namespace_of(canary), _target(canary)
    meters.forget_canary(name=target, namespace=namespace)
    for workload in (target, f"{target}-primary"):
        meters.forget_workload(workload=workload, namespace=namespace)


def _target(canary: Manifest) -> str:
    spec: Manifest = canary.get("spec") or {}
    ref: Manifest = spec.get("targetRef") or {}
    return str(ref.get("name") or name_of(canary))
