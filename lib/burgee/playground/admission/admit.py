"""The last stop before an object is stored: pruned, filled up, and found valid."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from burgee.api.manifest import Manifest, name_of
from burgee.playground.admission.defaults import compact, compact_metadata, fill
from burgee.playground.admission.kind_rules import kind_violations
from burgee.playground.admission.object_rules import metadata_violations
from burgee.playground.admission.schema import defaulted, pruned
from burgee.playground.admission.validation import violations
from burgee.playground.kinds.apierror import Cause, invalid
from burgee.playground.kinds.resources import CRD_KEY, STATUS, Resource

Allocate: TypeAlias = Callable[[], str]
"""Gives the next free cluster IP."""


def admitted(
    resource: Resource, new: Manifest, old: Manifest | None, allocate: Allocate
) -> Manifest:
    """The object as it will be stored; `new` stays as it is.

    Raises:
        ApiError: 422 with every broken rule.
    """
    new = compact_metadata(new)
    if resource.custom:
        ready = new
        if resource.schema is not None:
            ready = defaulted(resource.schema, pruned(resource.schema, new, root=True))
    else:
        # Defaults are filled into everything but metadata.
        ready = {k: v if k == "metadata" else compact(v) for k, v in new.items()}
        if resource.plural == "services":
            _cluster_ip(ready, old, allocate)
        if resource.key == CRD_KEY:
            _established(ready)
        fill(ready, resource.plural)
    broken = list(_broken(resource, ready, old))
    if broken:
        raise invalid(resource.group, resource.kind, name_of(new), broken)
    return ready


def admitted_status(resource: Resource, new: Manifest) -> Manifest:
    """The object as it will be stored after a write to its status alone.

    Raises:
        ApiError: 422 with every broken rule.
    """
    properties: Manifest = (resource.schema or {}).get("properties") or {}
    schema: Manifest | None = properties.get(STATUS)
    if schema is None or STATUS not in new:
        return new
    status = defaulted(schema, pruned(schema, new[STATUS]))
    broken = list(violations(schema, status, STATUS))
    if broken:
        raise invalid(resource.group, resource.kind, name_of(new), broken)
    return {**new, STATUS: status}


def _broken(resource: Resource, ready: Manifest, old: Manifest | None) -> Iterator[Cause]:
    yield from metadata_violations(ready)
    if not resource.custom:
        yield from kind_violations(resource.plural, ready, old)
    elif resource.schema is not None:
        yield from violations(resource.schema, ready)


def _cluster_ip(service: Manifest, old: Manifest | None, allocate: Allocate) -> None:
    spec: Manifest = service.setdefault("spec", {})
    if spec.get("type") == "ExternalName":
        return
    was: Manifest = (old or {}).get("spec") or {}
    address = spec.get("clusterIP") or was.get("clusterIP") or allocate()
    spec["clusterIP"] = address
    spec["clusterIPs"] = [address]


def _established(crd: Manifest) -> None:
    """A definition is served as soon as it is stored, and says so."""
    spec: Manifest = crd.get("spec") or {}
    names: Manifest = spec.get("names") or {}
    kind = str(names.get("kind", ""))
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")
    spec.setdefault("scope", "Namespaced")
    spec.setdefault("conversion", {"strategy": "None"})
    since = crd["metadata"].get("creationTimestamp")
    versions: list[Manifest] = spec.get("versions") or []
    crd["status"] = {
        "acceptedNames": names,
        "storedVersions": [v.get("name") for v in versions if v.get("storage")],
        "conditions": [
            {
                "type": "NamesAccepted",
                "status": "True",
                "reason": "NoConflicts",
                "message": "no conflicts found",
                "lastTransitionTime": since,
            },
            {
                "type": "Established",
                "status": "True",
                "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted",
                "lastTransitionTime": since,
            },
        ],
    }
