"""How the parts of an object merge: which lists are keyed, which maps are one value.

Server-side apply and strategic merge need this knowledge. For custom resources it stands in the
schema (x-kubernetes-list-type and its kin); the built-in kinds have few such places, all named
here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource


class Shape(ABC):
    """One place in an object.

    Attributes:
        keys: for a list, the fields that tell its items apart; empty for a set of scalars; None
            for a list that is one value.
        granular: for a map, whether its fields are owned one by one.
    """

    keys: tuple[str, ...] | None
    granular: bool

    @abstractmethod
    def field(self, name: str, /) -> "Shape | None":
        """The place below a map; None for a field that the schema does not declare."""

    def declares(self, _name: str, /) -> bool:
        """Whether a field belongs to the type itself, and is no key that somebody chose."""
        return True

    @abstractmethod
    def item(self) -> "Shape":
        """The place of a list's items."""

    @abstractmethod
    def key_default(self, key: str, /) -> object:
        """The value of a key field that an item leaves out; None where it must not."""


_KEYED_LISTS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("Service", "spec", "ports"): ("port", "protocol"),
    ("ServiceAccount", "secrets"): ("name",),
    ("conditions",): ("type",),
    ("containers",): ("name",),
    ("containers", "ports"): ("containerPort", "protocol"),
    ("env",): ("name",),
    ("ephemeralContainers",): ("name",),
    ("finalizers",): (),
    ("hostAliases",): ("ip",),
    ("imagePullSecrets",): ("name",),
    ("initContainers",): ("name",),
    ("initContainers", "ports"): ("containerPort", "protocol"),
    ("ownerReferences",): ("uid",),
    ("podIPs",): ("ip",),
    ("resources", "claims"): ("name",),
    ("topologySpreadConstraints",): ("topologyKey", "whenUnsatisfiable"),
    ("volumeDevices",): ("devicePath",),
    ("volumeMounts",): ("mountPath",),
    ("volumes",): ("name",),
}
"""By the names that lead there, without items; the longest match counts."""

_ATOMIC_MAPS = frozenset(
    {
        "configMapKeyRef",
        "fieldRef",
        "imagePullSecrets",
        "involvedObject",
        "labelSelector",
        "namespaceSelector",
        "nodeSelector",
        "ownerReferences",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "resourceFieldRef",
        "secretKeyRef",
        "selector",
    }
)
_LONGEST = 3


class _BuiltIn(Shape):
    def __init__(self, path: tuple[str, ...], *, of_items: bool = False) -> None:
        self._path = path
        lengths = range(min(_LONGEST, len(path)), 0, -1)
        found = (_KEYED_LISTS.get(path[-length:]) for length in lengths)
        self.keys = next((keys for keys in found if keys is not None), None)
        holds_items = self.keys is not None and not of_items
        self.granular = holds_items or path[-1] not in _ATOMIC_MAPS

    def field(self, name: str, /) -> Shape:
        return _built_in((*self._path, name))

    def item(self) -> Shape:
        return _built_in(self._path, of_items=True)

    def key_default(self, key: str, /) -> object:
        return "TCP" if key == "protocol" else None


@lru_cache(maxsize=4096)
def _built_in(path: tuple[str, ...], *, of_items: bool = False) -> Shape:
    return _BuiltIn(path, of_items=of_items)


class _Free(Shape):
    """Where no schema says anything: maps are granular, lists are one value."""

    keys = None
    granular = True

    def field(self, _name: str, /) -> Shape:
        return self

    def declares(self, _name: str, /) -> bool:
        return False

    def item(self) -> Shape:
        return self

    def key_default(self, _key: str, /) -> object:
        return None


_FREE = _Free()


class _Declared(Shape):
    def __init__(self, schema: Manifest, *, root: str = "") -> None:
        self._schema = schema
        self._root = root
        self._fields: dict[str, Shape | None] = {}
        self._item: Shape | None = None
        self.granular = schema.get("x-kubernetes-map-type") != "atomic"
        match schema.get("x-kubernetes-list-type"):
            case "map":
                self.keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
            case "set":
                self.keys = ()
            case _:
                self.keys = None

    def field(self, name: str, /) -> Shape | None:
        if name not in self._fields:
            self._fields[name] = self._find(name)
        return self._fields[name]

    def declares(self, name: str, /) -> bool:
        properties: Manifest = self._schema.get("properties") or {}
        return name in properties or bool(self._root)

    def _find(self, name: str, /) -> Shape | None:
        embedded = self._root or self._schema.get("x-kubernetes-embedded-resource")
        if embedded and name in {"apiVersion", "kind"}:
            return _FREE
        if embedded and name == "metadata":
            return _built_in((self._root or "Embedded", "metadata"))
        properties: Manifest = self._schema.get("properties") or {}
        if name in properties:
            return schema_shape(properties[name])
        additional = self._schema.get("additionalProperties")
        if isinstance(additional, dict):
            return schema_shape(additional)
        if additional is True or self._schema.get("x-kubernetes-preserve-unknown-fields"):
            return _FREE
        return None

    def item(self) -> Shape:
        if self._item is None:
            self._item = schema_shape(self._schema.get("items") or {})
        return self._item

    def key_default(self, key: str, /) -> object:
        items: Manifest = self._schema.get("items") or {}
        properties: Mapping[str, Any] = items.get("properties") or {}
        declared: Mapping[str, Any] = properties.get(key) or {}
        return declared.get("default")


def schema_shape(schema: Manifest) -> Shape:
    """The shape that a structural schema declares."""
    return _Declared(schema)


_roots: dict[int, tuple[Manifest, Shape]] = {}


def shape_of(resource: Resource) -> Shape:
    """The shape of a whole object of a kind."""
    if resource.schema is not None:
        known = _roots.get(id(resource.schema))
        if known is None or known[0] is not resource.schema:
            known = (resource.schema, _Declared(resource.schema, root=resource.kind))
            _roots[id(resource.schema)] = known
        return known[1]
    return _FREE if resource.custom else _built_in((resource.kind,))
