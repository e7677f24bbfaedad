"""What a user of the embedded cluster writes: an app and its Canary."""

from bench.cluster import METRICS
from burgee.api.manifest import Manifest

PORT = 9898


def app_objects(
    namespace: str,
    name: str,
    *,
    complete: bool = False,
    step_weights: tuple[int, ...] = (50,),
    interval_seconds: int = 10,
) -> list[Manifest]:
    """All objects of one app.

    Args:
        namespace: where they are.
        name: of all of them.
        complete: with an HPA, and a ConfigMap and a Secret that the pods name.
        step_weights: of the analysis.
        interval_seconds: between its steps.
    """
    found = [deployment(namespace, name, complete=complete)]
    spec: Manifest = {
        "provider": "istio",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "service": {"port": PORT},
        "analysis": {
            "interval": f"{interval_seconds}s",
            "threshold": 2,
            "stepWeights": list(step_weights),
            "metrics": METRICS,
        },
    }
    if complete:
        found += _extras(namespace, name)
        spec["autoscalerRef"] = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "name": name,
        }
    found.append(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )
    return found


def deployment(
    namespace: str, name: str, *, image: str = "podinfo:1", complete: bool = False
) -> Manifest:
    """The workload; applied again with another image it starts a release."""
    container: Manifest = {
        "name": "podinfod",
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT}],
    }
    if complete:
        container["envFrom"] = [
            {"configMapRef": {"name": name}},
            {"secretRef": {"name": name}},
        ]
    spec: Manifest = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": spec,
    }


def _extras(namespace: str, name: str) -> list[Manifest]:
    meta = {"name": name, "namespace": namespace}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"color": "blue"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"key": "dmFsdWU="}},
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": meta,
            "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4},
        },
    ]
