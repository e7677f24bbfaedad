"""One walk over all places of a pod spec that name a ConfigMap or a Secret.

Scanning and rewriting share it, so that a place that is tracked is also rewritten. Not among
them, as in Flagger: ephemeral containers, imagePullSecrets and CSI volumes.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from burgee.api.manifest import Manifest

ConfigKind: TypeAlias = Literal["ConfigMap", "Secret"]

Visit: TypeAlias = Callable[[ConfigKind, str, bool], str]
"""Takes kind, name and whether the reference is optional; gives the name to write."""

# (field, kind, name's field)
_Place: TypeAlias = tuple[str, ConfigKind, str]
_IN_VOLUME: tuple[_Place, ...] = (
    ("configMap", "ConfigMap", "name"),
    ("secret", "Secret", "secretName"),
)
_IN_PROJECTION: tuple[_Place, ...] = (
    ("configMap", "ConfigMap", "name"),
    ("secret", "Secret", "name"),
)
_IN_ENV: tuple[_Place, ...] = (
    ("configMapKeyRef", "ConfigMap", "name"),
    ("secretKeyRef", "Secret", "name"),
)
_IN_ENV_FROM: tuple[_Place, ...] = (
    ("configMapRef", "ConfigMap", "name"),
    ("secretRef", "Secret", "name"),
)


def walk(pod_spec: Manifest, visit: Visit) -> Manifest:
    """The pod spec with every reference given its visited name; the input is left alone.

    The order is Flagger's: volumes, containers, initContainers.
    """
    changes: Manifest = {}
    for field, part in (
        ("volumes", _volume),
        ("containers", _container),
        ("initContainers", _container),
    ):
        items: list[Manifest] = pod_spec.get(field) or []
        if items:
            changes[field] = [part(item, visit) for item in items]
    return {**pod_spec, **changes}


def _volume(volume: Manifest, visit: Visit) -> Manifest:
    renamed = _renamed(volume, _IN_VOLUME, visit)
    projected: Manifest = volume.get("projected") or {}
    sources: list[Manifest] = projected.get("sources") or []
    if not sources:
        return renamed
    visited = [_renamed(source, _IN_PROJECTION, visit) for source in sources]
    return {**renamed, "projected": {**projected, "sources": visited}}


def _container(container: Manifest, visit: Visit) -> Manifest:
    changes: Manifest = {}
    variables: list[Manifest] = container.get("env") or []
    if variables:
        changes["env"] = [_variable(variable, visit) for variable in variables]
    sources: list[Manifest] = container.get("envFrom") or []
    if sources:
        changes["envFrom"] = [_renamed(source, _IN_ENV_FROM, visit) for source in sources]
    return {**container, **changes}


def _variable(variable: Manifest, visit: Visit) -> Manifest:
    source: Manifest | None = variable.get("valueFrom")
    if not source:
        return variable
    return {**variable, "valueFrom": _renamed(source, _IN_ENV, visit)}


def _renamed(holder: Manifest, places: tuple[_Place, ...], visit: Visit) -> Manifest:
    changes: dict[str, Any] = {}
    for field, kind, name_field in places:
        reference: Manifest | None = holder.get(field)
        name = str(reference.get(name_field, "")) if reference else ""
        if reference and name:
            visited = visit(kind, name, bool(reference.get("optional")))
            changes[field] = {**reference, name_field: visited}
    return {**holder, **changes}
