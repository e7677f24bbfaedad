"""Takes alerts and events out of the cluster, beside the syncs that they come from.

There is a lane for each Canary and receiver, in which things go out one after the other, in the
order in which they happened. A sync waits for its own deliveries for a moment, so that what is said
of a step is said before the next one; where the lane was slow or dead the last time it waits for
an alert for an instant only, and for an event not at all. Lanes that were have threads of their
own, so that receivers that hang take none from those that do not.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.deeds import Deed, Kind, Note, Took, ignore
from burgee.adapters.outside import alerts, webhooks
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY
from burgee.engine.effects import HookCall, HookResult, SendAlert

THREADS = 8
ALERT_WAIT_SECONDS = 1.0
INSTANT_SECONDS = 0.1
EVENT_SECONDS = 20.0
MOST_REMEMBERED = 4096
MOST_WAITING = 64

Deliver: TypeAlias = Callable[[], HookResult]
ALERT, EVENT = "alert", "event"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parcel:
    """One thing to deliver; `note` is told of it, `done` tells whether it was."""

    kind: str
    to: str
    deliver: Deliver
    note: Note
    done: "Future[bool]" = field(default_factory=Future[bool])


@dataclass(kw_only=True, slots=True)
class _Lane:
    """What waits for one receiver of one Canary.

    Attributes:
        what: alert or event.
        under_way: how many are being delivered, one or none.
        busy: a thread works on it.
        slow: the last delivery failed or took longer than a sync waits.
    """

    what: str
    under_way: int = 0
    parcels: deque[_Parcel] = field(default_factory=deque[_Parcel])
    busy: bool = False
    slow: bool = False


class Courier:
    """The lanes of one process; every method may be called from any thread."""

    def __init__(self, kube: KubeClient, *, policy: AddressPolicy = DEFAULT_POLICY) -> None:
        """Start with no lane.

        Args:
            kube: for the Secrets of AlertProviders.
            policy: which addresses may be reached.
        """
        self._policy = policy
        self._kube = kube
        self._quick = ThreadPoolExecutor(THREADS, thread_name_prefix="burgee-courier")
        self._slow = ThreadPoolExecutor(THREADS, thread_name_prefix="burgee-courier-slow")
        self._lock = threading.Lock()
        self._lanes: OrderedDict[Hashable, _Lane] = OrderedDict()
        self._known: OrderedDict[Hashable, Future[bool]] = OrderedDict()

    def round(self, uid: str, note: Note = ignore) -> "Round":
        """The deliveries of one sync of one Canary; `note` is told of each when it has ended."""
        return Round(self, uid, note)

    def alert(self, uid: str, alert: SendAlert, note: Note) -> tuple["Future[bool]", bool]:
        """Put an alert in its lane; see `_put`."""

        def deliver() -> HookResult:
            return alerts.deliver(alert, self._kube, policy=self._policy)

        to = alert.receiver
        parcel = _Parcel(kind=to.kind, to=to.id, deliver=deliver, note=note)
        return self._put(ALERT, (uid, to.id), (alert.key, to.id), parcel)

    def event(self, uid: str, call: HookCall, note: Note) -> tuple["Future[bool]", bool]:
        """Put the call of an event webhook in its lane; see `_put`."""

        def deliver() -> HookResult:
            return webhooks.call(call, deadline_seconds=EVENT_SECONDS, policy=self._policy)

        parcel = _Parcel(kind=EVENT, to=call.name, deliver=deliver, note=note)
        return self._put(EVENT, (uid, call.url), call.key, parcel)

    def waiting(self) -> dict[str, int]:
        """How many alerts and events are still to be delivered."""
        found = {ALERT: 0, EVENT: 0}
        with self._lock:
            for lane in self._lanes.values():
                found[lane.what] += len(lane.parcels) + lane.under_way
        return found

    def close(self) -> None:
        """Let go of the threads; what waits is not delivered any more."""
        for executor in (self._quick, self._slow):
            executor.shutdown(wait=False, cancel_futures=True)

    def _put(
        self, what: str, lane_key: Hashable, key: Hashable, parcel: _Parcel
    ) -> tuple["Future[bool]", bool]:
        """Whether it is delivered, some day, and whether the lane was quick so far.

        What this process has delivered, or is about to deliver, is not delivered again.
        """
        with self._lock:
            known = self._known.get(key)
            lane = self._lanes.setdefault(lane_key, _Lane(what=what))
            self._lanes.move_to_end(lane_key)
            if known is not None and not (known.done() and not known.result()):
                return known, not lane.slow
            self._known[key] = parcel.done
            lane.parcels.append(parcel)
            if len(lane.parcels) > MOST_WAITING:
                oldest = lane.parcels.popleft()
                oldest.note(_deed(oldest, "dropped", time.time(), 0.0))
                oldest.done.set_result(False)
            self._forget_old()
            if not lane.busy:
                lane.busy = self._start(lane)
            return parcel.done, not lane.slow

    def _start(self, lane: _Lane) -> bool:
        """True where a thread is on its way; a courier that is closed delivers nothing."""
        try:
            (self._slow if lane.slow else self._quick).submit(self._drain, lane, lane.slow)
        except RuntimeError:
            for parcel in lane.parcels:
                parcel.done.set_result(False)
            lane.parcels.clear()
            return False
        return True

    def _forget_old(self) -> None:
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        for key in list(self._lanes)[: max(len(self._lanes) - MOST_REMEMBERED, 0)]:
            if not self._lanes[key].busy:
                del self._lanes[key]

    def _drain(self, lane: _Lane, slow: bool) -> None:
        """Deliver until the lane is empty; one receiver that cannot be reached is asked once.

        A lane that turns out to be slow, or not to be any more, goes on in a thread of the others.
        """
        while True:
            with self._lock:
                if not lane.parcels or lane.slow is not slow:
                    lane.busy = bool(lane.parcels) and self._start(lane)
                    return
                parcel = lane.parcels.popleft()
                lane.under_way = 1
            at, began = time.time(), time.monotonic()
            result = _delivered(parcel)
            seconds = time.monotonic() - began
            unreachable = result.status_code is None
            with self._lock:
                lane.under_way = 0
                lane.slow = not result.succeeded or seconds > INSTANT_SECONDS
                dropped = list(lane.parcels) if unreachable else []
                if unreachable:
                    lane.parcels.clear()
            for ended in (parcel, *dropped):
                _tell(ended, result, at, seconds)


class Round:
    """What one sync hands over; see burgee.adapters.effects.Outgoing."""

    def __init__(self, courier: Courier, uid: str, note: Note) -> None:
        """Begin with nothing handed over."""
        self._courier = courier
        self._uid = uid
        self._note = note
        self._alerts: dict[tuple[str, str], Future[bool]] = {}
        self._worth: dict[Future[bool], float] = {}

    def tell(self, call: HookCall) -> None:
        """Hand over one call of an event webhook."""
        done, quick = self._courier.event(self._uid, call, self._note)
        if quick:
            self._worth[done] = INSTANT_SECONDS

    def send(self, alert: SendAlert) -> None:
        """Hand over one alert."""
        done, quick = self._courier.alert(self._uid, alert, self._note)
        self._alerts[alert.key, alert.receiver.id] = done
        self._worth[done] = ALERT_WAIT_SECONDS if quick else INSTANT_SECONDS

    def wait(self) -> None:
        """Until all is delivered, for as long as it is worth waiting."""
        began = time.monotonic()
        for seconds in sorted(set(self._worth.values())):
            asked = [done for done, worth in self._worth.items() if worth == seconds]
            wait(asked, timeout=max(began + seconds - time.monotonic(), 0.0))

    def outcomes(self) -> dict[tuple[str, str], bool]:
        """By (key, receiver), whether an alert was delivered; without those still under way."""
        self.wait()
        return {key: done.result() for key, done in self._alerts.items() if done.done()}


def _tell(parcel: _Parcel, result: HookResult, began: float, seconds: float) -> None:
    outcome = "delivered" if result.succeeded else "failed"
    parcel.note(_deed(parcel, outcome, began, seconds))
    say = log.info if result.succeeded else log.warning
    say("told", kind=parcel.kind, to=parcel.to, outcome=outcome, answer=result.message)
    parcel.done.set_result(result.succeeded)


def _deed(parcel: _Parcel, outcome: str, began: float, seconds: float) -> Deed:
    took = Took(began=began, seconds=seconds)
    return Deed(kind=Kind.DELIVERY, type=parcel.kind, name=parcel.to, outcome=outcome, took=took)


def _delivered(parcel: _Parcel) -> HookResult:
    try:
        return parcel.deliver()
    except Exception as error:
        return HookResult(succeeded=False, message=f"it failed ({type(error).__name__})")
