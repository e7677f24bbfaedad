"""Time limits and retries of an HTTPProxy, in the words that Contour's definition lets through.

Source: flagger pkg/router/contour.go; contour, apis/projectcontour/v1, TimeoutPolicy and RetryOn.
"""

from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.model import duration_seconds
from burgee.errors import InvalidCanary

IDLE_TIMEOUT: Final = "5m"

_ENDLESS = frozenset({"infinite", "infinity"})
_REASONS: Final = (
    "5xx",
    "cancelled",
    "connect-failure",
    "deadline-exceeded",
    "envoy-ratelimited",
    "gateway-error",
    "http3-post-connect-failure",
    "internal",
    "refused-stream",
    "reset",
    "reset-before-request",
    "resource-exhausted",
    "retriable-4xx",
    "retriable-headers",
    "retriable-status-codes",
    "unavailable",
)


def policies(canary: Canary) -> Manifest:
    """What a route has of both, empty for none.

    Raises:
        InvalidCanary: a time limit is no duration, or Contour knows no such reason to retry.
    """
    service = canary.spec.service
    found: Manifest = {}
    if service.timeout:
        limit = _limit(service.timeout, "spec.service.timeout")
        found["timeoutPolicy"] = {"response": limit, "idle": IDLE_TIMEOUT}
    if service.retries:
        found["retryPolicy"] = _retries(service.retries)
    return found


def _retries(retries: Manifest) -> Manifest:
    policy: Manifest = {"count": int(retries.get("attempts") or 0)}
    if retries.get("perTryTimeout"):
        field = "spec.service.retries.perTryTimeout"
        policy["perTryTimeout"] = _limit(retries["perTryTimeout"], field)
    parts = (part.strip() for part in str(retries.get("retryOn") or "").split(","))
    reasons = [part for part in parts if part]
    for reason in reasons:
        if reason not in _REASONS:
            raise InvalidCanary(
                "InvalidRetries",
                f"spec.service.retries.retryOn {reason} is not known to Contour; it has "
                f"{', '.join(_REASONS)}",
            )
    if reasons:
        policy["retryOn"] = reasons
    return policy


def _limit(text: str, field: str) -> str:
    if text not in _ENDLESS and (text == "0" or duration_seconds(text) is None):
        raise InvalidCanary("InvalidTimeout", f"{field} {text} is no duration")
    return text
