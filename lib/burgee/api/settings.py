"""What a person who runs burgee chose: the pure part, without where it was read from."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Settings that decide what the engine answers; the defaults are Flagger's flags.

    Source: flagger cmd/flagger/main.go: -mesh-provider, -metrics-server, -selector-labels,
    -include-label-prefix, -enable-config-tracking, -no-cross-namespace-refs, -cluster-name,
    -slack-*, -msteams-*, -event-webhook, -ingress-annotations-prefix, -ingress-class.

    Attributes:
        slack_url: where alerts of Canaries without alerts of their own go; needs a channel.
        msteams_url: likewise; it wins over Slack.
        event_webhook: URL that gets the events of Canaries without an event webhook.
        ingress_annotations_prefix: of the annotations that the nginx controller reads.
        ingress_class: which Contour serves the HTTPProxies; empty for the one without a class.
    """

    mesh_provider: str = "istio"
    metrics_server: str = "http://prometheus:9090"
    selector_labels: tuple[str, ...] = ("app", "name", "app.kubernetes.io/name")
    include_label_prefix: tuple[str, ...] = ()
    config_tracking: bool = True
    no_cross_namespace_refs: bool = False
    cluster_name: str = ""
    slack_url: str = field(default="", repr=False)
    slack_user: str = "flagger"
    slack_channel: str = ""
    slack_token: str = field(default="", repr=False)
    slack_proxy_url: str = field(default="", repr=False)
    msteams_url: str = field(default="", repr=False)
    msteams_proxy_url: str = field(default="", repr=False)
    event_webhook: str = field(default="", repr=False)
    ingress_annotations_prefix: str = "nginx.ingress.kubernetes.io"
    ingress_class: str = ""
    min_interval_seconds: float = 10.0
