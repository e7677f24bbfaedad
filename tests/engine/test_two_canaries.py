"""Two Canaries that would write the same object: the second says so, and touches nothing."""

from dataclasses import replace
from typing import Any

import pytest
from simulation import START, UID, Manifest, Simulation, canary, deployment

from burgee.api.canary import Canary
from burgee.api.manifest import name_of
from burgee.engine.decide import advance
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.reading.observation import Observation
from burgee.routers.base import Aim, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")
INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}


def of(manifest: Manifest, kind: str = "Canary", group: str = "flagger.app/v1beta1") -> Manifest:
    owner = {"apiVersion": group, "kind": kind, "name": "first", "uid": "u-1", "controller": True}
    head = {**manifest["metadata"], "namespace": "test", "ownerReferences": [owner]}
    return {**manifest, "metadata": head}


def named(api_version: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": {}}


def observed(**spec: Any) -> Observation:
    sim = Simulation(parent=canary(**spec))
    return replace(sim.observe(), canary=Canary.model_validate(canary(**spec)))


def decide(observation: Observation) -> Decision:
    def nothing(due: Plan) -> Findings:
        assert due.others, "IO for a Canary that is refused"
        return Findings()

    return advance(observation, START, nothing)


def with_services(observation: Observation, *services: Manifest) -> Observation:
    return replace(observation, services={name_of(found): found for found in services})


def with_routes(observation: Observation, *routes: Manifest) -> Observation:
    return replace(observation, routes={(r["kind"], name_of(r)): r for r in routes})


def service(name: str) -> Manifest:
    return named("v1", "Service", name)


def virtual_service() -> Manifest:
    found = Canary.model_validate(canary())
    return router_of("istio").render(Aim(canary=found, names=NAMES, weights=Weights()))[-1]


@pytest.mark.parametrize(
    ("observation", "reason", "words"),
    [
        pytest.param(
            with_services(observed(), of(service("podinfo"))),
            "ServiceConflict",
            ("Service podinfo ", "spec.service.name"),
            id="apex",
        ),
        pytest.param(
            with_services(observed(), of(service("podinfo-canary"))),
            "ServiceConflict",
            ("Service podinfo-canary ", "spec.service.name"),
            id="canary",
        ),
        pytest.param(
            with_routes(observed(), of(virtual_service())),
            "RouteConflict",
            ("VirtualService podinfo ", "spec.service.name"),
            id="route",
        ),
        pytest.param(
            replace(observed(), taken=(of(named("apps/v1", "Deployment", "podinfo-primary")),)),
            "TargetConflict",
            ("Deployment podinfo-primary ", "spec.targetRef"),
            id="primary",
        ),
        pytest.param(
            replace(
                observed(),
                taken=(of(named("autoscaling/v2", "HorizontalPodAutoscaler", "podinfo-primary")),),
            ),
            "TargetConflict",
            ("HorizontalPodAutoscaler podinfo-primary ", "spec.autoscalerRef"),
            id="scaler of the primary",
        ),
        pytest.param(
            replace(
                observed(),
                target=of(deployment()),
            ),
            "TargetConflict",
            ("Deployment podinfo ", "spec.targetRef"),
            id="the primary of another Canary as the target",
        ),
        pytest.param(
            replace(
                with_routes(
                    observed(provider="nginx", ingressRef=INGRESS),
                    {
                        **named("networking.k8s.io/v1", "Ingress", "web"),
                        "metadata": {"name": "web", "namespace": "test"},
                        "spec": {
                            "rules": [
                                {
                                    "http": {
                                        "paths": [
                                            {
                                                "backend": {
                                                    "service": {
                                                        "name": "podinfo",
                                                        "port": {"number": 80},
                                                    }
                                                }
                                            }
                                        ]
                                    }
                                }
                            ]
                        },
                    },
                    of(named("networking.k8s.io/v1", "Ingress", "web-canary")),
                ),
            ),
            "RouteConflict",
            ("Ingress web-canary ", "spec.ingressRef"),
            id="copy of an Ingress",
        ),
    ],
)
def test_what_belongs_to_another_canary_is_left_alone(
    observation: Observation, reason: str, words: tuple[str, ...]
) -> None:
    decision = decide(observation)

    condition = decision.status.condition("Accepted")
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", reason)
    assert all(word in condition.message for word in (*words, "the Canary first"))
    assert decision.children == ()
    assert [type(effect).__name__ for effect in decision.effects] == ["EmitEvent"]
    assert decision.resync_after_seconds


@pytest.mark.parametrize(
    "found",
    [
        service("podinfo"),
        of(service("podinfo"), kind="Application", group="app.test/v1"),
        of(service("podinfo"), kind="Canary", group="other.test/v1"),
        {
            **service("podinfo"),
            "metadata": {"name": "podinfo", "ownerReferences": [{"uid": UID, "controller": True}]},
        },
        # One of several owners, none of which controls it.
        {
            **service("podinfo"),
            "metadata": {
                "name": "podinfo",
                "ownerReferences": [
                    {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "uid": "u-1"}
                ],
            },
        },
    ],
)
def test_what_belongs_to_no_other_canary_is_worked_with(found: Manifest) -> None:
    decision = decide(with_services(observed(), found))

    assert decision.status.condition("Accepted") is None
    assert decision.children
