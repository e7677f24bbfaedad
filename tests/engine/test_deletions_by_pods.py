"""revertOnDeletion where weights are numbers of pods: who serves while the Canary goes."""

import copy

import pytest
from shared_pods import PRIMARY_ONLY, SHARED, is_paused, selector, until_weight, weighted
from simulation import Manifest, Simulation

from burgee.engine.phases.ending import Farewell, end

APEX = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "podinfo", "namespace": "test"},
    "spec": {"selector": {"app": "podinfo"}, "ports": [{"name": "http", "port": 9898}]},
}


def leaving(weight: int, *others: Manifest, newer: str = "") -> Simulation:
    """A Canary at a weight that is being deleted; `newer` is an image that waits to be let in."""
    sim = weighted(others=others, spec={"revertOnDeletion": True})
    until_weight(sim, weight)
    assert selector(sim) == SHARED
    if newer:
        target = copy.deepcopy(sim.get("Deployment", "podinfo"))
        target["spec"]["template"]["spec"]["containers"][0]["image"] = newer
        sim.put(target)
        sim.controllers()
        assert is_paused(sim)
    stamp = sim.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    sim.parent["metadata"] = {**sim.parent["metadata"], "deletionTimestamp": stamp}
    return sim


def sync(sim: Simulation) -> Farewell:
    said = end(sim.observe(), sim.now)
    sim._effects(said)
    sim._children(said)  # type: ignore[arg-type]
    sim.parent = {**sim.parent, "status": said.status.as_manifest()}
    sim.controllers()
    return said


def served(sim: Simulation) -> set[str]:
    """The images of the pods that get traffic."""
    return {sim.served_image(workload) for workload in sim.behind()}


@pytest.mark.parametrize("others", [(), (APEX,)], ids=["ours", "the user's Service"])
def test_a_newer_revision_gets_nothing_before_all_of_it_is_there(
    others: tuple[Manifest, ...],
) -> None:
    sim = leaving(60, *others, newer="app:3")
    seen: list[set[str]] = []

    for _ in range(20):
        said = sync(sim)
        if said.finalized:
            break
        seen.append(served(sim))
        assert sum(sim.behind().values()) >= 5
    assert said.finalized

    assert {"app:3"} not in seen
    assert all("app:3" not in images for images in seen)
    assert seen[-1] == {"app:1"}
    assert sim.served_image("podinfo") == "app:3"
    assert sim.replicas("podinfo") == 5
    assert not is_paused(sim)
    if others:
        assert selector(sim) == {"app": "podinfo"}
        assert served(sim) == {"app:3"}


def test_a_newer_revision_that_never_comes_up_keeps_the_primary_until_time_is_over() -> None:
    sim = leaving(60, newer="app:3")
    sim.never_ready.add("app:3")

    for _ in range(10):
        assert not sync(sim).finalized
    assert served(sim) == {"app:1"}
    assert selector(sim) == PRIMARY_ONLY

    sim.pass_time(1300)
    assert sync(sim).finalized


def test_the_analysed_revision_takes_over_as_it_is() -> None:
    sim = leaving(60)

    for _ in range(10):
        said = sync(sim)
        if said.finalized:
            break
        assert sum(sim.behind().values()) >= 5

    assert said.finalized
    assert sim.replicas("podinfo") == 5
    assert sim.served_image("podinfo") == "app:2"
    assert not is_paused(sim)


def test_a_broken_primary_is_not_waited_for() -> None:
    sim = leaving(60, newer="app:3")
    sim.never_ready.add("app:1")
    sim.controllers()
    primary = sim.get("Deployment", "podinfo-primary")
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    sim.put({**primary, "status": {**primary["status"], "conditions": [stuck]}})

    assert not sync(sim).finalized

    assert not is_paused(sim)
