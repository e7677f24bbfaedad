"""What a Canary costs the API server."""

from collections.abc import Iterator

import pytest
import yaml
from hook_process import ROOT
from release_world import APP, App, Arena, deployment

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

# Metacontroller reads the parent before it writes the status; an unchanged one is not written.
METACONTROLLER_CALLS = 1
MOST_PER_MINUTE = 10
FLAGGER_PER_RUN = 170


def config(kind: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "settings"},
        "data": {"a": "YQ=="},
    }


SCALER: Manifest = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": APP},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
        "minReplicas": 2,
        "maxReplicas": 4,
    },
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A Canary with an autoscaler, a ConfigMap and a Secret, alone in its cluster."""
    volumes: list[Manifest] = [
        {"name": "c", "configMap": {"name": "settings"}},
        {"name": "s", "secret": {"secretName": "settings"}},
    ]
    reference = {"apiVersion": "autoscaling/v2", "kind": SCALER["kind"], "name": APP}
    with Arena(tmp_path_factory.mktemp("counted")) as arena:
        app = arena.app(
            "counted",
            objects=[config("ConfigMap"), config("Secret"), SCALER, deployment(volumes=volumes)],
            autoscalerRef=reference,
        )
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        yield app


def settle(app: App) -> None:
    """Until two syncs in a row brought nothing new."""
    tally = app.arena.cluster.controller.tally
    syncs = tally["syncs"]
    app.wait_for(lambda: tally["syncs"] > syncs + 1)


def test_an_idle_sync_costs_one_read_and_a_minute_at_most_ten_calls(counted: App) -> None:
    arena = counted.arena
    tally = arena.cluster.controller.tally
    settle(counted)
    arena.cluster.server.reset_calls()
    syncs, writes = tally["syncs"], len(counted.writes)

    def balanced() -> bool:
        """Between two syncs: a sync is counted before its read."""
        done = tally["syncs"] - syncs
        return done >= 3 and arena.cluster.server.total_calls() == done

    counted.wait_for(balanced, seconds=20)

    assert {(c.verb, c.resource) for c in arena.cluster.server.calls()} == {("get", "canaries")}
    assert len(counted.writes) == writes
    path = ROOT / "manifests" / "composite-controller" / "compositecontroller.yaml"
    shipped = yaml.safe_load(path.read_text("utf-8"))["spec"]["resyncPeriodSeconds"]
    assert 60 / shipped * (1 + METACONTROLLER_CALLS) <= MOST_PER_MINUTE


def test_a_run_costs_the_hooks_less_than_flagger_makes_of_one(counted: App) -> None:
    arena = counted.arena
    counted.edit(analysis={"maxWeight": 75})
    settle(counted)
    arena.cluster.server.reset_calls()

    counted.release("app:2")
    counted.wait_scaled(0)

    assert counted.routes == [0, 25, 50, 75, 0]
    assert arena.cluster.server.total_calls() < FLAGGER_PER_RUN / 2
