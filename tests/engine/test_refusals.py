"""Canaries that cannot be worked with: a condition, an event, and nothing is touched."""

import copy

import pytest
from simulation import Manifest, Simulation, canary

from burgee.api.metric_template import MetricTemplate
from burgee.engine.decide import advance
from burgee.engine.decision import Findings
from burgee.engine.phases.refusing import refuse_unreadable
from burgee.metrics.model import Sample


def analysis(**fields: object) -> dict[str, object]:
    return {**canary()["spec"]["analysis"], **fields}


def hook(**fields: object) -> dict[str, object]:
    return analysis(webhooks=[{"name": "w", "url": "http://w.test/", **fields}])


MISTAKES = [
    pytest.param({"provider": "nobody"}, "UnsupportedProvider", id="provider"),
    pytest.param(
        {"targetRef": {"apiVersion": "batch/v1", "kind": "Job", "name": "podinfo"}},
        "UnsupportedTarget",
        id="target kind",
    ),
    pytest.param(
        {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}},
        "TargetNotFound",
        id="target missing",
    ),
    pytest.param(
        {
            "autoscalerRef": {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "name": "none",
            }
        },
        "ScalerNotFound",
        id="scaler missing",
    ),
    pytest.param({"service": {"port": 0}}, "InvalidService", id="port"),
    pytest.param({"analysis": analysis(stepWeights=[5, 3])}, "InvalidSteps", id="falling steps"),
    pytest.param({"analysis": analysis(stepWeight=0)}, "InvalidSteps", id="no steps"),
    pytest.param({"analysis": hook(type="before-lunch")}, "InvalidWebhook", id="webhook type"),
    pytest.param({"analysis": hook(timeout="soon")}, "InvalidWebhook", id="webhook timeout"),
    pytest.param(
        {"provider": "linkerd", "analysis": analysis(mirror=True)},
        "UnsupportedStrategy",
        id="mirror where nothing mirrors",
    ),
]


@pytest.mark.parametrize(("spec", "reason"), MISTAKES)
def test_a_mistake_from_the_start_touches_nothing(spec: dict[str, object], reason: str) -> None:
    sim = Simulation(parent=canary(**spec))
    before = copy.deepcopy(sim.objects)

    sim.settle()

    accepted = sim.condition("Accepted")
    assert accepted is not None
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    assert [e.message for e in sim.events if e.type == "Warning"] == [accepted["message"]]
    assert sim.objects == before
    assert sim.phase == "Initializing"


@pytest.mark.parametrize(("spec", "reason"), MISTAKES)
def test_a_mistake_in_the_middle_stops_the_run_where_it_is_until_it_is_mended(
    spec: dict[str, object], reason: str
) -> None:
    sim = Simulation()
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    before = copy.deepcopy(sim.objects)
    good = {key: sim.parent["spec"].get(key) for key in spec}

    sim.edit(**spec)
    sim.run(100)
    accepted = sim.condition("Accepted")
    assert accepted is not None
    assert accepted["reason"] == reason
    assert (sim.phase, sim.status["canaryWeight"]) == ("Progressing", 25)
    assert sim.objects == before

    sim.edit(**{key: value for key, value in good.items() if value is not None})
    sim.parent["spec"] = {k: v for k, v in sim.parent["spec"].items() if good.get(k, 1)}
    sim.run(60, until="Succeeded")
    assert sim.condition("Accepted") is None


TEMPLATE = {
    "apiVersion": "flagger.app/v1beta1",
    "kind": "MetricTemplate",
    "metadata": {"name": "errors", "namespace": "test"},
    "spec": {"provider": {"type": "prometheus", "address": "http://p.test"}, "query": "up"},
}


def with_template(query: str | None) -> Simulation:
    metric = {"name": "errors", "templateRef": {"name": "errors"}, "thresholdRange": {"max": 200}}
    sim = Simulation(parent=canary(analysis=analysis(metrics=[metric])))
    if query is not None:
        give_template(sim, query)
    return sim


def give_template(sim: Simulation, query: str) -> None:
    manifest = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "query": query}}
    sim.templates["test", "errors"] = MetricTemplate.model_validate(manifest)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(None, id="no such template"),
        pytest.param("{{ if }}", id="syntax error"),
        pytest.param("{{ variables.missing }}", id="missing variable"),
    ],
)
def test_an_analysis_that_cannot_be_asked_holds_a_new_revision_until_it_is_mended(
    query: str | None,
) -> None:
    sim = with_template(query)
    sim.settle()
    assert sim.phase == "Initialized"
    accepted = sim.condition("Accepted")
    assert accepted is not None
    assert accepted["reason"] == "InvalidMetric"

    sim.set_image("app:2")
    sim.run(100)
    assert sim.phase == "Initialized"
    assert sim.replicas("podinfo") == 0

    give_template(sim, "up")
    sim.run(60, until="Succeeded")
    assert sim.condition("Accepted") is None


def test_a_template_that_goes_away_in_the_middle_is_a_failed_check() -> None:
    sim = with_template("up")
    sim.measure = lambda _: Sample(value=1.0)
    sim.settle()
    sim.set_image("app:2")
    sim.settle()

    sim.templates.clear()
    sim.run(60, until="Failed")

    assert sim.routes == [0, 25, 0]
    assert "errors" in sim.status["failure"]["message"]


def config(name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "test"},
        "data": {"a": "b"},
    }


def test_a_configmap_that_goes_away_keeps_everything_as_it_is() -> None:
    volume = {"name": "c", "configMap": {"name": "settings"}}
    sim = Simulation(others=[config("settings")])
    target = copy.deepcopy(sim.get("Deployment", "podinfo"))
    target["spec"]["template"]["spec"]["volumes"] = [volume]
    sim.put(target)
    sim.settle()
    assert sim.phase == "Initialized"

    sim.delete("ConfigMap", "settings")
    before = copy.deepcopy(sim.objects)
    sim.run(100)

    assert sim.objects == before
    accepted = sim.condition("Accepted")
    assert accepted is not None
    assert accepted["reason"] == "ConfigMissing"
    sim.put(config("settings"))
    sim.settle()
    assert sim.condition("Accepted") is None
    assert sim.phase == "Initialized"


def test_a_spec_that_cannot_be_read_keeps_status_and_children() -> None:
    sim = Simulation()
    sim.settle()
    children = sim.observe().children

    first = refuse_unreadable(sim.parent, children, "spec.targetRef: missing", sim.now)
    again = refuse_unreadable(
        {**sim.parent, "status": first.status.as_manifest()},
        children,
        "spec.targetRef: missing",
        sim.now,
    )

    assert first.status.phase == "Initialized"
    assert {c["metadata"]["name"] for c in first.children} == {name for _, name in children}
    assert len(first.effects) == 1
    assert again.effects == ()


def test_a_phase_that_asks_for_the_same_again_and_again_is_a_defect() -> None:
    sim = Simulation(parent=canary(analysis=hook(type="confirm-rollout")))
    sim.settle()
    sim.set_image("app:2")

    with pytest.raises(RuntimeError, match="again and again"):
        advance(sim.observe(), sim.now, lambda _: Findings())
