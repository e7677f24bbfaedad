"""A Canary at rest with objects of a provider, and what a look at it decides."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from simulation import START, UID, Simulation, canary

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.engine.decide import advance
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.reading.observation import Observation
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

INGRESS_REF = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
MIRROR = "nginx.ingress.kubernetes.io/mirror-target"
TRAFFIC_ROUTE = ("TrafficRoute", "podinfo")
NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")


def ingress() -> Manifest:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "podinfo", "port": {"number": 9898}}},
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "test", "annotations": {}},
        "spec": {"rules": [{"http": {"paths": [path]}}]},
    }


def resting(**spec: Any) -> Observation:
    """A Canary of another provider at rest, without its route objects."""
    sim = Simulation()
    while sim.phase != "Initialized" or sim.replicas("podinfo"):
        sim.sync()
    found = sim.observe()
    status = {**found.canary.status.as_manifest(), "provider": spec.get("provider", "istio")}
    parsed = Canary.model_validate({**canary(**spec), "status": status})
    assert found.canary.status.phase.value == "Initialized"
    return replace(found, canary=parsed, routes={})


def rendered(observation: Observation, weights: Weights, *originals: Manifest) -> list[Manifest]:
    router = router_of(observation.canary.spec.provider)
    return [
        *router.render(
            Aim(canary=observation.canary, names=NAMES, weights=weights, originals=originals)
        )
    ]


def with_routes(observation: Observation, *routes: Manifest) -> Observation:
    return replace(observation, routes={(r["kind"], name_of(r)): r for r in routes})


def owned(manifest: Manifest, uid: str = UID) -> Manifest:
    head = {
        **manifest["metadata"],
        "uid": f"{name_of(manifest)}-uid",
        "labels": {**manifest["metadata"].get("labels", {}), "controller-uid": uid},
        "ownerReferences": [{"uid": uid, "controller": True}],
    }
    return {**manifest, "metadata": head}


def decide(observation: Observation) -> Decision:
    def nothing(plan: Plan) -> Findings:
        assert plan == Plan(sources=plan.sources, others=plan.others), "IO at rest"
        return Findings()

    return advance(observation, START, nothing)


def child(decision: Decision, kind: str, name: str) -> Manifest | None:
    return next((c for c in decision.children if (c["kind"], name_of(c)) == (kind, name)), None)


def effects(found: Sequence[Any], kind: type) -> list[Any]:
    return [effect for effect in found if isinstance(effect, kind)]
