"""A DaemonSet as a target: scaled to zero by a node selector that no node satisfies.

The selector is ours, so it is neither part of a revision nor copied to the primary. Source:
flagger pkg/canary/daemonset_controller.go.
"""

from datetime import datetime, timedelta

from burgee.api.manifest import Manifest, metadata
from burgee.errors import InvalidCanary
from burgee.targets.configs import rewrite_references
from burgee.targets.hashing import content_hash
from burgee.targets.pod_workload import PodWorkload
from burgee.targets.primary import (
    Blueprint,
    primary_metadata,
    primary_selector,
    primary_template,
)
from burgee.targets.readiness import NotReady, Readiness, Ready, observed_newest, share_of
from burgee.targets.scaling import WorkloadPatch

KIND = "DaemonSet"
SCALE_TO_ZERO = "flagger.app/scale-to-zero"

_COPIED_FIELDS = ("minReadySeconds", "revisionHistoryLimit", "updateStrategy")


class DaemonSetKind(PodWorkload):
    """DaemonSets."""

    kind = KIND
    resource = "daemonsets"
    scalable = False

    def check(self, target: Manifest) -> None:
        """Refuses a DaemonSet whose pods are replaced by hand: no rollout of it ever ends.

        Raises:
            InvalidCanary: its update strategy is not RollingUpdate.
        """
        spec: Manifest = target.get("spec") or {}
        strategy: Manifest = spec.get("updateStrategy") or {}
        found = strategy.get("type") or "RollingUpdate"
        if found != "RollingUpdate":
            raise InvalidCanary(
                "UnsupportedTarget",
                f"the updateStrategy of a DaemonSet has to be RollingUpdate, not {found}",
            )

    def template_hash(self, target: Manifest) -> str:
        """Of the pod template without the selector that scales to zero."""
        return content_hash(_template(target))

    def build_primary(self, plan: Blueprint) -> Manifest:
        """The primary DaemonSet for the target as it is now.

        Rules that keep pods apart are copied as they are: a DaemonSet's pods are apart by nature.
        """
        spec: Manifest = plan.target.get("spec") or {}
        template = _template(plan.target)
        pod_spec = rewrite_references(template.get("spec") or {}, plan.copied_names)
        return {
            "apiVersion": self.api_version,
            "kind": KIND,
            "metadata": primary_metadata(plan),
            "spec": {
                **{field: spec[field] for field in _COPIED_FIELDS if spec.get(field) is not None},
                "selector": primary_selector(plan),
                "template": primary_template(plan, template, pod_spec),
            },
        }

    def readiness(
        self,
        workload: Manifest,
        *,
        threshold_percent: int,
        deadline_seconds: float,
        now: datetime,
        since: datetime,
    ) -> Readiness:
        """How far the rollout of a DaemonSet is.

        Its status has no times, so the deadline is measured from `since`.
        """
        missing = _missing(workload, threshold_percent)
        if missing is None:
            return Ready()
        if observed_newest(workload) and since + timedelta(seconds=deadline_seconds) < now:
            late = f"{missing}; not ready for more than {deadline_seconds:g} seconds"
            return NotReady(retriable=False, message=late)
        return NotReady(retriable=True, message=missing)

    def replicas(self, workload: Manifest) -> None:
        """None: the nodes decide."""
        del workload

    def is_scaled_to_zero(self, target: Manifest) -> bool:
        """True where the selector is set."""
        return SCALE_TO_ZERO in _node_selector(target)

    def scale_to_zero(self, target: Manifest) -> WorkloadPatch | None:
        """Sets the selector, unless the target changed since it was observed."""
        if self.is_scaled_to_zero(target):
            return None
        patch = _selector_patch("true")
        version = metadata(target).get("resourceVersion")
        if version:
            patch["metadata"] = {"resourceVersion": version}
        return WorkloadPatch(patch=patch)

    def scale_from_zero(
        self, target: Manifest, primary: Manifest | None, minimum: int | None
    ) -> WorkloadPatch | None:
        """Takes the selector away."""
        del primary, minimum
        return (
            WorkloadPatch(patch=_selector_patch(None)) if self.is_scaled_to_zero(target) else None
        )


def _selector_patch(value: str | None) -> Manifest:
    return {"spec": {"template": {"spec": {"nodeSelector": {SCALE_TO_ZERO: value}}}}}


def _missing(workload: Manifest, threshold_percent: int) -> str | None:
    """What the rollout lacks, None where it lacks nothing."""
    if not observed_newest(workload):
        return "its newest spec has not been acted on yet"
    status: Manifest = workload.get("status") or {}
    desired: int = status.get("desiredNumberScheduled") or 0
    updated: int = status.get("updatedNumberScheduled") or 0
    available: int = status.get("numberAvailable") or 0
    wanted = share_of(desired, threshold_percent)
    if desired == 0:
        # A rollout to no node is complete, and serves nobody.
        return "no node is to run its pods"
    if updated < desired:
        return f"{updated} of {desired} pods run the new revision"
    if available < wanted:
        return f"{available} of {wanted} pods are available ({threshold_percent}% of {desired})"
    return None


def _template(target: Manifest) -> Manifest:
    """The pod template as the user means it."""
    spec: Manifest = target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    pod_spec: Manifest = template.get("spec") or {}
    selector = {k: v for k, v in _node_selector(target).items() if k != SCALE_TO_ZERO}
    without = {field: value for field, value in pod_spec.items() if field != "nodeSelector"}
    return {**template, "spec": {**without, **({"nodeSelector": selector} if selector else {})}}


def _node_selector(target: Manifest) -> dict[str, str]:
    spec: Manifest = target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    pod_spec: Manifest = template.get("spec") or {}
    found: dict[str, str] | None = pod_spec.get("nodeSelector")
    return found or {}
