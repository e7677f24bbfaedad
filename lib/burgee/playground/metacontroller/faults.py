"""What can go wrong between Metacontroller and the hooks, turned up on purpose and seeded.

Each rate is the chance, 0 to 1, that one occasion goes wrong. The decisions come from a hash of
the seed, the name of the fault and a count, so that the n-th occasion of a fault is decided the
same in every run with one seed, whatever the threads do meanwhile.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRates:
    """How often each fault happens, and how long the slow ones take."""

    stale_parent: float = 0.0
    """A watch event of a parent arrives late: syncs meanwhile see the old parent."""
    stale_parent_seconds: float = 0.5
    late_event: float = 0.0
    """A watch event of a child or of a related object arrives late."""
    late_event_seconds: float = 0.2
    child_failure: float = 0.0
    """Applying one child fails; the others and the status are written."""
    child_conflict: float = 0.0
    """Applying one child meets a conflict, which is swallowed: nobody is told."""
    status_failure: float = 0.0
    """Children are applied, writing the status fails."""
    status_conflict: float = 0.0
    """Children are applied, every try to write the status conflicts: nobody is told."""
    double_sync: float = 0.0
    """The same parent is synced twice at the same time and both answers are written."""
    hook_timeout: float = 0.0
    """The caller gives up while the handler still runs, and calls again 5 ms later."""
    hook_timeout_seconds: float = 0.005
    lost_request: float = 0.0
    """The connection breaks before the request reaches the hook."""
    lost_answer: float = 0.0
    """The hook has done its work, its answer is lost."""
    early_sync: float = 0.0
    """A sync that nothing asked for follows at once."""
    lost_timer: float = 0.0
    """A timer of resyncAfterSeconds is forgotten, as by a restart."""


CALM = FaultRates()
AS_MEASURED = FaultRates(stale_parent=0.35, stale_parent_seconds=0.03)
"""A healthy Metacontroller: 16 to 33 of 78 to 94 measured syncs saw a stale parent."""
HOSTILE = FaultRates(
    stale_parent=0.35,
    stale_parent_seconds=0.4,
    late_event=0.2,
    late_event_seconds=0.2,
    child_failure=0.05,
    child_conflict=0.05,
    status_failure=0.05,
    status_conflict=0.05,
    double_sync=0.1,
    hook_timeout=0.05,
    lost_request=0.03,
    lost_answer=0.05,
    early_sync=0.2,
    lost_timer=0.1,
)


class Dice:
    """Numbers that depend on a seed, a name and how often that name was asked for."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._thrown: Counter[str] = Counter()

    def throw(self, name: str) -> float:
        """A number in [0, 1)."""
        with self._lock:
            self._thrown[name] += 1
            count = self._thrown[name]
        digest = hashlib.blake2b(f"{self._seed}/{name}/{count}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def shuffled(self, name: str, items: Iterable[T]) -> list[T]:
        """The items in another order."""
        return [item for _, item in sorted(((self.throw(name), i) for i in items), key=_first)]


def _first(pair: tuple[float, object]) -> float:
    return pair[0]


class Faults:
    """Decides when a fault happens and counts what happened.

    Args:
        rates: how often; `HOSTILE` is a preset.
        seed: makes the decisions repeatable.
    """

    def __init__(self, rates: FaultRates = CALM, *, seed: int = 0) -> None:
        self.rates = rates
        self.dice = Dice(seed)
        self.happened: Counter[str] = Counter()
        self._lock = threading.Lock()

    def hit(self, name: str) -> bool:
        """Whether the fault `name`, a rate of `FaultRates`, happens on this occasion."""
        rate = float(getattr(self.rates, name))
        if rate <= 0 or self.dice.throw(name) >= rate:
            return False
        with self._lock:
            self.happened[name] += 1
        return True

    def lag_seconds(self, name: str) -> float:
        """How late an event arrives: zero, or up to the limit of the fault `name`."""
        if not self.hit(name):
            return 0.0
        return float(getattr(self.rates, f"{name}_seconds")) * self.dice.throw(f"{name}/length")
