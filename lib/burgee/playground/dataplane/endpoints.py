"""Where pods answer, and how a pod tells it: what workloads and data planes have in common."""

from dataclasses import dataclass

PORT_ANNOTATION = "burgee.dev/playground-port"
"""On a pod: the loopback port of its process. All pods share one address, so it tells them apart."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Endpoint:
    """Where a pod answers."""

    address: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class ServicePort:
    """A port of a Service: what routes lead to."""

    namespace: str
    service: str
    port: int

    @property
    def cluster(self) -> str:
        """The name of Envoy's cluster for it, which is how Contour names them."""
        return f"{self.namespace}_{self.service}_{self.port}"
