"""Simulations of targets other than a plain Deployment."""

import copy
from typing import Any

from simulation import Simulation, canary

PHASES = ["Initializing", "Initialized", "Progressing", "Promoting", "Finalising", "Succeeded"]
ZERO = {"flagger.app/scale-to-zero": "true"}
APP = "podinfo"
PAUSED = "autoscaling.keda.sh/paused-replicas"
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "podinfo-so"}


def daemonset_canary(**spec: Any) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "podinfo"}
    return canary(targetRef=reference, **spec)


def service_canary(**spec: Any) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "Service", "name": "podinfo"}
    return canary(targetRef=reference, **spec)


def iterations(count: int = 2, **fields: Any) -> dict[str, Any]:
    return {"interval": "10s", "threshold": 2, "iterations": count, **fields}


def settled(sim: Simulation) -> Simulation:
    sim.settle()
    assert sim.phase == "Initialized"
    return sim


def selector(sim: Simulation, name: str) -> dict[str, str]:
    spec = sim.get("DaemonSet", name)["spec"]["template"]["spec"]
    return dict(spec.get("nodeSelector") or {})


def paused(sim: Simulation, name: str = "podinfo-so") -> str | None:
    found = sim.get("ScaledObject", name)["metadata"].get("annotations") or {}
    return found.get(PAUSED)


def deploy(sim: Simulation, version: str) -> None:
    """Points the user's Service to other pods."""
    found = copy.deepcopy(sim.get("Service", "podinfo"))
    found["spec"]["selector"]["version"] = version
    sim.put(found)


def versions(sim: Simulation) -> tuple[str, ...]:
    """The versions behind primary and canary."""
    names = ("podinfo-primary", "podinfo-canary")
    return tuple(sim.get("Service", n)["spec"]["selector"]["version"] for n in names)
