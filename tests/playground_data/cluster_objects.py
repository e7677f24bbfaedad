"""Objects that several tests write into a store."""

from burgee.api.manifest import Manifest

MERGE = "application/merge-patch+json"


def deployment(name: str, version: str, *, replicas: int = 1, **env: str) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "test"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "app",
                            "image": f"registry.example:5000/{name}:{version}",
                            "env": [{"name": k, "value": v} for k, v in env.items()],
                        }
                    ]
                },
            },
        },
    }


def service(name: str, app: str, port: int = 80) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "test"},
        "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": port}]},
    }


def weighted(weight: int) -> list[Manifest]:
    """HTTP routes that give the canary a weight."""
    return [
        {
            "route": [
                {"destination": {"host": "web-primary"}, "weight": 100 - weight},
                {"destination": {"host": "web-canary"}, "weight": weight},
            ]
        }
    ]


def virtual_service(http: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "web", "namespace": "test"},
        "spec": {"hosts": ["web"], "http": http},
    }
