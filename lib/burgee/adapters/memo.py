"""Answers of Canaries at rest, so that a sync that shows nothing new costs next to nothing.

An answer is a function of the observed objects, and an object is what its resourceVersion says.
The memo only saves work: a process that has none, or another replica, computes the same bytes.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable

from burgee.api.manifest import Manifest, metadata, name_of

MEMO_SIZE = 512


def evidence(live: Manifest, observed: Iterable[Manifest]) -> Hashable:
    """What an answer rests on, as a key."""
    return (
        metadata(live).get("uid"),
        metadata(live).get("resourceVersion"),
        tuple((o["kind"], name_of(o), metadata(o).get("resourceVersion")) for o in observed),
    )


class Memo:
    """The answers that were given last, a bounded number of them; thread safe."""

    def __init__(self, size: int = MEMO_SIZE) -> None:
        """Remember at most `size` answers, one for a Canary."""
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[Hashable, bytes]] = OrderedDict()

    def recall(self, uid: str, key: Hashable) -> bytes | None:
        """The answer for this evidence, None without one."""
        with self._lock:
            found = self._answers.get(uid)
            if found is None or found[0] != key:
                return None
            self._answers.move_to_end(uid)
            return found[1]

    def keep(self, uid: str, key: Hashable, answer: bytes) -> None:
        """Remember an answer in place of the Canary's last one."""
        with self._lock:
            self._answers[uid] = (key, answer)
            self._answers.move_to_end(uid)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)

    def forget(self, uid: str) -> None:
        """Drop the answer of a Canary that goes."""
        with self._lock:
            self._answers.pop(uid, None)
