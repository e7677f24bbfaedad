"""A provider or a scaler that is not installed: only who asks for it waits, and goes on by itself."""

from collections.abc import Callable, Iterator

import pytest
from provider_world import FakeKnative, knative_service, spec_for
from release_world import APP, CANARY, App, Arena, analysis, deployment
from scripted_http import Received, Reply

from burgee.playground.kinds.resources import Resource

pytestmark = pytest.mark.slow

Make = Callable[..., App]

# Longer than the hooks remember that a kind was missing.
COMES_SECONDS = 30.0
TRAEFIK = ("traefik.io/v1alpha1", "TraefikService")


def custom(group: str, version: str, plural: str, kind: str) -> Resource:
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        subresources=frozenset({"status"}),
        generation=True,
        custom=True,
    )


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A cluster with Istio and nothing else, until a test installs it."""
    with Arena(tmp_path_factory.mktemp("bare")) as made:
        yield made
        assert not made.cluster.controller.tally.crashed
        assert [line for hook in made.hooks for line in hook.errors()] == []


def waits_for(app: App, reason: str, *words: str) -> None:
    app.wait(lambda _: app.condition("Accepted").get("reason") == reason)
    condition = app.condition("Accepted")
    assert condition["status"] == "False"
    for word in words:
        assert word in condition["message"]
    assert condition["message"] in app.warnings()


def test_a_provider_is_waited_for_and_the_release_goes_on_when_it_comes(
    app: Make, arena: Arena
) -> None:
    waiting = app(provider="traefik")
    waits_for(
        waiting, "ProviderNotInstalled", "TraefikService", TRAEFIK[0], "traefik", "spec.provider"
    )
    assert set(waiting.world()) == {f"Deployment/{APP}"}
    assert waiting.deployment()["spec"]["replicas"] == 2

    other = app()
    other.wait_phase("Initialized")
    other.release("app:2", "Succeeded")

    arena.cluster.store.register(custom("traefik.io", "v1alpha1", "traefikservices", TRAEFIK[1]))
    waiting.wait_phase("Initialized", seconds=COMES_SECONDS)
    assert not waiting.condition("Accepted")

    # What to watch was asked before the kind was there, and is asked again only for an edit.
    waiting.release("app:2", "Succeeded")
    assert waiting.get(*TRAEFIK)["spec"]["weighted"]["services"][0]["weight"] == 100
    waiting.edit(progressDeadlineSeconds=50)
    waiting.release("app:3", "Succeeded")

    assert waiting.events("SyncError") == []


def test_a_provider_that_is_not_there_is_left_again_without_a_trace(initialized: Make) -> None:
    app = initialized()
    before = app.world()

    app.edit(provider="contour")
    waits_for(app, "ProviderNotInstalled", "HTTPProxy", "projectcontour.io/v1")
    assert app.world() == before

    app.edit(provider="istio")
    app.wait(lambda _: not app.condition("Accepted"))
    assert app.world() == before
    assert app.events("SyncError") == []


def test_a_scaler_of_keda_is_waited_for(app: Make, arena: Arena) -> None:
    scaled = ("keda.sh/v1alpha1", "ScaledObject")
    reference = {"apiVersion": scaled[0], "kind": scaled[1], "name": APP}
    waiting = app(autoscalerRef=reference)
    waits_for(waiting, "ScalerNotInstalled", "ScaledObject", scaled[0], "spec.autoscalerRef")
    assert set(waiting.world()) == {f"Deployment/{APP}"}

    arena.cluster.store.register(custom("keda.sh", "v1alpha1", "scaledobjects", scaled[1]))
    waiting.wait_for(
        lambda: waiting.condition("Accepted").get("reason") == "ScalerNotFound",
        seconds=COMES_SECONDS,
    )
    waiting.apply(
        {
            "apiVersion": scaled[0],
            "kind": scaled[1],
            "metadata": {"name": APP},
            "spec": {"scaleTargetRef": {"name": APP}, "triggers": [{"type": "cron"}]},
        }
    )
    waiting.wait_phase("Initialized")

    assert waiting.get(*scaled, f"{APP}-primary") is not None
    assert waiting.events("SyncError") == []


def test_knative_is_waited_for(app: Make, arena: Arena) -> None:
    waiting = app(objects=[deployment()], **spec_for("knative"))
    waits_for(waiting, "ProviderNotInstalled", "Service", "Revision", "serving.knative.dev/v1")

    group = ("serving.knative.dev", "v1")
    arena.cluster.store.register(custom(*group, "revisions", "Revision"))
    arena.cluster.store.register(custom(*group, "services", "Service"))
    knative = FakeKnative(arena.cluster.store)
    try:
        waiting.wait_for(
            lambda: waiting.condition("Accepted").get("reason") == "TargetNotFound",
            seconds=COMES_SECONDS,
        )
        waiting.apply(knative_service())
        waiting.wait_phase("Initialized")
    finally:
        knative.close()
    assert waiting.events("SyncError") == []


@pytest.mark.parametrize("revert", [False, True])
def test_a_canary_that_waits_for_its_provider_can_be_deleted(
    app: Make, arena: Arena, revert: bool
) -> None:
    waiting = app(provider="gloo", revertOnDeletion=revert)
    waits_for(waiting, "ProviderNotInstalled", "Upstream", "RouteTable")

    arena.cluster.delete(*CANARY, waiting.namespace, APP)

    waiting.wait_for(lambda: waiting.get(*CANARY) is None)
    assert waiting.deployment()["spec"]["replicas"] == 2


def test_pods_come_back_when_a_provider_went_before_its_canary(
    initialized: Make, arena: Arena
) -> None:
    app = initialized(revertOnDeletion=True)
    app.edit(provider="contour")
    waits_for(app, "ProviderNotInstalled", "HTTPProxy")
    assert app.deployment()["spec"]["replicas"] == 0

    arena.cluster.delete(*CANARY, app.namespace, APP)

    app.wait_for(lambda: app.get(*CANARY) is None)
    assert app.deployment()["spec"]["replicas"] > 0


def test_a_component_that_was_forgotten_is_named_until_it_is_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def refuse(received: Received, forward: Callable[[], Reply]) -> Reply:
        forbidden = "/httpproxies" in received.path
        return Reply(status=403, body=b"{}") if forbidden else forward()

    with Arena(tmp_path_factory.mktemp("forgotten"), proxied=True) as arena:
        arena.proxy.spoil = refuse
        arena.cluster.store.register(custom("projectcontour.io", "v1", "httpproxies", "HTTPProxy"))
        app = arena.app("forgotten", provider="contour")
        waits_for(app, "ProviderNotGranted", "HTTPProxy", "projectcontour.io/v1", "component")
        assert set(app.world()) == {f"Deployment/{APP}"}

        arena.proxy.spoil = None

        app.wait_phase("Initialized", seconds=COMES_SECONDS)
        app.release("app:2", "Succeeded")
        assert app.events("SyncError") == []


def test_a_component_that_lets_pods_be_shared_out_is_missed_before_anything_is_touched(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def refuse(received: Received, forward: Callable[[], Reply]) -> Reply:
        patches = received.method == "PATCH" and "/deployments/" in received.path
        forbidden = patches and "/scale" not in received.path
        return Reply(status=403, body=b"{}") if forbidden else forward()

    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    with Arena(tmp_path_factory.mktemp("forgotten"), proxied=True) as arena:
        arena.proxy.spoil = refuse
        app = arena.app("forgotten", provider="kubernetes", analysis=analysis(metrics=[check]))
        waits_for(app, "ProviderNotGranted", "Deployment", "may not patch it", "with weights")
        assert set(app.world()) == {f"Deployment/{APP}"}

        arena.proxy.spoil = None

        app.wait_phase("Initialized", seconds=COMES_SECONDS)
        app.release("app:2", "Succeeded")
        assert app.events("SyncError") == []
