"""Raw Kubernetes objects: the one place where they are untyped."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]
"""A Kubernetes object as JSON decodes it: apiVersion, kind, metadata and the rest."""


def metadata(manifest: Mapping[str, Any]) -> Manifest:
    """The metadata of an object, empty where it has none."""
    found: Manifest | None = manifest.get("metadata")
    return found or {}


def name_of(manifest: Mapping[str, Any]) -> str:
    """metadata.name, empty where it is missing."""
    return str(metadata(manifest).get("name", ""))


def namespace_of(manifest: Mapping[str, Any]) -> str:
    """metadata.namespace, empty for a cluster-scoped object."""
    return str(metadata(manifest).get("namespace", ""))


def annotations_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """metadata.annotations, empty where there are none."""
    found: dict[str, str] | None = metadata(manifest).get("annotations")
    return found or {}


def labels_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """metadata.labels, empty where there are none."""
    found: dict[str, str] | None = metadata(manifest).get("labels")
    return found or {}


def controller_of(manifest: Mapping[str, Any]) -> Manifest | None:
    """The reference to the owner that has controller=true, None where there is none."""
    owners: list[Manifest] = metadata(manifest).get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def controller_uid(manifest: Mapping[str, Any]) -> str:
    """The uid of the owner that has controller=true, empty where there is none."""
    return str((controller_of(manifest) or {}).get("uid", ""))
