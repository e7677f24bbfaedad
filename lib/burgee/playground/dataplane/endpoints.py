"""Where pods answer, and how a pod tells it: what workloads and the mesh have in common."""

from dataclasses import dataclass

PORT_ANNOTATION = "burgee.dev/playground-port"
"""On a pod: the loopback port of its process. All pods share one address, so it tells them apart."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Endpoint:
    """Where a pod answers."""

    address: str
    port: int
