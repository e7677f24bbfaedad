"""Whatever happens to a DaemonSet, a Service or a ScaledObject, traffic is safe and it ends well."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulation import Simulation, canary, daemonset, scaled_object, service

from burgee.engine.effects import Effect, MergePatch, Scale
from burgee.metrics.model import Sample

PAUSED = "autoscaling.keda.sh/paused-replicas"
ZERO = "flagger.app/scale-to-zero"
NODES = {"spec": {"template": {"spec": {"nodeSelector": {ZERO: "true"}}}}}
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "podinfo-so"}


def with_daemonset() -> Simulation:
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "podinfo"}
    return Simulation(parent=canary(targetRef=reference), target=daemonset())


def with_service() -> Simulation:
    reference = {"apiVersion": "v1", "kind": "Service", "name": "podinfo"}
    return Simulation(parent=canary(targetRef=reference), target=service())


def with_keda() -> Simulation:
    return Simulation(parent=canary(autoscalerRef=KEDA), others=[scaled_object()])


def annotate(sim: Simulation, value: str | None) -> None:
    """Somebody sets or removes the pause."""
    found = copy.deepcopy(sim.objects.get(("ScaledObject", "podinfo-so")))
    if found:
        found["metadata"]["annotations"] = {} if value is None else {PAUSED: value}
        sim.put(found)


def deploy(sim: Simulation, number: int) -> None:
    if sim.kind != "Service":
        sim.set_image(f"app:{number}")
        return
    found = copy.deepcopy(sim.get("Service", "podinfo"))
    found["spec"]["selector"]["version"] = str(number)
    sim.put(found)


def lose_selector(sim: Simulation) -> None:
    """A deploy from git takes the scale-to-zero selector away."""
    if sim.kind == "DaemonSet":
        sim.put(
            {
                **daemonset(sim.image("podinfo")),
                "status": sim.get("DaemonSet", "podinfo")["status"],
            }
        )


def delete_copy(sim: Simulation) -> None:
    for key in (("ScaledObject", "podinfo-so-primary"), ("Service", "podinfo-canary")):
        sim.objects.pop(key, None)


def lose_route(sim: Simulation) -> None:
    sim.lose_children ^= {"podinfo"}


def lose_copies(sim: Simulation) -> None:
    sim.lose_children ^= {"podinfo-primary", "podinfo-canary"}


def lose_status(sim: Simulation) -> None:
    sim.lose_status = 2


def fail_checks(sim: Simulation) -> None:
    sim.measure = lambda _: Sample(value=1.0)


def pass_checks(sim: Simulation) -> None:
    sim.measure = lambda _: Sample(value=100.0)


def break_image(sim: Simulation) -> None:
    sim.never_ready ^= {"app:2"}


ACTIONS: tuple[Callable[[Simulation], object], ...] = (
    lambda sim: deploy(sim, 1),
    lambda sim: deploy(sim, 2),
    lambda sim: deploy(sim, 3),
    lambda sim: annotate(sim, None),
    lambda sim: sim.pass_time(4),
    lambda sim: sim.pass_time(11),
    lambda sim: sim.pass_time(70),
    lose_selector,
    delete_copy,
    lose_route,
    lose_copies,
    lose_status,
    fail_checks,
    pass_checks,
    break_image,
)


def takes_pods_away(effects: Iterable[Effect]) -> bool:
    for effect in effects:
        if isinstance(effect, Scale) and effect.replicas == 0:
            return True
        patch: dict[str, Any] = effect.patch if isinstance(effect, MergePatch) else {}
        head = (patch.get("metadata") or {}).get("annotations") or {}
        if patch.get("spec") == NODES["spec"] or head.get(PAUSED) == "0":
            return True
    return False


def behind_canary(sim: Simulation) -> str:
    found = sim.objects.get(("Service", "podinfo-canary"))
    return str(found["spec"]["selector"].get("version")) if found else ""


def step(sim: Simulation) -> None:
    """One sync that must not hurt anybody."""
    weight = sim.route_history[-1] if sim.route_history else 0
    version = behind_canary(sim)
    decision = sim.sync()

    if weight > 0:
        assert not takes_pods_away(decision.effects)
    if weight > 0 and version and sim.kind == "Service":
        assert behind_canary(sim) == version
    for effect in decision.effects:
        if isinstance(effect, Scale | MergePatch):
            assert effect.name in {"podinfo", "podinfo-so"} or not takes_pods_away([effect])


@pytest.mark.parametrize("make", [with_daemonset, with_service, with_keda])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    actions=st.lists(st.sampled_from(range(len(ACTIONS))), max_size=25), syncs=st.integers(1, 3)
)
def test_no_life_of_another_target_breaks_a_rule(
    make: Callable[[], Simulation], actions: list[int], syncs: int
) -> None:
    sim = make()
    for number in actions:
        ACTIONS[number](sim)
        for _ in range(syncs):
            step(sim)
    sim.lose_children.clear()
    sim.never_ready.clear()
    pass_checks(sim)
    sim.controllers()
    sim.run(600)
    deploy(sim, 7)
    sim.run(600)
    sim.settle()

    assert sim.phase == "Succeeded"
    assert sim.routes[-1] == 0
    if sim.kind == "Service":
        primary = sim.get("Service", "podinfo-primary")
        assert primary["spec"]["selector"]["version"] == "7"
        return
    assert sim.image("podinfo-primary") == "app:7"
    if sim.kind == "DaemonSet":
        template = sim.get("DaemonSet", "podinfo")["spec"]["template"]
        assert template["spec"]["nodeSelector"] == {ZERO: "true"}
        return
    assert sim.replicas("podinfo") == 0
    assert sim.get("ScaledObject", "podinfo-so")["metadata"]["annotations"][PAUSED] == "0"
    assert sim.replicas("podinfo-primary") >= 2
