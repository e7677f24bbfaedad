"""The primary Deployment: made from the target at the start and at each promotion.

Between these moments it is applied again as it was observed, so that a change of the target
reaches the primary at promotion only. `spec.replicas` is never in it: the field belongs to
/scale and to the autoscaler. Source: flagger pkg/canary/deployment_controller.go.
"""

from collections.abc import Collection

from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.targets.configs import rewrite_references
from burgee.targets.naming import Names
from burgee.targets.primary import primary_metadata, primary_selector, primary_template
from burgee.targets.scheduling import rewrite_scheduling

API_VERSION = "apps/v1"
KIND = "Deployment"

_COPIED_FIELDS = (
    "strategy",
    "minReadySeconds",
    "revisionHistoryLimit",
    "progressDeadlineSeconds",
)


def build_primary(
    target: Manifest,
    names: Names,
    *,
    revision: str,
    flagger_id: str,
    copied_names: Collection[str],
    settings: EngineSettings,
    first: bool,
    observed: Manifest | None,
) -> Manifest:
    """The primary Deployment for the target as it is now.

    Args:
        target: the observed target.
        names: names of the Canary's objects.
        revision: goes into our annotation, by which an observed primary is recognised.
        flagger_id: goes into the pod annotation `flagger-id`, which rolls the pods.
        copied_names: keys of ConfigMaps and Secrets that have a copy; see configs.config_key.
        settings: label keys and prefixes.
        first: True when the primary is created: all annotations of the target come along then,
            at a promotion only those that -include-label-prefix lets through.
        observed: the primary as it is; its selector cannot be changed.
    """
    spec: Manifest = target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    pod_spec = rewrite_references(template.get("spec") or {}, copied_names)
    pod_spec = rewrite_scheduling(pod_spec, names.target, settings.selector_labels)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": primary_metadata(
            target, names, revision=revision, settings=settings, first=first
        ),
        "spec": {
            **{field: spec[field] for field in _COPIED_FIELDS if spec.get(field) is not None},
            "selector": primary_selector(names, observed),
            "template": primary_template(
                template, names, flagger_id=flagger_id, pod_spec=pod_spec
            ),
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
