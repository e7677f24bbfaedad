"""Whole releases by the real hook server on every real data plane."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from plane_programs import demand_program

from burgee.cli import main
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.demo.scenarios import Scenario, inability

PLAYED = (Scenario.DEFAULT, Scenario.AB, Scenario.MIRROR, Scenario.BLUE_GREEN, Scenario.AFFINITY)
"""What differs from provider to provider; with istio they are played elsewhere."""
PLAYED_BY_PODS = (*PLAYED, Scenario.GATE, Scenario.COMMANDS)
"""Where numbers of pods are the weights, they are changed by hand in another way, too."""


TOLD = {
    ("kubernetes", Scenario.DEFAULT): (
        "the traffic of v2 went 0, 20, 40, 60, 0 %",
        "at least 5 pods stood behind the Service all the time, ",
        "status.replicaRatio had 20, 40, 60 % as requested and achieved, and is gone",
        "v3 got 20 % of the traffic and then nothing",
        "the primary runs v2 with 5 ready pods, the target has none",
        "the Service chooses shop-primary, the target is not paused",
    ),
    ("kubernetes", Scenario.COMMANDS): ("the traffic of v2 went 0, 20, 60, 0 %",),
}


def _playable() -> list[object]:
    return [
        pytest.param(name, scenario, id=f"{name} {scenario}")
        for name, provider in PROVIDERS.items()
        for scenario in (PLAYED_BY_PODS if provider.capabilities.by_replicas else PLAYED)
        if name != "istio" and not inability(scenario, provider)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "scenario"), _playable())
def test_scenario_ends_as_it_should(provider: str, scenario: Scenario, tmp_path: Path) -> None:
    demand_program(provider)
    played = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("burgee")), "demo"),
            *("--provider", provider, "--scenario", scenario, "--prometheus", "in-process"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=150,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert f"traffic: {provider}, " in played.stdout
    assert "requests 0 failed that should not have" in played.stdout
    assert "as it should be" in played.stdout
    told = TOLD.get((provider, scenario), ())
    assert [words for words in told if words not in played.stdout] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("provider", "scenario"),
    [
        pytest.param(name, scenario, id=f"{name} {scenario}")
        for name, provider in PROVIDERS.items()
        for scenario in Scenario
        if inability(scenario, provider)
    ],
)
def test_what_a_provider_cannot_play_is_told_in_a_line(provider: str, scenario: Scenario) -> None:
    result = CliRunner().invoke(
        main, ["demo", "--provider", provider, "--scenario", scenario.value]
    )
    assert result.exit_code == 2
    [line] = result.output.splitlines()
    assert f"provider {provider} has no " in line
    assert "its scenarios are: " in line


def test_help_names_every_provider() -> None:
    result = CliRunner().invoke(main, ["demo", "--help"])
    for name in PROVIDERS:
        assert name in result.output
