"""What a user of the demo's cluster writes: a Deployment and a Canary."""

from dataclasses import dataclass

from burgee.api.manifest import Manifest

NAMESPACE = "demo"
APP = "shop"
PRIMARY = f"{APP}-primary"
CANARY_SERVICE = f"{APP}-canary"
PORT = 8080
INTERVAL_SECONDS = 4
WINDOW_SECONDS = 3
STEP_WEIGHTS = (10, 30, 60)
THRESHOLD = 2
LATENCY_MS = 3
MINIMUM_SUCCESS_PERCENT = 99
MAXIMUM_LATENCY_MS = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version of the app; `fail_share` 0.2 fails a fifth of its requests."""

    name: str
    fail_share: float = 0.0


def deployment(version: Version) -> Manifest:
    """The workload; applied again with another version it starts a release."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP, "namespace": NAMESPACE, "labels": {"app": APP}},
        "spec": {
            "progressDeadlineSeconds": 30,
            "selector": {"matchLabels": {"app": APP}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": APP}},
                "spec": {
                    "containers": [
                        {
                            "name": "app",
                            "image": f"{APP}:{version.name}",
                            "ports": [{"name": "http", "containerPort": PORT}],
                            "env": [
                                {"name": "LATENCY_MS", "value": str(LATENCY_MS)},
                                {"name": "FAIL_SHARE", "value": str(version.fail_share)},
                            ],
                        }
                    ]
                },
            },
        },
    }


def canary(gate_url: str = "") -> Manifest:
    """How it is released; with a gate, each release asks there before it starts."""
    analysis: Manifest = {
        "interval": f"{INTERVAL_SECONDS}s",
        "threshold": THRESHOLD,
        "stepWeights": list(STEP_WEIGHTS),
        "metrics": [
            {
                "name": "request-success-rate",
                "interval": f"{WINDOW_SECONDS}s",
                "thresholdRange": {"min": MINIMUM_SUCCESS_PERCENT},
            },
            {
                "name": "request-duration",
                "interval": f"{WINDOW_SECONDS}s",
                "thresholdRange": {"max": MAXIMUM_LATENCY_MS},
            },
        ],
    }
    if gate_url:
        analysis["webhooks"] = [{"name": "gate", "type": "confirm-rollout", "url": gate_url}]
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": APP, "namespace": NAMESPACE},
        "spec": {
            "provider": "istio",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            "progressDeadlineSeconds": 30,
            "service": {"port": PORT, "targetPort": "http"},
            "analysis": analysis,
        },
    }
