"""A route that is not seen to do what it has to: what is said, and how long it may take."""

from datetime import datetime

from burgee.engine.clock import after, fine_stamp
from burgee.engine.phases.outcomes import roll_back, running_world
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.roles import namespace_for
from burgee.engine.transitions import changed_status
from burgee.engine.turn import Turn
from burgee.routers.base import Role
from burgee.routers.trouble import trouble_of

ROUTE_GRACE_SECONDS = 1.0

_ROUTE = "route"
_ROUTE_ALONE = frozenset({_ROUTE})
_ROUTE_AND_PODS = frozenset({_ROUTE, "primary", "canary"})


def await_route(facts: Facts, due: datetime) -> Turn:
    """The route does not show the weight yet; the window of the checks begins when it does.

    Not for longer than the deadline: a route that its provider refuses would hold a release for
    ever, and so would pods that somebody else takes away.
    """
    status, now = facts.status, facts.now
    deadline = after(facts.waiting_since(_ROUTE), facts.spec.deadline_seconds)
    if facts.by_replicas:
        deadline = after(now, facts.interval_seconds)
        if facts.ratio and facts.ratio.is_late(status.routed_weight):
            text = f"{awaited_route(facts)} for more than {facts.spec.deadline_seconds} s"
            return roll_back(facts, "ProgressDeadlineExceeded", text)
    elif now >= deadline:
        text = f"{awaited_route(facts)}; for more than {facts.spec.deadline_seconds} s"
        trouble = route_trouble(facts)
        return roll_back(facts, "RouteNotInForce", f"{text}; {trouble}" if trouble else text)
    if _is_late(now, due, facts):
        due = after(now, facts.interval_seconds)
        status = changed_status(status, next_step_time=fine_stamp(due))
    return Turn(
        status=status,
        world=running_world(status),
        detail=awaited_route(facts),
        wake_at=min(due, deadline),
        waits_on=_ROUTE,
    )


def shown_at_last(facts: Facts, due: datetime) -> Turn | None:
    """The first look at a route that was waited for; None where it came at once.

    Where weights are numbers of pods these are waited for as well, since the step was taken; pods
    that go and come in the middle of a step do not put its checks off.
    """
    awaited = _ROUTE_AND_PODS if facts.by_replicas else _ROUTE_ALONE
    on = str((facts.status.waiting or {}).get("on", ""))
    if on not in awaited or not _is_late(facts.now, due, facts):
        return None
    if _is_late(facts.waiting_since(on), due, facts):
        return None
    due = after(facts.now, facts.interval_seconds)
    status = changed_status(facts.status, next_step_time=fine_stamp(due))
    return Turn(status=status, world=running_world(status), wake_at=due)


def _is_late(at: datetime, due: datetime, facts: Facts) -> bool:
    """True for a moment at which the window of the checks had begun already."""
    return at > after(due, ROUTE_GRACE_SECONDS - facts.interval_seconds)


def awaited_route(facts: Facts) -> str:
    """What is waited for: the route, and which of its objects is not there at all."""
    if facts.by_replicas:
        return "waiting for the pods of this weight"
    missing = [
        f"{related.kind.kind} {name}"
        for related in facts.router.related(facts.canary)
        if related.role in {Role.CHILD, Role.APPLIED}
        for name in related.names
        if not _is_seen(facts, related.kind.kind, name)
        and namespace_for(related, facts.canary) in {"", facts.canary.metadata.namespace}
    ]
    if not missing:
        return "waiting for the route"
    return f"waiting for the route: {', '.join(missing)} is not there yet"


def route_trouble(facts: Facts) -> str:
    """What the provider itself has against the route as it is observed."""
    said = (trouble_of(found, facts.canary) for found in facts.observation.routes.values())
    return "; ".join(text for text in said if text)


def _is_seen(facts: Facts, kind: str, name: str) -> bool:
    return (kind, name) in facts.observation.routes
