"""What the primaries of all kinds of workloads have in common."""

from collections.abc import Collection
from dataclasses import dataclass

from burgee.api.guards import REVISION_ANNOTATION
from burgee.api.manifest import Manifest, annotations_of, labels_of
from burgee.api.settings import EngineSettings
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """What a primary is made from.

    Attributes:
        target: as it is now.
        names: of the Canary's objects.
        revision: goes into our annotation, by which an observed primary is recognised.
        flagger_id: goes into the pod annotation `flagger-id`, which rolls the pods.
        copied_names: keys of ConfigMaps and Secrets that have a copy; see configs.config_key.
        settings: label keys and prefixes.
        first: True when the primary is created: all annotations of the target come along then,
            at a promotion only those that -include-label-prefix lets through.
        observed: the primary as it is; its selector cannot be changed.
    """

    target: Manifest
    names: Names
    revision: str
    flagger_id: str
    copied_names: Collection[str]
    settings: EngineSettings
    first: bool
    observed: Manifest | None


def primary_metadata(plan: Blueprint) -> Manifest:
    """The metadata of a primary workload."""
    names, prefixes = plan.names, plan.settings.include_label_prefix
    copied = copied_annotations(annotations_of(plan.target))
    annotations = copied if plan.first else by_prefix(copied, prefixes)
    labels = by_prefix(labels_of(plan.target), prefixes)
    labels = with_label(labels, names.selector_key, names.primary_label_value)
    return {
        **identity(plan.target, name=names.primary_workload),
        "labels": own_labels(labels),
        "annotations": {**annotations, REVISION_ANNOTATION: plan.revision},
    }


def primary_selector(plan: Blueprint) -> Manifest:
    """The selector of a primary workload; the one of an existing primary cannot be changed."""
    spec: Manifest = (plan.observed or {}).get("spec") or {}
    found: Manifest | None = spec.get("selector")
    names = plan.names
    return found or {"matchLabels": {names.selector_key: names.primary_label_value}}


def primary_template(plan: Blueprint, template: Manifest, pod_spec: Manifest) -> Manifest:
    """The pod template of a primary workload.

    Args:
        plan: what it is made from.
        template: the target's.
        pod_spec: in place of the template's own.
    """
    names = plan.names
    labels = with_label(labels_of(template), names.selector_key, names.primary_label_value)
    return {
        "metadata": {
            "labels": labels,
            "annotations": pod_annotations(annotations_of(template), plan.flagger_id),
        },
        "spec": pod_spec,
    }


def keep_workload(observed: Manifest) -> Manifest:
    """An observed primary, to apply again unchanged; replicas are not ours to apply."""
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
    return {
        "apiVersion": observed["apiVersion"],
        "kind": observed["kind"],
        "metadata": metadata,
        "spec": {field: value for field, value in spec.items() if field != "replicas"},
    }


def revision_of(primary: Manifest) -> str:
    """The revision that the primary was made from; empty if burgee did not make it."""
    return annotations_of(primary).get(REVISION_ANNOTATION, "")
