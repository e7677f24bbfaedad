"""What a step of the analysis asks, worked out of everything that is observed."""

from datetime import timedelta
from typing import Any

import pytest
from sample_objects import canary
from simulation import START, Simulation

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.metric_template import MetricTemplate
from burgee.engine.decide import plan
from burgee.engine.phases.measuring import checks_of
from burgee.engine.reading.facts import assess
from burgee.engine.reading.observation import Observation
from burgee.metrics.model import Check, Source

KNATIVE = "serving.knative.dev/v1"
METRICS: list[Manifest] = [
    {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
    {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "30s"},
    {"name": "mine", "query": 'errors{revision="{{ route }}",app="{{ target }}"}'},
]


def knative(latest: str, status: dict[str, Any]) -> Observation:
    """A Knative Service whose newest revision is this; its primary is podinfo-00001."""
    traffic = [
        {"latestRevision": True, "percent": 25},
        {"revisionName": "podinfo-00001", "percent": 75},
    ]
    service = {
        "apiVersion": KNATIVE,
        "kind": "Service",
        "metadata": {
            "name": "podinfo",
            "namespace": "test",
            "annotations": {"flagger.app/primary-revision": "podinfo-00001"},
        },
        "spec": {"traffic": traffic},
        "status": {"latestCreatedRevisionName": latest, "traffic": traffic},
    }
    revisions = tuple(
        {
            "apiVersion": KNATIVE,
            "kind": "Revision",
            "metadata": {"name": name, "namespace": "test"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        for name in ("podinfo-00001", latest)
    )
    target = {"apiVersion": KNATIVE, "kind": "Service", "name": "podinfo"}
    analysis = {**canary()["spec"]["analysis"], "metrics": METRICS}
    found = canary(provider="knative", targetRef=target, service={"port": 0}, analysis=analysis)
    return Observation(
        canary=Canary.model_validate({**found, "status": status}),
        target=service,
        routes={("Service", "podinfo"): service},
        originals=revisions,
    )


@pytest.mark.parametrize("latest", ["podinfo-00002", "podinfo-00017"])
def test_knative_is_asked_about_its_newest_revision(latest: str) -> None:
    running = {"phase": "Progressing", "canaryWeight": 25, "trafficWeight": 25}
    applied = assess(knative(latest, running), START).template_hash

    due = plan(knative(latest, {**running, "lastAppliedSpec": applied}), START)

    assert due.analysis
    queries = [check.query for check in due.checks if isinstance(check, Check)]
    assert len(queries) == 3
    for query in queries[:2]:
        assert f'envoy_cluster_name=~"test/{latest}"' in query
    assert queries[2] == f'errors{{revision="{latest}",app="podinfo"}}'


def test_the_route_of_other_targets_is_the_one_that_they_name() -> None:
    route = {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute", "name": "own"}
    analysis = {**canary()["spec"]["analysis"], "metrics": METRICS}
    observation = Simulation(parent=canary(routeRef=route, analysis=analysis)).observe()

    checks = checks_of(assess(observation, START))

    assert [c.query for c in checks if isinstance(c, Check)][2] == (
        'errors{revision="own",app="podinfo"}'
    )


# ---- whether the sources answer

PROM = Source(type="prometheus", address="http://prometheus:9090")
OWN = Source(type="prometheus", address="http://own:9090")
REFUSED = "the metrics server was not reached: connection refused"


def measured_by_two() -> Simulation:
    """Three metrics: two of the installation's server, one of a template's."""
    template = MetricTemplate.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "MetricTemplate",
            "metadata": {"name": "errors", "namespace": "test"},
            "spec": {"provider": {"type": "prometheus", "address": OWN.address}, "query": "up"},
        }
    )
    metrics = [*METRICS[:2], {"name": "errors", "templateRef": {"name": "errors"}}]
    analysis = {**canary()["spec"]["analysis"], "metrics": metrics}
    return Simulation(parent=canary(analysis=analysis), templates={("test", "errors"): template})


def told(sim: Simulation) -> list[tuple[str, str]]:
    """Events about metric sources."""
    return [(e.type.value, e.message) for e in sim.events if "etric" in e.message]


def test_sources_are_asked_once_when_the_set_up_ends() -> None:
    sim = measured_by_two()

    sim.settle()
    for _ in range(5):
        sim.sync()

    assert sim.phase == "Initialized"
    assert sim.probed == [PROM, OWN]
    assert told(sim) == [("Normal", "All metric sources answer")]


@pytest.mark.parametrize(
    ("offline", "names"),
    [
        pytest.param({OWN}, "errors", id="a template's"),
        pytest.param({PROM}, "request-success-rate, request-duration", id="the installation's"),
    ],
)
def test_a_source_that_does_not_answer_is_told_and_blocks_nothing(
    offline: set[Source], names: str
) -> None:
    sim = measured_by_two()
    sim.probe = lambda source: REFUSED if source in offline else ""

    sim.settle()

    assert sim.phase == "Initialized"
    text = f"Metrics cannot be measured as things stand: {names} ({REFUSED})"
    assert told(sim) == [("Warning", text)]


def test_a_set_up_that_is_repeated_tells_once() -> None:
    sim = measured_by_two()
    while not sim.probed:
        before = dict(sim.status)
        sim.sync()
    # The status of the sync that asked is lost: the next one asks again.
    sim.parent = {**sim.parent, "status": before}

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.probed == [PROM, OWN] * 2
    assert told(sim) == [("Normal", "All metric sources answer")]


def test_an_unfinished_set_up_asks_nothing() -> None:
    sim = measured_by_two()
    sim.stuck = {"podinfo-primary"}

    sim.settle()

    assert sim.phase == "Initializing"
    assert sim.probed == []


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"skipAnalysis": True}, id="the analysis is skipped"),
        pytest.param({"analysis": {"interval": "10s", "stepWeight": 50}}, id="no metrics"),
        pytest.param(
            {
                "analysis": {
                    "interval": "10s",
                    "stepWeight": 50,
                    "metrics": [{"name": "x", "templateRef": {"name": "gone"}}],
                }
            },
            id="no template",
        ),
    ],
)
def test_where_nothing_will_be_asked_no_source_is(spec: Manifest) -> None:
    sim = Simulation(parent=canary(**spec))

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.probed == []
    assert not any(text == "All metric sources answer" for _, text in told(sim))


def test_checks_are_named_by_their_step() -> None:
    sim = measured_by_two()
    sim.settle()
    sim.set_image("app:2")
    keys: list[tuple[str, ...]] = []
    for _ in range(2):
        sim.settle()
        sim.pass_time(10)
        # Whoever takes the step, and some time later once more.
        for seconds in (0, 2):
            due = plan(sim.observe(), sim.now + timedelta(seconds=seconds))
            keys.append(tuple(check.key for check in due.checks if isinstance(check, Check)))
        sim.sync()

    first, repeated, second, again = keys
    assert len(set(first)) == 3
    assert first == repeated
    assert second == again
    assert not set(first) & set(second)
