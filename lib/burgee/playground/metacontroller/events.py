"""Kubernetes Events of the controller: one per object and message, counted."""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime

from burgee.api.manifest import Manifest, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.storage.store import Store

SOURCE = "metacontroller"
_BURST = 25
_REFILL_SECONDS = 300.0


class EventRecorder:
    """Writes Events, at most 25 at once and one every 5 minutes after that for each object.

    Args:
        store: where they are written.
        now: aware UTC time.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._resource = store.resource("v1", "events")
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, datetime]] = {}

    def warn(self, manifest: Manifest, reason: str, message: str) -> None:
        """Tell of a failure; failing to tell is not one."""
        meta = metadata(manifest)
        if not self._allowed(str(meta.get("uid", ""))):
            return
        try:
            self._write(manifest, reason, message)
        except ApiError:
            # The namespace is going away, or another thread wrote the same event: it is told.
            return

    def _write(self, manifest: Manifest, reason: str, message: str) -> None:
        meta = metadata(manifest)
        namespace = str(meta.get("namespace") or "default")
        digest = hashlib.blake2b(f"{meta['uid']}{reason}{message}".encode(), digest_size=8)
        name = f"{meta['name']}.{digest.hexdigest()}"
        when = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            known = self._store.get(self._resource, namespace, name)
        except ApiError:
            self._store.create(
                self._resource, _event(manifest, namespace, name, reason, message, when)
            )
            return
        counted = {**known, "count": int(known.get("count", 1)) + 1, "lastTimestamp": when}
        self._store.update(self._resource, counted)

    def _allowed(self, uid: str) -> bool:
        now = self._now()
        with self._lock:
            tokens, since = self._tokens.get(uid, (float(_BURST), now))
            tokens = min(_BURST, tokens + (now - since).total_seconds() / _REFILL_SECONDS)
            self._tokens[uid] = (tokens - 1 if tokens >= 1 else tokens, now)
            return tokens >= 1


def _event(
    manifest: Manifest, namespace: str, name: str, reason: str, message: str, when: str
) -> Manifest:
    meta = metadata(manifest)
    involved = {
        "apiVersion": manifest.get("apiVersion"),
        "kind": manifest.get("kind"),
        "name": meta.get("name"),
        "namespace": meta.get("namespace"),
        "uid": meta.get("uid"),
        "resourceVersion": meta.get("resourceVersion"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "reason": reason,
        # The API server refuses longer messages.
        "message": message[:1024],
        "type": "Warning",
        "source": {"component": SOURCE},
        "reportingComponent": SOURCE,
        "reportingInstance": "",
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
    }
