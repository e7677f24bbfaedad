"""A data plane of the playground with two versions behind it, routed by burgee's own routers."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from counting_client import Tally, send_many

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.playground.apiserver.server import ApiServer
from burgee.playground.dataplane.objects import is_ready
from burgee.playground.dataplane.steering import Rule
from burgee.playground.demo import analyses, objects
from burgee.playground.demo.objects import APP, CANARY_SERVICE, NAMESPACE, PRIMARY, Version
from burgee.playground.demo.providers.base import Ground
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.storage.store import ApiError, Resource, Store
from burgee.playground.workloads.processes import Processes
from burgee.routers.base import NO_COOKIES, Aim, Cookies, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names
from burgee.targets.services import build_services

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
NAMES = Names(target=APP, apex=APP, selector_key="app", selector_value=APP)
BOTH = {"release": APP}
"""A label of all pods."""
OLD, NEW = PRIMARY, APP
"""Who answers: pods of the primary, pods of the target."""


class Yard:
    """Two Deployments that answer, burgee's Services before them, and one provider's data plane."""

    def __init__(self, provider: str, directory: Path, *, replicas: int = 1) -> None:
        self.provider = PROVIDERS[provider]
        self.router = router_of(provider)
        self._directory = directory
        self._replicas = replicas
        self._stack = ExitStack()
        self.store = Store()

    def __enter__(self) -> Self:
        with self._stack:
            self._bring_up()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _bring_up(self) -> None:
        self._create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        api = ApiServer(self.store)
        self._start(api)
        apparatus = self.provider.build(
            Ground(store=self.store, api_url=api.url, directory=self._directory)
        )
        self.plane = apparatus.plane
        self._start(self.plane)
        self.processes = Processes(self.store, self._directory / "pods", in_use=self.plane.uses)
        self._start(self.processes)
        for exporter in apparatus.exporters:
            self._start(exporter)
        self.targets = apparatus.targets
        target = objects.deployment(Version(name="v2", latency_ms=0, access_log=True))
        target["spec"]["replicas"] = self._replicas
        target["spec"]["template"]["metadata"]["labels"] |= BOTH
        for manifest in (target, _primary(self._replicas), *self.provider.objects):
            self._create(manifest)
        for service in build_services(self.canary(), NAMES, target, {}).all():
            self._create(service)
        self.route(Weights())
        self.until(lambda: send_many(self.plane.url, APP, 1).pods[OLD] == 1, "an answer")
        self.until(self._both_are_ready, "both pods")

    def _start(self, part: object) -> None:
        self._stack.callback(part.close)  # type: ignore[attr-defined]
        part.start()  # type: ignore[attr-defined]

    def canary(self, analysis: Manifest | None = None) -> Canary:
        """The demo's Canary for this provider."""
        manifest = self.provider.canary(analysis or analyses.weighted(self.provider))
        return Canary.model_validate(manifest)

    def route(
        self, weights: Weights, analysis: Manifest | None = None, cookies: Cookies = NO_COOKIES
    ) -> None:
        """Write what burgee's router renders, and wait until the data plane shows it."""
        canary = self.canary(analysis)
        wanted = self._wanted(weights, canary)
        for manifest in self.router.render(
            Aim(
                canary=canary,
                names=NAMES,
                weights=weights,
                cookies=cookies,
                originals=self._originals(canary),
            )
        ):
            self._write(manifest)
        self.until(lambda: wanted(self.rules()), f"rules for {weights}")

    def rules(self) -> Sequence[Rule]:
        """What the data plane does with the app's requests."""
        history = self.plane.history()
        return history[-1].rules.get(f"{NAMESPACE}/{APP}", ()) if history else ()

    def send(self, count: int, **options: object) -> Tally:
        """Requests of clients."""
        return send_many(self.plane.url, APP, count, **options)  # type: ignore[arg-type]

    def logged_by_canary(self) -> int:
        """How many requests the target's pods have logged."""
        return sum(
            line.split()[2].startswith(f"{APP}-") and not line.split()[2].startswith(f"{PRIMARY}-")
            for line in self.processes.log.read_text().splitlines()
            if line.startswith("access ")
        )

    def until(self, condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.rules()} {self.plane.refusals()}"
            time.sleep(0.01)

    def _wanted(self, weights: Weights, canary: Canary) -> Callable[[Sequence[Rule]], bool]:
        def wanted(rules: Sequence[Rule]) -> bool:
            if not rules:
                return False
            if canary.spec.plan.match:
                tested = len(rules) > 1 and rules[0].weights.get(CANARY_SERVICE, 0)
                return bool(tested) == (weights.canary > 0)
            last = rules[-1]
            return (
                last.weights.get(CANARY_SERVICE, 0) == weights.canary
                and bool(last.mirrored.get(CANARY_SERVICE)) == weights.mirrored
            )

        return wanted

    def ready_pods(self) -> list[str]:
        """Names of the pods that get requests."""
        pods, _ = self.store.list(self.store.resource("v1", "pods"))
        return [name_of(pod) for pod in pods if is_ready(pod)]

    def _both_are_ready(self) -> bool:
        return len(self.ready_pods()) == 2 * self._replicas

    def _originals(self, canary: Canary) -> list[Manifest]:
        return [
            manifest
            for related in self.router.related(canary)
            for manifest in self.store.list(
                self._kind(related.kind.api_version, related.kind.kind)
            )[0]
        ]

    def _kind(self, api_version: str, kind: str) -> Resource:
        return self.store.resource(api_version, kind)

    def _create(self, manifest: Manifest) -> None:
        self.store.create(self._kind(manifest["apiVersion"], manifest["kind"]), manifest)

    def _write(self, manifest: Manifest) -> None:
        """As burgee writes: an object of its own is applied, one of the user is patched."""
        form = APPLY if "spec" in manifest else MERGE
        resource = self._kind(manifest["apiVersion"], manifest["kind"])
        namespace = namespace_of(manifest) or NAMESPACE
        try:
            self.store.patch(
                resource,
                namespace,
                name_of(manifest),
                manifest,
                content_type=form,
                manager="burgee",
                force=form == APPLY,
            )
        except ApiError as error:
            raise AssertionError(f"{manifest}: {error}") from error


def _primary(replicas: int) -> Manifest:
    made = objects.deployment(Version(name="v1", latency_ms=0, access_log=True))
    made["metadata"] = {**made["metadata"], "name": PRIMARY}
    made["spec"]["selector"] = {"matchLabels": {"app": PRIMARY}}
    made["spec"]["template"]["metadata"] = {"labels": {"app": PRIMARY, **BOTH}}
    made["spec"]["replicas"] = replicas
    return made
