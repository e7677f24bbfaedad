"""The primary Deployment: made from the target at the start and at each promotion.

Between these moments it is applied again as it was observed, so that a change of the target
reaches the primary at promotion only. `spec.replicas` is never in it: the field belongs to
/scale and to the autoscaler. Source: flagger pkg/canary/deployment_controller.go.
"""

from collections.abc import Collection

from burgee.api.guards import REVISION_ANNOTATION
from burgee.api.manifest import Manifest, annotations_of, labels_of
from burgee.api.settings import EngineSettings
from burgee.targets.configs import rewrite_references
from burgee.targets.metadata import (
    by_prefix,
    copied_annotations,
    identity,
    is_local,
    own_labels,
    pod_annotations,
    with_label,
)
from burgee.targets.naming import Names
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
    found = annotations_of(target)
    copied = copied_annotations(found)
    annotations = copied if first else by_prefix(copied, settings.include_label_prefix)
    labels = by_prefix(labels_of(target), settings.include_label_prefix)
    key, value = names.selector_key, names.primary_label_value
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            **identity(target, name=names.primary_workload),
            "labels": own_labels(with_label(labels, key, value)),
            "annotations": {**annotations, REVISION_ANNOTATION: revision},
        },
        "spec": {
            **{field: spec[field] for field in _COPIED_FIELDS if spec.get(field) is not None},
            "selector": _selector(observed) or {"matchLabels": {key: value}},
            "template": _template(spec, names, flagger_id, copied_names, settings),
        },
    }


def keep_primary(observed: Manifest) -> Manifest:
    """The observed primary, to apply again unchanged."""
    metadata = identity(observed)
    labels = own_labels(labels_of(observed))
    if labels:
        metadata["labels"] = labels
    annotations = {
        key: value
        for key, value in annotations_of(observed).items()
        if key == REVISION_ANNOTATION or not is_local(key)
    }
    if annotations:
        metadata["annotations"] = annotations
    spec: Manifest = observed.get("spec") or {}
    kept = {field: value for field, value in spec.items() if field != "replicas"}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": kept}


def revision_of(primary: Manifest) -> str:
    """The revision that the primary was made from; empty if burgee did not make it."""
    return annotations_of(primary).get(REVISION_ANNOTATION, "")


def primary_replicas(target: Manifest) -> int:
    """Replicas for a primary without an autoscaler: the target's, at least 1."""
    return max(replicas_of(target), 1)


def replicas_of(workload: Manifest) -> int:
    """spec.replicas; unset means 1."""
    spec: Manifest = workload.get("spec") or {}
    found: int | None = spec.get("replicas")
    return 1 if found is None else found


def _selector(observed: Manifest | None) -> Manifest | None:
    spec: Manifest = (observed or {}).get("spec") or {}
    return spec.get("selector")


def _template(
    spec: Manifest,
    names: Names,
    flagger_id: str,
    copied_names: Collection[str],
    settings: EngineSettings,
) -> Manifest:
    template: Manifest = spec.get("template") or {}
    pod_spec = rewrite_references(template.get("spec") or {}, copied_names)
    return {
        "metadata": {
            "labels": with_label(
                labels_of(template), names.selector_key, names.primary_label_value
            ),
            "annotations": pod_annotations(annotations_of(template), flagger_id),
        },
        "spec": rewrite_scheduling(pod_spec, names.target, settings.selector_labels),
    }
