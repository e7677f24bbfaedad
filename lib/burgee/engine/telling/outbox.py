"""Alerts on their way: status keeps each from the moment it happened until all have heard it.

    a turn raises an alert      post         it goes into status.alerts with the turn itself
    the next quiet sync         dispatch     SendAlert for every receiver that is still to hear it
    the receivers answered      acknowledge  who has heard it is struck off; the others: later

So an alert speaks only of what is on record, a restart of the hook loses none, and a turn that is
computed twice alerts once. A sync that moves something sends nothing: no receiver, however slow,
can delay it. What cannot be delivered for GIVE_UP_SECONDS is given up, with an Event.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from burgee.api.status import AlertRecord, CanaryStatus
from burgee.engine.clock import after, fine_stamp, moment_of
from burgee.engine.decision import Decision
from burgee.engine.effects import EmitEvent, EventType, SendAlert
from burgee.engine.letters import Letter, Severity
from burgee.engine.reading.observation import Observation
from burgee.engine.telling.alerts import Alert, fields_of, receiver_of, route
from burgee.engine.transitions import changed_status

MOST_ALERTS = 16
GIVE_UP_SECONDS = 600.0
FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 60.0
SOON_SECONDS = 0.05

Outcomes: TypeAlias = Mapping[tuple[str, str], bool]
"""By (key, receiver): whether it was delivered. What is not known yet is left out."""


def post(
    status: CanaryStatus, alerts: Iterable[Alert], observation: Observation, now: datetime
) -> tuple[CanaryStatus, tuple[EmitEvent, ...]]:
    """The status with these alerts, and an Event for each AlertProvider that does not exist.

    An alert that status remembers is not told again.
    """
    records = list(status.alerts)
    events: list[EmitEvent] = []
    for alert in alerts:
        if any(record.key == alert.key for record in records):
            continue
        routing = route(observation, alert.severity)
        events += (_missing(observation, name) for name in routing.missing)
        if routing.ids:
            records.append(
                AlertRecord(
                    key=alert.key,
                    at=fine_stamp(now),
                    phase=status.phase.value,
                    severity=alert.severity.value,
                    message=alert.message,
                    with_fields=alert.with_fields or None,
                    pending=routing.ids,
                )
            )
    return _with_records(status, records), tuple(events)


def dispatch(decision: Decision, observation: Observation, now: datetime) -> Decision:
    """The decision with the alerts that are due, and a wake-up for those that are not."""
    if not any(record.pending for record in decision.status.alerts):
        return decision
    records: list[AlertRecord] = []
    events: list[EmitEvent] = []
    for record in decision.status.alerts:
        given_up = _is_over(record, now)
        if given_up:
            events.append(_undelivered(observation, record))
        known = [i for i in record.pending or () if receiver_of(observation, i) is not None]
        records.append(_told(record) if given_up or not known else _left(record, known))
    status = _with_records(decision.status, records)
    decision = replace(decision, status=status, effects=(*decision.effects, *events))
    due = tuple(_due(status, observation, now))
    if due and _moves(decision, observation):
        return _woken(decision, SOON_SECONDS)
    decision = replace(decision, effects=(*decision.effects, *due))
    return decision if due else _wake_for_next(decision, now)


def acknowledge(decision: Decision, outcomes: Outcomes, now: datetime) -> Decision:
    """The decision after its alerts were sent: who has heard one is struck off its record."""
    tried = {e.key for e in decision.effects if isinstance(e, SendAlert)}
    if not tried:
        return decision
    records: list[AlertRecord] = []
    for record in decision.status.alerts:
        if record.key not in tried:
            records.append(record)
            continue
        left = [i for i in record.pending or () if not outcomes.get((record.key, i), False)]
        records.append(_left(record, left, tried_at=now) if left else _told(record))
    status = _with_records(decision.status, records)
    return _wake_for_next(replace(decision, status=status), now)


def _moves(decision: Decision, observation: Observation) -> bool:
    """True where the sync does or decides anything that should not wait for a receiver."""
    before = changed_status(
        observation.canary.status,
        alerts=(),
        observed_generation=decision.status.observed_generation,
    )
    return bool(decision.effects) or changed_status(decision.status, alerts=()) != before


def _due(status: CanaryStatus, observation: Observation, now: datetime) -> Iterator[SendAlert]:
    """In the order in which things happened."""
    canary = observation.canary
    for record in status.alerts:
        if _next_time(record) > now:
            continue
        letter = Letter(
            name=canary.metadata.name,
            namespace=canary.metadata.namespace,
            message=record.message or "",
            severity=Severity(record.severity or Severity.INFO),
            fields=fields_of(canary, observation.settings, with_fields=bool(record.with_fields)),
            phase=record.phase or "",
            at=record.at,
        )
        for receiver_id in record.pending or ():
            receiver = receiver_of(observation, receiver_id)
            if receiver is not None:
                yield SendAlert(key=record.key, receiver=receiver, letter=letter)


def _wake_for_next(decision: Decision, now: datetime) -> Decision:
    waiting = [_next_time(record) for record in decision.status.alerts if record.pending]
    if not waiting:
        return replace(decision, quiet=False)
    return _woken(decision, max((min(waiting) - now).total_seconds(), SOON_SECONDS))


def _woken(decision: Decision, seconds: float) -> Decision:
    """Looked at again in so many seconds, or earlier where it asks for that itself."""
    wait = decision.resync_after_seconds
    return replace(
        decision,
        resync_after_seconds=seconds if wait is None else min(wait, seconds),
        quiet=False,
    )


def _next_time(record: AlertRecord) -> datetime:
    return moment_of(record.next_time) or moment_of(record.at) or _LONG_AGO


def _is_over(record: AlertRecord, now: datetime) -> bool:
    happened = moment_of(record.at) or _LONG_AGO
    return bool(record.pending) and now - happened > timedelta(seconds=GIVE_UP_SECONDS)


def _left(
    record: AlertRecord, receivers: list[str], *, tried_at: datetime | None = None
) -> AlertRecord:
    """The record with these receivers left; after an attempt the next one comes later."""
    if tried_at is None:
        return record.model_copy(update={"pending": tuple(receivers)})
    attempts = (record.attempts or 0) + 1
    pause = min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), LONGEST_RETRY_SECONDS)
    return record.model_copy(
        update={
            "pending": tuple(receivers),
            "attempts": attempts,
            "next_time": fine_stamp(after(tried_at, pause)),
        }
    )


def _told(record: AlertRecord) -> AlertRecord:
    """What is left of an alert that nobody is to hear any more."""
    return AlertRecord(key=record.key, at=record.at)


def _with_records(status: CanaryStatus, records: list[AlertRecord]) -> CanaryStatus:
    """At most MOST_ALERTS, the told ones leave first, then the oldest."""
    excess = len(records) - MOST_ALERTS
    if excess > 0:
        leaving = sorted(range(len(records)), key=lambda i: (bool(records[i].pending), i))
        gone = set(leaving[:excess])
        records = [record for i, record in enumerate(records) if i not in gone]
    kept = tuple(records)
    return status if kept == status.alerts else changed_status(status, alerts=kept)


def _missing(observation: Observation, receiver_id: str) -> EmitEvent:
    uid = observation.canary.metadata.uid
    return EmitEvent(
        type=EventType.WARNING,
        message=f"AlertProvider {receiver_id} does not exist or cannot be read",
        key=f"{uid}/alert-provider/{receiver_id}",
    )


def _undelivered(observation: Observation, record: AlertRecord) -> EmitEvent:
    names = ", ".join(record.pending or ())
    return EmitEvent(
        type=EventType.WARNING,
        message=f"An alert could not be delivered to {names}: {record.message}",
        key=f"{observation.canary.metadata.uid}/undelivered/{record.key}",
    )


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
