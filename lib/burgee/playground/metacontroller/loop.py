"""One life of a controller: caches, queue, timers and workers, from start to close.

Nothing in here outlives a restart: timers, failure counts, remembered customize answers and the
record of what was applied are all gone with it, as in Metacontroller.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from burgee.api.manifest import (
    Manifest,
    annotations_of,
    controller_uid,
    labels_of,
    metadata,
    namespace_of,
)
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.object_selectors import InvalidSelector, matches
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.informer import InformerSet, Key, key_of, version_of
from burgee.playground.machinery.workqueue import WorkQueue
from burgee.playground.metacontroller.claims import UID_LABEL
from burgee.playground.metacontroller.composite import Composite
from burgee.playground.metacontroller.customize import Customizer, RelatedNotSynced
from burgee.playground.metacontroller.envelope import FatalAnswer, SyncFailed
from burgee.playground.metacontroller.events import EventRecorder
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.metacontroller.parentsync import ParentSync, SyncReport
from burgee.playground.metacontroller.webhook import HookClient, TooManyRequests
from burgee.playground.storage.store import Store

_SYNC_TIMEOUT_SECONDS = 30.0
_KEPT_ERRORS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """The kinds of one controller as they are served; children with their update methods."""

    parents: Resource
    children: Mapping[Resource, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    """The hooks of one controller, ready to be called."""

    sync: HookClient
    finalize: HookClient | None
    customize: HookClient | None

    def abort(self) -> None:
        """Let calls that run fail, and all that come."""
        for hook in self._all():
            hook.abort()

    def close(self) -> None:
        """Close their connections; to be called when no thread uses them any more."""
        for hook in self._all():
            hook.close()

    def _all(self) -> list[HookClient]:
        return [h for h in (self.sync, self.finalize, self.customize) if h is not None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one key: a report, or the error and when the next try is due."""

    key: Key
    report: SyncReport | None = None
    error: Exception | None = None
    retry_seconds: float | None = None


class Tally:
    """Counts over all lives of a controller.

    Counted: syncs, failed, throttled (429), unsynced, stale (a parent older than the status that
    was written last).
    """

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        self.crashed = ""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, name: str) -> None:
        """One more of `name`."""
        with self._lock:
            self._counts[name] += 1

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]


class Loop:
    """Informers, queue and workers.

    Args:
        store: the cluster.
        composite: the controller.
        kinds: its kinds.
        hooks: its hooks; closed with the loop.
        recorder: where failures are told.
        faults: what goes wrong on purpose.
        tally: where things are counted.
        workers: how many parents are synced at once; 0 leaves everything to `step`.
    """

    def __init__(
        self,
        store: Store,
        composite: Composite,
        *,
        kinds: Kinds,
        hooks: Hooks,
        recorder: EventRecorder,
        faults: Faults,
        tally: Tally,
        workers: int,
    ) -> None:
        self.queue = WorkQueue()
        self._composite = composite
        self._kinds = kinds
        self._hooks = hooks
        self._recorder = recorder
        self._faults = faults
        self._tally = tally
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._workers = workers
        self._written: dict[str, int] = {}
        self.informers = InformerSet(store, lag_seconds=self._lag_seconds, threaded=bool(workers))
        self.parents, _ = self.informers.get(kinds.parents)
        self.customizer = Customizer(
            store,
            composite,
            hooks.customize,
            self.informers,
            parents=self.parents.all,
            enqueue=self.enqueue,
        )
        self._sync = ParentSync(
            store,
            composite,
            parents=kinds.parents,
            children=kinds.children,
            informers=self.informers,
            customizer=self.customizer,
            sync_hook=hooks.sync,
            finalize_hook=hooks.finalize,
            arm=self._arm,
            faults=faults,
        )

    def start(self) -> None:
        """Fill the caches, then let the workers begin."""
        self.parents.add_handler(self._parent_changed)
        for resource in self._kinds.children:
            informer, _ = self.informers.get(resource)
            informer.add_handler(self._child_changed)
        if not self._workers:
            self.informers.pump()
            return
        self._spawn("starter", self._begin)

    def close(self) -> None:
        """Stop; calls of hooks that run fail, what they wrote stays."""
        self._stop.set()
        self.queue.close()
        self._hooks.abort()
        self.informers.close()
        for thread in self._threads:
            thread.join(_SYNC_TIMEOUT_SECONDS)
        self._hooks.close()

    def enqueue(self, parent: Manifest) -> None:
        """Sync a parent as soon as possible, if it is ours."""
        if self._sync.concerns(parent):
            self.queue.add(key_of(parent))

    def resync(self) -> None:
        """Sync all parents, as every `resyncPeriodSeconds`."""
        for parent in self.parents.all():
            self.enqueue(parent)

    def step(self) -> Outcome | None:
        """Sync the next parent that is due; None where none is. For use without workers."""
        key = self.queue.get(0)
        if key is None:
            return None
        try:
            return self._process(key)
        finally:
            self.queue.done(key)

    def _begin(self) -> None:
        while not self.informers.wait_synced(0.5):
            if self._stop.is_set():
                return
        for number in range(self._workers):
            self._spawn(f"worker-{number}", self._work)
        period = self._composite.resync_period_seconds
        while period is not None and not self._stop.wait(period):
            self.resync()

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(
            target=target, name=f"{self._composite.name}-{name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (key := self.queue.get()) is not None:
            try:
                self._process(key)
            except BaseException as error:
                # A panic in a worker ends Metacontroller; here it must not go unnoticed either.
                self._crash(repr(error))
                raise
            finally:
                self.queue.done(key)

    def _process(self, key: Key) -> Outcome:
        if not self._faults.hit("double_sync"):
            outcome = self._sync_key(key)
        else:
            twin = threading.Thread(target=self._sync_key, args=(key,), name="twin", daemon=True)
            twin.start()
            outcome = self._sync_key(key)
            twin.join()
        if self._faults.hit("early_sync"):
            self.queue.add(key)
        return outcome

    def _sync_key(self, key: Key) -> Outcome:
        parent = self.parents.get(*key)
        if parent is None:
            return Outcome(key=key, report=SyncReport())
        self._tally.count("syncs")
        try:
            report = self._run(parent)
        except TooManyRequests as error:
            self._tally.count("throttled")
            self.queue.add_after(key, error.after_seconds)
            return Outcome(key=key, error=error, retry_seconds=error.after_seconds)
        except RelatedNotSynced as error:
            self._tally.count("unsynced")
            delay = self.queue.add_rate_limited(key)
            return Outcome(key=key, error=error, retry_seconds=delay)
        except FatalAnswer as error:
            self._crash(str(error))
            return Outcome(key=key, error=error)
        except (SyncFailed, ApiError, InvalidSelector) as error:
            return self._failed(key, parent, error)
        self.queue.forget(key)
        return Outcome(key=key, report=report)

    def _run(self, parent: Manifest) -> SyncReport:
        uid = str(metadata(parent)["uid"])
        if version_of(parent) < self._written.get(uid, 0):
            self._tally.count("stale")
        report = self._sync.run(parent)
        if report.status_version is not None:
            self._written[uid] = int(report.status_version)
        return report

    def _failed(self, key: Key, parent: Manifest, error: Exception) -> Outcome:
        if self._stop.is_set():
            # The calls that a closing loop breaks are nobody's failure.
            return Outcome(key=key, error=error)
        self._tally.count("failed")
        self._tally.errors.append(f"{key[0]}/{key[1]}: {error}")
        self._recorder.warn(parent, "SyncError", f"Sync error: {error}")
        delay = self.queue.add_rate_limited(key)
        return Outcome(key=key, error=error, retry_seconds=delay)

    def _crash(self, why: str) -> None:
        """The process exits: nothing is synced any more until it is restarted."""
        self._tally.crashed = why
        self._stop.set()
        self.queue.close()

    def _arm(self, parent: Manifest, seconds: float) -> None:
        if not self._faults.hit("lost_timer"):
            self.queue.add_after(key_of(parent), seconds)

    def _lag_seconds(self, plural: str) -> float:
        is_parent = plural == self._composite.parent_plural
        return self._faults.lag_seconds("stale_parent" if is_parent else "late_event")

    def _parent_changed(self, old: Manifest | None, new: Manifest | None) -> None:
        if old is not None and new is not None and self._composite.ignore_status_changes:
            same = all(read(old) == read(new) for read in (_generation, labels_of, annotations_of))
            if same and "deletionTimestamp" not in metadata(new):
                return
        changed = new or old
        if changed is not None:
            self.enqueue(changed)

    def _child_changed(self, old: Manifest | None, new: Manifest | None) -> None:
        if old is not None and (new is None or controller_uid(old) != controller_uid(new)):
            self._enqueue_owner(old)
        if new is None:
            return
        if controller_uid(new):
            self._enqueue_owner(new)
        elif "deletionTimestamp" not in metadata(new):
            self._enqueue_adopters(new)

    def _enqueue_owner(self, child: Manifest) -> None:
        uid = controller_uid(child)
        owners: list[Manifest] = metadata(child).get("ownerReferences") or []
        name = next((str(o.get("name", "")) for o in owners if o.get("controller")), "")
        namespace = namespace_of(child) if self._kinds.parents.namespaced else ""
        parent = self.parents.get(namespace, name)
        if parent is not None and metadata(parent).get("uid") == uid:
            self.enqueue(parent)

    def _enqueue_adopters(self, orphan: Manifest) -> None:
        if self._composite.generate_selector and UID_LABEL not in labels_of(orphan):
            return
        for parent in self.parents.all():
            if namespace_of(parent) not in {"", namespace_of(orphan)}:
                continue
            selector = self._adopting(parent)
            if selector and matches(selector, labels_of(orphan)):
                self.enqueue(parent)

    def _adopting(self, parent: Manifest) -> Manifest:
        if self._composite.generate_selector:
            return {"matchLabels": {UID_LABEL: metadata(parent).get("uid")}}
        found: Manifest = (parent.get("spec") or {}).get("selector") or {}
        return found


def _generation(manifest: Manifest) -> int:
    return int(metadata(manifest).get("generation", 0))
