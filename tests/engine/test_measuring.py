"""What a step of the analysis asks, worked out of everything that is observed."""

from typing import Any

import pytest
from sample_objects import canary
from simulation import START, Simulation

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.decide import plan
from burgee.engine.facts import assess
from burgee.engine.measuring import checks_of
from burgee.engine.observation import Observation
from burgee.metrics.model import Check

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
