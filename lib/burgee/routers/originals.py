"""The user's objects that some providers' routes are made from, and copies of them."""

from collections.abc import Iterable, Mapping

from burgee.api.canary import Canary, ObjectRef
from burgee.api.guards import (
    CONTROLLER_UID,
    FLUX_GUARDS,
    FLUX_MARKER,
    KUBECTL_LAST_APPLIED,
    OWN_PREFIX,
)
from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of, namespace_of
from burgee.errors import InvalidCanary
from burgee.routers.base import RelatedKind

_LOCAL_PREFIXES = (OWN_PREFIX, "metacontroller.k8s.io/")


def is_of(found: Manifest, kind: RelatedKind) -> bool:
    """True for an object of that kind in any version: kinds of other groups share names."""
    group = kind.api_version.partition("/")[0]
    return found.get("kind") == kind.kind and str(found.get("apiVersion")).startswith(f"{group}/")


def named(
    objects: Iterable[Manifest], kind: RelatedKind, name: str, namespace: str | None = None
) -> Manifest | None:
    """The object of that kind and name, in that namespace where one is given."""
    return next(
        (
            found
            for found in objects
            if is_of(found, kind)
            and name_of(found) == name
            and namespace in {None, namespace_of(found)}
        ),
        None,
    )


def reference(given: ObjectRef | None, field: str, kind: RelatedKind) -> str:
    """The name in a reference that a provider cannot do without.

    Raises:
        InvalidCanary: there is none, or it is of another kind.
    """
    if given is None or not given.name:
        raise InvalidCanary(
            "MissingReference", f"spec.{field} must name the {kind.kind} that this provider reads"
        )
    if given.kind != kind.kind:
        raise InvalidCanary(
            "UnsupportedReference",
            f"spec.{field}.kind {given.kind} is not what this provider reads; it reads {kind.kind}",
        )
    return given.name


def original(
    originals: Iterable[Manifest], kind: RelatedKind, namespace: str, name: str, field: str
) -> Manifest:
    """The observed object that a reference names.

    Raises:
        InvalidCanary: it does not exist.
    """
    found = named(originals, kind, name, namespace)
    if found is None:
        raise InvalidCanary(
            f"{kind.kind}NotFound", f"{kind.kind} {name}.{namespace} (spec.{field}) does not exist"
        )
    return found


def copied_metadata(canary: Canary, source: Manifest, name: str) -> Manifest:
    """Metadata of a copy: what the source has, without what is only about the source.

    What Flux and kubectl keep on an object describes that object, and would have the copy pruned.
    """
    labels = {
        key: value
        for key, value in labels_of(source).items()
        if FLUX_MARKER not in key and key != CONTROLLER_UID
    }
    annotations = {
        key: value
        for key, value in annotations_of(source).items()
        if FLUX_MARKER not in key
        and key != KUBECTL_LAST_APPLIED
        and not key.startswith(_LOCAL_PREFIXES)
    }
    metadata: Manifest = {"name": name, "namespace": canary.metadata.namespace}
    if labels:
        metadata["labels"] = labels
    return {**metadata, "annotations": {**annotations, **FLUX_GUARDS}}


def backend_service(path: Mapping[str, object]) -> str:
    """The Service behind a path of an Ingress, empty where something else is."""
    backend = path.get("backend")
    service = backend.get("service") if isinstance(backend, dict) else None
    return str(service.get("name", "")) if isinstance(service, dict) else ""
