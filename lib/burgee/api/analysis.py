"""spec.analysis of a Canary. Source: Flagger 1.44, Canary CRD."""

from collections.abc import Mapping
from enum import StrEnum

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


class Policy(StrEnum):
    """What a check without a number means for the step; Flagger knows only FAIL."""

    FAIL = "fail"
    IGNORE = "pass"
    HOLD = "hold"


class TimeoutPolicy(StrEnum):
    """What happens when a gate stays closed for its time."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"
    WAIT = "wait"


class Metric(WireModel):
    """One check of the analysis: built-in by its name, an inline query, or a MetricTemplate.

    Attributes:
        on_no_data: burgee's own; what it means that the source has no value.
        on_error: burgee's own; what it means that the source cannot be asked.
        error_limit: burgee's own; so many errors in a row hold the step before on_error counts.
    """

    name: str
    interval: str | None = None
    threshold: float | None = None
    threshold_range: ThresholdRange | None = None
    query: str | None = None
    template_ref: NamedRef | None = None
    template_variables: Mapping[str, str] | None = None
    on_no_data: Policy = Policy.FAIL
    on_error: Policy = Policy.FAIL
    error_limit: WholeNumber = 0


class Webhook(WireModel):
    """One webhook; an empty type means rollout.

    Attributes:
        gate_timeout: burgee's own; how long a confirm-* gate may stay closed, None for ever.
        on_timeout: burgee's own; what happens then.
    """

    name: str
    url: str
    type: str = ""
    mute_alert: bool = False
    timeout: str | None = None
    retries: WholeNumber = 0
    disable_tls: bool = Field(default=False, alias="disableTLS")
    metadata: Mapping[str, str] | None = None
    gate_timeout: str | None = None
    on_timeout: TimeoutPolicy = TimeoutPolicy.ROLLBACK

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
