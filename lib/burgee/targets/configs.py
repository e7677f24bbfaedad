"""ConfigMaps and Secrets of a target: which ones count, and their copies for the primary.

Source: flagger pkg/canary/config_tracker.go.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.hashing import config_checksum
from burgee.targets.metadata import by_prefix, identity, own_labels
from burgee.targets.naming import PRIMARY_SUFFIX
from burgee.targets.podrefs import ConfigKind, walk

TRACKING_ANNOTATION = "flagger.app/config-tracking"
_TRACKED_SECRET_TYPES = frozenset(
    {"Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "kubernetes.io/tls"}
)
_CONTENT = ("type", "data", "binaryData")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigRef:
    """A ConfigMap or Secret that a pod template names."""

    kind: ConfigKind
    name: str
    optional: bool = False

    @property
    def key(self) -> str:
        """Its key in status.trackedConfigs: `configmap/<name>` or `secret/<name>`."""
        return config_key(self.kind, self.name)


def config_key(kind: str, name: str) -> str:
    """The key of a ConfigMap or Secret in status.trackedConfigs."""
    return f"{kind.lower()}/{name}"


def keyed(objects: Collection[Manifest]) -> dict[str, Manifest]:
    """ConfigMaps and Secrets by their key."""
    return {config_key(str(found.get("kind", "")), name_of(found)): found for found in objects}


def references(template: Manifest, *, tracking_enabled: bool) -> tuple[ConfigRef, ...]:
    """What a pod template names, each object once; nothing where tracking is off.

    Where an object is named several times the last place decides whether it is optional.
    """
    found: dict[tuple[ConfigKind, str], bool] = {}

    def note(kind: ConfigKind, name: str, optional: bool) -> str:
        found[kind, name] = optional
        return name

    if tracking_enabled:
        walk(template.get("spec") or {}, note)
    return tuple(
        ConfigRef(kind=kind, name=name, optional=optional)
        for (kind, name), optional in found.items()
    )


def tracked(refs: Collection[ConfigRef], objects: Mapping[str, Manifest]) -> dict[str, str]:
    """Checksums for status.trackedConfigs.

    Args:
        refs: what the pod template names.
        objects: the objects that exist, by key; see keyed.

    Raises:
        InvalidCanary: an object that is not optional does not exist.
    """
    sums: dict[str, str] = {}
    for ref in refs:
        found = objects.get(ref.key)
        if found is None and not ref.optional:
            raise InvalidCanary("ConfigMissing", f"{ref.kind} {ref.name} does not exist")
        if found is not None and is_tracked(found):
            sums[ref.key] = config_checksum(found)
    return dict(sorted(sums.items()))


def changed(previous: Mapping[str, str] | None, current: Mapping[str, str]) -> bool:
    """True if the tracked configuration is another one; without a record, if there is any."""
    if previous is None:
        return bool(current)
    return dict(previous) != dict(current)


def build_copies(
    keys: Collection[str], objects: Mapping[str, Manifest], settings: EngineSettings
) -> tuple[Manifest, ...]:
    """The `-primary` copies of tracked objects.

    Flagger loses `binaryData`; a primary that mounts it would start without its files, so it is
    kept. `immutable` and annotations are not copied.
    """
    return tuple(_copy(objects[key], settings) for key in sorted(keys))


def shows_copy(observed: Manifest | None, copy: Manifest) -> bool:
    """True where an observed copy holds all that it has to."""
    if observed is None:
        return False
    wanted, seen = ((o.get("data"), o.get("binaryData")) for o in (copy, observed))
    return all((w or {}).items() <= (s or {}).items() for w, s in zip(wanted, seen, strict=True))


def keep_copy(observed: Manifest) -> Manifest:
    """A copy to apply again as it is."""
    return _projection(observed, name_of(observed), own_labels(labels_of(observed)))


def rewrite_references(pod_spec: Manifest, copied: Collection[str]) -> Manifest:
    """The pod spec with references to copied objects (by key) pointing to the copies."""

    def rename(kind: ConfigKind, name: str, _optional: bool) -> str:
        return name + PRIMARY_SUFFIX if config_key(kind, name) in copied else name

    return walk(pod_spec, rename)


def copy_name(name: str) -> str:
    """How the copy for the primary is called."""
    return name + PRIMARY_SUFFIX


def is_tracked(found: Manifest) -> bool:
    """True for a ConfigMap or Secret that is followed and copied; its owner may opt out."""
    if annotations_of(found).get(TRACKING_ANNOTATION, "").startswith("disable"):
        return False
    return found.get("kind") != "Secret" or found.get("type", "Opaque") in _TRACKED_SECRET_TYPES


def _copy(found: Manifest, settings: EngineSettings) -> Manifest:
    labels = own_labels(by_prefix(labels_of(found), settings.include_label_prefix))
    return _projection(found, copy_name(name_of(found)), labels)


def _projection(found: Manifest, name: str, labels: Mapping[str, str]) -> Manifest:
    metadata = identity(found, name=name)
    if labels:
        metadata["labels"] = dict(labels)
    content = {field: found[field] for field in _CONTENT if found.get(field)}
    return {"apiVersion": "v1", "kind": found["kind"], "metadata": metadata, **content}
