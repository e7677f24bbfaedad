"""Routes of others for the same requests, looked for before the Canary's own is written.

No status tells of them beforehand, and with some providers none tells of them at all: weights
would be split to nobody. To look is to list the routes of the namespace, so it is done where it
can matter: before anything of a new Canary is made, before its route is written and once it is
seen, where it is to ask for something else than before, and when a release begins, for what was
there before burgee was.
"""

from collections.abc import Sequence
from typing import Final

from burgee.api.manifest import Manifest, name_of
from burgee.api.status import AT_REST, STARTING, CanaryStatus
from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.needs import LOOK_AGAIN_SECONDS
from burgee.engine.reading.traffic import ALL_TO_PRIMARY
from burgee.engine.transitions import with_condition, without_condition
from burgee.errors import InvalidCanary
from burgee.routers.base import RelatedKind
from burgee.routers.rivals import Clash, Contested, Rivalry

UNDISPUTED: Final = "Undisputed"
_SHARED: Final = "SharedRequests"
_CONFLICT: Final = "RouteConflict"


def contested(facts: Facts) -> RelatedKind | None:
    """The kind of routes to look at in this sync, None for none."""
    router = facts.router
    if not isinstance(router, Contested):
        return None
    rivalry, status = router.rivalry(), facts.status
    claim, claimed = _claims(facts, rivalry)
    if claim is None:
        return None
    is_new = claim != claimed
    if status.phase in STARTING:
        seen = facts.primary_is_up and facts.route_shows(ALL_TO_PRIMARY)
        due = facts.primary is None or (facts.primary_is_up and is_new) or seen
    else:
        starts = status.phase in AT_REST and facts.spec_changed(status)
        due = is_new or (starts and facts.primary_state.ready)
    return rivalry.kind if due else None


def settle(facts: Facts, others: Sequence[Manifest]) -> str:
    """What both routes may live with, in words; empty for nothing.

    Refused is a Canary whose route, or another one, would get none of the requests it is for.

    What is so already, since the Canary was set up, is told and changed by nobody: a refusal would
    hold up its releases, and move no request.

    Raises:
        InvalidCanary: with the field, the other route, and what the data plane does.
    """
    router = facts.router
    if not isinstance(router, Contested):
        return ""
    canary, wanted, mine = facts.canary, _wanted(facts), _mine(facts)
    rivalry = router.rivalry()
    found = list(rivalry.clashes(canary, wanted, mine, others))
    standing: set[tuple[str, str]] = set()
    claim, claimed = _claims(facts, rivalry)
    in_force = claim == claimed
    if mine is not None and facts.status.phase not in STARTING:
        standing = {_identity(c) for c in rivalry.clashes(canary, mine, mine, others) if c.certain}
    for clash in found:
        # A younger route loses to one that is there, and takes nothing from it.
        loses = clash.certain and not (in_force and clash.ours_first)
        if loses and _identity(clash) not in standing:
            raise _refusal(clash)
    return "; ".join(dict.fromkeys(clash.words for clash in found))


def tell(
    status: CanaryStatus, shared: str | None, facts: Facts
) -> tuple[CanaryStatus, EmitEvent | None]:
    """Sets or clears the condition about requests that are shared; an event where it is new.

    Args:
        status: as decided.
        shared: what a look brought, None where there was none.
        facts: of this sync.
    """
    if shared is None and isinstance(facts.router, Contested):
        return status, None
    if not shared:
        return without_condition(status, UNDISPUTED), None
    after = with_condition(
        status, UNDISPUTED, truth="False", reason=_SHARED, message=shared, now=facts.now
    )
    if after is status:
        return status, None
    head = facts.canary.metadata
    key = f"{head.uid}/{_SHARED}/{shared}/{head.generation}"
    return after, EmitEvent(type=EventType.WARNING, message=shared, key=key)


def _wanted(facts: Facts) -> Manifest:
    """The route that carries the weights."""
    return facts.present.objects[-1]


def _mine(facts: Facts) -> Manifest | None:
    wanted = _wanted(facts)
    return facts.observation.routes.get((wanted["kind"], name_of(wanted)))


def _claims(facts: Facts, rivalry: Rivalry) -> tuple[object, object]:
    """What the Canary's route is to ask for, and what it asks for now; None for nothing."""
    mine = _mine(facts)
    return rivalry.claim(_wanted(facts)), None if mine is None else rivalry.claim(mine)


def _identity(clash: Clash) -> tuple[str, str]:
    return name_of(clash.other), clash.text


def _refusal(clash: Clash) -> InvalidCanary:
    return InvalidCanary(
        _CONFLICT,
        f"{clash.words}; so weights would hold for nobody, or take requests from it. Let one of "
        f"them ask for something else{clash.remedy and ', ' + clash.remedy}",
        retry_seconds=LOOK_AGAIN_SECONDS,
    )
