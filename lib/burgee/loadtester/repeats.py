"""A call that is made again: it waits for what it began the first time, or hears what came of it.

Whoever calls may have gone meanwhile, or may be another replica of the same hook server. A caller
says by the header Idempotency-Key which calls are the same; one that says nothing means another
one each time, as Flagger does.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from burgee.loadtester.payload import Refused
from burgee.loadtester.running import Ended

_MOST_REMEMBERED = 64


class Repeats:
    """What was called and by which key; for use by many threads at once."""

    def __init__(self, most_waiting: int) -> None:
        """Remember nothing yet; at most so many repeats wait at a time."""
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Future[Ended]] = OrderedDict()
        self._waiting = 0

    def once(self, key: Hashable, run: Callable[[], Ended]) -> Ended:
        """Run it, or wait for the run of the same key, or give what that ended as.

        Raises:
            Refused: it was not started, or too many repeats wait.
        """
        mine: Future[Ended] = Future()
        with self._lock:
            theirs = self._known.setdefault(key, mine)
            if theirs is mine:
                self._forget_old()
            elif self._waiting >= self._most_waiting:
                raise Refused(429, "too many callers wait (BURGEE_LOADTESTER_MAX_TASKS)")
            else:
                self._waiting += 1
        if theirs is not mine:
            return self._joined(theirs)
        try:
            ended = run()
        except BaseException as error:
            with self._lock:
                del self._known[key]
            mine.set_exception(error)
            raise
        mine.set_result(ended)
        return ended

    def _joined(self, theirs: "Future[Ended]") -> Ended:
        try:
            return theirs.result()
        finally:
            with self._lock:
                self._waiting -= 1

    def _forget_old(self) -> None:
        for key in list(self._known)[: max(len(self._known) - _MOST_REMEMBERED, 0)]:
            if self._known[key].done():
                del self._known[key]
