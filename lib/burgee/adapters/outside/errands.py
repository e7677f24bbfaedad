"""Webhooks that take longer than a sync: they go on beside the syncs, which ask how they are.

A sync that makes such a call waits a moment for it. Where it has not ended by then the release is
held, and the next sync finds it under way, or finds what came of it; a call that has ended is not
made again for the same step. That is known to this
process alone: another replica makes the call again, with the same Idempotency-Key, by which a
receiver can tell that it is the same (burgee's load tester joins the two).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TypeAlias

from burgee.engine.effects import HookCall, HookResult

MOST = 64
"""At the same time; who comes later is held as if its call were under way."""

MOST_OF_ONE = 4
"""Of them for one Canary, which asks for one at a time: who is edited while its calls hang, over
and over, holds nobody else's."""

MOMENT_SECONDS = 2.0
_LONGEST_SECONDS = 3600.0
_LONGEST_WAIT_SECONDS = 30.0
_MOST_REMEMBERED = 1024

Call: TypeAlias = Callable[[HookCall, float], HookResult]
"""Makes one call within the seconds given, its repeats among them; it does not raise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Errand:
    """A call under way, or what came of it; `canary` is its namespace and name."""

    canary: tuple[object, object]
    began: float = field(default_factory=time.monotonic)
    result: "Future[HookResult]" = field(default_factory=Future)


class Errands:
    """The long calls of one process; for use by many threads at once."""

    def __init__(self, call: Call) -> None:
        """Begin with none."""
        self._call = call
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Errand] = OrderedDict()

    def run(self, hook: HookCall, seconds: float) -> HookResult:
        """What came of a call, or that it goes on.

        Args:
            hook: the same call has the same key.
            seconds: that the sync has left; no more than a moment of it is used.
        """
        errand = self._started(hook)
        if errand is None:
            return HookResult(succeeded=False, pending=True, message="waits for its turn")
        wait([errand.result], timeout=min(MOMENT_SECONDS, seconds))
        if not errand.result.done():
            so_far = time.monotonic() - errand.began
            return HookResult(
                succeeded=False, pending=True, message=f"no answer yet after {so_far:.0f} s"
            )
        return errand.result.result()

    def _started(self, hook: HookCall) -> _Errand | None:
        with self._lock:
            known = self._known.get(hook.key)
            if known is not None:
                return known
            canary = hook.payload.get("namespace"), hook.payload.get("name")
            under_way = [one.canary for one in self._known.values() if not one.result.done()]
            if len(under_way) >= MOST or under_way.count(canary) >= MOST_OF_ONE:
                return None
            errand = self._known[hook.key] = _Errand(canary=canary)
            self._forget_old()
        # A process that ends does not wait for it.
        threading.Thread(
            target=self._make, args=(hook, errand), name="burgee-errand", daemon=True
        ).start()
        return errand

    def _make(self, hook: HookCall, errand: _Errand) -> None:
        try:
            errand.result.set_result(self._call(hook, whole_seconds(hook)))
        except Exception as error:
            errand.result.set_result(
                HookResult(
                    succeeded=False, message=f"it could not be called ({type(error).__name__})"
                )
            )

    def _forget_old(self) -> None:
        """The oldest that have ended; their steps were taken long ago."""
        for key in list(self._known)[: max(len(self._known) - _MOST_REMEMBERED, 0)]:
            if self._known[key].result.done():
                del self._known[key]


def whole_seconds(hook: HookCall) -> float:
    """For all attempts of a call and the waits between them."""
    waits = sum(min(2.0**n, _LONGEST_WAIT_SECONDS) for n in range(min(hook.retries, 100)))
    return min(hook.timeout_seconds * (hook.retries + 1) + waits, _LONGEST_SECONDS)
