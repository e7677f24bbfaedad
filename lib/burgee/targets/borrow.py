"""Objects that existed before burgee: which of their fields it sets, and owned Services as kept.

A Service or route that a user made stays the user's. burgee sets a few fields under its own field
manager; ports, labels and annotations that are there besides survive.
"""

import json
from collections.abc import Mapping
from typing import Any

from burgee.api.guards import FLUX_GUARDS, KUBECTL_LAST_APPLIED, ORIGINAL_ANNOTATION
from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of
from burgee.targets.drift import ORIGINAL_CONFIGURATION
from burgee.targets.metadata import identity, is_local, own_labels
from burgee.targets.naming import CANARY_SUFFIX

_SERVICE_FIELDS = ("selector", "ports")
_APPLIED_FIELDS = ("type", "selector", "ports")


def borrowed_fields(desired: Manifest, observed: Manifest) -> Manifest:
    """The part of a desired object that is applied to one that a user made.

    Of a Service its selector and ports, of anything else its spec; with the annotations that
    keep Flux from undoing it, and what was there before. Source: flagger
    pkg/router/kubernetes_default.go.

    Args:
        desired: as burgee would make it.
        observed: the user's; its first state is remembered on itself, to be given back.
    """
    returned = returned_fields(desired)
    original = annotations_of(observed).get(ORIGINAL_ANNOTATION)
    if original is None:
        given = _before_flagger(observed) or observed
        original = json.dumps(returned_fields(given)["spec"], sort_keys=True)
    annotations = {**FLUX_GUARDS, ORIGINAL_ANNOTATION: original}
    return {**returned, "metadata": {**returned["metadata"], "annotations": annotations}}


def original_of(observed: Manifest) -> Manifest | None:
    """A borrowed object with the spec that its user gave it; None where that is not known.

    kubectl's record comes first: it holds what was applied since.
    """
    annotations = annotations_of(observed)
    applied = _parsed(annotations.get(KUBECTL_LAST_APPLIED)).get("spec")
    spec = applied or _parsed(annotations.get(ORIGINAL_ANNOTATION))
    return returned_fields({**observed, "spec": spec}) if spec else None


def _before_flagger(observed: Manifest) -> Manifest | None:
    """A route as it was before Flagger took it over, where it is Flagger's work still."""
    given = _parsed(annotations_of(observed).get(ORIGINAL_CONFIGURATION))
    works = f'"{name_of(observed)}{CANARY_SUFFIX}"' in json.dumps(observed.get("spec"))
    return {**observed, "spec": given} if given and works else None


def _parsed(text: str | None) -> Manifest:
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def returned_fields(original: Manifest) -> Manifest:
    """The same part as the user wrote it: an apply of it gives the object back.

    What burgee had set besides goes, since an apply takes away what its manager no longer names.
    """
    spec: Manifest = original.get("spec") or {}
    if original["kind"] == "Service":
        spec = {field: spec[field] for field in _SERVICE_FIELDS if field in spec}
        # A port is known by number and protocol; an apply without the protocol is refused.
        ports = [{"protocol": "TCP", **port} for port in spec.get("ports") or []]
        spec = {**spec, **({"ports": ports} if ports else {})}
    return {
        "apiVersion": original["apiVersion"],
        "kind": original["kind"],
        "metadata": identity(original),
        "spec": spec,
    }


def shows_borrowed(observed: Manifest, borrowed: Manifest) -> bool:
    """True where an object that a user made carries what burgee set; more is allowed."""
    return annotations_of(borrowed).items() <= annotations_of(observed).items() and _covers(
        observed.get("spec"), borrowed.get("spec")
    )


def selector_surplus(observed: Manifest, borrowed: Manifest) -> Manifest | None:
    """A merge patch for what is left of the user's own selector; None where nothing is.

    An apply sets our label and leaves the others, which pods have to carry as well: the Service
    would choose fewer pods than it should, or none. Flagger replaces the selector as a whole.
    """
    if borrowed["kind"] != "Service":
        return None
    wanted: Manifest = (borrowed.get("spec") or {}).get("selector") or {}
    seen: Manifest = (observed.get("spec") or {}).get("selector") or {}
    surplus = {key: None for key in seen if key not in wanted}
    return {"spec": {"selector": surplus}} if wanted and surplus else None


def ports_in_the_way(observed: Manifest, borrowed: Manifest) -> Manifest | None:
    """A merge patch of all ports where one that is not wanted stands in the way; None for none.

    An apply sets our ports beside those that are there. A Service that has two ports of one name,
    or one without a name beside another, is refused as a whole. Flagger replaces all ports.

    Args:
        observed: the Service as it is; node ports stay, by name.
        borrowed: what is about to be applied to it.
    """
    if borrowed["kind"] != "Service":
        return None
    wanted: list[Manifest] = (borrowed.get("spec") or {}).get("ports") or []
    seen: list[Manifest] = (observed.get("spec") or {}).get("ports") or []
    keys, names = {_port_key(port) for port in wanted}, {port.get("name", "") for port in wanted}
    others = [port for port in seen if _port_key(port) not in keys]
    fitting = [port for port in others if port.get("name") and port["name"] not in names]
    if "" in names:
        fitting = []
    if not wanted or fitting == others:
        return None
    there = {_port_key(port): port for port in seen}
    by_name = {port.get("name", ""): port["nodePort"] for port in others if port.get("nodePort")}
    ports = [
        {
            **({"nodePort": by_name[name]} if (name := port.get("name", "")) in by_name else {}),
            **there.get(_port_key(port), {}),
            **port,
        }
        for port in wanted
    ]
    return {"spec": {"ports": [*ports, *fitting]}}


def _port_key(port: Manifest) -> tuple[int, str]:
    return port["port"], port.get("protocol") or "TCP"


def _covers(observed: Any, wanted: Any) -> bool:
    """True where all of `wanted` is in `observed`; of ports each one has to be there."""
    if isinstance(wanted, Mapping) and isinstance(observed, Mapping):
        return all(_covers(observed.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(observed, list) and _are_ports(wanted):
        seen: list[Any] = observed
        return all(any(_covers(port, one) for port in seen) for one in wanted)
    return bool(observed == wanted)


def _are_ports(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and "port" in item for item in items)


def keep_route(observed: Manifest) -> Manifest:
    """An owned route of a listed kind to apply again as it is observed."""
    return {
        "apiVersion": observed["apiVersion"],
        "kind": observed["kind"],
        "metadata": _kept_metadata(observed),
        "spec": observed.get("spec") or {},
    }


def keep_service(observed: Manifest) -> Manifest:
    """An owned Service to apply again as it is observed.

    Only the fields that are ever applied: one that the server filled in (clusterIP) would be ours
    from then on, and an apply without it would be refused as an attempt to take it away.
    """
    spec: Manifest = observed.get("spec") or {}
    kept = {field: spec[field] for field in _APPLIED_FIELDS if field in spec}
    if spec.get("clusterIP") == "None":
        kept["clusterIP"] = "None"
    return {
        "apiVersion": observed["apiVersion"],
        "kind": observed["kind"],
        "metadata": _kept_metadata(observed),
        "spec": kept,
    }


def _kept_metadata(observed: Manifest) -> Manifest:
    metadata = identity(observed)
    labels = own_labels(labels_of(observed))
    annotations = {k: v for k, v in annotations_of(observed).items() if not is_local(k)}
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return metadata
