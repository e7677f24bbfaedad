"""spec.analysis of a Canary. Source: Flagger 1.44, Canary CRD."""

from collections.abc import Mapping

from pydantic import Field

from burgee.api.manifest import Manifest
from burgee.api.model import WholeNumber, WireModel, duration_seconds

DEFAULT_INTERVAL_SECONDS = 60.0


class NamedRef(WireModel):
    """A reference by name, in another namespace if one is given."""

    name: str
    namespace: str | None = None


class ThresholdRange(WireModel):
    """Allowed values; None is an open end."""

    min: float | None = None
    max: float | None = None


class Metric(WireModel):
    """One check of the analysis: built-in by its name, an inline query, or a MetricTemplate."""

    name: str
    interval: str | None = None
    threshold: float | None = None
    threshold_range: ThresholdRange | None = None
    query: str | None = None
    template_ref: NamedRef | None = None
    template_variables: Mapping[str, str] | None = None


class Webhook(WireModel):
    """One webhook; an empty type means rollout."""

    name: str
    url: str
    type: str = ""
    mute_alert: bool = False
    timeout: str | None = None
    retries: WholeNumber = 0
    disable_tls: bool = Field(default=False, alias="disableTLS")
    metadata: Mapping[str, str] | None = None

    @property
    def kind(self) -> str:
        """The type with its default filled in."""
        return self.type or "rollout"


class Alert(WireModel):
    """Where alerts of a Canary go; an unset severity matches nothing, as in Flagger."""

    name: str
    provider_ref: NamedRef
    severity: str = ""


class SessionAffinity(WireModel):
    """Cookies that keep a client on one side during a run."""

    cookie_name: str
    primary_cookie_name: str = ""
    domain: str = ""
    http_only: bool = False
    max_age: WholeNumber = 86400
    partitioned: bool = False
    path: str = ""
    same_site: str = ""
    secure: bool = False


class Analysis(WireModel):
    """How a run is paced and judged. Weights are percent."""

    interval: str | None = None
    threshold: WholeNumber = 0
    iterations: WholeNumber = 0
    max_weight: WholeNumber = 0
    step_weight: WholeNumber = 0
    step_weights: tuple[WholeNumber, ...] = ()
    step_weight_promotion: WholeNumber = 0
    mirror: bool = False
    mirror_weight: WholeNumber = 0
    primary_ready_threshold: WholeNumber | None = None
    canary_ready_threshold: WholeNumber | None = None
    match: tuple[Manifest, ...] = ()
    metrics: tuple[Metric, ...] = ()
    alerts: tuple[Alert, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    session_affinity: SessionAffinity | None = None

    def interval_seconds(self, floor_seconds: float) -> float:
        """The pace of the analysis: 60 s where unset or unreadable, never below the floor."""
        parsed = duration_seconds(self.interval or "")
        return DEFAULT_INTERVAL_SECONDS if parsed is None else max(parsed, floor_seconds)

    @property
    def failure_threshold(self) -> int:
        """Failed checks that end a run; anything below 1 is 1."""
        return max(self.threshold, 1)

    def hooks_of(self, kind: str) -> tuple[Webhook, ...]:
        """The webhooks of one type, in the order written."""
        return tuple(w for w in self.webhooks if w.kind == kind)
