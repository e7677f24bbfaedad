"""The steps and answers that scenarios may use, also those that the recordings do not need."""

from typing import Any

import pytest
from conformance.lab import Lab
from conformance.peers import Script
from conformance.play import Play
from conformance.scenario import Scenario, load
from scripted_peers import NO_DATA, vector

pytestmark = pytest.mark.slow


def scenario(steps: list[dict[str, Any]], mode: str = "accept") -> Scenario:
    """A Gateway API canary of which other things are done than in the recording."""
    known = load("gatewayapi-canary")
    return Scenario(
        name="steps",
        title="",
        canary=known.canary,
        objects=known.objects,
        steps=steps,
        prom=[],
        receivers={},
        flags=(),
        gateway_mode=mode,
        waits_for_target=True,
        waits_for_start=mode == "accept",
        pace=known.pace,
        expected=known.expected,
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Lab(tmp_path_factory.mktemp("steps") / "lab") as made:
        yield made


@pytest.mark.parametrize(
    ("namespace", "mode", "steps"),
    [
        pytest.param(
            "stepsaq",
            "accept",
            [
                {"set_image": "rig/podinfo:6.0.1"},
                {"wait_route": {"canary": 25}},
                {"wait_query": {"match": "histogram_quantile|istio|envoy|gateway"}},
                {"wait_event": {"match": "weight 50"}},
                {"wait": {"phase": ["Succeeded", "Failed"]}},
                {"mark": None},
                {"delete": {"kind": "Service", "name": "podinfo-canary"}},
                {"wait_gone": {"kind": "Service", "name": "podinfo-canary"}},
                {"wait_object": {"kind": "Service", "name": "podinfo-canary"}},
                {"wait_object": {"kind": "Service", "name": "nobody", "absent": True}},
            ],
            id="waiting",
        ),
        pytest.param(
            "stepsbq",
            "reject",
            [
                {"wait_status": {"phase": "Initializing"}},
                {"wait_object": {"kind": "HTTPRoute", "path": ["status", "parents", 0]}},
                {"set_gateway": "accept"},
                {"wait_status": {"phase": "Initialized"}},
            ],
            id="a route that is refused at first",
        ),
    ],
)
def test_steps_are_done(lab: Lab, namespace: str, mode: str, steps: list[dict[str, Any]]) -> None:
    play = Play(lab, scenario(steps, mode), namespace)
    outcome = play.run()
    play.end()
    assert outcome.problem == ""


def test_a_step_in_vain_ends_the_scenario(lab: Lab) -> None:
    steps = [{"wait": {"phase": "Failed", "timeout": 0.2}}, {"set_image": "rig/podinfo:6.0.1"}]
    play = Play(lab, scenario(steps), "stepscq")
    outcome = play.run()
    play.end()
    assert outcome.problem.startswith("step 1, wait")
    assert (
        outcome.snapshots["final"]["Deployment", "podinfo"]
        == (outcome.snapshots["initialized"]["Deployment", "podinfo"])
    )


def test_prometheus_answers_by_its_rules() -> None:
    rules = [
        {"match": "^a", "value": 7, "times": 1},
        {"match": "^a", "values": [1, "empty"]},
        {"match": "^b", "status": 500, "delay": 1},
        {"match": "^c", "value": "nan"},
    ]
    script = Script(rules, {})
    assert [script.measured("a") for _ in range(4)] == [vector(7), vector(1), NO_DATA, NO_DATA]
    broken = script.measured("b")
    assert (broken.status, broken.delay_seconds) == (500, 1.0)
    assert script.measured("c") == vector("nan")
    assert script.measured("vector(1)") == vector(1.0)
    assert rules[1]["values"] == [1, "empty"]


def test_receivers_answer_in_turn_and_stay_with_the_last() -> None:
    script = Script([], {"flaky": {"codes": [503, 200]}, "slow": {"code": 201, "delay": 2}})
    assert [script.reply("flaky").status for _ in range(3)] == [503, 200, 200]
    assert (script.reply("slow").status, script.reply("slow").delay_seconds) == (201, 2.0)
    assert script.reply("other").status == 200
