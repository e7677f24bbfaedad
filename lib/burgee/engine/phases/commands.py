"""What a person asks of a release, without a webhook server: annotations on the Canary.

    kubectl annotate canary podinfo burgee.dev/promote="$(date +%s)" --overwrite

A command is obeyed once for each value of its annotation; status.commands says what became of it,
when, and which field manager wrote it. Taking the annotation away forgets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from burgee.api.canary import Canary
from burgee.api.guards import OWN_PREFIX
from burgee.api.manifest import Manifest
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.clock import after, fine_stamp, stamp
from burgee.engine.effects import EventType
from burgee.engine.phases.outcomes import begin_promotion, roll_back, running_world
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.strategy import Strategy
from burgee.engine.reading.traffic import FULL_PERCENT, route_of
from burgee.engine.transitions import changed_status
from burgee.engine.turn import Turn, World, event


class Verb(StrEnum):
    """The commands."""

    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ABORT = "abort"
    RETRY = "retry"
    SET_WEIGHT = "set-weight"


_IN_A_RUN = frozenset({Phase.PROGRESSING, Phase.WAITING_PROMOTION})


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One annotation that has not been obeyed yet."""

    verb: Verb
    value: str
    by: str


def pending(facts: Facts) -> Command | None:
    """The first command that status does not know yet."""
    given = facts.canary.metadata.annotations or {}
    known = facts.status.commands or {}
    for verb in Verb:
        value = given.get(OWN_PREFIX + verb)
        if value is not None and known.get(verb, {}).get("value") != value:
            return Command(verb=verb, value=value, by=_author(facts.canary, verb))
    return None


def forgotten(canary: Canary, status: CanaryStatus) -> CanaryStatus:
    """The status without acknowledgements whose annotation is gone."""
    if not status.commands:
        return status
    given = canary.metadata.annotations or {}
    left = {verb: ack for verb, ack in status.commands.items() if OWN_PREFIX + verb in given}
    if len(left) == len(status.commands):
        return status
    return changed_status(status, commands=left or None)


def obey(facts: Facts, command: Command) -> Turn:
    """Does what is asked, or says why not; either way the command is on record."""
    outcome = _outcome(facts, command)
    refused = isinstance(outcome, str)
    turn = _still(facts) if isinstance(outcome, str) else outcome
    result = outcome if isinstance(outcome, str) else "done"
    acknowledged: Manifest = {
        "value": command.value,
        "at": stamp(facts.now),
        "by": command.by,
        "result": result,
    }
    commands = {**(facts.status.commands or {}), command.verb.value: acknowledged}
    who = f" by {command.by}" if command.by else ""
    said = f"not obeyed: {result}" if refused else "obeyed"
    told = event(
        facts,
        EventType.WARNING if refused else EventType.NORMAL,
        f"Command {command.verb}{who} {said}",
        cause=f"command/{command.verb}/{command.value}",
    )
    return Turn(
        status=changed_status(turn.status, commands=commands),
        world=turn.world,
        detail=turn.detail,
        wake_at=turn.wake_at,
        waits_on=turn.waits_on,
        events=(told, *turn.events),
        hooks=turn.hooks,
        alerts=turn.alerts,
    )


def _outcome(facts: Facts, command: Command) -> Turn | str:
    """The turn that a command brings about, or the reason why it cannot be obeyed."""
    status, phase = facts.status, facts.status.phase
    no = f"nothing to {command.verb} in phase {phase}"
    match command.verb:
        case Verb.PAUSE:
            return _turn(facts, paused=True) if phase in _IN_A_RUN else no
        case Verb.RESUME:
            return _turn(facts, paused=None) if status.paused else no
        case Verb.ABORT:
            return _abort(facts, command) if phase in {*_IN_A_RUN, Phase.PROMOTING} else no
        case Verb.PROMOTE:
            if phase not in _IN_A_RUN:
                return no
            if not facts.canary_state.ready:
                return f"the canary is not ready: {facts.canary_state.message}"
            return begin_promotion(facts, status)
        case Verb.RETRY:
            if phase is not Phase.FAILED:
                return no
            # A status without a last applied revision takes any revision for a new one.
            return _turn(facts, last_applied_spec="", tracked_configs=None)
        case Verb.SET_WEIGHT:
            return _set_weight(facts, command) if phase is Phase.PROGRESSING else no
        case _:
            assert_never(command.verb)


def _abort(facts: Facts, command: Command) -> Turn:
    who = f" by {command.by}" if command.by else ""
    return roll_back(facts, "Aborted", f"aborted{who}")


def _set_weight(facts: Facts, command: Command) -> Turn | str:
    """A weight off the ladder; the analysis goes on from there."""
    text = command.value.partition("@")[0].strip()
    if facts.strategy is not Strategy.CANARY:
        return "only a canary with weights has one to set"
    if not text.isdecimal() or int(text) > FULL_PERCENT:
        return f"{text!r} is no weight from 0 to 100"
    if not facts.canary_state.ready:
        return f"the canary is not ready: {facts.canary_state.message}"
    due = after(facts.now, facts.interval_seconds)
    fields = {"canary_weight": int(text), "traffic_weight": None, "traffic_mirrored": None}
    return _turn(facts, next_step_time=fine_stamp(due), **fields)


def _turn(facts: Facts, **fields: Any) -> Turn:
    """The status with these fields, in a world that follows it."""
    status = changed_status(facts.status, **fields)
    still = _still(facts)
    route = route_of(status) if facts.status.phase in _IN_A_RUN else still.world.route
    world = World(primary=still.world.primary, target=still.world.target, route=route)
    return Turn(status=status, world=world)


def _still(facts: Facts) -> Turn:
    """The world as it is; the next sync goes on from the new status."""
    phase = facts.status.phase
    if phase in _IN_A_RUN:
        return Turn(status=facts.status, world=running_world(facts.status))
    route = None if phase in {Phase.NONE, Phase.INITIALIZING} else route_of(facts.status)
    return Turn(status=facts.status, world=World(route=route))


def _author(canary: Canary, verb: Verb) -> str:
    """The field manager that wrote the annotation last, empty where the server does not say."""
    extra: Mapping[str, Any] = canary.metadata.model_extra or {}
    entries: list[Manifest] = extra.get("managedFields") or []
    for entry in entries:
        fields: Manifest = entry.get("fieldsV1") or {}
        annotations: Manifest = (fields.get("f:metadata") or {}).get("f:annotations") or {}
        if f"f:{OWN_PREFIX}{verb}" in annotations:
            return str(entry.get("manager", ""))
    return ""
