"""Waiting for changes of several kinds at once."""

import threading
from collections.abc import Iterable

from burgee.playground.storage.store import Resource, Store


class ChangeSignal:
    """Wakes its owner when an object of some kinds changes; several changes are one wake-up."""

    def __init__(self, store: Store, resources: Iterable[Resource]) -> None:
        self._changed = threading.Event()
        self._changed.set()  # the first look is due at once
        self._watch = store.watch_all(resources)
        self._thread = threading.Thread(target=self._follow, name="changes")
        self._thread.start()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether something changed since the last call, waiting for it up to the timeout."""
        changed = self._changed.wait(timeout_seconds)
        self._changed.clear()
        return changed

    @property
    def pending(self) -> bool:
        """Whether something changed since `wait` returned."""
        return self._changed.is_set()

    def wake(self) -> None:
        """Wake the owner as if something had changed."""
        self._changed.set()

    def close(self) -> None:
        """Stop watching."""
        self._watch.close()
        self._thread.join()

    def _follow(self) -> None:
        for _ in self._watch:
            self._changed.set()
