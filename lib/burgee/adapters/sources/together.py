"""The same question, asked by many at the same time, is sent once."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate

from burgee.metrics.model import Measurement, SourceError


class Together:
    """Questions that are under way; for use by many threads at once."""

    def __init__(self) -> None:
        """Start with none."""
        self._under_way: dict[Hashable, Future[Measurement]] = {}
        self._lock = threading.Lock()

    def ask(
        self, question: Hashable, send: Callable[[float], Measurement], *, seconds: float
    ) -> Measurement:
        """Send it, or take the answer to the one that was sent already.

        What failed is not shared: whoever sent it may have had less time.

        Args:
            question: what makes two of them the same.
            send: asks within the seconds given; it does not raise.
            seconds: for the answer.
        """
        mine: Future[Measurement] = Future()
        with self._lock:
            theirs = self._under_way.setdefault(question, mine)
        if theirs is not mine:
            began = time.monotonic()
            try:
                found = theirs.result(timeout=seconds)
            except TooLate:
                return SourceError(message="the metrics server gave no answer in time")
            if not isinstance(found, SourceError):
                return found
            return send(seconds - (time.monotonic() - began))
        answer: Measurement = SourceError(message="it could not be asked")
        try:
            answer = send(seconds)
        finally:
            with self._lock:
                del self._under_way[question]
            mine.set_result(answer)
        return answer
