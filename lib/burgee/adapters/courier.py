"""Takes alerts and events out of the cluster, beside the syncs that they come from.

There is a lane for each Canary and receiver, in which things go out one after the other, in the
order in which they happened. A sync waits for its own deliveries for a moment, so that what is said
of a step is said before the next one; where the lane was slow or dead the last time it waits for
an alert for an instant only, and for an event not at all.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from burgee.adapters import alerts, webhooks
from burgee.adapters.addresses import AddressPolicy
from burgee.adapters.bounded import DEFAULT_POLICY
from burgee.adapters.kube import KubeClient
from burgee.engine.effects import HookCall, HookResult, SendAlert

THREADS = 8
ALERT_WAIT_SECONDS = 1.0
INSTANT_SECONDS = 0.1
EVENT_SECONDS = 20.0
MOST_REMEMBERED = 4096
MOST_WAITING = 64

Deliver: TypeAlias = Callable[[], HookResult]
Count: TypeAlias = Callable[[str, str], None]
"""Counts one delivery: its kind, and whether it was `delivered` or `failed`."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parcel:
    """One thing to deliver; `done` tells whether it was."""

    kind: str
    to: str
    deliver: Deliver
    done: "Future[bool]"


@dataclass(kw_only=True, slots=True)
class _Lane:
    """What waits for one receiver of one Canary.

    Attributes:
        busy: a thread works on it.
        slow: the last delivery failed or took longer than a sync waits.
    """

    parcels: deque[_Parcel] = field(default_factory=deque[_Parcel])
    busy: bool = False
    slow: bool = False


class Courier:
    """The lanes of one process; every method may be called from any thread."""

    def __init__(
        self, kube: KubeClient, *, count: Count, policy: AddressPolicy = DEFAULT_POLICY
    ) -> None:
        """Start with no lane.

        Args:
            kube: for the Secrets of AlertProviders.
            count: told of every delivery.
            policy: which addresses may be reached.
        """
        self._policy = policy
        self._kube = kube
        self._count = count
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="burgee-courier")
        self._lock = threading.Lock()
        self._lanes: OrderedDict[Hashable, _Lane] = OrderedDict()
        self._known: OrderedDict[Hashable, Future[bool]] = OrderedDict()

    def round(self, uid: str) -> "Round":
        """The deliveries of one sync of one Canary."""
        return Round(self, uid)

    def alert(self, uid: str, alert: SendAlert) -> tuple["Future[bool]", bool]:
        """Put an alert in its lane; see `_put`."""

        def deliver() -> HookResult:
            return alerts.deliver(alert, self._kube, policy=self._policy)

        parcel = _parcel(alert.receiver.kind, alert.receiver.id, deliver)
        return self._put((uid, alert.receiver.id), (alert.key, alert.receiver.id), parcel)

    def event(self, uid: str, call: HookCall) -> tuple["Future[bool]", bool]:
        """Put the call of an event webhook in its lane; see `_put`."""

        def deliver() -> HookResult:
            return webhooks.call(call, deadline_seconds=EVENT_SECONDS, policy=self._policy)

        return self._put((uid, call.url), call.key, _parcel("event", call.name, deliver))

    def close(self) -> None:
        """Let go of the threads; what waits is not delivered any more."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _put(
        self, lane_key: Hashable, key: Hashable, parcel: _Parcel
    ) -> tuple["Future[bool]", bool]:
        """Whether it is delivered, some day, and whether the lane was quick so far.

        What this process has delivered, or is about to deliver, is not delivered again.
        """
        with self._lock:
            known = self._known.get(key)
            lane = self._lanes.setdefault(lane_key, _Lane())
            self._lanes.move_to_end(lane_key)
            if known is not None and not (known.done() and not known.result()):
                return known, not lane.slow
            self._known[key] = parcel.done
            lane.parcels.append(parcel)
            if len(lane.parcels) > MOST_WAITING:
                lane.parcels.popleft().done.set_result(False)
            self._forget_old()
            if not lane.busy:
                lane.busy = self._start(lane)
            return parcel.done, not lane.slow

    def _start(self, lane: _Lane) -> bool:
        """True where a thread is on its way; a courier that is closed delivers nothing."""
        try:
            self._executor.submit(self._drain, lane)
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

    def _drain(self, lane: _Lane) -> None:
        """Deliver until the lane is empty; one receiver that cannot be reached is asked once."""
        while True:
            with self._lock:
                if not lane.parcels:
                    lane.busy = False
                    return
                parcel = lane.parcels.popleft()
            began = time.monotonic()
            result = _delivered(parcel)
            unreachable = result.status_code is None
            with self._lock:
                lane.slow = not result.succeeded or time.monotonic() - began > INSTANT_SECONDS
                dropped = list(lane.parcels) if unreachable else []
                if unreachable:
                    lane.parcels.clear()
            self._tell(parcel, result)
            for later in dropped:
                self._tell(later, result)

    def _tell(self, parcel: _Parcel, result: HookResult) -> None:
        outcome = "delivered" if result.succeeded else "failed"
        self._count(parcel.kind, outcome)
        say = log.info if result.succeeded else log.warning
        say("told", kind=parcel.kind, to=parcel.to, outcome=outcome, answer=result.message)
        parcel.done.set_result(result.succeeded)


class Round:
    """What one sync hands over; see burgee.adapters.effects.Outgoing."""

    def __init__(self, courier: Courier, uid: str) -> None:
        """Begin with nothing handed over."""
        self._courier = courier
        self._uid = uid
        self._alerts: dict[tuple[str, str], Future[bool]] = {}
        self._worth: dict[Future[bool], float] = {}

    def tell(self, call: HookCall) -> None:
        """Hand over one call of an event webhook."""
        done, quick = self._courier.event(self._uid, call)
        if quick:
            self._worth[done] = INSTANT_SECONDS

    def send(self, alert: SendAlert) -> None:
        """Hand over one alert."""
        done, quick = self._courier.alert(self._uid, alert)
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


def _parcel(kind: str, to: str, deliver: Deliver) -> _Parcel:
    return _Parcel(kind=kind, to=to, deliver=deliver, done=Future())


def _delivered(parcel: _Parcel) -> HookResult:
    try:
        return parcel.deliver()
    except Exception as error:
        return HookResult(succeeded=False, message=f"it failed ({type(error).__name__})")
