"""Where acts are played: writing to the cluster as a user does, and waiting for what follows."""

import time
from collections.abc import Callable, Mapping, Sequence

from burgee.api.manifest import Manifest, metadata
from burgee.playground.dataplane.load import Load, Response
from burgee.playground.dataplane.steering import RouteChange, Rule, Rules
from burgee.playground.demo import objects
from burgee.playground.demo.objects import APP, NAMESPACE, Version
from burgee.playground.demo.setting import DemoCluster
from burgee.playground.kinds.apierror import ApiError

_MANAGER = "kubectl"
_SEEN_SECONDS = 10.0


class PlayFailed(Exception):
    """What was waited for did not come in time."""


class Stage:
    """The cluster, what runs in it, and a way to wait that keeps the view alive.

    Attributes:
        cluster: everything that was set up.
        title: of the act, for the view.
        current: the version that all traffic should go to when nothing is released.
        flawed: names of the versions that fail on purpose.
        audiences: other clients beside the crowd, by the name that the view shows.
    """

    def __init__(self, cluster: DemoCluster, tick: Callable[[], None]) -> None:
        self.cluster = cluster
        self.title = "setting up"
        self.current = Version(name="v1")
        self.flawed: list[str] = []
        self.audiences: dict[str, Load] = {}
        self._gone: list[Load] = []
        self._number = 1
        self._tick = tick
        store = cluster.store
        self._deployments = store.resource("apps/v1", "deployments")
        self._services = store.resource("v1", "services")
        self._canaries = store.resource("flagger.app/v1beta1", "canaries")

    def next_version(self, *, fail_share: float = 0.0, access_log: bool = False) -> Version:
        """A version that was not there before."""
        self._number += 1
        name = f"v{self._number}"
        if fail_share:
            self.flawed.append(name)
        return Version(name=name, fail_share=fail_share, access_log=access_log)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tick()

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition.

        Raises:
            PlayFailed: it does not come true in time.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                timeline = self.cluster.timeline
                raise PlayFailed(
                    f"{what} did not happen within {seconds:.0f} s: phase "
                    f"{timeline.phase or 'none'}, {timeline.last_words}{self._refusals()}"
                )
            self._tick()
        self._tick()  # what made it true is shown before what follows from it

    def until_served(self) -> None:
        """Wait until the data plane does what the objects in the cluster say.

        What clients see from here on can be judged by these objects.

        Raises:
            PlayFailed: it does not in time.
        """
        self.until(self.cluster.plane.is_caught_up, _SEEN_SECONDS, "what the cluster asks for")

    def until_over(self, at: float, seconds: float) -> None:
        """Wait for the end of the release that began at a moment, and until it is served.

        Raises:
            PlayFailed: it does not end in time.
        """
        self.until(lambda: self._is_over(at), seconds, "the end of the release")
        self.until_served()

    def workload(self, name: str) -> Manifest:
        """A Deployment, empty where it is missing."""
        try:
            return self.cluster.store.get(self._deployments, NAMESPACE, name)
        except ApiError:
            return {}

    def selector(self, name: str) -> Mapping[str, str]:
        """Which pods a Service chooses; empty where it is missing."""
        try:
            found = self.cluster.store.get(self._services, NAMESPACE, name)
        except ApiError:
            return {}
        selector: Mapping[str, str] = found["spec"].get("selector") or {}
        return selector

    def create(self, analysis: Manifest) -> None:
        """Create the Deployment of the current version, its Canary, and what these refer to."""
        store, provider = self.cluster.store, self.cluster.provider
        templates = [
            objects.metric_template(name, self.cluster.metrics.url, query)
            for name, query in provider.templates.items()
        ]
        deployment = objects.deployment(self.current, replicas=provider.replicas)
        for manifest in (*provider.objects, *templates, deployment, provider.canary(analysis)):
            resource = store.resource(manifest["apiVersion"], manifest["kind"])
            store.create(resource, manifest, manager=_MANAGER)

    def configure(self, analysis: Manifest) -> None:
        """Give the Canary another analysis, and wait until burgee has seen it."""
        written = self.cluster.store.patch(
            self._canaries,
            NAMESPACE,
            APP,
            [
                {
                    "op": "replace",
                    "path": "/spec",
                    "value": self.cluster.provider.canary(analysis)["spec"],
                }
            ],
            content_type="application/json-patch+json",
            manager=_MANAGER,
        )
        generation = metadata(written)["generation"]
        self.until(
            lambda: self.cluster.timeline.status.get("observedGeneration") == generation,
            _SEEN_SECONDS,
            "a look at the edited Canary",
        )
        self.until_served()

    def deploy(self, version: Version) -> float:
        """Apply the Deployment with a version; returns the moment before."""
        at = time.monotonic()
        self.cluster.store.patch(
            self._deployments,
            NAMESPACE,
            APP,
            {"spec": {"template": objects.deployment(version)["spec"]["template"]}},
            content_type="application/merge-patch+json",
            manager=_MANAGER,
        )
        return at

    def _is_over(self, at: float) -> bool:
        """Whether the release that began at that moment is over."""
        phases = self.cluster.timeline.phases_since(at)
        return bool(phases) and phases[-1] in {"Succeeded", "Failed"}

    def admit(self, name: str, load: Load) -> Load:
        """Let more clients in; what they see is judged like everything that the crowd sees."""
        self.audiences[name] = self.cluster.started(load)
        return load

    def dismiss(self, name: str) -> None:
        """Let them go; what they saw still counts."""
        load = self.audiences.pop(name)
        load.close()
        self._gone.append(load)

    def answers(self) -> list[Response]:
        """What all clients got since the beginning."""
        loads = (self.cluster.load, *self.audiences.values(), *self._gone)
        return [response for load in loads for response in load.all()]

    def _refusals(self) -> str:
        found = self.cluster.plane.refusals()
        return "".join(f"; {title} is not served: {why}" for title, why in found.items())

    def rules(self) -> Sequence[Rule]:
        """What the data plane does with requests now; nothing where it has no route yet."""
        history = self.cluster.plane.history()
        return self.rules_in(history[-1]) if history else ()

    @classmethod
    def rules_in(cls, change: RouteChange) -> Sequence[Rule]:
        """The rules of the app among all that the data plane began to serve."""
        return cls.rules_of(change.rules)

    @staticmethod
    def rules_of(rules: Rules) -> Sequence[Rule]:
        """The rules of the app."""
        return rules.get(f"{NAMESPACE}/{APP}", ())
