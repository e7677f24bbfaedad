"""Which labels and annotations travel from the user's objects to burgee's copies."""

from collections.abc import Iterable, Mapping

from burgee.api.guards import CONTROLLER_UID, FLUX_MARKER, KUBECTL_LAST_APPLIED, OWN_PREFIX
from burgee.api.manifest import Manifest, name_of, namespace_of

FLAGGER_ID = "flagger-id"

# Bookkeeping of controllers on one object: a lie on any other.
_LOCAL_PREFIXES = (
    OWN_PREFIX,
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "metacontroller.k8s.io/",
)


def without_flux(found: Mapping[str, str]) -> dict[str, str]:
    """Everything but what belongs to Flux."""
    return {key: value for key, value in found.items() if FLUX_MARKER not in key}


def by_prefix(found: Mapping[str, str], prefixes: Iterable[str]) -> dict[str, str]:
    """What `-include-label-prefix` lets through; `*` is everything, an empty prefix nothing."""
    wanted = tuple(prefix for prefix in prefixes if prefix)
    if not wanted:
        return {}
    kept = without_flux(found)
    if "*" in wanted:
        return kept
    return {key: value for key, value in kept.items() if key.startswith(wanted)}


def copied_annotations(found: Mapping[str, str]) -> dict[str, str]:
    """Annotations for a new copy: without Flux's, kubectl's and the bookkeeping of controllers.

    Flagger copies kubectl's last-applied-configuration as well; on the copy it would describe
    another object, and the next `kubectl apply` of it would prune by that description.
    """
    return {
        key: value
        for key, value in without_flux(found).items()
        if key != KUBECTL_LAST_APPLIED and not is_local(key)
    }


def is_local(key: str) -> bool:
    """True for an annotation that a controller keeps on exactly this object."""
    return key.startswith(_LOCAL_PREFIXES)


def pod_annotations(found: Mapping[str, str], flagger_id: str) -> dict[str, str]:
    """Annotations of the primary's pods: the target's, with an id that rolls the pods."""
    return {**without_flux(found), FLAGGER_ID: flagger_id}


def with_label(found: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """Labels with the selector's one set."""
    return {**without_flux(found), key: value}


def identity(manifest: Manifest, *, name: str = "") -> Manifest:
    """The metadata that says which object it is."""
    return {"name": name or name_of(manifest), "namespace": namespace_of(manifest)}


def own_labels(found: Mapping[str, str]) -> dict[str, str]:
    """Labels to apply again: Metacontroller adds its own one to every child."""
    return {key: value for key, value in found.items() if key != CONTROLLER_UID}
