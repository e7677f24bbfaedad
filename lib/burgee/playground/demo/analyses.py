"""`spec.analysis` of the demo's Canary: one for each way to release."""

from collections.abc import Sequence

from burgee.api.manifest import Manifest
from burgee.playground.demo.objects import (
    POD_LATENCY,
    POD_SUCCESS,
    TEMPLATE,
    template_check,
    webhook,
)
from burgee.playground.demo.providers.base import Climb, Provider

INTERVAL_SECONDS = 4
WEIGHTS_AFTER_MIRROR = (40,)
AFFINE_WEIGHTS = (30, 60)
ITERATIONS = 2
HEADER, INSIDER = "x-cohort", "insider"
ADMISSION = "canary=always"
COOKIE, PRIMARY_COOKIE = "shop-version", "shop-stays"
_WINDOW = "3s"
_THRESHOLD = 2
_MINIMUM_SUCCESS_PERCENT = 99
_MAXIMUM_LATENCY_MS = 250
_MAXIMUM_MEDIAN_MS = 100


def weighted(provider: Provider) -> Manifest:
    """Weights that climb."""
    return _climbing(provider.climb, provider.climb.steps)


def gated(gate_url: str, provider: Provider) -> Manifest:
    """The same, and each release asks at a gate before it starts."""
    gate = webhook("gate", "confirm-rollout", gate_url)
    return {**weighted(provider), "webhooks": [gate]}


def ab(provider: Provider) -> Manifest:
    """Requests with a header, or with a cookie, go to the new version."""
    cookie = provider.cookie or {"regex": rf"^(.*;\s*)?({ADMISSION})(;.*)?$"}
    return _analysis(
        iterations=ITERATIONS,
        match=[{"headers": {HEADER: {"exact": INSIDER}}}, {"headers": {"cookie": cookie}}],
    )


def blue_green(test_url: str, provider: Provider) -> Manifest:
    """A test by itself, then the switch."""
    seconds = str(INTERVAL_SECONDS + 1)
    return _analysis(
        iterations=ITERATIONS,
        webhooks=[
            webhook("smoke-test", "pre-rollout", test_url, seconds=seconds),
            webhook("load-test", "rollout", test_url, seconds=seconds),
        ],
        **_metrics_aside(provider),
    )


def mirrored(provider: Provider) -> Manifest:
    """First copies of requests, whose answers nobody sees, then weights."""
    return _analysis(
        mirror=True,
        mirrorWeight=provider.mirror_weight,
        stepWeights=list(WEIGHTS_AFTER_MIRROR),
        **_metrics_aside(provider),
    )


def affine() -> Manifest:
    """Weights, but who came to one side stays there."""
    return _analysis(
        stepWeights=list(AFFINE_WEIGHTS),
        sessionAffinity={"cookieName": COOKIE, "primaryCookieName": PRIMARY_COOKIE},
    )


def steered(gate_url: str, provider: Provider) -> Manifest:
    """Weights, and a gate before the promotion."""
    gate = webhook("gate", "confirm-promotion", gate_url)
    return {**_climbing(provider.climb, provider.climb.steered), "webhooks": [gate]}


def _climbing(climb: Climb, weights: Sequence[int]) -> Manifest:
    return {**_analysis(stepWeights=list(weights)), "interval": f"{climb.interval_seconds}s"}


def _analysis(**strategy: object) -> Manifest:
    return {
        "interval": f"{INTERVAL_SECONDS}s",
        "threshold": _THRESHOLD,
        "metrics": [
            {
                "name": "request-success-rate",
                "interval": _WINDOW,
                "thresholdRange": {"min": _MINIMUM_SUCCESS_PERCENT},
            },
            {
                "name": "request-duration",
                "interval": _WINDOW,
                "thresholdRange": {"max": _MAXIMUM_LATENCY_MS},
            },
            template_check(TEMPLATE, _WINDOW, quantile="0.5", max=_MAXIMUM_MEDIAN_MS),
        ],
        **strategy,
    }


def _metrics_aside(provider: Provider) -> Manifest:
    """Pods are asked where the provider's own metrics do not see what happens aside."""
    if provider.measures_aside:
        return {}
    latency = template_check(POD_LATENCY, _WINDOW, quantile="0.99", max=_MAXIMUM_LATENCY_MS)
    success = template_check(POD_SUCCESS, _WINDOW, min=_MINIMUM_SUCCESS_PERCENT)
    return {"metrics": [success, latency]}
