"""Answers of Canaries at rest, so that a sync that shows nothing new costs next to nothing.

An answer is a function of the request and of the live Canary. Metacontroller sends the same bytes
as long as nothing changes, and an object is what its resourceVersion says: so a request that is
the same byte by byte, about a Canary that is still at the same version, needs not even be
decoded. The memo only saves work: a process that has none, or another replica, computes the same
bytes.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from burgee.api.manifest import Manifest, metadata

MEMO_BYTES = 24 * 1024 * 1024
_HEAD = ("name", "namespace", "uid", "generation", "deletionTimestamp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """An answer and what it rests on.

    Attributes:
        fingerprint: of the request.
        parent: the request's Canary, as much as is needed to find and compare the live one.
        version: the live Canary's resourceVersion.
        phase: that was answered.
    """

    fingerprint: bytes
    parent: Manifest
    version: str
    phase: str = ""
    answer: bytes


def fingerprint_of(raw: bytes) -> bytes:
    """What tells a request from any other."""
    return hashlib.sha256(raw).digest()


def head_of(parent: Manifest) -> Manifest:
    """The few fields by which a Canary is found and compared."""
    found = metadata(parent)
    return {"metadata": {key: found[key] for key in _HEAD if key in found}}


class Memo:
    """The answers that were given last, as many as fit; thread safe."""

    def __init__(self, most_bytes: int = MEMO_BYTES) -> None:
        """Remember answers of at most so many bytes together, one for a Canary."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._by_uid: OrderedDict[str, Remembered] = OrderedDict()
        self._uids: dict[bytes, str] = {}

    def recall(self, fingerprint: bytes) -> Remembered | None:
        """What was answered to this request; whether it still holds, the live Canary tells."""
        with self._lock:
            uid = self._uids.get(fingerprint)
            if uid is None:
                return None
            self._by_uid.move_to_end(uid)
            return self._by_uid[uid]

    def keep(self, remembered: Remembered) -> None:
        """Remember an answer in place of the Canary's last one."""
        uid = str(metadata(remembered.parent)["uid"])
        with self._lock:
            self._drop(uid)
            self._by_uid[uid] = remembered
            self._uids[remembered.fingerprint] = uid
            self._bytes += len(remembered.answer)
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._by_uid)))

    def forget(self, uid: str) -> None:
        """Drop the answer of a Canary that goes."""
        with self._lock:
            self._drop(uid)

    def _drop(self, uid: str) -> None:
        dropped = self._by_uid.pop(uid, None)
        if dropped is not None:
            del self._uids[dropped.fingerprint]
            self._bytes -= len(dropped.answer)
