"""The Canary: spec.targetRef, spec.service and the rest. Source: Flagger 1.44, Canary CRD."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from burgee.api.analysis import Analysis
from burgee.api.manifest import Manifest
from burgee.api.model import WholeNumber, WireModel
from burgee.api.status import CanaryStatus

API_VERSION = "flagger.app/v1beta1"
DEFAULT_PROGRESS_DEADLINE_SECONDS = 600


class ObjectRef(WireModel):
    """A reference to an object of the Canary's namespace."""

    api_version: str = ""
    kind: str
    name: str


class ScalerReplicas(WireModel):
    """Bounds for the primary's scaler in place of the copied ones."""

    min_replicas: WholeNumber | None = None
    max_replicas: WholeNumber | None = None


class AutoscalerRef(ObjectRef):
    """The scaler of the target; the primary gets a copy."""

    primary_scaler_queries: Mapping[str, str] | None = None
    primary_scaler_replicas: ScalerReplicas | None = None


class ServiceMetadata(WireModel):
    """Labels and annotations for one of the three Services."""

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None


class UnmanagedMetadata(WireModel):
    """Keys on owned Services that are left alone."""

    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()


class Rewrite(WireModel):
    """Rewriting of the path or the authority."""

    uri: str = ""
    authority: str = ""
    type: str = ""


class Service(WireModel):
    """The apex, primary and canary Services and the route in front of them.

    Parts that are handed to a provider as they are (match, retries, headers, corsPolicy,
    trafficPolicy, gatewayRefs, mirror) stay raw.
    """

    name: str = ""
    port: WholeNumber = 0
    port_name: str = ""
    target_port: int | str | None = None
    app_protocol: str = ""
    traffic_distribution: str = ""
    port_discovery: bool = False
    headless: bool = False
    timeout: str = ""
    backend_timeout: str = ""
    mesh_name: str = ""
    backends: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    gateway_refs: tuple[Manifest, ...] = ()
    delegation: bool = False
    match: tuple[Manifest, ...] = ()
    rewrite: Rewrite | None = None
    retries: Manifest | None = None
    headers: Manifest | None = None
    mirror: tuple[Manifest, ...] = ()
    cors_policy: Manifest | None = None
    traffic_policy: Manifest | None = None
    apex: ServiceMetadata | None = None
    primary: ServiceMetadata | None = None
    canary: ServiceMetadata | None = None
    unmanaged_metadata: UnmanagedMetadata | None = None


class CanarySpec(WireModel):
    """What the user asks for."""

    target_ref: ObjectRef
    analysis: Analysis | None = None
    service: Service = Field(default_factory=Service)
    provider: str = ""
    metrics_server: str = ""
    autoscaler_ref: AutoscalerRef | None = None
    ingress_ref: ObjectRef | None = None
    route_ref: ObjectRef | None = None
    upstream_ref: Manifest | None = None
    progress_deadline_seconds: WholeNumber | None = None
    skip_analysis: bool = False
    revert_on_deletion: bool = False
    suspend: bool = False

    @property
    def plan(self) -> Analysis:
        """The analysis, an empty one where there is none."""
        return self.analysis or Analysis()

    @property
    def skips_analysis(self) -> bool:
        """True with skipAnalysis, and without an analysis."""
        return self.skip_analysis or self.analysis is None

    @property
    def deadline_seconds(self) -> int:
        """ProgressDeadlineSeconds with its default."""
        given = self.progress_deadline_seconds
        return DEFAULT_PROGRESS_DEADLINE_SECONDS if given is None else given

    @property
    def apex_name(self) -> str:
        """Name of the apex Service: service.name, or the target's."""
        return self.service.name or self.target_ref.name


class Metadata(WireModel):
    """The part of metadata that decides something."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()


class Canary(WireModel):
    """A Canary as the cluster stores it."""

    api_version: Literal["flagger.app/v1beta1"]
    kind: Literal["Canary"]
    metadata: Metadata
    spec: CanarySpec
    status: CanaryStatus = Field(default_factory=CanaryStatus)

    @property
    def key(self) -> str:
        """namespace/name, as logs show it."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    def provider(self, fallback: str) -> str:
        """The traffic provider: its own, or the one of the installation."""
        return self.spec.provider or fallback
