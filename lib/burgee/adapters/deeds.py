"""What was done for a sync, piece by piece, and how it ended, for those who count and time it.

A deed says what was done, how it ended and how long it took. It holds names and burgee's own
words, never a query, an address, a body or what a Secret holds.
"""

import time
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class Kind(StrEnum):
    """What was done."""

    CHECK = "check"
    PROBE = "probe"
    WEBHOOK = "webhook"
    EFFECT = "effect"
    DELIVERY = "delivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """When it began, in seconds since 1970, and how long it took."""

    began: float
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One piece of work.

    Attributes:
        type: of the metric source, webhook, effect or receiver; empty for a check that could not
            be asked.
        name: of the metric, webhook, object or receiver.
        outcome: a verdict, `online`, `offline`, `succeeded`, `done`, `left`, `delivered`,
            `failed` or `dropped`.
    """

    kind: Kind
    type: str
    name: str
    outcome: str
    took: Took


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a call ended.

    Attributes:
        outcome: a word, as in the metrics.
        well: False where something went wrong.
        code: of the HTTP answer.
        canary: namespace and name, None where the call was not understood.
        phase: of the Canary as answered, empty where it is not known.
    """

    outcome: str
    well: bool
    code: int
    canary: tuple[str, str] | None = None
    phase: str = ""


Note: TypeAlias = Callable[[Deed], None]
"""Takes note of a deed; from any thread, and it never raises."""


def ignore(_deed: Deed) -> None:
    """For who counts nothing."""


class Stopwatch:
    """Times pieces of work that run side by side, each by its key."""

    def __init__(self) -> None:
        """Start."""
        self._began = time.time(), time.monotonic()
        self._laps: dict[Hashable, Took] = {}

    def lap(self, key: Hashable, work: Callable[[], T]) -> T:
        """Do the work and remember how long it took."""
        began = time.time(), time.monotonic()
        try:
            return work()
        finally:
            self._laps[key] = _took(began)

    def took(self, key: Hashable) -> Took:
        """How long it took; all the time so far for what has not ended."""
        return self._laps.get(key) or _took(self._began)


@dataclass(slots=True)
class Doing:
    """A deed under way; `outcome` is for who does it."""

    outcome: str = "done"


@contextmanager
def doing(note: Note, kind: Kind, what: str, name: str) -> Generator[Doing]:
    """Note the deed when it is done; it has failed where it raises.

    Args:
        note: is told.
        kind: of the deed.
        what: its type.
        name: of what it is done to.
    """
    began = time.time(), time.monotonic()
    deed = Doing()
    try:
        yield deed
    except BaseException:
        deed.outcome = "failed"
        raise
    finally:
        note(Deed(kind=kind, type=what, name=name, outcome=deed.outcome, took=_took(began)))


def _took(began: tuple[float, float]) -> Took:
    wall, monotonic = began
    return Took(began=wall, seconds=time.monotonic() - monotonic)
