"""Objects of a user for the simulation, and how an API server merges what is written."""

import copy
from typing import Any

Manifest = dict[str, Any]

NAMESPACE = "test"
UID = "canary-uid"


def deployment(image: str = "app:1", *, replicas: int = 2, **pod: Any) -> Manifest:
    """The user's Deployment, as the API server would store it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "podinfo",
            "namespace": NAMESPACE,
            "uid": "target-uid",
            "generation": 1,
            "resourceVersion": "1",
            "labels": {"app": "podinfo"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "podinfo"}},
            "template": {
                "metadata": {"labels": {"app": "podinfo"}},
                "spec": {"containers": [{"name": "podinfod", "image": image}], **pod},
            },
        },
    }


def daemonset(image: str = "app:1", **spec: Any) -> Manifest:
    """The user's DaemonSet; keyword arguments are further fields of its spec."""
    found = deployment(image)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    without = {k: v for k, v in found["spec"].items() if k != "replicas"}
    return {**found, "kind": "DaemonSet", "spec": {**without, "updateStrategy": strategy, **spec}}


def service(**spec: Any) -> Manifest:
    """The user's Service, which chooses pods by a label of their version."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "podinfo",
            "namespace": NAMESPACE,
            "uid": "target-uid",
            "resourceVersion": "1",
            "labels": {"app": "podinfo"},
            "annotations": {"keep": "me"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.9.9.9",
            "clusterIPs": ["10.9.9.9"],
            "selector": {"app": "podinfo", "version": "1"},
            "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
            **spec,
        },
    }


def scaled_object(**spec: Any) -> Manifest:
    """The user's ScaledObject for Deployment podinfo."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "podinfo-so", "namespace": NAMESPACE, "uid": "scaler-uid"},
        "spec": {
            "scaleTargetRef": {"name": "podinfo"},
            "minReplicaCount": 2,
            "maxReplicaCount": 4,
            "triggers": [{"type": "prometheus", "metadata": {"query": "x{app='podinfo'}"}}],
            **spec,
        },
    }


def canary(**spec: Any) -> Manifest:
    """A Canary with a weighted Istio analysis; keyword arguments replace parts of its spec."""
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {
            "name": "podinfo",
            "namespace": NAMESPACE,
            "uid": UID,
            "generation": 1,
            "resourceVersion": "1",
        },
        "spec": {
            "provider": "istio",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
            "progressDeadlineSeconds": 60,
            "service": {"port": 9898},
            "analysis": {
                "interval": "10s",
                "threshold": 2,
                "stepWeight": 25,
                "maxWeight": 50,
                "metrics": [
                    {
                        "name": "request-success-rate",
                        "thresholdRange": {"min": 99},
                        "interval": "1m",
                    }
                ],
            },
            **spec,
        },
    }


def listed(manifest: Manifest) -> bool:
    """True for kinds that Metacontroller lists among the children."""
    return manifest["apiVersion"].split("/")[0] not in {"networking.istio.io", "keda.sh"}


def owner_of(manifest: Manifest) -> str:
    owners = manifest["metadata"].get("ownerReferences") or []
    return next((o["uid"] for o in owners if o.get("controller")), "")


def same(old: Manifest, new: Manifest) -> bool:
    strip = {"resourceVersion", "generation"}

    def plain(manifest: Manifest) -> Manifest:
        meta = {k: v for k, v in manifest["metadata"].items() if k not in strip}
        return {**manifest, "metadata": meta}

    return plain(old) == plain(new)


def merge(old: Manifest, patch: Manifest) -> Manifest:
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged
