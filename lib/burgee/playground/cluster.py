"""A whole embedded cluster for tests and measurements: store, API server, workloads, controller.

The parts start in the order in which they need each other: the hook servers need the API server's
address, and the controller needs theirs::

    with Cluster(crds=crds) as cluster:
        hooks = start_hooks(kubeconfig=cluster.kubeconfig(path))
        cluster.control(composite, hook_urls=[hooks.url])
        cluster.apply(canary)
        cluster.wait_until("flagger.app/v1beta1", "Canary", "test", "podinfo", is_initialized)
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.apiserver.server import ApiServer
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.metacontroller.controller import WORKERS, Controller
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.storage.store import Store
from burgee.playground.workloads.fake import FakeWorkloads

APPLY = "application/apply-patch+yaml"
MANAGER = "kubectl"
_POLL_SECONDS = 0.25


class TimedOut(AssertionError):
    """An object did not get as far as it should; the text holds its last state."""


class Cluster:
    """An embedded cluster.

    Args:
        crds: CustomResourceDefinitions to begin with.
        namespaces: namespaces to begin with.
        ready_delay_seconds: how long new pods take to become ready.
    """

    def __init__(
        self,
        *,
        crds: Iterable[Manifest] = (),
        namespaces: Iterable[str] = (),
        ready_delay_seconds: float = 0.0,
    ) -> None:
        self.store = Store()
        for crd in crds:
            self.store.register_crd(crd)
        for name in namespaces:
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.server = ApiServer(self.store)
        self.workloads = FakeWorkloads(self.store, ready_delay_seconds=ready_delay_seconds)
        self._controller: Controller | None = None

    @property
    def controller(self) -> Controller:
        """The controller; only after `control`."""
        if self._controller is None:
            raise RuntimeError("there is no controller yet")
        return self._controller

    def start(self) -> Self:
        """Serve the API and let workloads become ready."""
        self.server.start()
        self.workloads.start()
        return self

    def control(
        self,
        composite: Manifest,
        *,
        hook_urls: Sequence[str] = (),
        token: str = "",
        faults: Faults | None = None,
        workers: int = WORKERS,
    ) -> Controller:
        """Run a CompositeController; see `Controller` for the arguments."""
        if self._controller is not None:
            self._controller.close()
        self._controller = Controller(
            self.store,
            composite,
            hook_urls=hook_urls,
            token=token,
            faults=faults,
            workers=workers,
        )
        return self._controller.start()

    def close(self) -> None:
        """Stop everything, the controller first."""
        if self._controller is not None:
            self._controller.close()
            self._controller = None
        self.workloads.close()
        self.server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for the API server to `path`."""
        return self.server.kubeconfig(path)

    def apply(self, manifest: Manifest) -> Manifest:
        """Create or change an object as `kubectl apply --server-side` does."""
        resource = self.store.resource(manifest["apiVersion"], manifest["kind"])
        return self.store.patch(
            resource,
            namespace_of(manifest),
            name_of(manifest),
            manifest,
            content_type=APPLY,
            manager=MANAGER,
            force=True,
        )

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """An object, None where there is none."""
        try:
            return self.store.get(self.store.resource(api_version, kind), namespace, name)
        except ApiError:
            return None

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        self.store.delete(self.store.resource(api_version, kind), namespace, name)

    def wait_until(
        self,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        reached: Callable[[Manifest], bool],
        *,
        timeout_seconds: float = 10.0,
    ) -> Manifest:
        """Wait until an object is there and `reached` says yes to it.

        Every version of the object is looked at, also one that does not last.

        Raises:
            TimedOut: it did not get there.
        """
        end = time.monotonic() + timeout_seconds
        resource = self.store.resource(api_version, kind)
        with self.store.watch(resource, namespace) as watch:
            last = self.get(api_version, kind, namespace, name)
            while last is None or not reached(last):
                left = end - time.monotonic()
                if left <= 0:
                    status = None if last is None else last.get("status")
                    raise TimedOut(f"{kind} {namespace}/{name}: {status}")
                event = watch.next(min(left, _POLL_SECONDS))
                if event is not None and name_of(event[1]) == name:
                    last = None if event[0] == "DELETED" else event[1]
            return last

    def wait_gone(
        self, api_version: str, kind: str, namespace: str, name: str, timeout_seconds: float = 10.0
    ) -> None:
        """Wait until an object is gone.

        Raises:
            TimedOut: it is still there.
        """
        end = time.monotonic() + timeout_seconds
        while (found := self.get(api_version, kind, namespace, name)) is not None:
            if time.monotonic() > end:
                raise TimedOut(f"{kind} {namespace}/{name} is still there: {found['metadata']}")
            time.sleep(0.01)
