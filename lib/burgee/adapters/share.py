"""A part of a pool of threads: nobody gets more than its share, however much it has to do."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Share(Executor):
    """Runs at most so many tasks at a time in the threads of a pool.

    One sync has one of these, so that a Canary whose metric sources hang holds up its own checks
    and no other Canary's.
    """

    def __init__(self, pool: Executor, most: int) -> None:
        """Take no thread yet."""
        self._pool = pool
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._workers = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it as soon as one of the share's threads is free.

        Raises:
            RuntimeError: the pool is closed.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        with self._lock:
            self._waiting.append(run)
            if self._workers == self._most:
                return future
            self._workers += 1
        try:
            self._pool.submit(self._work)
        except RuntimeError:
            with self._lock:
                self._workers -= 1
            raise
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing: the threads are the pool's."""
        del wait, cancel_futures

    def _work(self) -> None:
        """One thread of the pool, until nothing is left to do."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                run: Any = self._waiting.popleft()
            run()
