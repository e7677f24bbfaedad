"""Deployments as local processes: what the controller manager and a kubelet do.

A rolling update never has fewer ready pods than replicas: new ones answer before old ones are
drained, and a process is stopped only after the data plane has let go of it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.machinery.changes import Follower, write_status
from burgee.playground.storage.store import ApiError, Store
from burgee.playground.workloads.deployment_status import deployment_status
from burgee.playground.workloads.pods import PodProcess, PodState

_MERGE_PATCH = "application/merge-patch+json"
_MANAGER = "playground-kubelet"
_BUSY_SECONDS = 0.02
_IDLE_SECONDS = 0.5
_DRAIN_SECONDS = 0.1
_DRAIN_TIMEOUT_SECONDS = 5.0
_END_SECONDS = 2.0
_SETTLED = frozenset({PodState.READY})


class Processes:
    """Follows the Deployments in the store and runs a process for each replica.

    Attributes:
        log: where all processes write to.
    """

    def __init__(
        self,
        store: Store,
        directory: Path,
        *,
        in_use: Callable[[Endpoint], bool] = lambda _: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare.

        Args:
            store: the cluster.
            directory: where the processes' output goes.
            in_use: whether the data plane may still send requests to an endpoint.
            clock: the time for conditions.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._store = store
        self.log = directory / "pods.log"
        self._in_use = in_use
        self._clock = clock
        self._deployments = store.resource("apps/v1", "deployments")
        self._pods = store.resource("v1", "pods")
        self._running: dict[str, list[PodProcess]] = {}
        self._progress: dict[str, tuple[object, float]] = {}
        kinds = (self._deployments, self._pods)
        self._follower = Follower(store, kinds, self._look, name="processes")

    def start(self) -> None:
        """Begin to follow."""
        self._follower.start()

    def close(self) -> None:
        """Stop every process and return when all are gone."""
        self._follower.close()
        remaining = [pod for pods in self._running.values() for pod in pods]
        for pod in remaining:
            pod.stop()
        deadline = time.monotonic() + _END_SECONDS
        for pod in remaining:
            pod.end(max(0.0, deadline - time.monotonic()))

    def _look(self) -> float:
        self._reconcile()
        moving = any(pod.state not in _SETTLED for pods in self._running.values() for pod in pods)
        return _BUSY_SECONDS if moving else _IDLE_SECONDS

    def _reconcile(self) -> None:
        deployments, _ = self._store.list(self._deployments)
        known = {str(metadata(found)["uid"]): found for found in deployments}
        for uid in [*self._running, *(uid for uid in known if uid not in self._running)]:
            pods = self._running.setdefault(uid, [])
            self._observe(pods)
            deployment = known.get(uid)
            if deployment is None or metadata(deployment).get("deletionTimestamp"):
                self._drain(pods)
            else:
                self._roll(deployment, pods)
            self._let_go(pods)
            if deployment is not None:
                self._report(deployment, pods)
            elif not pods:
                del self._running[uid]
                self._progress.pop(uid, None)

    def _observe(self, pods: list[PodProcess]) -> None:
        """Follow each process; a pod whose object somebody deleted is given up."""
        present = {(namespace_of(pod), name_of(pod)) for pod in self._store.list(self._pods)[0]}
        for pod in pods:
            if (pod.namespace, pod.name) not in present:
                pod.drain()
            elif pod.advance():
                self._write(pod)

    def _roll(self, deployment: Manifest, pods: list[PodProcess]) -> None:
        wanted = wanted_replicas(deployment)
        current = template_hash(deployment)
        serving = [pod for pod in pods if pod.state in {PodState.STARTING, PodState.READY}]
        new = [pod for pod in serving if pod.template_hash == current]
        old = [pod for pod in serving if pod.template_hash != current]
        waits = bool(deployment["spec"].get("paused")) and bool(old) and not new
        if waits:
            new, old = old, []  # a newer template is not rolled out
        for _ in range(0 if waits else wanted - len(new)):
            pod = PodProcess(deployment, current, self.log)
            pods.append(pod)
            new.append(pod)
            self._store.create(self._pods, pod.manifest(), manager=_MANAGER)
            self._write(pod)
        surplus = sorted(new, key=lambda pod: pod.state is PodState.READY)[: len(new) - wanted]
        self._drain(surplus if len(new) > wanted else ())
        self._drain(pod for pod in old if pod.state is PodState.STARTING)
        ready_new = sum(pod.state is PodState.READY for pod in new)
        ready_old = [pod for pod in old if pod.state is PodState.READY]
        self._drain(ready_old[: max(0, ready_new + len(ready_old) - wanted)])

    def _drain(self, pods: Iterable[PodProcess]) -> None:
        for pod in pods:
            if pod.state in {PodState.STARTING, PodState.READY}:
                pod.drain()
                self._write(pod)

    def _let_go(self, pods: list[PodProcess]) -> None:
        """Stop what has been drained, forget what is gone."""
        for pod in list(pods):
            if pod.state is PodState.DRAINING and self._drained(pod):
                pod.stop()
            pod.advance() if pod.state is PodState.STOPPING else None
            if pod.state is PodState.GONE:
                pods.remove(pod)
                self._forget(pod)

    def _drained(self, pod: PodProcess) -> bool:
        waited = pod.seconds_in_state
        if waited > _DRAIN_TIMEOUT_SECONDS:
            return True
        return waited >= _DRAIN_SECONDS and not self._in_use(pod.endpoint)

    def _write(self, pod: PodProcess) -> None:
        """Bring the pod's object up to date; one that is gone stays gone."""
        annotations = {"metadata": {"annotations": pod.manifest()["metadata"]["annotations"]}}
        for patch, subresource in ((annotations, ""), ({"status": pod.status()}, "status")):
            try:
                self._store.patch(
                    self._pods,
                    pod.namespace,
                    pod.name,
                    patch,
                    content_type=_MERGE_PATCH,
                    manager=_MANAGER,
                    subresource=subresource,
                )
            except ApiError as error:
                if error.status != 404:
                    raise

    def _forget(self, pod: PodProcess) -> None:
        try:
            self._store.delete(self._pods, pod.namespace, pod.name)
        except ApiError as error:
            if error.status != 404:
                raise

    def _report(self, deployment: Manifest, pods: list[PodProcess]) -> None:
        current = template_hash(deployment)
        states = [(pod.template_hash == current, pod.state) for pod in pods]
        uid = str(metadata(deployment)["uid"])
        marker = (current, wanted_replicas(deployment), sorted(states))
        if self._progress.get(uid, (None,))[0] != marker:
            self._progress[uid] = (marker, time.monotonic())
        status = deployment_status(
            deployment,
            pods=states,
            wanted=wanted_replicas(deployment),
            stalled_seconds=time.monotonic() - self._progress[uid][1],
            now=self._clock(),
        )
        if status == deployment.get("status"):
            return
        write_status(self._store, deployment, status, manager=_MANAGER)


def wanted_replicas(deployment: Manifest) -> int:
    """spec.replicas, which is 1 where nobody set it."""
    replicas = deployment["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def template_hash(deployment: Manifest) -> str:
    """What tells one pod template from another."""
    text = json.dumps(deployment["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
