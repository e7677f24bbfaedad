"""What cannot be done with connections: a TCP route of Istio knows ports and weights.

Flagger counts the iterations of a test there all the same, with everything sent to the canary.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from burgee.api.canary import Canary
from burgee.errors import InvalidCanary

# What of spec.service is for requests, by the names of its attributes.
_OF_REQUESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "corsPolicy": "cors_policy",
        "headers": "headers",
        "retries": "retries",
        "rewrite": "rewrite",
        "timeout": "timeout",
    }
)
_OF_CONNECTIONS: Final = frozenset({"port"})


def check_tcp(canary: Canary) -> None:
    """Refuses an analysis that tells requests apart, or copies them.

    Raises:
        InvalidCanary: with the field.
    """
    plan = canary.spec.plan
    if canary.spec.skips_analysis:
        return
    for field, is_asked in (("match", bool(plan.match)), ("mirror", plan.mirror)):
        if is_asked:
            raise InvalidCanary(
                "UnsupportedStrategy",
                f"spec.analysis.{field} cannot be done with TCP (spec.service.appProtocol "
                f"{canary.spec.service.app_protocol})",
            )


def without_effect(canary: Canary) -> Iterator[str]:
    """What a TCP route does not look at."""
    if canary.spec.plan.session_affinity is not None:
        yield "spec.analysis.sessionAffinity has no effect with TCP"
    service = canary.spec.service
    for field, attribute in _OF_REQUESTS.items():
        if getattr(service, attribute):
            yield f"spec.service.{field} has no effect with TCP"
    for condition in service.match:
        if {field for field, value in condition.items() if value} - _OF_CONNECTIONS:
            yield "of spec.service.match only port has an effect with TCP"
            return
