"""The scale subresource: an autoscaling/v1 Scale made from an object, and put back into it."""

from collections.abc import Mapping
from typing import Any

from burgee.api.manifest import Manifest, metadata, name_of
from burgee.playground.kinds.apierror import Cause, invalid, not_found
from burgee.playground.kinds.resources import SCALE, Resource

_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(resource: Resource, manifest: Manifest) -> Manifest:
    """The Scale of an object.

    Raises:
        ApiError: 404 for a kind without scale.
    """
    if SCALE not in resource.subresources:
        raise not_found(resource.group, f"{resource.plural}/scale", name_of(manifest))
    meta = metadata(manifest)
    status: Manifest = {"replicas": _at(manifest, resource.status_replicas_path) or 0}
    selector = _at(manifest, resource.selector_path) if resource.selector_path else None
    if selector:
        status["selector"] = selector if isinstance(selector, str) else _selector_text(selector)
    wish = _at(manifest, resource.replicas_path)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {f: meta[f] for f in _META if f in meta},
        "spec": {} if wish is None else {"replicas": wish},
        "status": status,
    }


def with_scale(resource: Resource, manifest: Manifest, scale: Manifest) -> Manifest:
    """The object with the number of replicas that a Scale wishes, and the Scale's preconditions.

    Raises:
        ApiError: 404 for a kind without scale, 422 for a number that is none.
    """
    scale_of(resource, manifest)
    spec: Manifest = scale.get("spec") or {}
    replicas = spec.get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        cause = Cause(
            field="spec.replicas",
            message=f"Invalid value: {replicas!r}: must be greater than or equal to 0",
        )
        raise invalid("autoscaling", "Scale", name_of(manifest), [cause])
    given = metadata(scale)
    changed = _put(manifest, resource.replicas_path.strip(".").split("."), replicas)
    meta = dict(metadata(manifest))
    for field in ("uid", "resourceVersion"):
        if given.get(field):
            meta[field] = given[field]
    changed["metadata"] = meta
    return changed


def _at(manifest: Mapping[str, Any], path: str) -> Any:
    found: Any = manifest
    for part in path.strip(".").split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _put(manifest: Mapping[str, Any], path: list[str], value: object) -> Manifest:
    head, *rest = path
    below: Mapping[str, Any] = manifest.get(head) or {}
    return {**manifest, head: _put(below, rest, value) if rest else value}


def _selector_text(selector: Mapping[str, Any]) -> str:
    labels: Mapping[str, str] = selector.get("matchLabels") or {}
    terms = [f"{key}={value}" for key, value in sorted(labels.items())]
    expressions: list[Manifest] = selector.get("matchExpressions") or []
    for term in expressions:
        values = ",".join(sorted(term.get("values") or []))
        match term.get("operator"):
            case "In":
                terms.append(f"{term['key']} in ({values})")
            case "NotIn":
                terms.append(f"{term['key']} notin ({values})")
            case "DoesNotExist":
                terms.append(f"!{term['key']}")
            case _:
                terms.append(str(term["key"]))
    return ",".join(terms)
