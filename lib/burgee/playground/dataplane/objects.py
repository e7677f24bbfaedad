"""The objects that a data plane is programmed from, and the pods behind their Services. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from burgee.api.manifest import (
    Manifest,
    annotations_of,
    labels_of,
    metadata,
    name_of,
    namespace_of,
)
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION, Endpoint, ServicePort

Endpoints = Mapping[ServicePort, Sequence[Endpoint]]
"""Where the ready pods behind each port of each Service answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Objects:
    """What stands in the cluster at a moment.

    Attributes:
        services: all of them.
        pods: all of them.
        routes: the objects of the provider, by kind.
    """

    services: Sequence[Manifest] = ()
    pods: Sequence[Manifest] = ()
    routes: Mapping[str, Sequence[Manifest]] = field(default_factory=dict[str, Sequence[Manifest]])

    def of(self, kind: str) -> list[Manifest]:
        """The objects of one kind, by namespace and name."""
        return sorted(self.routes.get(kind, ()), key=lambda m: (namespace_of(m), name_of(m)))

    def endpoints(self) -> dict[ServicePort, list[Endpoint]]:
        """Where the ready pods behind each port of each Service answer."""
        return {
            ServicePort(
                namespace=namespace_of(service), service=name_of(service), port=int(port["port"])
            ): behind(service, self.pods)
            for service in self.services
            for port in (service.get("spec") or {}).get("ports") or []
        }


def behind(service: Manifest, pods: Sequence[Manifest]) -> list[Endpoint]:
    """Where the ready pods that a Service selects answer."""
    return [
        Endpoint(address=pod["status"]["podIP"], port=int(annotations_of(pod)[PORT_ANNOTATION]))
        for pod in selected(service, pods)
    ]


def selected(service: Manifest, pods: Sequence[Manifest]) -> list[Manifest]:
    """The ready pods that a Service selects."""
    selector: Mapping[str, str] = (service.get("spec") or {}).get("selector") or {}
    return [
        pod
        for pod in pods
        if selector
        and namespace_of(pod) == namespace_of(service)
        and selector.items() <= labels_of(pod).items()
        and is_ready(pod)
    ]


def is_ready(pod: Manifest) -> bool:
    """Whether a pod is to get requests."""
    if metadata(pod).get("deletionTimestamp") or PORT_ANNOTATION not in annotations_of(pod):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
