"""What a user of the demo's cluster writes: a Deployment, a Canary, a MetricTemplate."""

from dataclasses import dataclass
from typing import Any

from burgee.api.manifest import Manifest

NAMESPACE = "demo"
APP = "shop"
PRIMARY = f"{APP}-primary"
CANARY_SERVICE = f"{APP}-canary"
PORT = 8080
PREVIEW_HOST = f"{CANARY_SERVICE}.{NAMESPACE}"
"""By this host the canary is reached aside, whoever the crowd is sent to."""

TEMPLATE = "median-latency"
POD_SUCCESS, POD_LATENCY = "pod-success-rate", "pod-latency"
LATENCY_MS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version of the app.

    Attributes:
        name: the tag of its image.
        fail_share: 0.2 fails a fifth of its requests.
        access_log: whether its pods log each request.
        latency_ms: how long it takes for one.
    """

    name: str
    fail_share: float = 0.0
    access_log: bool = False
    latency_ms: int = LATENCY_MS


def deployment(version: Version, *, replicas: int = 1) -> Manifest:
    """The workload; applied again with another version it starts a release."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP, "namespace": NAMESPACE, "labels": {"app": APP}},
        "spec": {
            "replicas": replicas,
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
                            "env": _environment(
                                LATENCY_MS=str(version.latency_ms),
                                FAIL_SHARE=str(version.fail_share),
                                ACCESS_LOG=str(version.access_log).lower(),
                            ),
                        }
                    ]
                },
            },
        },
    }


def _environment(**values: str) -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in values.items()]


def canary(analysis: Manifest, *, provider: str, fields: Manifest, service: Manifest) -> Manifest:
    """How the workload is released.

    Args:
        analysis: `spec.analysis`.
        provider: its name.
        fields: what the spec has besides for this provider.
        service: likewise `spec.service`.
    """
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": APP, "namespace": NAMESPACE},
        "spec": {
            "provider": provider,
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            **fields,
            "progressDeadlineSeconds": 30,
            "service": {"port": PORT, "targetPort": "http", **service},
            "analysis": analysis,
        },
    }


def metric_template(name: str, address: str, query: str) -> Manifest:
    """A check of our own.

    Args:
        name: of the template.
        address: of the metrics server.
        query: that it is asked; a quantile is left to the Canary.
    """
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"provider": {"type": "prometheus", "address": address}, "query": query.strip()},
    }


def template_check(name: str, window: str, *, quantile: str = "", **limits: float) -> Manifest:
    """A metric of an analysis that asks a MetricTemplate.

    Args:
        name: of the template.
        window: of the query.
        quantile: for a template that wants one.
        limits: `min` and `max`.
    """
    return {
        "name": name,
        "interval": window,
        "templateRef": {"name": name, "namespace": NAMESPACE},
        **({"templateVariables": {"quantile": quantile}} if quantile else {}),
        "thresholdRange": limits,
    }


def webhook(name: str, kind: str, url: str, **metadata: str) -> Manifest:
    """A webhook of an analysis."""
    found: dict[str, Any] = {"name": name, "type": kind, "url": url}
    return {**found, "metadata": metadata} if metadata else found
