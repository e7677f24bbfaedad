"""Whole releases: the real hook servers, the embedded cluster, fake workloads, scripted peers."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from hook_process import ROOT, HookProcess
from release_journal import Journal, Written, routes, statuses, steps
from release_objects import APP, ISTIO, analysis, canary, composite, deployment, documents
from release_rules import backwards, unsafe
from scripted_peers import FaultyProxy, ScriptedPrometheus, WebhookReceiver

from burgee.api.analysis import Analysis
from burgee.api.manifest import Manifest
from burgee.engine.reading.weights import ladder
from burgee.playground.cluster import Cluster
from burgee.playground.metacontroller.controller import WORKERS
from burgee.playground.metacontroller.faults import Faults
from burgee.targets.hashing import template_hash

__all__ = ["APP", "CANARY", "App", "Arena", "analysis", "canary", "deployment"]

CANARY = ("flagger.app/v1beta1", "Canary")
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_TOKEN = "token-of-the-tests"
JOURNALED = (
    ("flagger.app/v1beta1", "Canary"),
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.istio.io/v1beta1", "VirtualService"),
    ("networking.istio.io/v1beta1", "DestinationRule"),
)


class Arena:
    """A cluster with hook servers in front of it.

    Args:
        directory: for logs and the kubeconfig.
        hooks: how many hook servers answer in turn.
        faults: what goes wrong between the controller and the hooks.
        ready_delay_seconds: how long new pods take.
        resync_seconds: the safety net of the controller.
        proxied: whether the hooks reach the API server through `proxy`.
        lax: whether the API server takes any spec of a Canary, as one whose definitions are older
            or younger than the hooks does.
        webhook_timeout: after which the controller gives a call up.
        workers: of the controller; 0 leaves every sync to the test.
        environment: more settings of the hooks.
    """

    def __init__(
        self,
        directory: Path,
        *,
        hooks: int = 1,
        faults: Faults | None = None,
        ready_delay_seconds: float = 0.0,
        resync_seconds: int = 1,
        proxied: bool = False,
        lax: bool = False,
        webhook_timeout: str = "10s",
        workers: int = WORKERS,
        environment: dict[str, str] | None = None,
    ) -> None:
        crds = [
            document
            for name in ("canaries", "metrictemplates", "alertproviders")
            for document in documents(ROOT / "manifests" / "crds" / f"{name}.yaml")
        ]
        if lax:
            for version in crds[0]["spec"]["versions"]:
                properties = version["schema"]["openAPIV3Schema"]["properties"]
                properties["spec"] = {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                }
        self._stack = ExitStack()
        self.cluster = Cluster(crds=crds, ready_delay_seconds=ready_delay_seconds)
        for resource in ISTIO:
            self.cluster.store.register(resource)
        self.journal = Journal(
            self.cluster.store, [self.cluster.store.resource(*kind) for kind in JOURNALED]
        )
        self.prometheus = ScriptedPrometheus()
        self.webhooks = WebhookReceiver()
        self.proxy = FaultyProxy(self.cluster.server.url)
        kubeconfig = self.cluster.kubeconfig(directory / "kubeconfig")
        if proxied:
            text = kubeconfig.read_text("utf-8")
            kubeconfig.write_text(text.replace(self.cluster.server.url, self.proxy.url), "utf-8")
        told = {
            "KUBECONFIG": str(kubeconfig),
            "METRICS_SERVER": self.prometheus.url,
            "BURGEE_MIN_INTERVAL_SECONDS": "0.1",
            **(environment or {}),
        }
        self.hooks = [HookProcess(directory, told, token=_TOKEN) for _ in range(hooks)]
        self._faults = faults
        self._workers = workers
        self._composite = composite(resync_seconds, webhook_timeout)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self.prometheus, self.webhooks, self.proxy):
                stack.callback(server.close)
                server.start()
            stack.enter_context(self.cluster)
            for hook in self.hooks:
                stack.callback(hook.close)
                hook.begin()
            for hook in self.hooks:
                hook.wait_ready()
            self.cluster.control(
                self._composite,
                hook_urls=[hook.url for hook in self.hooks],
                token=_TOKEN,
                faults=self._faults,
                workers=self._workers,
            )
            # The controller is the first to go, so that nobody is called who is gone already.
            stack.callback(self.cluster.controller.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settle(self, limit: int = 60) -> None:
        """Without workers: syncs, with caches up to date, until nothing is due."""
        for _ in range(limit):
            if self.cluster.controller.step() is None:
                return
        raise AssertionError("the controller does not come to rest")

    def settle_until(self, happened: Callable[[], object], *, seconds: float = 10.0) -> None:
        """Without workers: one sync after the other until something holds."""
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, "it did not happen"
            if self.cluster.controller.step() is None:
                time.sleep(0.01)

    def app(self, namespace: str, *, objects: Sequence[Manifest] = (), **spec: Any) -> "App":
        """A namespace with a Canary, and with `objects`: a Deployment alone unless told.

        `spec` replaces parts of the Canary's spec.
        """
        made = App(self, namespace)
        made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for manifest in objects or [deployment()]:
            made.apply(manifest)
        made.apply(canary(**spec))
        return made


class App:
    """One Canary and what belongs to it, in a namespace of its own.

    Attributes:
        by_hand: versions of writes that moved traffic or pods past burgee.
    """

    def __init__(self, arena: Arena, namespace: str) -> None:
        self.arena = arena
        self.namespace = namespace
        self.by_hand: set[int] = set()
        self._deployed = 0

    # ---- what a test does

    def apply(self, manifest: Manifest) -> Manifest:
        """Create or change an object in this namespace, as kubectl would."""
        namespaced = manifest["kind"] != "Namespace"
        meta = {**manifest["metadata"], **({"namespace": self.namespace} if namespaced else {})}
        return self.arena.cluster.apply({**manifest, "metadata": meta})

    def merge(self, kind: tuple[str, str], name: str, patch: Manifest) -> Manifest:
        """A JSON merge patch on an object."""
        store = self.arena.cluster.store
        return store.patch(
            store.resource(*kind), self.namespace, name, patch, content_type=MERGE, manager="user"
        )

    def edit(self, **spec: Any) -> None:
        """Change the Canary's spec; None removes a field."""
        self.merge(CANARY, APP, {"spec": spec})

    def set_image(self, image: str) -> None:
        """Deploy another image, as `kubectl set image` does."""
        self._deployed = len(self.writes)
        store = self.arena.cluster.store
        store.patch(
            store.resource("apps/v1", "Deployment"),
            self.namespace,
            APP,
            {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}},
            content_type=STRATEGIC,
            manager="user",
        )

    def steer(self, weight: int) -> None:
        """Edit the route by hand, so that the canary gets another weight."""
        kind = ("networking.istio.io/v1beta1", "VirtualService")
        route = self.get(*kind)
        assert route is not None
        shares = {"primary": 100 - weight, "canary": weight}
        rules = [
            {
                **rule,
                "route": [
                    {**r, "weight": shares[r["destination"]["host"].rpartition("-")[2]]}
                    for r in rule["route"]
                ],
            }
            for rule in route["spec"]["http"]
        ]
        self._by_hand(self.merge(kind, APP, {"spec": {"http": rules}}))

    def rescale(self, replicas: int) -> None:
        """As `kubectl scale` on the target."""
        self._by_hand(self.merge(("apps/v1", "Deployment"), APP, {"spec": {"replicas": replicas}}))

    def _by_hand(self, written: Manifest) -> None:
        self.by_hand.add(int(written["metadata"]["resourceVersion"]))

    def release(self, image: str, until: str = "Succeeded", *, seconds: float = 20.0) -> Manifest:
        """Deploy an image and wait for the end of its run."""
        self.set_image(image)
        return self.wait_run(until, seconds=seconds)

    # ---- what a test waits for

    def wait(self, reached: Callable[[Manifest], bool], *, seconds: float = 15.0) -> Manifest:
        """Until the status is as wanted; returns it."""
        found = self.arena.cluster.wait_until(
            *CANARY,
            self.namespace,
            APP,
            lambda canary: reached(canary.get("status") or {}),
            timeout_seconds=seconds,
        )
        status: Manifest = found["status"]
        return status

    def wait_phase(self, phase: str, *, seconds: float = 15.0) -> Manifest:
        """Until the Canary is in a phase."""
        return self.wait(lambda status: status.get("phase") == phase, seconds=seconds)

    def wait_run(self, phase: str, *, seconds: float = 20.0) -> Manifest:
        """Until the revision that the target has now is in a phase."""
        meant = template_hash(self.deployment())
        return self.wait(
            lambda s: s.get("phase") == phase and s.get("lastAppliedSpec") == meant,
            seconds=seconds,
        )

    def wait_weight(self, weight: int, *, seconds: float = 15.0) -> None:
        """Until the status says a weight, or has said it since the last image was deployed."""
        self.wait_for(
            lambda: any(
                status.get("canaryWeight") == weight
                for status in statuses(self.writes[self._deployed :])
            ),
            seconds=seconds,
        )

    def wait_for(self, happened: Callable[[], object], *, seconds: float = 10.0) -> None:
        """Until something else holds."""
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"it did not happen: {self.status}"
            time.sleep(0.01)

    def wait_scaled(self, replicas: int, name: str = APP, *, seconds: float = 10.0) -> None:
        """Until a Deployment has that many pods, and its status says so."""

        def is_scaled() -> bool:
            found = self.deployment(name)
            status: Manifest = found.get("status") or {}
            counts = {int(found["spec"]["replicas"]), int(status.get("replicas", 0))}
            observed = status.get("observedGeneration") == found["metadata"]["generation"]
            return counts == {replicas} and observed

        self.wait_for(is_scaled, seconds=seconds)

    # ---- what a test looks at

    def get(self, api_version: str, kind: str, name: str = APP) -> Manifest | None:
        """An object of this namespace."""
        return self.arena.cluster.get(api_version, kind, self.namespace, name)

    def deployment(self, name: str = APP) -> Manifest:
        """A Deployment that is there."""
        found = self.get("apps/v1", "Deployment", name)
        assert found is not None
        return found

    def image(self, name: str = f"{APP}-primary") -> str:
        """The image of a Deployment."""
        containers = self.deployment(name)["spec"]["template"]["spec"]["containers"]
        return str(containers[0]["image"])

    @property
    def canary(self) -> Manifest:
        """The live Canary."""
        found = self.get(*CANARY)
        assert found is not None
        return found

    @property
    def status(self) -> Manifest:
        """Its status."""
        found: Manifest = self.canary.get("status") or {}
        return found

    def condition(self, kind: str) -> Manifest:
        """One of its conditions, empty where it has none of that type."""
        conditions: list[Manifest] = self.status.get("conditions") or []
        return next((c for c in conditions if c["type"] == kind), {})

    def events(self, reason: str = "Synced") -> list[Manifest]:
        """Events on the Canary."""
        store = self.arena.cluster.store
        found, _ = store.list(store.resource("v1", "events"), self.namespace)
        return [e for e in found if e["reason"] == reason and e["involvedObject"]["name"] == APP]

    def warnings(self) -> list[str]:
        """The messages of burgee's Warning events."""
        return [e["message"] for e in self.events() if e["type"] == "Warning"]

    def world(self) -> dict[str, Manifest]:
        """Everything but the Canary itself that a release may touch, as it is stored."""
        store = self.arena.cluster.store
        return {
            f"{kind}/{found['metadata']['name']}": found
            for api_version, kind in JOURNALED
            if kind != "Canary"
            for found in store.list(store.resource(api_version, kind), self.namespace)[0]
        }

    @property
    def writes(self) -> list[Written]:
        """Every write in this namespace so far."""
        return self.arena.journal.of(self.namespace)

    @property
    def phases(self) -> list[str]:
        """Its phases in order."""
        seen = [phase for phase, _ in steps(self.writes)]
        return [p for i, p in enumerate(seen) if i == 0 or seen[i - 1] != p]

    @property
    def routes(self) -> list[int]:
        """The weights of its route in order."""
        return routes(self.writes)

    @property
    def statuses(self) -> list[Manifest]:
        """Its statuses in order."""
        return statuses(self.writes)

    def problems(self, *, twins: bool = False) -> list[str]:
        """What broke the rules so far: see release_rules."""
        writes = self.writes
        canaries = (w.object for w in reversed(writes) if w.key[0] == "Canary")
        plan = Analysis.model_validate(next(canaries)["spec"].get("analysis") or {})
        return [
            *unsafe(writes, by_hand=self.by_hand),
            *backwards(writes, ladder(plan), twins=twins),
        ]
