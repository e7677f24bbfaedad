"""What changes how many pods a workload runs, as values; the engine makes effects of them."""

from dataclasses import dataclass
from typing import TypeAlias

from burgee.api.manifest import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Replicas:
    """So many replicas, through the workload's /scale subresource."""

    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadPatch:
    """A JSON merge patch of the workload itself, where it has no /scale."""

    patch: Manifest


Scaling: TypeAlias = Replicas | WorkloadPatch
