"""The primary Deployment: made from the target at the start and at each promotion.

Between these moments it is applied again as it was observed, so that a change of the target
reaches the primary at promotion only. `spec.replicas` is never in it: the field belongs to
/scale and to the autoscaler. Source: flagger pkg/canary/deployment_controller.go.
"""

from burgee.api.manifest import Manifest
from burgee.targets.configs import rewrite_references
from burgee.targets.primary import (
    Blueprint,
    primary_metadata,
    primary_selector,
    primary_template,
)
from burgee.targets.scheduling import rewrite_scheduling

API_VERSION = "apps/v1"
KIND = "Deployment"

_COPIED_FIELDS = (
    "strategy",
    "minReadySeconds",
    "revisionHistoryLimit",
    "progressDeadlineSeconds",
)


def build_primary(plan: Blueprint) -> Manifest:
    """The primary Deployment for the target as it is now."""
    spec: Manifest = plan.target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    pod_spec = rewrite_references(template.get("spec") or {}, plan.copied_names)
    pod_spec = rewrite_scheduling(pod_spec, plan.names.target, plan.settings.selector_labels)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": primary_metadata(plan),
        "spec": {
            **{field: spec[field] for field in _COPIED_FIELDS if spec.get(field) is not None},
            "selector": primary_selector(plan),
            "template": primary_template(plan, template, pod_spec),
        },
    }


def primary_replicas(target: Manifest) -> int:
    """Replicas for a primary without an autoscaler: the target's, at least 1."""
    return max(replicas_of(target), 1)


def replicas_of(workload: Manifest) -> int:
    """spec.replicas; unset means 1."""
    spec: Manifest = workload.get("spec") or {}
    found: int | None = spec.get("replicas")
    return 1 if found is None else found


def starting_replicas(target: Manifest, primary: Manifest | None, minimum: int | None) -> int:
    """Replicas of the target at the start of a run.

    Source: flagger pkg/canary/deployment_controller.go, ScaleFromZero.

    Args:
        target: keeps what it has if it runs already.
        primary: gives the number where nothing scales the target.
        minimum: of the target's autoscaler, None without one.
    """
    running = replicas_of(target)
    if running > 0:
        return running
    if minimum is not None:
        return max(minimum, 1)
    return max(replicas_of(primary), 1) if primary else 1
