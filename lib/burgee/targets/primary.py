"""What the primaries of all kinds of workloads have in common."""

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


def primary_metadata(
    target: Manifest, names: Names, *, revision: str, settings: EngineSettings, first: bool
) -> Manifest:
    """The metadata of a primary workload.

    Args:
        target: the observed target.
        names: names of the Canary's objects.
        revision: goes into our annotation, by which an observed primary is recognised.
        settings: label keys and prefixes.
        first: True when the primary is created: all annotations of the target come along then,
            at a promotion only those that -include-label-prefix lets through.
    """
    copied = copied_annotations(annotations_of(target))
    annotations = copied if first else by_prefix(copied, settings.include_label_prefix)
    labels = by_prefix(labels_of(target), settings.include_label_prefix)
    labels = with_label(labels, names.selector_key, names.primary_label_value)
    return {
        **identity(target, name=names.primary_workload),
        "labels": own_labels(labels),
        "annotations": {**annotations, REVISION_ANNOTATION: revision},
    }


def primary_selector(names: Names, observed: Manifest | None) -> Manifest:
    """The selector of a primary workload; the one of an existing primary cannot be changed."""
    spec: Manifest = (observed or {}).get("spec") or {}
    found: Manifest | None = spec.get("selector")
    return found or {"matchLabels": {names.selector_key: names.primary_label_value}}


def primary_template(
    template: Manifest, names: Names, *, flagger_id: str, pod_spec: Manifest
) -> Manifest:
    """The pod template of a primary workload, with `pod_spec` in place of the target's."""
    labels = with_label(labels_of(template), names.selector_key, names.primary_label_value)
    return {
        "metadata": {
            "labels": labels,
            "annotations": pod_annotations(annotations_of(template), flagger_id),
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
