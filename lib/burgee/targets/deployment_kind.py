"""A Deployment as a target: scaled through /scale, ready by its own status."""

from datetime import datetime

from burgee.api.manifest import Manifest
from burgee.targets import deployment
from burgee.targets.deployment import replicas_of, starting_replicas
from burgee.targets.hashing import template_hash
from burgee.targets.pod_workload import PodWorkload
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import Readiness, deployment_readiness
from burgee.targets.scaling import Replicas


class DeploymentKind(PodWorkload):
    """Deployments."""

    kind = deployment.KIND
    resource = "deployments"
    scalable = True

    def check(self, target: Manifest) -> None:
        """Every Deployment will do."""
        del target

    def template_hash(self, target: Manifest) -> str:
        """Of the pod template."""
        return template_hash(target)

    def build_primary(self, plan: Blueprint) -> Manifest:
        """See deployment.build_primary."""
        return deployment.build_primary(plan)

    def readiness(
        self,
        workload: Manifest,
        *,
        threshold_percent: int,
        deadline_seconds: float,
        now: datetime,
        since: datetime,
    ) -> Readiness:
        """From its counts and conditions, which carry their own times."""
        del since
        return deployment_readiness(
            workload,
            threshold_percent=threshold_percent,
            deadline_seconds=deadline_seconds,
            now=now,
        )

    def replicas(self, workload: Manifest) -> int:
        """spec.replicas; unset means 1."""
        return replicas_of(workload)

    def is_scaled_to_zero(self, target: Manifest) -> bool:
        """True with no replicas."""
        return replicas_of(target) == 0

    def scale_to_zero(self, target: Manifest) -> Replicas | None:
        """No replicas."""
        return None if self.is_scaled_to_zero(target) else Replicas(count=0)

    def scale_from_zero(
        self, target: Manifest, primary: Manifest | None, minimum: int | None
    ) -> Replicas | None:
        """As many as the autoscaler's minimum, or as the primary has."""
        if not self.is_scaled_to_zero(target):
            return None
        return Replicas(count=starting_replicas(target, primary, minimum))
