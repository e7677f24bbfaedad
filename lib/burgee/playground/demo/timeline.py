"""What happened to a Canary, in order, with the time at which it was seen."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from burgee.api.manifest import Manifest, metadata
from burgee.playground.storage.store import Store, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A phase as a watch of the Canary showed it first; `at` is `time.monotonic()`."""

    at: float
    phase: str


Saw: TypeAlias = Callable[[Manifest], None]


class Timeline:
    """Follows all Canaries and Events of a store; the demo has one Canary."""

    def __init__(self, store: Store) -> None:
        canaries = store.resource("flagger.app/v1beta1", "canaries")
        self._watches = (
            (store.watch(canaries), self._saw_canary),
            (store.watch(store.resource("v1", "events")), self._saw_event),
        )
        self._lock = threading.Lock()
        self._moments: list[Moment] = []
        self._canary: Manifest = {}
        self._told = ""
        self._threads = [
            threading.Thread(target=self._follow, args=pair, name="timeline")
            for pair in self._watches
        ]

    def start(self) -> None:
        """Begin to follow."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop."""
        for watch, _ in self._watches:
            watch.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    @property
    def status(self) -> Manifest:
        """The Canary's status as it is now."""
        with self._lock:
            return self._canary.get("status") or {}

    @property
    def phase(self) -> str:
        """The Canary's phase as it is now."""
        return str(self.status.get("phase", ""))

    @property
    def last_words(self) -> str:
        """What was told last: the newest Event, else the condition's message."""
        with self._lock:
            if self._told:
                return self._told
        conditions = self.status.get("conditions") or []
        return str(conditions[0].get("message", "")) if conditions else ""

    def phases_since(self, at: float) -> list[str]:
        """The phases that were entered after a moment."""
        with self._lock:
            return [moment.phase for moment in self._moments if moment.at >= at]

    def _follow(self, watch: Watch, saw: Saw) -> None:
        for kind, manifest in watch:
            if kind != "DELETED":
                with self._lock:
                    saw(manifest)

    def _saw_canary(self, canary: Manifest) -> None:
        self._canary = canary
        phase = str((canary.get("status") or {}).get("phase", ""))
        if phase and (not self._moments or self._moments[-1].phase != phase):
            self._moments.append(Moment(at=time.monotonic(), phase=phase))

    def _saw_event(self, event: Manifest) -> None:
        about = event.get("involvedObject") or {}
        same = about.get("uid") == metadata(self._canary).get("uid")
        if about.get("kind") == "Canary" and same:
            self._told = str(event.get("message", ""))
