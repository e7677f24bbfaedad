"""Whole releases by the real hook server, against the embedded cluster."""

from collections.abc import Callable

import pytest
from release_world import APP, App, analysis, deployment
from scripted_peers import NO_DATA, vector

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

Make = Callable[..., App]

REST = ["Initializing", "Initialized"]
RUN = ["Progressing", "Promoting", "Finalising", "Succeeded"]
FAILS = ["Progressing", "Failed"]


def test_a_new_image_is_promoted_step_by_step(initialized: Make) -> None:
    app = initialized()

    app.release("app:2")
    app.wait_scaled(0)

    assert app.phases == REST + RUN
    assert app.routes == [0, 25, 50, 0]
    assert app.image() == "app:2"
    assert app.status["lastPromotedSpec"] == app.status["lastAppliedSpec"]
    assert app.condition("Promoted")["status"] == "True"
    assert app.deployment(f"{APP}-primary")["spec"]["replicas"] == 2


def test_what_a_new_canary_is_given(initialized: Make) -> None:
    app = initialized(service={"port": 80, "targetPort": 9898})

    services = {name: app.get("v1", "Service", name) for name in (APP, f"{APP}-primary")}
    for service in services.values():
        assert service is not None
        assert service["spec"]["selector"] == {"app": f"{APP}-primary"}
        assert service["spec"]["ports"][0]["port"] == 80
        assert service["spec"]["ports"][0]["targetPort"] == 9898
    behind = app.get("v1", "Service", f"{APP}-canary")
    assert behind is not None
    assert behind["spec"]["selector"] == {"app": APP}
    primary = app.deployment(f"{APP}-primary")
    assert primary["metadata"]["ownerReferences"][0]["name"] == APP
    assert primary["spec"]["selector"]["matchLabels"] == {"app": f"{APP}-primary"}
    for name in (f"{APP}-primary", f"{APP}-canary"):
        rule = app.get("networking.istio.io/v1beta1", "DestinationRule", name)
        assert rule is not None
        assert rule["spec"]["host"] == name
    assert app.status["observedGeneration"] == app.canary["metadata"]["generation"]


def test_a_revision_that_fails_its_checks_is_rolled_back(initialized: Make) -> None:
    app = initialized()
    app.arena.prometheus.answers[app.namespace] = lambda query: vector(
        80 if "response_code" in query else 25
    )

    status = app.release("app:2", until="Failed")
    app.wait_scaled(0)

    assert app.phases == REST + FAILS
    assert app.routes == [0, 25, 0]
    assert app.image() == "app:1"
    assert status["failure"]["reason"] == "FailedChecks"
    [rate] = [c for c in status["checks"] if c["name"] == "request-success-rate"]
    assert (rate["value"], rate["verdict"]) == (80, "Failed")
    [late] = [c for c in status["checks"] if c["name"] == "request-duration"]
    assert late["verdict"] == "Passed"
    assert any("Rolled back" in text for text in app.warnings())


def test_a_failed_revision_is_not_tried_again_but_the_next_one_is(initialized: Make) -> None:
    app = initialized()
    app.arena.prometheus.answers[app.namespace] = lambda _: NO_DATA
    app.release("app:2", until="Failed")
    app.wait_scaled(0)
    asked = len(app.arena.prometheus.asked[app.namespace])
    del app.arena.prometheus.answers[app.namespace]

    app.edit(progressDeadlineSeconds=61)
    generation = app.canary["metadata"]["generation"]
    app.wait(lambda status: status["observedGeneration"] == generation)
    assert app.status["phase"] == "Failed"
    assert len(app.arena.prometheus.asked[app.namespace]) == asked

    app.release("app:3")
    assert app.phases == REST + FAILS + RUN
    assert app.image() == "app:3"


def test_a_newer_revision_restarts_the_run(initialized: Make) -> None:
    app = initialized()
    app.set_image("app:2")
    app.wait_weight(25)

    app.release("app:3")

    assert app.phases == REST + RUN
    assert app.routes == [0, 25, 0, 25, 50, 0]
    assert app.image() == "app:3"


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_an_edit_of_a_config_is_a_release(initialized: Make, kind: str) -> None:
    source = {"configMap": {"name": "settings"}}
    if kind == "Secret":
        source = {"secret": {"secretName": "settings"}}
    config: Manifest = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "settings"},
        "data": {"color": "Ymx1ZQ=="},
    }
    app = initialized(objects=[config, deployment(volumes=[{"name": "settings", **source}])])

    app.merge(("v1", kind), "settings", {"data": {"color": "cmVk"}})
    app.wait_phase("Succeeded")

    assert app.phases == REST + RUN
    copy = app.get("v1", kind, "settings-primary")
    assert copy is not None
    assert copy["data"] == {"color": "cmVk"}


def test_suspend_holds_a_run_where_it_is(initialized: Make) -> None:
    app = initialized()
    app.set_image("app:2")
    app.wait_weight(25)
    app.edit(suspend=True)
    generation = app.canary["metadata"]["generation"]
    app.wait(lambda status: status["observedGeneration"] == generation)
    held = app.canary["status"]["canaryWeight"], app.routes
    asked = len(app.arena.prometheus.asked[app.namespace])
    syncs = app.arena.cluster.controller.tally["syncs"]

    # Longer than two intervals and two resyncs of the controller.
    app.wait_for(lambda: app.arena.cluster.controller.tally["syncs"] >= syncs + 4, seconds=20)

    assert (app.status["canaryWeight"], app.routes) == held
    assert len(app.arena.prometheus.asked[app.namespace]) == asked
    app.edit(suspend=None)
    app.wait_phase("Succeeded")
    assert app.phases == REST + RUN


def test_without_analysis_the_primary_takes_over_at_once(initialized: Make) -> None:
    app = initialized(skipAnalysis=True)

    app.release("app:2")
    app.wait_scaled(0)

    assert app.phases == [*REST, "Progressing", "Succeeded"]
    assert app.routes == [0]
    assert app.image() == "app:2"
    assert not app.arena.prometheus.asked[app.namespace]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param({"stepWeight": 40, "maxWeight": 60}, [0, 40, 80, 0], id="overshoot"),
        pytest.param(
            {"stepWeight": None, "maxWeight": None, "stepWeights": [1, 10, 60]},
            [0, 1, 10, 60, 0],
            id="a list of weights",
        ),
        pytest.param(
            {"stepWeight": 50, "maxWeight": 100, "stepWeightPromotion": 50},
            [0, 50, 100, 50, 0],
            id="promotion in steps",
        ),
    ],
)
def test_the_route_climbs_as_written(
    initialized: Make, steps: Manifest, expected: list[int]
) -> None:
    app = initialized(analysis=analysis(**steps))

    app.release("app:2")

    assert app.routes == expected


def test_a_revision_that_never_becomes_ready_meets_its_deadline(initialized: Make) -> None:
    app = initialized(progressDeadlineSeconds=1)

    status = app.release("app:broken", until="Failed")
    app.wait_scaled(0)

    assert app.routes == [0]
    assert app.image() == "app:1"
    assert status["failure"]["reason"] in {"NotReady", "ProgressDeadlineExceeded"}
    app.release("app:3")
    assert app.image() == "app:3"


def test_the_autoscaler_of_the_primary_follows_that_of_the_target(initialized: Make) -> None:
    scaler: Manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": APP},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            "minReplicas": 2,
            "maxReplicas": 5,
        },
    }
    ref = {k: scaler[k] for k in ("apiVersion", "kind")} | {"name": APP}
    app = initialized(objects=[scaler, deployment()], autoscalerRef=ref)

    app.release("app:2")

    copy = app.get("autoscaling/v2", "HorizontalPodAutoscaler", f"{APP}-primary")
    assert copy is not None
    assert copy["spec"]["scaleTargetRef"]["name"] == f"{APP}-primary"
    assert (copy["spec"]["minReplicas"], copy["spec"]["maxReplicas"]) == (2, 5)


def test_drift_in_a_run_is_mended_with_the_weight_of_the_run(initialized: Make) -> None:
    app = initialized(analysis=analysis(interval="1s"))
    app.set_image("app:2")
    app.wait_weight(25)
    app.wait_for(lambda: app.routes == [0, 25])
    app.steer(50)

    app.wait_phase("Succeeded")

    assert app.routes[:4] == [0, 25, 50, 25]
    assert app.phases == REST + RUN


def test_a_deleted_canary_gives_the_target_its_pods_back(initialized: Make) -> None:
    app = initialized(revertOnDeletion=True)
    cluster = app.arena.cluster

    cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    assert app.deployment()["spec"]["replicas"] == 2
    cluster.wait_gone("apps/v1", "Deployment", app.namespace, f"{APP}-primary")


@pytest.mark.parametrize("name", ["", "http"])
def test_a_users_service_with_another_port_is_taken_over_and_given_back(
    name: str, initialized: Make
) -> None:
    """No API server takes two ports of one name, or one without a name beside another."""
    port = {
        "port": 8080,
        "protocol": "TCP",
        "targetPort": 9898,
        **({"name": name} if name else {}),
    }
    mine: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": APP},
        "spec": {"selector": {"app": APP}, "ports": [port]},
    }
    app = initialized(
        objects=[mine, deployment()],
        revertOnDeletion=True,
        service={"port": 80, "targetPort": 9898},
    )
    cluster = app.arena.cluster
    taken = app.get("v1", "Service")
    assert taken is not None
    assert [(p["name"], p["port"]) for p in taken["spec"]["ports"]] == [("http", 80)]
    assert taken["spec"]["selector"] == {"app": f"{APP}-primary"}

    app.edit(service={"port": 81, "targetPort": 9898})
    app.wait_for(
        lambda: [p["port"] for p in (app.get("v1", "Service") or {})["spec"]["ports"]] == [81]
    )
    cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    given_back = app.get("v1", "Service")
    assert given_back is not None
    assert given_back["spec"]["ports"] == [port]
    assert given_back["spec"]["selector"] == {"app": APP}
