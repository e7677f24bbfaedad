"""status of a Canary: Flagger's fields, and burgee's bookkeeping beside them.

Everything that burgee remembers between two syncs stands here and nowhere else.
"""

from collections.abc import Mapping
from enum import StrEnum

from burgee.api.manifest import Manifest
from burgee.api.model import WholeNumber, WireModel


class Phase(StrEnum):
    """Phases of a Canary; the spelling is Flagger's."""

    NONE = ""
    INITIALIZING = "Initializing"
    INITIALIZED = "Initialized"
    WAITING = "Waiting"
    PROGRESSING = "Progressing"
    WAITING_PROMOTION = "WaitingPromotion"
    PROMOTING = "Promoting"
    FINALISING = "Finalising"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


AT_REST = frozenset({Phase.INITIALIZED, Phase.SUCCEEDED, Phase.FAILED})
STARTING = frozenset({Phase.NONE, Phase.INITIALIZING})
RUNNING = frozenset(
    {Phase.PROGRESSING, Phase.WAITING_PROMOTION, Phase.PROMOTING, Phase.FINALISING}
)


class Condition(WireModel):
    """One entry of status.conditions; times are RFC 3339."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_update_time: str | None = None
    last_transition_time: str | None = None


class AlertRecord(WireModel):
    """One alert: what is still to be told, and that it was told, so that it is told once.

    Attributes:
        key: stable for one happening; receivers see it as Idempotency-Key.
        at: when it happened.
        with_fields: whether facts about the release go along with the message.
        pending: receivers that have not acknowledged it; None where there is none left.
        attempts: how often it was tried to reach them.
        next_time: when to try again.
    """

    key: str
    at: str
    phase: str | None = None
    severity: str | None = None
    message: str | None = None
    with_fields: bool | None = None
    pending: tuple[str, ...] | None = None
    attempts: WholeNumber | None = None
    next_time: str | None = None


class ReplicaRatio(WireModel):
    """How far the pods are, where weights are numbers of pods.

    Attributes:
        capacity: pods that have to serve together; those of the primary when the run began.
        promoted: pods that the primary gets when it takes the revision over.
        requested_weight: percent that the run asks for.
        achieved_weight: percent that the pods which can serve give.
        asked_weight: with an autoscaler, the newest weight whose pods were asked for.
        since: since when the pods have not been what is asked for; the clock of their deadline.
    """

    capacity: WholeNumber
    promoted: WholeNumber
    requested_weight: WholeNumber = 0
    achieved_weight: float = 0.0
    asked_weight: WholeNumber | None = None
    since: str | None = None


class CanaryStatus(WireModel):
    """The status of a Canary.

    Attributes:
        canary_weight: percent, as Flagger shows it.
        traffic_weight: percent that the route has to give the canary. Differs from
            canary_weight while a gate holds a promotion (Flagger shows 0 there).
        traffic_mirrored: whether the route has to copy requests to the canary.
        next_step_time: when the next analysis step is due; None where nothing is timed.
        phase_start_time: when the phase began; other status writes do not move it.
        provider: whose route objects there are; differs from the Canary's while it changes.
        primary_revision: id of the revision that the primary is meant to run.
        checks: the last measurement of every check of the analysis.
        failure: why the last run failed: {reason, message, at}.
        waiting: what holds the release: {on, since}; the clock of deadlines and time-outs.
        paused: a person holds the run.
        commands: the last command of each kind that was obeyed: {value, at, by, result}.
        alerts: the newest alerts, told and untold.
        replica_ratio: of a run whose weights are numbers of pods, until all is as before it.
    """

    phase: Phase = Phase.NONE
    failed_checks: WholeNumber = 0
    canary_weight: WholeNumber = 0
    iterations: WholeNumber = 0
    tracked_configs: Mapping[str, str] | None = None
    last_applied_spec: str = ""
    last_promoted_spec: str = ""
    last_transition_time: str | None = None
    session_affinity_cookie: str | None = None
    primary_session_affinity_cookie: str | None = None
    previous_session_affinity_cookie: str | None = None
    conditions: tuple[Condition, ...] = ()
    observed_generation: WholeNumber | None = None
    traffic_weight: WholeNumber | None = None
    traffic_mirrored: bool | None = None
    next_step_time: str | None = None
    phase_start_time: str | None = None
    provider: str = ""
    primary_revision: str = ""
    checks: tuple[Manifest, ...] = ()
    failure: Manifest | None = None
    waiting: Manifest | None = None
    paused: bool | None = None
    commands: Mapping[str, Manifest] | None = None
    alerts: tuple[AlertRecord, ...] = ()
    replica_ratio: ReplicaRatio | None = None

    @property
    def routed_weight(self) -> int:
        """Percent that the route has to give the canary now."""
        return self.canary_weight if self.traffic_weight is None else self.traffic_weight

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type, None without one."""
        return next((c for c in self.conditions if c.type == kind), None)

    def as_manifest(self) -> Manifest:
        """The wire form: Flagger's numbers are always there, empty fields are left out."""
        dumped = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {key: value for key, value in dumped.items() if value not in ("", [], ())}
