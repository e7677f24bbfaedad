"""What users get wrong: said in a condition and an event, and nothing else is touched."""

import time
from collections.abc import Callable, Iterator

import pytest
from release_world import APP, App, Arena, analysis, canary, deployment

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource

pytestmark = pytest.mark.slow

Make = Callable[..., App]

CANARY = ("flagger.app/v1beta1", "Canary")
DEPLOYMENT = ("apps/v1", "Deployment")
TRAFFIC_SPLIT = Resource(
    group="split.smi-spec.io", version="v1alpha1", plural="trafficsplits", kind="TrafficSplit"
)


def template(query: str) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": "rate"},
        "spec": {
            "provider": {"type": "prometheus", "address": "http://127.0.0.1:9"},
            "query": query,
        },
    }


def metric(**fields: object) -> Manifest:
    return {"name": "rate", "interval": "1m", "thresholdRange": {"min": 1}, **fields}


REFUSED = [
    pytest.param(
        {"analysis": {"stepWeight": None, "maxWeight": None, "stepWeights": [50, 20]}},
        "InvalidSteps",
        "stepWeights [50, 20] must ascend",
        id="weights that descend",
    ),
    pytest.param(
        {"analysis": {"stepWeight": 0}}, "InvalidSteps", "stepWeight", id="no weight at all"
    ),
    pytest.param(
        {"provider": "linkerd", "analysis": {"mirror": True}},
        "UnsupportedStrategy",
        "mirror",
        id="strategy",
    ),
    pytest.param({"provider": "nosuch"}, "UnsupportedProvider", "nosuch", id="provider"),
    pytest.param(
        {"targetRef": {"apiVersion": "batch/v1", "kind": "Job"}},
        "UnsupportedTarget",
        "Job",
        id="kind of target",
    ),
    pytest.param(
        {"targetRef": {"name": "nobody"}}, "TargetNotFound", "nobody", id="missing target"
    ),
    pytest.param(
        {"analysis": {"webhooks": [{"name": "w", "type": "nosuch", "url": "http://x"}]}},
        "InvalidWebhook",
        "nosuch",
        id="type of webhook",
    ),
    pytest.param(
        {
            "autoscalerRef": {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "name": "nobody",
            }
        },
        "ScalerNotFound",
        "nobody",
        id="missing autoscaler",
    ),
    pytest.param({"service": {"port": 0}}, "InvalidService", "port", id="no port"),
    pytest.param({"analysis": "soon"}, "InvalidSpec", "analysis", id="another shape"),
    pytest.param(
        {"analysis": {"metrics": [metric(templateRef={"name": "nobody"})]}},
        "InvalidMetric",
        "nobody",
        id="unknown template",
    ),
    pytest.param(
        {"analysis": {"metrics": [metric(query="up{{ namespace }")]}},
        "InvalidMetric",
        "metric rate",
        id="syntax error in a query",
    ),
    pytest.param(
        {"analysis": {"metrics": [metric(query="up{{ nosuch }}")]}},
        "InvalidMetric",
        "nosuch",
        id="unknown function in a query",
    ),
]
IN_A_RUN = [case for case in REFUSED if case.values[1] != "InvalidMetric"][::2]
BROKEN_METRICS = [case for case in REFUSED if case.values[1] == "InvalidMetric"]


def merged(old: Manifest, patch: Manifest) -> Manifest:
    """A JSON merge patch."""
    new = {**old}
    for key, value in patch.items():
        inner = isinstance(value, dict) and isinstance(old.get(key), dict)
        new[key] = merged(old[key], value) if inner else value
    return {key: value for key, value in new.items() if value is not None}


def undone(good: Manifest, edit: Manifest) -> Manifest:
    """The merge patch that takes an edit back."""
    back: Manifest = {}
    for key, value in edit.items():
        inner = isinstance(value, dict) and isinstance(good.get(key), dict)
        back[key] = undone(good[key], value) if inner else good.get(key)
    return back


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A cluster whose definitions let everything through."""
    with Arena(tmp_path_factory.mktemp("lax"), lax=True) as made:
        made.cluster.store.register(TRAFFIC_SPLIT)
        yield made
        assert [line for hook in made.hooks for line in hook.errors()] == []


def syncs(app: App, count: int) -> None:
    """Let that many more syncs happen anywhere in the cluster."""
    tally = app.arena.cluster.controller.tally
    before = tally["syncs"]
    app.wait_for(lambda: tally["syncs"] >= before + count, seconds=20)


@pytest.mark.parametrize(("edit", "reason", "text"), REFUSED)
def test_a_bad_edit_at_rest_touches_nothing_and_heals(
    initialized: Make, edit: Manifest, reason: str, text: str
) -> None:
    app = initialized()
    good = app.canary["spec"]
    before = app.world()

    app.edit(**edit)
    app.wait(lambda _: app.condition("Accepted").get("reason") == reason)
    app.arena.cluster.controller.loop.resync()
    syncs(app, 2)

    assert app.condition("Accepted")["status"] == "False"
    assert text in app.condition("Accepted")["message"]
    assert any(text in message for message in app.warnings())
    assert app.world() == before
    assert app.status["phase"] == "Initialized"

    app.edit(**undone(good, edit))
    app.wait(lambda _: not app.condition("Accepted"))
    assert app.world() == before


@pytest.mark.parametrize(("edit", "reason", "text"), REFUSED)
def test_a_new_canary_that_is_wrong_makes_nothing_until_it_is_right(
    app: Make, edit: Manifest, reason: str, text: str
) -> None:
    good = canary()["spec"]
    made = app(**{**dict.fromkeys(good), **merged(good, edit)})
    made.wait(lambda _: made.condition("Accepted").get("reason") == reason)

    assert text in made.condition("Accepted")["message"]
    if reason != "InvalidMetric":
        # A metric is asked for later: the primary can be set up without.
        assert set(made.world()) == {f"Deployment/{APP}"}
        assert made.deployment()["spec"]["replicas"] == 2
        assert made.status.get("phase", "Initializing") == "Initializing"

    made.edit(**undone(good, edit))
    made.wait_phase("Initialized")
    made.wait(lambda _: not made.condition("Accepted"))


@pytest.mark.parametrize(("edit", "reason", "text"), IN_A_RUN)
def test_a_bad_edit_in_a_run_holds_it_where_it_is(
    initialized: Make, edit: Manifest, reason: str, text: str
) -> None:
    app = initialized()
    good = app.canary["spec"]
    app.set_image("app:2")
    app.wait_for(lambda: app.routes == [0, 25])

    app.edit(**edit)
    app.wait(lambda _: app.condition("Accepted").get("reason") == reason)
    held = app.routes
    # Longer than two intervals.
    time.sleep(0.6)
    assert text in app.condition("Accepted")["message"]
    assert app.routes == held
    assert app.status["phase"] == "Progressing"

    app.edit(**undone(good, edit))
    app.wait_phase("Succeeded")
    assert app.routes == [0, 25, 50, 0]


@pytest.mark.parametrize(("edit", "reason", "text"), BROKEN_METRICS)
def test_a_metric_that_breaks_in_a_run_is_a_failed_check(
    initialized: Make, edit: Manifest, reason: str, text: str
) -> None:
    del reason
    app = initialized(analysis=analysis(interval="500ms", threshold=50))
    good = app.canary["spec"]
    app.set_image("app:2")
    app.wait_for(lambda: app.routes == [0, 25])

    app.edit(**edit)
    app.wait(lambda status: status["failedChecks"] >= 1)
    assert app.routes == [0, 25]
    assert any(text.removeprefix("metric ") in message for message in app.warnings())
    assert {c["verdict"] for c in app.status["checks"]} == {"Error"}

    app.edit(**undone(good, edit))
    app.wait_phase("Succeeded")
    assert app.routes == [0, 25, 50, 0]


def test_a_target_that_goes_away_and_comes_back(initialized: Make) -> None:
    app = initialized()
    before = {k: v for k, v in app.world().items() if k != f"Deployment/{APP}"}

    app.arena.cluster.delete(*DEPLOYMENT, app.namespace, APP)
    app.wait(lambda _: app.condition("Accepted").get("reason") == "TargetNotFound")
    syncs(app, 3)

    assert app.world() == before
    app.apply(deployment("app:2"))
    app.wait_run("Succeeded")
    assert app.image() == "app:2"


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_a_config_that_is_missing(initialized: Make, app: Make, kind: str) -> None:
    source = {"configMap": {"name": "settings"}}
    if kind == "Secret":
        source = {"secret": {"secretName": "settings"}}
    config: Manifest = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "settings"},
        "data": {"a": "YQ=="},
    }
    target = deployment(volumes=[{"name": "c", **source}])
    fresh = app(objects=[target])
    fresh.wait(lambda _: fresh.condition("Accepted").get("status") == "False")
    assert "settings" in fresh.condition("Accepted")["message"]
    assert any("settings" in message for message in fresh.warnings())
    assert set(fresh.world()) == {f"Deployment/{APP}"}
    fresh.apply(config)
    fresh.wait_phase("Initialized")

    rested = initialized(objects=[config, target])
    before = rested.world()
    rested.arena.cluster.delete("v1", kind, rested.namespace, "settings")
    rested.wait(lambda _: rested.condition("Accepted").get("status") == "False")
    syncs(rested, 3)
    assert rested.world() == {k: v for k, v in before.items() if k != f"{kind}/settings"}
    rested.apply(config)
    rested.wait(lambda _: not rested.condition("Accepted"))
    assert rested.status["phase"] == "Initialized"


def test_a_template_that_is_mended_lets_the_waiting_revision_in(initialized: Make) -> None:
    app = initialized(analysis=analysis(metrics=[metric(templateRef={"name": "rate"})]))
    assert app.condition("Accepted")["reason"] == "InvalidMetric"
    app.apply(template("sum({{ nosuch }})"))
    app.set_image("app:2")
    app.wait(lambda _: "nosuch" in app.condition("Accepted").get("message", ""))
    assert app.status["phase"] == "Initialized"
    assert app.routes == [0]

    good = template('up{namespace="{{ namespace }}"}')
    good["spec"]["provider"]["address"] = app.arena.prometheus.url
    app.apply(good)
    app.wait_phase("Succeeded")

    assert app.image() == "app:2"
    assert set(app.arena.prometheus.asked[app.namespace]) == {f'up{{namespace="{app.namespace}"}}'}
