"""What others added to an object that burgee owns, and whether it is as it should be.

Server-side apply sets what we ask for and leaves the rest, so a foreign label, annotation or
field of spec stays until it is removed by a patch of its own. Lists need no such patch: those
we write are atomic, except a Service's ports.
"""

from collections.abc import Collection, Mapping
from typing import Any

from burgee.api.guards import CONTROLLER_UID, KUBECTL_LAST_APPLIED
from burgee.api.manifest import Manifest, annotations_of, controller_uid, labels_of
from burgee.targets.metadata import is_local

ORIGINAL_CONFIGURATION = "flagger.kubernetes.io/original-configuration"
"""Where Flagger keeps the spec of a route that it took over."""

# As Flagger: these stay on a route object, and a DestinationRule's metadata is nobody's business.
_KEPT_ANNOTATIONS: Mapping[str, tuple[str, ...]] = {
    "VirtualService": (KUBECTL_LAST_APPLIED, ORIGINAL_CONFIGURATION),
}
# KEDA labels a ScaledObject itself.
_METADATA_LEFT_ALONE = frozenset(
    {"DestinationRule", "HTTPRouteGroup", "ScaledObject", "TrafficSplit", "VirtualRouter"}
)
# Controllers of gateways are told what to do by annotations.
_ANNOTATIONS_LEFT_ALONE = frozenset({"GRPCRoute", "HTTPRoute"})
# Other controllers write on every Ingress; of what they may add, only this moves traffic.
_STEERING_ON_INGRESSES = ("/canary", "zalando.org/")
# App Mesh fills these in and lets nobody take them out.
_FILLED_BY_OTHERS: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("VirtualNode", "VirtualRouter", "VirtualService"), ("awsName", "meshRef")
)
# Between two writes these lack nothing that traffic needs.
_APPLIED_IN_PARTS = frozenset(
    {"ConfigMap", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Secret", "StatefulSet"}
)
# Of a Service only these are ours; the rest is defaults of the server and the user's choice.
_OWNED_SERVICE_FIELDS = ("selector", "ports")
_PORT_DEFAULTS = ("protocol", "targetPort", "nodePort")


def prune(
    observed: Manifest,
    desired: Manifest,
    *,
    keep_labels: Collection[str] = (),
    keep_annotations: Collection[str] = (),
) -> Manifest | None:
    """A JSON merge patch that removes what is foreign; None where nothing is.

    Args:
        observed: the object as it is; burgee has to own it.
        desired: the object as burgee applies it.
        keep_labels: foreign labels that may stay (service.unmanagedMetadata).
        keep_annotations: foreign annotations that may stay.
    """
    kind = str(desired.get("kind", ""))
    patch: Manifest = {}
    metadata: Manifest = {}
    if kind not in _METADATA_LEFT_ALONE:
        kept_labels = {*keep_labels, CONTROLLER_UID, *labels_of(desired)}
        labels = {} if kind == "Ingress" else _nulls(labels_of(observed), kept_labels)
        kept = {*keep_annotations, *_KEPT_ANNOTATIONS.get(kind, ()), *annotations_of(desired)}
        kept.update(key for key in annotations_of(observed) if _is_left_alone(kind, key))
        annotations = _nulls(annotations_of(observed), kept)
        metadata = {
            field: found
            for field, found in (("labels", labels), ("annotations", annotations))
            if found
        }
    if metadata:
        patch["metadata"] = metadata
    spec = _foreign(_owned_spec(observed), _owned_spec(desired))
    if kind == "Service" and spec.get("selector"):
        # In one write: a Service must never be without a selector, nor choose by half of one.
        spec["selector"] = {**spec["selector"], **desired["spec"]["selector"]}
    elif spec and kind not in _APPLIED_IN_PARTS:
        # In one write: a route must never be without what it sends requests to.
        spec = _joined(spec, _missing(_owned_spec(observed), _owned_spec(desired)))
    if spec:
        patch["spec"] = spec
    return patch or None


def _is_left_alone(kind: str, annotation: str) -> bool:
    """True for a foreign annotation that stays where it is."""
    if kind == "Ingress":
        return not any(word in annotation for word in _STEERING_ON_INGRESSES)
    return kind in _ANNOTATIONS_LEFT_ALONE or is_local(annotation)


def settled(
    observed: Manifest,
    desired: Manifest,
    *,
    owner_uid: str = "",
    keep_labels: Collection[str] = (),
    keep_annotations: Collection[str] = (),
) -> bool:
    """True if an object is as desired: everything is there and nothing foreign besides.

    Args:
        observed: the object as it is.
        desired: the object as burgee applies it.
        owner_uid: where it is given, the object has to be claimed by this Canary as well.
        keep_labels: foreign labels that may stay.
        keep_annotations: foreign annotations that may stay.
    """
    kept = {"keep_labels": keep_labels, "keep_annotations": keep_annotations}
    return (
        holds(observed, desired, owner_uid=owner_uid) and prune(observed, desired, **kept) is None
    )


def holds(observed: Manifest, desired: Manifest, *, owner_uid: str = "") -> bool:
    """True if all of a desired object is there, whatever is there besides.

    Args:
        observed: the object as it is.
        desired: the object as burgee applies it.
        owner_uid: where it is given, the object has to be claimed by this Canary as well.
    """
    if owner_uid and not _claimed(observed, owner_uid):
        return False
    return (
        labels_of(desired).items() <= labels_of(observed).items()
        and annotations_of(desired).items() <= annotations_of(observed).items()
        and _contains(_rest(observed), _rest(desired))
    )


def _claimed(observed: Manifest, owner_uid: str) -> bool:
    return (
        controller_uid(observed) == owner_uid
        and labels_of(observed).get(CONTROLLER_UID) == owner_uid
    )


def _nulls(found: Mapping[str, str], kept: Collection[str]) -> Manifest:
    return {key: None for key in found if key not in kept}


def _owned_spec(manifest: Manifest) -> Manifest:
    spec: Manifest = manifest.get("spec") or {}
    kind = manifest.get("kind", "")
    if kind == "Service":
        return {field: spec[field] for field in _OWNED_SERVICE_FIELDS if field in spec}
    filled = _FILLED_BY_OTHERS.get(kind, ())
    return {field: value for field, value in spec.items() if field not in filled}


def _rest(manifest: Manifest) -> Manifest:
    """All of an object but its identity and what the server writes."""
    skipped = {"apiVersion", "kind", "metadata", "status"}
    return {field: value for field, value in manifest.items() if field not in skipped}


def _foreign(observed: Manifest, desired: Manifest) -> Manifest:
    """A merge patch for the fields of `observed` that `desired` does not have."""
    patch: Manifest = {}
    for field, found in observed.items():
        wanted = desired.get(field)
        if _is_empty(found):
            continue
        if field not in desired:
            patch[field] = None
        elif isinstance(found, dict) and isinstance(wanted, dict):
            inner = _foreign(found, wanted)
            if inner:
                patch[field] = inner
        elif _is_ports(field, found, wanted) and _has_foreign_ports(found, wanted):
            patch[field] = wanted
    return patch


def _missing(observed: Manifest, desired: Manifest) -> Manifest:
    """The fields of `desired` that `observed` does not have like that."""
    return {
        field: value
        for field, value in desired.items()
        if not _contains(observed.get(field), value, field)
    }


def _joined(patch: Manifest, fields: Manifest) -> Manifest:
    """A merge patch that sets these fields besides."""
    found = dict(patch)
    for field, value in fields.items():
        before = found.get(field)
        if isinstance(before, dict) and isinstance(value, dict):
            found[field] = _joined(before, value)
        else:
            found[field] = value
    return found


def _contains(observed: Any, desired: Any, field: str = "") -> bool:
    """True if all of `desired` is in `observed`; lists have to be equal, but for ports' order."""
    if _is_empty(desired):
        return not isinstance(desired, list) or _is_empty(observed)
    if isinstance(desired, dict) and isinstance(observed, dict):
        wanted: Manifest = desired
        return all(_contains(observed.get(key), value, key) for key, value in wanted.items())
    if _is_ports(field, observed, desired):
        by_key = {_port_key(port): port for port in observed}
        return all(_contains(by_key.get(_port_key(port)), port) for port in desired)
    return _alike(observed, desired)


def _is_ports(field: str, *values: Any) -> bool:
    """True for the ports of a Service, the one list that the server merges by key."""
    return field == "ports" and all(isinstance(value, list) for value in values)


def _port_key(port: Manifest) -> tuple[int, str]:
    return port.get("port", 0), port.get("protocol", "TCP")


def _has_foreign_ports(observed: Any, desired: Any) -> bool:
    """True if there is a port that is not ours, or a field on one of ours that is not."""
    fields = {_port_key(port): {*port, *_PORT_DEFAULTS} for port in desired}
    return any(port.keys() - fields.get(_port_key(port), set()) for port in observed)


def _is_empty(value: Any) -> bool:
    """True for what says nothing: null, an empty object, an empty list."""
    return value is None or value in ({}, [])


def _alike(one: Any, other: Any) -> bool:
    """True for values that are equal but for parts that say nothing; ends at a difference."""
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        pairs: Manifest = one
        others: Manifest = other
        return all(_alike(pairs.get(key), others.get(key)) for key in pairs.keys() | others.keys())
    if isinstance(one, list) and isinstance(other, list):
        items: list[Any] = one
        rest: list[Any] = other
        return len(items) == len(rest) and all(map(_alike, items, rest))
    return _says_nothing(one) and _says_nothing(other)


def _says_nothing(value: Any) -> bool:
    """True for what is empty, and for an object of which all parts are."""
    if isinstance(value, dict):
        parts: Manifest = value
        return all(map(_says_nothing, parts.values()))
    return _is_empty(value)
