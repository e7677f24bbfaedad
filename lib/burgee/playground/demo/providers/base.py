"""What acts need to know of a traffic provider, so that none of them knows which one it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.plane import DataPlane
from burgee.playground.dataplane.steering import Rule
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.objects import POD_LATENCY, POD_SUCCESS, TEMPLATE, canary
from burgee.playground.demo.shares import weight_of_canary
from burgee.playground.metrics.scrape import Target
from burgee.playground.storage.store import Store
from burgee.routers.base import Capabilities
from burgee.routers.registry import router_of

_PODS = """kubernetes_namespace="{{ namespace }}",
    kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)\""""
_SUCCESS = f"""
100 * sum(rate(http_request_duration_seconds_count{{
    {_PODS}, status!~"5.*"
  }}[{{{{ interval }}}}]))
/ sum(rate(http_request_duration_seconds_count{{
    {_PODS}
  }}[{{{{ interval }}}}]))
"""
POD_QUANTILE = f"""
1000 * histogram_quantile({{{{ variables.quantile }}}},
  sum(rate(http_request_duration_seconds_bucket{{
    {_PODS}
  }}[{{{{ interval }}}}])) by (le))
"""
"""The latency of the canary's pods by what they measure themselves, in ms."""


class Part(Protocol):
    """What can be started and closed."""

    def start(self) -> Any:
        """Come up."""
        ...

    def close(self) -> None:
        """Go down."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What a data plane is built on.

    Attributes:
        store: the cluster.
        api_url: where its API server answers.
        directory: for files and logs.
    """

    store: Store
    api_url: str
    directory: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Apparatus:
    """What runs for a provider.

    Attributes:
        plane: what clients send to.
        targets: what to scrape, asked once everything is up.
        exporters: further programs that show metrics, started after the plane.
    """

    plane: DataPlane
    targets: Callable[[], Sequence[Target]]
    exporters: Sequence[Part] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Climb:
    """How weights climb, and how closely clients are looked at meanwhile.

    By the defaults a step shows its weight within the tolerance in all but one of 10,000 runs.

    Attributes:
        interval_seconds: of the analysis.
        requests_per_second: of all clients together.
        steps: weights of a release, in percent.
        steered: likewise where a person steers.
        by_hand: the weight that the person sets.
        fewest_requests: to judge a share by.
        tolerance_points: between a share that is served and what clients saw of it.
        effect_seconds: within which a weight that was set by hand is served.
    """

    interval_seconds: int = 4
    requests_per_second: float = 400.0
    steps: tuple[int, ...] = (10, 30, 60)
    steered: tuple[int, ...] = (10, 30)
    by_hand: int = 50
    fewest_requests: int = 600
    tolerance_points: float = 5.0
    effect_seconds: float = 1.5

    @property
    def release_seconds(self) -> float:
        """How long a release may take."""
        return 10.0 * self.interval_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What was seen of one release.

    Attributes:
        weights: the steps that were served, in percent, from before the run to after it.
        rules: all that the data plane was asked to do with the app's requests, in order; the
            first is what it did before the run.
        statuses: of the Canary, in order.
        replicas: pods that served before the run.
    """

    weights: Sequence[float]
    rules: Sequence[Sequence[Rule]]
    statuses: Sequence[Manifest]
    replicas: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One provider.

    Attributes:
        name: as in `spec.provider`.
        build: its programs, not started yet.
        median: a query for a quantile of the canary's latency in ms, as a MetricTemplate has it.
        counter: a metric that shows requests, for a person to ask for.
        fields: what a Canary's spec has besides.
        test_fields: likewise for an A/B test.
        service: what a Canary's spec.service has besides.
        objects: what a user creates beside the Deployment and the Canary.
        program: finds the program that it needs, or raises FileNotFoundError.
        cookie: the condition of an A/B test that a cookie is there, where a regular expression
            will not do.
        mirror_weight: percent of the requests that are copied when requests are mirrored.
        measures_aside: whether its own metrics count requests that reach the canary by no route
            of the release: copies, and those of the tester.
        replicas: of the workload.
        climb: how weights climb.
        share: percent that the canary is given by the rules of a data plane where so many pods
            serve at rest; None on the way from one step to the next.
        evidence: what has to be true of a run by weights besides.
    """

    name: str
    build: Callable[[Ground], Apparatus]
    median: str
    counter: str
    fields: Manifest = field(default_factory=dict[str, Any])
    test_fields: Manifest = field(default_factory=dict[str, Any])
    service: Manifest = field(default_factory=dict[str, Any])
    objects: Sequence[Manifest] = ()
    program: Callable[[], object] = lambda: None
    cookie: Manifest = field(default_factory=dict[str, Any])
    mirror_weight: int = 50
    measures_aside: bool = True
    replicas: int = 1
    climb: Climb = Climb()
    share: Callable[[Sequence[Rule], int], float | None] = lambda rules, _: weight_of_canary(rules)
    evidence: Callable[[Run], Iterator[Finding]] = lambda _: iter(())

    def canary(self, analysis: Manifest) -> Manifest:
        """How the workload is released, with this analysis."""
        fields = {**self.fields, **(self.test_fields if analysis.get("match") else {})}
        return canary(analysis, provider=self.name, fields=fields, service=self.service)

    def served(self, rules: Sequence[Rule]) -> float | None:
        """The step that these rules serve, in percent; None on the way to one."""
        return self.share(rules, self.replicas)

    @property
    def templates(self) -> Mapping[str, str]:
        """The queries of the MetricTemplates that its Canaries refer to, by name."""
        aside = {} if self.measures_aside else {POD_SUCCESS: _SUCCESS, POD_LATENCY: POD_QUANTILE}
        return {TEMPLATE: self.median, **aside}

    @property
    def capabilities(self) -> Capabilities:
        """What burgee can do with it."""
        return router_of(self.name).capabilities
