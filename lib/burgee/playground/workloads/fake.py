"""Workloads without processes: Deployments, DaemonSets and StatefulSets that become ready.

It plays kube-controller-manager and kubelet for tests: it writes the status that they would, at
once or after a delay, and lets those fail that ask for it (see `rollout.never_ready`). A
ResourceQuota on pods keeps more of them from being made.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Self

from burgee.api.manifest import Manifest, annotations_of, labels_of, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.machinery.atomic import with_metadata
from burgee.playground.machinery.informer import Informer, key_of
from burgee.playground.machinery.workqueue import WorkQueue
from burgee.playground.storage.store import Store
from burgee.playground.workloads.rollout import (
    Counts,
    Pods,
    advance,
    count,
    limits_of,
    next_change,
    wanted_replicas,
)
from burgee.playground.workloads.workload_status import (
    daemon_set_status,
    deadline_of,
    deployment_status,
    stateful_set_status,
)

MANAGER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"
_RETRY_SECONDS = 0.02
_QUOTA_SECONDS = 0.1
KINDS = ("deployments", "daemonsets", "statefulsets")


class FakeWorkloads:
    """A controller of workloads.

    Args:
        store: the cluster.
        ready_delay_seconds: from a new pod to its being ready.
        node_labels: the labels of the one node, for DaemonSets.
        now: aware UTC time.
    """

    def __init__(
        self,
        store: Store,
        *,
        ready_delay_seconds: float = 0.0,
        node_labels: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._ready_delay = timedelta(seconds=ready_delay_seconds)
        self._node_labels = dict(node_labels or {})
        self._now = now
        self._queue = WorkQueue()
        self._pods: dict[str, Pods] = {}
        self._totals: dict[tuple[str, str], int] = {}
        self._falling_ill: dict[str, int] = {}
        self._informers = {
            plural: Informer(store, store.resource("apps/v1", plural)) for plural in KINDS
        }
        self._thread = threading.Thread(target=self._work, name="fake-workloads", daemon=True)

    def start(self) -> Self:
        """Begin to look after workloads."""
        for plural, informer in self._informers.items():
            informer.add_handler(self._handler(plural))
            informer.start()
        self._thread.start()
        return self

    def sicken(self, namespace: str, labels: Mapping[str, str], pods: int = 1) -> None:
        """So many of the pods with these labels stop being ready.

        They are replaced by sound ones when their template changes or they are scaled away.
        """
        for plural, informer in self._informers.items():
            for workload in informer.all():
                found = labels_of(workload["spec"].get("template") or {})
                if key_of(workload)[0] == namespace and labels.items() <= found.items():
                    self._falling_ill[metadata(workload)["uid"]] = pods
                    self._queue.add((plural, "/".join(key_of(workload))))

    def close(self) -> None:
        """Stop; the workloads keep the status that they have."""
        self._queue.close()
        for informer in self._informers.values():
            informer.request_stop()
        for informer in self._informers.values():
            informer.close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handler(self, plural: str) -> Callable[[Manifest | None, Manifest | None], None]:
        def changed(old: Manifest | None, new: Manifest | None) -> None:
            if new is None and old is not None:
                self._pods.pop(str(metadata(old)["uid"]), None)
                self._totals.pop((plural, "/".join(key_of(old))), None)
            if new is not None:
                self._queue.add((plural, "/".join(key_of(new))))

        return changed

    def _work(self) -> None:
        while (key := self._queue.get()) is not None:
            try:
                self._sync(*key)
            except ApiError:
                # It changed or went away meanwhile; if it changed, look again.
                self._queue.add_after(key, _RETRY_SECONDS)
            finally:
                self._queue.done(key)

    def _sync(self, plural: str, name: str) -> None:
        workload = self._informers[plural].get(*name.split("/", 1))
        if workload is None or metadata(workload).get("deletionTimestamp"):
            return
        now, uid = self._now(), str(metadata(workload)["uid"])
        wanted = wanted_replicas(workload, self._node_labels)
        limits = limits_of(workload, self._ready_delay, wanted)
        crowded = self._crowded(name.split("/", 1)[0])
        pods = advance(self._pods.get(uid), workload, limits, now, wanted=wanted, crowded=crowded)
        pods = replace(pods, ill=self._falling_ill.pop(uid, pods.ill))
        self._pods[uid] = pods
        counts = count(pods, limits, now)
        self._totals[plural, name] = counts.total
        if workload["kind"] == "Deployment":
            status = deployment_status(workload, pods, limits, counts, now)
        else:
            status = _other_status(workload, pods, counts)
        self._write_status(workload, pods, status)
        for due in next_change(pods, limits, deadline_of(workload)):
            if due > now:
                self._queue.add_after((plural, name), (due - now).total_seconds() + 0.001)
        if pods.barred:
            self._queue.add_after((plural, name), _QUOTA_SECONDS)

    def _crowded(self, namespace: str) -> bool:
        """Whether a quota of the namespace is used up."""
        quotas, _ = self._store.list(self._store.resource("v1", "resourcequotas"), namespace)
        limits = [int(q["spec"]["hard"]["pods"]) for q in quotas if "pods" in q["spec"]["hard"]]
        place = f"{namespace}/"
        there = sum(n for (_, name), n in list(self._totals.items()) if name.startswith(place))
        return any(there >= limit for limit in limits)

    def _write_status(self, workload: Manifest, pods: Pods, status: Manifest) -> None:
        """Write the status, and with it the number of the template as Kubernetes does."""
        if workload.get("status") == status:
            return
        if workload["kind"] == "Deployment":
            numbered = {**annotations_of(workload), REVISION: str(pods.revision)}
            workload = with_metadata(workload, annotations=numbered)
        resource = self._store.resource("apps/v1", workload["kind"])
        self._store.update(
            resource, {**workload, "status": status}, manager=MANAGER, subresource="status"
        )


def _other_status(workload: Manifest, pods: Pods, counts: Counts) -> Manifest:
    if workload["kind"] == "DaemonSet":
        return daemon_set_status(workload, counts)
    return stateful_set_status(workload, pods, counts)
