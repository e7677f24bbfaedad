"""What happened to a Canary, in the order in which it was written, and when it was seen."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from burgee.api.manifest import Manifest, annotations_of, metadata
from burgee.playground.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A phase, or words about it, that were not there before; `at` is `time.monotonic()`."""

    at: float
    phase: str
    words: str


class Timeline:
    """Follows all Canaries and Events of a store; the demo has one Canary."""

    def __init__(self, store: Store) -> None:
        # one watch for both kinds: two would not tell which of two changes came first
        self._watch = store.watch_all(
            (store.resource("flagger.app/v1beta1", "canaries"), store.resource("v1", "events"))
        )
        self._lock = threading.Lock()
        self._moments: list[Moment] = []
        self._statuses: list[tuple[float, Manifest]] = []
        self._canary: Manifest = {}
        self._told = ""
        self._thread = threading.Thread(target=self._follow, name="timeline")

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._watch.close()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def status(self) -> Manifest:
        """The Canary's status as it is now."""
        with self._lock:
            return self._canary.get("status") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        """The Canary's annotations as they are now."""
        with self._lock:
            return annotations_of(self._canary)

    @property
    def phase(self) -> str:
        """The Canary's phase as it is now."""
        return str(self.status.get("phase", ""))

    @property
    def last_words(self) -> str:
        """What was told last: the newest Event, else the condition's message."""
        with self._lock:
            return self._words()

    def moments(self, first: int = 0) -> list[Moment]:
        """All that happened, from a number on."""
        with self._lock:
            return self._moments[first:]

    def phases_since(self, at: float) -> list[str]:
        """The phases that were entered after a moment."""
        with self._lock:
            entered = [
                moment
                for before, moment in zip([None, *self._moments], self._moments, strict=False)
                if before is None or before.phase != moment.phase
            ]
        return [moment.phase for moment in entered if moment.at >= at]

    def statuses_since(self, at: float) -> list[Manifest]:
        """Every status that the Canary had after a moment, in order."""
        with self._lock:
            return [status for seen, status in self._statuses if seen >= at]

    def _follow(self) -> None:
        for kind, manifest in self._watch:
            if kind != "DELETED":
                with self._lock:
                    self._saw(manifest)

    def _saw(self, manifest: Manifest) -> None:
        if manifest.get("kind") == "Canary":
            self._canary = manifest
            status: Manifest = manifest.get("status") or {}
            if not self._statuses or self._statuses[-1][1] != status:
                self._statuses.append((time.monotonic(), status))
        else:
            about = manifest.get("involvedObject") or {}
            if about.get("uid") != metadata(self._canary).get("uid"):
                return
            self._told = str(manifest.get("message", ""))
        phase = str((self._canary.get("status") or {}).get("phase", ""))
        now = Moment(at=time.monotonic(), phase=phase, words=self._words())
        last = self._moments[-1] if self._moments else None
        if phase and (last is None or (last.phase, last.words) != (now.phase, now.words)):
            self._moments.append(now)

    def _words(self) -> str:
        if self._told:
            return self._told
        conditions = (self._canary.get("status") or {}).get("conditions") or []
        return str(conditions[0].get("message", "")) if conditions else ""
