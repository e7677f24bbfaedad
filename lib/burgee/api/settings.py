"""What a person who runs burgee chose: the pure part, without where it was read from."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Settings that decide what the engine answers; the defaults are Flagger's flags.

    Source: reference of Flagger's flags: -mesh-provider, -metrics-server, -selector-labels,
    -include-label-prefix, -enable-config-tracking, -no-cross-namespace-refs, -cluster-name.
    """

    mesh_provider: str = "istio"
    metrics_server: str = "http://prometheus:9090"
    selector_labels: tuple[str, ...] = ("app", "name", "app.kubernetes.io/name")
    include_label_prefix: tuple[str, ...] = ()
    config_tracking: bool = True
    no_cross_namespace_refs: bool = False
    cluster_name: str = ""
    min_interval_seconds: float = 10.0
