"""Services that a user made before their Canary: what of them is set, and what survives."""

import json

import pytest
from simulation import Manifest, Simulation, canary, deployment, service

from burgee.engine.effects import ApplyForeign, Scale
from burgee.engine.phases.ending import end


def with_tier(manifest: Manifest) -> Manifest:
    """A Deployment whose pods are told by two labels."""
    spec = manifest["spec"]
    spec["selector"]["matchLabels"]["tier"] = "web"
    spec["template"]["metadata"]["labels"]["tier"] = "web"
    return manifest


def users_service(**selector: str) -> Manifest:
    found = service()
    found["spec"]["selector"] = selector
    return found


def test_a_selector_of_several_labels_is_replaced_as_a_whole() -> None:
    mine = users_service(app="podinfo", tier="web")
    sim = Simulation(parent=canary(), target=with_tier(deployment()), others=[mine])

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.get("Service", "podinfo")["spec"]["selector"] == {"app": "podinfo-primary"}


def test_a_label_that_comes_back_into_the_selector_is_taken_out_again() -> None:
    sim = Simulation(parent=canary(), others=[users_service(app="podinfo")])
    sim.settle()
    edited = sim.get("Service", "podinfo")
    edited["spec"]["selector"] = {"app": "podinfo-primary", "version": "v1"}

    sim.put(edited)
    sim.settle()

    assert sim.get("Service", "podinfo")["spec"]["selector"] == {"app": "podinfo-primary"}


@pytest.mark.parametrize(
    ("selector", "kubectl", "given_back"),
    [
        pytest.param({"app": "podinfo-primary"}, None, {"app": "podinfo"}, id="taken by Flagger"),
        pytest.param({"app": "podinfo-primary"}, {"app": "me"}, {"app": "me"}, id="by kubectl"),
        pytest.param({"app": "me"}, None, {"app": "me"}, id="the user's"),
    ],
)
def test_a_service_that_is_given_back_has_pods(
    selector: dict[str, str], kubectl: dict[str, str] | None, given_back: dict[str, str]
) -> None:
    """Those of the primary go with the Canary."""
    mine = users_service(**selector)
    if kubectl:
        text = json.dumps({"spec": {"selector": kubectl}})
        last = {"kubectl.kubernetes.io/last-applied-configuration": text}
        mine["metadata"]["annotations"] = last
    sim = Simulation(parent=canary(revertOnDeletion=True), others=[mine])
    sim.settle()
    for effect in end(sim.observe(), sim.now).effects:
        if isinstance(effect, Scale):
            sim.perform(effect)
    sim.controllers()

    farewell = end(sim.observe(), sim.now)

    (back,) = [e.manifest for e in farewell.effects if isinstance(e, ApplyForeign)]
    assert back["spec"]["selector"] == given_back
