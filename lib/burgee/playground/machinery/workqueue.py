"""The queue of parents: each key at most once, with delays and back-off.

It keeps the three promises of client-go's queue on which Metacontroller's behaviour rests:

* a key that is being worked on is not handed out again until `done`, and is handed out once more
  if it was added meanwhile;
* a delayed add keeps the *earlier* of the pending and the new time of a key, and an immediate add
  does not cancel a pending timer;
* failures back off per key (5 ms doubling up to 1000 s) and all together (10 a second after a
  burst of 100), and both share the timers of the delayed adds.
"""

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

BASE_DELAY_SECONDS = 0.005
MAX_DELAY_SECONDS = 1000.0
BUCKET_PER_SECOND = 10.0
BUCKET_BURST = 100


def backoff_seconds(failures: int) -> float:
    """The delay after `failures` earlier failures of the same key."""
    # 2 ** 18 * 5 ms is above the cap already; a bigger exponent would only overflow.
    return min(BASE_DELAY_SECONDS * 2.0 ** min(failures, 18), MAX_DELAY_SECONDS)


class WorkQueue:
    """Deduplicated keys for several workers.

    Args:
        clock: monotonic seconds; only tests give another one.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._ready: deque[tuple[str, str]] = deque()
        self._dirty: set[tuple[str, str]] = set()
        self._working: set[tuple[str, str]] = set()
        self._timers: list[tuple[float, tuple[str, str]]] = []
        self._due: dict[tuple[str, str], float] = {}
        self._failures: Counter[tuple[str, str]] = Counter()
        self._tokens = float(BUCKET_BURST)
        self._tokens_at = clock()
        self._closed = False

    def add(self, key: tuple[str, str]) -> None:
        """Hand `key` out as soon as possible; back-off does not hold it up."""
        with self._condition:
            self._add(key)

    def add_after(self, key: tuple[str, str], seconds: float) -> None:
        """Hand `key` out in `seconds`, or earlier where an earlier timer is pending."""
        if seconds <= 0:
            self.add(key)
            return
        with self._condition:
            due = self._clock() + seconds
            if self._closed or self._due.get(key, due + 1) <= due:
                return
            self._due[key] = due
            heapq.heappush(self._timers, (due, key))
            self._condition.notify()

    def add_rate_limited(self, key: tuple[str, str]) -> float:
        """Count a failure of `key` and hand it out after its back-off.

        Returns:
            The delay in seconds.
        """
        with self._condition:
            delay = max(backoff_seconds(self._failures[key]), self._reserve())
            self._failures[key] += 1
        self.add_after(key, delay)
        return delay

    def forget(self, key: tuple[str, str]) -> None:
        """A success: the next failure of `key` starts at the shortest delay again."""
        with self._condition:
            del self._failures[key]

    def failures(self, key: tuple[str, str]) -> int:
        """How often `key` failed since its last success."""
        with self._condition:
            return self._failures[key]

    def get(self, timeout_seconds: float | None = None) -> tuple[str, str] | None:
        """The next key, which the caller must give back with `done`.

        Args:
            timeout_seconds: how long to wait; None waits until the queue is closed.

        Returns:
            A key, or None when the time is over or the queue is closed.
        """
        end = None if timeout_seconds is None else self._clock() + timeout_seconds
        with self._condition:
            while not self._closed:
                self._fire_timers()
                if self._ready:
                    key = self._ready.popleft()
                    self._dirty.discard(key)
                    self._working.add(key)
                    return key
                wait = self._seconds_until_next(end)
                if wait is not None and wait <= 0:
                    return None
                self._condition.wait(wait)
            return None

    def done(self, key: tuple[str, str]) -> None:
        """The work on `key` is over; hand it out again if it was added meanwhile."""
        with self._condition:
            self._working.discard(key)
            if key in self._dirty:
                self._ready.append(key)
                self._condition.notify()

    def drop_timers(self) -> int:
        """Forget all delayed adds and failures, as a restart does.

        Returns:
            How many timers were pending.
        """
        with self._condition:
            dropped = len(self._due)
            self._timers.clear()
            self._due.clear()
            self._failures.clear()
            return dropped

    def pending_seconds(self, key: tuple[str, str]) -> float | None:
        """The seconds until the pending timer of `key`, None where there is none."""
        with self._condition:
            due = self._due.get(key)
            return None if due is None else due - self._clock()

    def close(self) -> None:
        """Let every waiting worker go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _add(self, key: tuple[str, str]) -> None:
        if self._closed or key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._working:
            self._ready.append(key)
            self._condition.notify()

    def _fire_timers(self) -> None:
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            due, key = heapq.heappop(self._timers)
            # An entry that an earlier timer replaced is left in the heap and is void.
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)

    def _seconds_until_next(self, end: float | None) -> float | None:
        """Until the next timer or `end`; zero or less means that the caller's time is over."""
        now = self._clock()
        if end is not None and end <= now:
            return 0.0
        times = [time_ for time_ in (end, self._timers[0][0] if self._timers else None) if time_]
        return max(min(times) - now, 0.0001) if times else None

    def _reserve(self) -> float:
        now = self._clock()
        refilled = self._tokens + (now - self._tokens_at) * BUCKET_PER_SECOND
        self._tokens = min(float(BUCKET_BURST), refilled) - 1
        self._tokens_at = now
        return max(0.0, -self._tokens / BUCKET_PER_SECOND)
