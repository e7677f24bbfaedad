"""A/B, Blue/Green and mirroring on the pure engine."""

import pytest
from simulation import Simulation, canary

from burgee.metrics.model import Sample

MATCH = [{"headers": {"x-canary": {"exact": "insider"}}}]


def analysis(**fields: object) -> dict[str, object]:
    base = {
        k: v
        for k, v in canary()["spec"]["analysis"].items()
        if k not in {"stepWeight", "maxWeight"}
    }
    return {**base, **fields}


def initialized(provider: str = "istio", **fields: object) -> Simulation:
    sim = Simulation(parent=canary(provider=provider, analysis=analysis(**fields)))
    sim.settle()
    assert sim.phase == "Initialized", sim.status
    return sim


def mirrored(sim: Simulation) -> bool:
    return "mirror" in sim.get("VirtualService", "podinfo")["spec"]["http"][0]


def test_ab_sends_matching_requests_to_the_canary_for_all_iterations() -> None:
    sim = initialized(iterations=3, match=MATCH)
    before = sim.now

    sim.set_image("app:2")
    sim.settle()
    rules = sim.get("VirtualService", "podinfo")["spec"]["http"]
    assert rules[0]["match"] == MATCH
    assert sim.status["iterations"] == 1
    sim.run(120, until="Succeeded")

    assert sim.weights == [0]
    assert sim.routes == [0, 100, 0]
    assert len(sim.queries) == 3
    assert 30 <= (sim.now - before).total_seconds() < 31


def test_ab_that_fails_gives_all_traffic_back() -> None:
    sim = initialized(iterations=3, match=MATCH)
    sim.measure = lambda _: Sample(value=1.0)

    sim.set_image("app:2")
    sim.run(120, until="Failed")

    assert sim.routes == [0, 100, 0]
    assert sim.image("podinfo-primary") == "app:1"


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        pytest.param(
            {"iterations": 3, "match": MATCH},
            ["Iteration 1", "Iteration 2", "Iteration 3"],
            id="ab",
        ),
        pytest.param(
            {"iterations": 2},
            ["Iteration 1", "Iteration 2", "All traffic to the canary"],
            id="blue/green",
        ),
        pytest.param(
            {"mirror": True, "stepWeights": [20, 40]},
            ["Traffic is mirrored to the canary", "Canary weight 20", "Canary weight 40"],
            id="mirror",
        ),
    ],
)
def test_every_step_is_told_once(fields: dict[str, object], steps: list[str]) -> None:
    sim = initialized(**fields)

    sim.set_image("app:2")
    sim.run(120, until="Succeeded")

    told = [event.message for event in sim.events]
    begin = told.index("New revision detected, the run begins") + 1
    assert told[begin : begin + len(steps)] == steps


def test_blue_green_switches_after_its_iterations() -> None:
    sim = initialized(iterations=2)

    sim.set_image("app:2")
    sim.settle()
    assert sim.routes == [0]
    sim.run(120, until="Succeeded")

    assert sim.weights == [0]
    assert sim.routes == [0, 100, 0]
    assert len(sim.queries) == 3


def test_blue_green_mirrors_while_it_iterates() -> None:
    sim = initialized(iterations=2, mirror=True)

    sim.set_image("app:2")
    sim.settle()
    assert mirrored(sim)
    assert sim.routes == [0]
    sim.run(120, until="Succeeded")

    assert not mirrored(sim)
    assert sim.routes == [0, 100, 0]


def test_a_canary_mirrors_before_its_first_weight() -> None:
    sim = initialized(stepWeight=50, maxWeight=50, mirror=True)

    sim.set_image("app:2")
    sim.settle()
    assert mirrored(sim)
    assert sim.status["canaryWeight"] == 0
    sim.run(120, until="Succeeded")

    assert not mirrored(sim)
    assert sim.routes == [0, 50, 0]
    assert len(sim.queries) == 2


def test_a_restart_in_the_mirror_stage_stops_mirroring() -> None:
    sim = initialized(stepWeight=50, maxWeight=50, mirror=True)
    sim.set_image("app:2")
    sim.settle()

    sim.never_ready.add("app:3")
    sim.set_image("app:3")
    sim.settle()

    assert not mirrored(sim)
    assert sim.status["canaryWeight"] == 0


@pytest.mark.parametrize(
    ("fields", "queries"),
    [
        pytest.param({"iterations": 2}, 2, id="iterations"),
        pytest.param({"iterations": 2, "match": MATCH}, 2, id="match is dropped"),
        pytest.param({"iterations": 2, "mirror": True}, 2, id="mirror is dropped"),
    ],
)
def test_services_alone_make_it_blue_green_without_a_switch(
    fields: dict[str, object], queries: int
) -> None:
    sim = initialized("kubernetes", **fields)
    assert ("VirtualService", "podinfo") not in sim.objects

    sim.set_image("app:2")
    sim.run(200, until="Succeeded")
    sim.settle()

    assert sim.weights == [0]
    assert len(sim.queries) == queries
    assert sim.image("podinfo-primary") == "app:2"
    assert sim.replicas("podinfo") == 0
    apex = sim.get("Service", "podinfo")["spec"]["selector"]
    assert apex == {"app": "podinfo-primary"}


AFFINITY = {"cookieName": "flagger-cookie", "primaryCookieName": "primary-cookie"}


def cookie(sim: Simulation, name: str) -> str:
    return str(sim.status.get(name, ""))


def test_session_affinity_keeps_one_cookie_over_a_run_and_expires_it_after() -> None:
    sim = initialized(stepWeight=25, maxWeight=50, sessionAffinity=AFFINITY)
    assert "sessionAffinityCookie" not in sim.status

    sim.set_image("app:2")
    sim.settle()
    first = cookie(sim, "sessionAffinityCookie")
    assert first.startswith("flagger-cookie=")
    assert first in str(sim.get("VirtualService", "podinfo")["spec"])
    sim.run(15)
    assert cookie(sim, "sessionAffinityCookie") == first
    sim.run(60, until="Succeeded")
    sim.settle()

    assert "sessionAffinityCookie" not in sim.status
    assert cookie(sim, "previousSessionAffinityCookie") == first
    assert sim.weights == [0, 25, 50, 0]
    assert sim.replicas("podinfo") == 0


def test_each_run_has_a_cookie_of_its_own() -> None:
    sim = initialized(stepWeight=50, maxWeight=50, sessionAffinity=AFFINITY)
    cookies: list[str] = []
    for image in ("app:2", "app:3"):
        sim.set_image(image)
        sim.settle()
        cookies.append(cookie(sim, "sessionAffinityCookie"))
        sim.run(60, until="Succeeded")
        sim.settle()

    assert len(set(cookies)) == 2
