"""The kinds that are served: the built-in ones and those that a CRD brings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from burgee.api.manifest import Manifest

STATUS = "status"
SCALE = "scale"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One printer column: `json_path` starts with a dot, `priority` 0 is always shown."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One kind at one version.

    Attributes:
        group: "" for the core group.
        schema: the openAPIV3Schema of a CRD; None for built-in kinds.
        generation: whether metadata.generation is kept.
        custom: whether a CRD brought it.
        replicas_path: where the scale subresource finds the wish.
        status_replicas_path: and what is there.
        selector_path: the label selector that the scale subresource shows.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    subresources: frozenset[str] = frozenset()
    schema: Manifest | None = field(default=None, compare=False)
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    generation: bool = False
    custom: bool = False
    replicas_path: str = ".spec.replicas"
    status_replicas_path: str = ".status.replicas"
    selector_path: str = ".spec.selector"

    @property
    def api_version(self) -> str:
        """`v1` or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> tuple[str, str]:
        """What objects are stored under: all versions of a kind share them."""
        return self.group, self.plural

    @property
    def singular(self) -> str:
        """The name of one, as kubectl takes it."""
        return self.kind.lower()


def _built_in(
    group_version: str,
    kind: str,
    plural: str,
    short_names: Sequence[str] = (),
    *,
    subresources: Sequence[str] = (),
    namespaced: bool = True,
    generation: bool = False,
    everywhere: bool = False,
) -> Resource:
    group, _, version = group_version.rpartition("/")
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        subresources=frozenset(subresources),
        short_names=tuple(short_names),
        categories=("all",) if everywhere else (),
        generation=generation,
    )


_WORKLOAD = (STATUS, SCALE)

BUILT_IN = (
    _built_in("v1", "Namespace", "namespaces", ["ns"], subresources=[STATUS], namespaced=False),
    _built_in(
        "v1", "Pod", "pods", ["po"], subresources=[STATUS], generation=True, everywhere=True
    ),
    _built_in("v1", "Service", "services", ["svc"], subresources=[STATUS], everywhere=True),
    _built_in("v1", "ConfigMap", "configmaps", ["cm"]),
    _built_in("v1", "Secret", "secrets"),
    _built_in("v1", "Event", "events", ["ev"]),
    _built_in("v1", "ServiceAccount", "serviceaccounts", ["sa"]),
    _built_in("v1", "ResourceQuota", "resourcequotas", ["quota"], subresources=[STATUS]),
    _built_in(
        "apps/v1",
        "Deployment",
        "deployments",
        ["deploy"],
        subresources=_WORKLOAD,
        generation=True,
        everywhere=True,
    ),
    _built_in(
        "apps/v1",
        "ReplicaSet",
        "replicasets",
        ["rs"],
        subresources=_WORKLOAD,
        generation=True,
        everywhere=True,
    ),
    _built_in(
        "apps/v1",
        "StatefulSet",
        "statefulsets",
        ["sts"],
        subresources=_WORKLOAD,
        generation=True,
        everywhere=True,
    ),
    _built_in(
        "apps/v1",
        "DaemonSet",
        "daemonsets",
        ["ds"],
        subresources=[STATUS],
        generation=True,
        everywhere=True,
    ),
    _built_in(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        ["hpa"],
        subresources=[STATUS],
        everywhere=True,
    ),
    _built_in(
        "networking.k8s.io/v1",
        "Ingress",
        "ingresses",
        ["ing"],
        subresources=[STATUS],
        generation=True,
    ),
    _built_in("coordination.k8s.io/v1", "Lease", "leases"),
    _built_in(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        ["crd", "crds"],
        subresources=[STATUS],
        namespaced=False,
        generation=True,
    ),
)

CRD_KEY = ("apiextensions.k8s.io", "customresourcedefinitions")
NAMESPACE_KEY = ("", "namespaces")


def from_crd(crd: Manifest) -> list[Resource]:
    """One resource for each version that a CustomResourceDefinition serves."""
    spec: Manifest = crd["spec"]
    return [_version(spec, version) for version in spec["versions"] if version.get("served", True)]


def _version(spec: Manifest, version: Manifest) -> Resource:
    names: Manifest = spec["names"]
    subresources: Manifest = version.get("subresources") or {}
    scale: Manifest = subresources.get(SCALE) or {}
    columns: list[Manifest] = version.get("additionalPrinterColumns") or []
    schema: Manifest = version.get("schema") or {}
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec.get("scope", "Namespaced") == "Namespaced",
        subresources=frozenset(subresources),
        schema=schema.get("openAPIV3Schema"),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        columns=tuple(_column(c) for c in columns),
        generation=True,
        custom=True,
        replicas_path=scale.get("specReplicasPath", ".spec.replicas"),
        status_replicas_path=scale.get("statusReplicasPath", ".status.replicas"),
        selector_path=scale.get("labelSelectorPath", ""),
    )


def _column(column: Manifest) -> Column:
    return Column(
        name=column["name"],
        json_path=column["jsonPath"],
        type=column.get("type", "string"),
        priority=column.get("priority", 0),
        description=column.get("description", ""),
    )
