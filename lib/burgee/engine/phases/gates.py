"""Webhooks that hold or fail a run: which calls are due, and what their results mean."""

from dataclasses import dataclass
from datetime import datetime

from burgee.api.analysis import TimeoutPolicy
from burgee.api.model import duration_seconds
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after
from burgee.engine.decision import Findings
from burgee.engine.effects import HookCall
from burgee.engine.reading.facts import Facts
from burgee.engine.telling.hook_calls import build_hook_call

# Receivers are told Progressing while a promotion waits as well. Source:
# flagger pkg/controller/scheduler_hooks.go.
_SHOWN_AS = {
    "confirm-promotion": Phase.PROGRESSING,
    "confirm-traffic-increase": Phase.PROGRESSING,
    "pre-rollout": Phase.PROGRESSING,
    "rollout": Phase.PROGRESSING,
}


def calls_of(
    facts: Facts, kind: str, *, status: CanaryStatus | None = None
) -> tuple[HookCall, ...]:
    """The calls for the Canary's webhooks of one type, in the order written.

    Args:
        facts: of this sync.
        kind: the webhook type.
        status: what the payload speaks of; the cluster's status without it.
    """
    shown = facts.status if status is None else status
    step = f"{shown.phase_start_time}/{shown.routed_weight}/{shown.next_step_time}"
    uid = facts.canary.metadata.uid
    return tuple(
        build_hook_call(
            facts.canary,
            webhook,
            phase=_SHOWN_AS.get(kind, shown.phase),
            status=shown,
            key=f"{uid}/{facts.revision}/{shown.phase}/{step}/{kind}/{number}",
        )
        for number, webhook in enumerate(facts.analysis.hooks_of(kind))
    )


def unasked(calls: tuple[HookCall, ...], findings: Findings) -> bool:
    """True where these calls have not been made in this sync."""
    return bool(calls) and calls[0].key not in findings.hooks


def first_pending(calls: tuple[HookCall, ...], findings: Findings) -> HookCall | None:
    """The call that has not ended; those after it have not been made."""
    for call in calls:
        result = findings.hooks.get(call.key)
        if result is not None and result.pending:
            return call
    return None


def first_failure(calls: tuple[HookCall, ...], findings: Findings) -> str:
    """What the first failed call says, empty where all succeeded.

    A call without a result comes after a failed one, or ran out of time.
    """
    for call in calls:
        result = findings.hooks.get(call.key)
        if result is None:
            return f"webhook {call.name} was not called in time"
        if not result.succeeded:
            return f"webhook {call.name}: {result.message}"
    return ""


def first_signal(calls: tuple[HookCall, ...], findings: Findings) -> str:
    """The name of the first rollback webhook that succeeded, which means: roll back."""
    for call in calls:
        result = findings.hooks.get(call.key)
        if result and result.succeeded:
            return call.name
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A gate that is closed.

    Attributes:
        text: which webhook keeps it closed, and what it answered.
        on: the stable word under which status keeps since when.
        ends: when its time is over; None where it may stay closed for ever.
        policy: what happens then.
        muted: True where nobody is to be alerted of it.
    """

    text: str
    on: str
    ends: datetime | None
    policy: TimeoutPolicy
    muted: bool = False

    def is_over(self, now: datetime) -> bool:
        """True once the gate has been closed for its time."""
        return self.ends is not None and now >= self.ends

    def wake(self, due: datetime) -> datetime:
        """When to look again: at `due`, or earlier where the gate's time ends before."""
        return due if self.ends is None else min(due, self.ends)


def closed_gate(
    facts: Facts, kind: str, calls: tuple[HookCall, ...], findings: Findings
) -> Closed | None:
    """The gate of a type as its calls left it; None where it is open."""
    failure = first_failure(calls, findings)
    if not failure:
        return None
    for webhook, call in zip(facts.analysis.hooks_of(kind), calls, strict=True):
        result = findings.hooks.get(call.key)
        if result is not None and result.succeeded:
            continue
        on = f"{kind}/{webhook.name}"
        seconds = duration_seconds(webhook.gate_timeout or "")
        forever = webhook.on_timeout is TimeoutPolicy.WAIT or not seconds
        ends = None if forever else after(facts.waiting_since(on), seconds or 0)
        return Closed(
            text=failure,
            on=on,
            ends=ends,
            policy=webhook.on_timeout,
            muted=webhook.mute_alert,
        )
    return None
