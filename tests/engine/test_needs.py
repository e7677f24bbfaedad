"""Kinds of others that are not served: said, and looked for again, with nothing touched."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from simulation import START, Simulation, canary

from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.engine.decide import UNWATCHED_AT_REST_SECONDS, UNWATCHED_SECONDS, advance
from burgee.engine.decision import Findings
from burgee.engine.reading.needs import LOOK_AGAIN_SECONDS, needs_of
from burgee.routers.registry import capabilities_by_provider

KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "podinfo"}
HPA = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "podinfo"}

ITERATIONS = {"interval": "10s", "iterations": 2}


def needed(**spec: Any) -> list[tuple[str, str]]:
    found = needs_of(Canary.model_validate(canary(**spec)), EngineSettings())
    return [(need.api_version, need.resource) for need in found]


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        pytest.param(
            {"provider": "istio"},
            [
                ("networking.istio.io/v1beta1", "destinationrules"),
                ("networking.istio.io/v1beta1", "virtualservices"),
            ],
            id="istio",
        ),
        pytest.param(
            {"provider": "kubernetes"}, [("apps/v1", "deployments")], id="pods by weight"
        ),
        pytest.param({"provider": "kubernetes", "analysis": ITERATIONS}, [], id="Services alone"),
        pytest.param({"provider": "nobody"}, [], id="no provider"),
        pytest.param(
            {
                "provider": "nginx",
                "ingressRef": {
                    "apiVersion": "networking.k8s.io/v1",
                    "kind": "Ingress",
                    "name": "web",
                },
            },
            [],
            id="Ingresses are built in",
        ),
        pytest.param(
            {"provider": "kubernetes", "autoscalerRef": HPA, "analysis": ITERATIONS},
            [],
            id="autoscalers are built in",
        ),
        pytest.param(
            {"provider": "kubernetes", "autoscalerRef": KEDA, "analysis": ITERATIONS},
            [("keda.sh/v1alpha1", "scaledobjects")],
            id="KEDA",
        ),
        pytest.param(
            {"provider": "traefik"}, [("traefik.io/v1alpha1", "traefikservices")], id="traefik"
        ),
        pytest.param(
            {"provider": "istio", "routeRef": {**KEDA, "kind": "VirtualService"}},
            [("networking.istio.io/v1beta1", "virtualservices")],
            id="a user's route alone",
        ),
        pytest.param(
            {"provider": "traefik", "routeRef": {**KEDA, "kind": "IngressRoute"}},
            [("traefik.io/v1alpha1", "ingressroutes")],
            id="a user's route of another kind",
        ),
    ],
)
def test_what_a_canary_needs(spec: dict[str, Any], kinds: list[tuple[str, str]]) -> None:
    assert needed(**spec) == kinds


def test_no_need_is_asked_for_that_the_rules_do_not_name() -> None:
    for provider in capabilities_by_provider():
        assert len(set(needed(provider=provider))) == len(needed(provider=provider))


@pytest.mark.parametrize("in_a_run", [False, True])
def test_a_kind_that_is_missing_is_said_and_nothing_is_touched(in_a_run: bool) -> None:
    sim = Simulation()
    sim.settle()
    if in_a_run:
        sim.set_image("app:2")
        sim.settle()
    before = copy.deepcopy(sim.objects)
    seen = sim.observe()
    missing = replace(seen, lacking=needs_of(seen.canary, seen.settings))

    decision = advance(missing, sim.now, lambda _: Findings())

    condition = decision.status.condition("Accepted")
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", "ProviderNotInstalled")
    assert "VirtualService of networking.istio.io/v1beta1" in condition.message
    assert "the provider istio (spec.provider)" in condition.message
    assert decision.status.phase == seen.canary.status.phase
    assert len(decision.children) == len(seen.children)
    assert [type(effect).__name__ for effect in decision.effects] == ["EmitEvent"]
    assert decision.resync_after_seconds == LOOK_AGAIN_SECONDS
    assert not decision.quiet
    assert sim.objects == before


def test_a_kind_that_must_not_be_read_is_said_with_what_grants_it() -> None:
    seen = Simulation().observe()
    needs = needs_of(seen.canary, seen.settings)
    refused = tuple(replace(need, granted=False) for need in needs)

    decision = advance(replace(seen, lacking=refused), START, lambda _: Findings())

    condition = decision.status.condition("Accepted")
    assert condition is not None
    assert condition.reason == "ProviderNotGranted"
    assert "DestinationRule of networking.istio.io/v1beta1 and VirtualService" in condition.message
    assert "component" in condition.message
    assert decision.resync_after_seconds == LOOK_AGAIN_SECONDS


def test_it_is_told_once_and_looked_for_again_and_again() -> None:
    seen = Simulation().observe()
    missing = replace(seen, lacking=needs_of(seen.canary, seen.settings))
    first = advance(missing, START, lambda _: Findings())
    parent = seen.canary.model_copy(update={"status": first.status})

    again = advance(replace(missing, canary=parent), START, lambda _: Findings())

    assert again.effects == ()
    assert again.status == first.status
    assert again.resync_after_seconds == LOOK_AGAIN_SECONDS
    assert not again.quiet


def test_what_nobody_watches_is_looked_at_by_the_clock() -> None:
    sim = Simulation()
    starting = replace(sim.observe(), unwatched=True)
    moving = advance(starting, sim.now, lambda _: Findings())
    sim.settle()
    resting = advance(replace(sim.observe(), unwatched=True), sim.now, lambda _: Findings())

    assert moving.resync_after_seconds == UNWATCHED_SECONDS
    assert resting.resync_after_seconds == UNWATCHED_AT_REST_SECONDS
    assert not resting.quiet
