"""How status moves: the fields that change with a phase, and the conditions.

Source: flagger pkg/canary/status.go, setStatusPhase, syncCanaryStatus and MakeStatusConditions.
"""

from datetime import datetime
from typing import Any

from burgee.api.status import CanaryStatus, Condition, Phase
from burgee.engine.clock import fine_stamp, stamp

PROMOTED = "Promoted"
ACCEPTED = "Accepted"

_TRUTH = {Phase.INITIALIZED: "True", Phase.SUCCEEDED: "True", Phase.FAILED: "False"}

_TEXT = {
    Phase.INITIALIZING: "The primary of {kind} {target} is being set up",
    Phase.INITIALIZED: "{kind} {target} has its primary and waits for a new revision",
    Phase.WAITING: "A new revision waits for approval to start",
    Phase.PROGRESSING: "A new revision is being analysed",
    Phase.WAITING_PROMOTION: "The analysed revision waits for approval to be promoted",
    Phase.PROMOTING: "The analysis is done, the primary takes over the new revision",
    Phase.FINALISING: "The primary runs the new revision, all traffic goes to it",
    Phase.SUCCEEDED: "The analysis is done and the new revision is promoted",
    Phase.FAILED: "The new revision failed, the primary keeps the traffic",
    Phase.TERMINATING: "The canary is being deleted, {kind} {target} takes over",
}


def changed_status(status: CanaryStatus, **fields: Any) -> CanaryStatus:
    """The status with some fields replaced (names as in Python)."""
    return status.model_copy(update=fields)


def describe(
    status: CanaryStatus, *, kind: str, target: str, detail: str, now: datetime
) -> CanaryStatus:
    """The status with its Promoted condition in step with its phase.

    Args:
        status: as decided.
        kind: of the target, for the text.
        target: its name.
        detail: what is waited for or went wrong, appended to the text; may be empty.
        now: becomes lastUpdateTime where anything changed.
    """
    if status.phase is Phase.NONE:
        return status
    text = _TEXT[status.phase].format(kind=kind, target=target)
    return with_condition(
        status,
        PROMOTED,
        truth=_TRUTH.get(status.phase, "Unknown"),
        reason=status.phase.value,
        message=f"{text}: {detail}" if detail else text,
        now=now,
    )


def with_condition(
    status: CanaryStatus, kind: str, *, truth: str, reason: str, message: str, now: datetime
) -> CanaryStatus:
    """The status with that condition set; unchanged where it says the same already."""
    old = status.condition(kind)
    if old and (old.status, old.reason, old.message) == (truth, reason, message):
        return status
    at = stamp(now)
    kept = old.last_transition_time if old and old.status == truth else None
    new = Condition(
        type=kind,
        status=truth,
        reason=reason,
        message=message,
        last_update_time=at,
        last_transition_time=kept or at,
    )
    rest = tuple(c for c in status.conditions if c.type != kind)
    return changed_status(status, conditions=(*rest, new))


def without_condition(status: CanaryStatus, kind: str) -> CanaryStatus:
    """The status without that condition."""
    if status.condition(kind) is None:
        return status
    return changed_status(status, conditions=tuple(c for c in status.conditions if c.type != kind))


def enter(status: CanaryStatus, phase: Phase, now: datetime, **fields: Any) -> CanaryStatus:
    """The status at the start of a phase; `fields` override what the phase implies."""
    implied: dict[str, Any] = {
        "phase": phase,
        "phase_start_time": fine_stamp(now),
        "last_transition_time": stamp(now),
        "next_step_time": None,
        "paused": None,
        "waiting": None,
    }
    if phase not in {Phase.PROGRESSING, Phase.WAITING, Phase.PROMOTING}:
        implied |= {"canary_weight": 0, "iterations": 0}
    if phase is not Phase.WAITING_PROMOTION and phase is not Phase.PROMOTING:
        implied |= {"traffic_weight": None, "traffic_mirrored": None}
    if phase in {Phase.INITIALIZED, Phase.SUCCEEDED}:
        implied |= {"last_promoted_spec": status.last_applied_spec}
    if phase is Phase.FAILED:
        implied |= {"failed_checks": 0}
    return changed_status(status, **(implied | fields))
