"""Webhooks that hold or fail a run: which calls are due, and what their results mean."""

from burgee.api.status import CanaryStatus, Phase
from burgee.engine.decision import Findings
from burgee.engine.effects import HookCall
from burgee.engine.facts import Facts
from burgee.engine.hook_calls import build_hook_call

# Receivers are told Progressing while a promotion waits as well. Source: reference 7.
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
