"""Simulated Canaries whose weights are numbers of pods."""

from typing import Any

from simulation import Manifest, Simulation, analysis, canary, deployment

from burgee.metrics.model import Sample

PRIMARY_ONLY = {"app": "podinfo-primary"}
SHARED = {"burgee.dev/apex": "podinfo"}
CANARY_ONLY = {"app": "podinfo"}
BAD = Sample(value=1.0)
HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "podinfo", "namespace": "test"},
    "spec": {
        "minReplicas": 2,
        "maxReplicas": 4,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
    },
}
SCALED = {
    "autoscalerRef": {"apiVersion": "autoscaling/v2", "kind": HPA["kind"], "name": "podinfo"}
}


def weighted(
    *, replicas: int = 5, others: tuple[Manifest, ...] = (), spec: Any = None, **fields: object
) -> Simulation:
    """A Canary that rests, with weights of 20, 40 and 60 percent."""
    plan = analysis(**{"stepWeight": 20, "maxWeight": 60, **fields})
    sim = Simulation(
        parent=canary(provider="kubernetes", analysis=plan, **(spec or {})),
        target=deployment(replicas=replicas),
        others=list(others),
    )
    sim.settle()
    assert sim.phase == "Initialized"
    return sim


def selector(sim: Simulation) -> Manifest:
    found: Manifest = sim.get("Service", "podinfo")["spec"]["selector"]
    return found


def is_paused(sim: Simulation) -> bool:
    return bool(sim.get("Deployment", "podinfo")["spec"].get("paused"))


def until_weight(sim: Simulation, weight: int) -> None:
    """Runs until the pods of a weight are in place."""
    sim.set_image("app:2")
    for _ in range(30):
        sim.settle()
        if sim.status["canaryWeight"] == weight:
            return
        sim.pass_time(10)
    raise AssertionError(f"never at weight {weight}: {sim.status}")


def is_at_rest(sim: Simulation, pods: int) -> None:
    assert selector(sim) == PRIMARY_ONLY
    assert sim.behind() == {"podinfo-primary": pods}
    assert sim.replicas("podinfo") == 0
    assert not is_paused(sim)
    assert "replicaRatio" not in sim.status


def available(sim: Simulation, name: str, count: int) -> None:
    """That many pods of a Deployment can serve, whatever else is asked for."""
    found = sim.get("Deployment", name)
    status = {**found["status"], "availableReplicas": count, "readyReplicas": count}
    sim.put({**found, "status": status})
