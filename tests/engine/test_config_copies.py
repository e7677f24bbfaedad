"""The primary's copies of ConfigMaps and Secrets are there before its pods ask for them."""

import pytest
from simulation import Simulation, canary, deployment

from burgee.targets.primary import revision_of

CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "test"},
    "data": {"color": "blue"},
}
COPY = "settings-primary"


def promoting(**spec: object) -> Simulation:
    """A run for another value of the ConfigMap, whose copies cannot be written any more."""
    volume = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}
    sim = Simulation(parent=canary(**spec), target=deployment(**volume), others=[CONFIG])
    sim.settle()
    assert sim.phase == "Initialized"
    assert color(sim) == "blue"
    sim.put({**CONFIG, "data": {"color": "red"}})
    sim.lose_children.add(COPY)
    return sim


def color(sim: Simulation) -> str:
    return str(sim.get("ConfigMap", COPY)["data"]["color"])


@pytest.mark.parametrize("spec", [{}, {"skipAnalysis": True}], ids=["analysed", "skipped"])
def test_the_primary_waits_for_the_copy_of_its_new_config(spec: dict[str, object]) -> None:
    sim = promoting(**spec)
    primary = sim.get("Deployment", "podinfo-primary")

    for _ in range(4):
        sim.settle()
        sim.pass_time(10)

    assert sim.phase in {"Promoting", "Progressing"}
    assert color(sim) == "blue"
    assert revision_of(sim.get("Deployment", "podinfo-primary")) == revision_of(primary)

    sim.lose_children.clear()
    sim.run(60, until="Succeeded")

    assert color(sim) == "red"
    assert revision_of(sim.get("Deployment", "podinfo-primary")) != revision_of(primary)


def test_a_copy_that_was_lost_before_the_first_primary_is_made_good() -> None:
    volume = {"volumes": [{"name": "c", "configMap": {"name": "settings"}}]}
    sim = Simulation(target=deployment(**volume), others=[CONFIG], lose_children={COPY})
    sim.settle()
    assert sim.phase == "Initializing"

    sim.lose_children.clear()
    sim.settle()

    assert sim.phase == "Initialized"
    assert color(sim) == "blue"
