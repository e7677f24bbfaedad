"""Whole releases through ingresses, Kuma and Knative, by the real hook server."""

import re
from collections.abc import Callable, Iterator, Sequence

import pytest
from provider_world import (
    CARRIERS,
    INGRESS,
    KNATIVE_SERVICE,
    TRAFFIC_ROUTE,
    ProviderWorld,
    apisix_route,
    ingress,
    ingress_route,
    knative_service,
    objects_for,
    spec_for,
)
from release_world import APP, CANARY, App, Arena, analysis, deployment

from burgee.api.manifest import Manifest, annotations_of

pytestmark = pytest.mark.slow

Make = Callable[..., App]

REST = ["Initializing", "Initialized"]
RUN = ["Progressing", "Promoting", "Finalising", "Succeeded"]
MIRROR = "nginx.ingress.kubernetes.io/mirror-target"
PRIMARY_REVISION = "flagger.app/primary-revision"


@pytest.fixture(scope="session")
def provided(arena: Arena) -> Iterator[ProviderWorld]:
    world = ProviderWorld(arena)
    yield world
    world.close()


@pytest.fixture
def routed(provided: ProviderWorld, arena: Arena, numbers: Iterator[int]) -> Iterator[Make]:
    """Makes apps of a provider and waits until they rest."""
    made: list[App] = []

    def make(provider: str, *, objects: Sequence[Manifest] = (), **spec: object) -> App:
        app = arena.app(
            f"i{next(numbers)}",
            objects=objects or objects_for(provider, deployment()),
            **(spec_for(provider) | spec),
        )
        made.append(app)
        app.wait_phase("Initialized")
        return app

    assert provided.store is arena.cluster.store
    yield make
    for app in made:
        arena.cluster.delete("v1", "Namespace", "", app.namespace)


def release(app: App, image: str, until: str = "Succeeded") -> None:
    """A new image, of whatever the target is."""
    if app.canary["spec"]["targetRef"]["kind"] == "Service":
        before = app.status["lastAppliedSpec"]
        app.apply(knative_service(image))
        app.wait(lambda status: status["phase"] == until and status["lastAppliedSpec"] != before)
    else:
        app.release(image, until)


@pytest.mark.parametrize("provider", sorted(CARRIERS))
def test_weights_climb_and_the_revision_is_promoted(
    provider: str, routed: Make, provided: ProviderWorld
) -> None:
    app = routed(provider)

    release(app, "app:2")

    assert app.phases == REST + RUN
    seen = provided.weights(app, provider)
    # What a Knative Service did before it had a Canary is its own.
    assert (seen[1:] if provider == "knative" else seen) == [0, 25, 50, 0]
    assert app.status["canaryWeight"] == 0
    if provider != "knative":
        assert app.image() == "app:2"
        app.wait_scaled(0)


def test_knative_metrics_are_about_the_newest_revision(routed: Make, arena: Arena) -> None:
    app = routed("knative")

    release(app, "app:2")

    cluster = re.compile(f'envoy_cluster_name=~"{app.namespace}/([^"]+)"')
    asked = {one for q in arena.prometheus.asked[""] for one in cluster.findall(q)}
    assert asked == {"podinfo-00002"}


def test_requests_are_copied_by_an_annotation_of_the_users_ingress(
    routed: Make, provided: ProviderWorld
) -> None:
    app = routed("nginx", analysis=analysis(mirror=True))
    given = annotations_of(found(app, INGRESS, "web"))

    app.set_image("app:2")
    app.wait_for(lambda: MIRROR in annotations_of(found(app, INGRESS, "web")))
    app.wait_run("Succeeded")

    assert annotations_of(found(app, INGRESS, "web")) == given
    assert provided.weights(app, "nginx") == [0, 25, 50, 0]


def test_a_test_takes_who_matches(routed: Make) -> None:
    match = [{"headers": {"x-canary": {"exact": "insider"}}}]
    app = routed("nginx", analysis=analysis(stepWeight=None, iterations=2, match=match))
    header = "nginx.ingress.kubernetes.io/canary-by-header"

    app.set_image("app:2")
    app.wait_for(lambda: header in annotations_of(found(app, INGRESS, "web-canary")))
    app.wait_run("Succeeded")

    assert header not in annotations_of(found(app, INGRESS, "web-canary"))


def test_the_copy_of_an_ingress_is_corrected_with_the_weight_of_now(routed: Make) -> None:
    app = routed("nginx", analysis=analysis(interval="2s"))
    weight = "nginx.ingress.kubernetes.io/canary-weight"
    app.set_image("app:2")
    app.wait_weight(25)

    path = {"metadata": {"annotations": {weight: "90", "foreign": "stays"}}}
    app.merge(INGRESS, "web-canary", path)

    app.wait_for(lambda: annotations_of(found(app, INGRESS, "web-canary"))[weight] == "25")
    assert annotations_of(found(app, INGRESS, "web-canary"))["foreign"] == "stays"
    assert app.status["canaryWeight"] == 25


def test_the_copy_follows_the_users_ingress(routed: Make) -> None:
    app = routed("nginx")

    app.apply(ingress(ingressClassName="other"))

    app.wait_for(
        lambda: found(app, INGRESS, "web-canary")["spec"].get("ingressClassName") == "other"
    )


def test_a_copy_of_another_route_takes_the_place_of_the_first(routed: Make) -> None:
    """Both would outrank their routes for ever, the first with the weights of whenever."""
    other = apisix_route()
    other["metadata"]["name"] = "other"
    app = routed("apisix", objects=[*objects_for("apisix", deployment()), other])
    found(app, CARRIERS["apisix"], f"web-{APP}-canary")

    app.edit(routeRef={**spec_for("apisix")["routeRef"], "name": "other"})

    app.wait_for(lambda: app.get(*CARRIERS["apisix"], f"web-{APP}-canary") is None)
    found(app, CARRIERS["apisix"], f"other-{APP}-canary")
    found(app, CARRIERS["apisix"], "web")
    release(app, "app:2")


def test_a_copied_ingress_route_goes_with_the_test(routed: Make) -> None:
    """It would outrank the user's, with the canary for those who match, for ever."""
    route, match = CARRIERS["traefik"][0], [{"headers": {"x-canary": {"exact": "insider"}}}]
    kind = (route, "IngressRoute")
    test = analysis(interval="500ms", stepWeight=None, iterations=5, match=match)
    ref = {"apiVersion": route, "kind": "IngressRoute", "name": "web"}
    objects = [deployment(), ingress_route()]
    app = routed("traefik", objects=objects, routeRef=ref, analysis=test)
    app.set_image("app:2")
    app.wait(lambda status: status.get("iterations") == 1)
    found(app, kind, f"web-{APP}-canary")

    app.edit(routeRef=None, analysis={**test, "match": None})

    app.wait_for(lambda: app.get(*kind, f"web-{APP}-canary") is None)
    assert found(app, kind, "web")["spec"] == ingress_route()["spec"]
    app.wait_run("Succeeded")
    assert app.status["provider"] == "traefik"


def test_an_ingress_is_waited_for(arena: Arena) -> None:
    app = arena.app("no-ingress", **spec_for("nginx"))
    try:
        app.wait_for(lambda: app.condition("Accepted").get("reason") == "IngressNotFound")
        assert app.get("apps/v1", "Deployment", f"{APP}-primary") is None

        app.apply(ingress())

        app.wait_phase("Initialized")
        assert all(c["type"] != "Accepted" for c in app.status["conditions"])
    finally:
        arena.cluster.delete("v1", "Namespace", "", app.namespace)


@pytest.mark.parametrize("revert", [False, True])
def test_a_traffic_route_goes_with_its_canary(revert: bool, routed: Make, arena: Arena) -> None:
    app = routed("kuma", revertOnDeletion=revert)
    assert found(app, TRAFFIC_ROUTE, namespace="")["metadata"].get("ownerReferences") is None

    arena.cluster.delete(*CANARY, app.namespace, APP)

    app.wait_for(lambda: arena.cluster.get(*TRAFFIC_ROUTE, "", APP) is None)


def test_a_traffic_route_of_another_canary_is_left_alone(routed: Make, arena: Arena) -> None:
    first = routed("kuma")
    second = arena.app("second", **spec_for("kuma"))
    try:
        second.wait_for(lambda: second.condition("Accepted").get("reason") == "RouteConflict")

        arena.cluster.delete(*CANARY, second.namespace, APP)
        second.wait_for(lambda: second.get(*CANARY) is None)

        route = found(first, TRAFFIC_ROUTE, namespace="")
        assert annotations_of(route)["burgee.dev/owner"] == f"{first.namespace}/{APP}"
    finally:
        arena.cluster.delete("v1", "Namespace", "", second.namespace)


def test_a_mirror_goes_with_its_canary(routed: Make, arena: Arena) -> None:
    app = routed("nginx", analysis=analysis(mirror=True, interval="60s"))
    app.set_image("app:2")
    app.wait_for(lambda: MIRROR in annotations_of(found(app, INGRESS, "web")))

    arena.cluster.delete(*CANARY, app.namespace, APP)

    app.wait_for(lambda: MIRROR not in annotations_of(found(app, INGRESS, "web")))
    app.wait_for(lambda: app.get(*INGRESS, "web-canary") is None)


def test_a_knative_service_is_given_back(routed: Make, arena: Arena) -> None:
    app = routed("knative", revertOnDeletion=True)
    assert PRIMARY_REVISION in annotations_of(found(app, KNATIVE_SERVICE))

    arena.cluster.delete(*CANARY, app.namespace, APP)

    app.wait_for(lambda: PRIMARY_REVISION not in annotations_of(found(app, KNATIVE_SERVICE)))
    assert found(app, KNATIVE_SERVICE)["spec"]["traffic"] == [
        {"latestRevision": True, "percent": 100}
    ]


def test_a_knative_revision_that_does_not_get_ready_gets_nothing(
    routed: Make, provided: ProviderWorld
) -> None:
    app = routed("knative", progressDeadlineSeconds=1)

    release(app, "app:broken", "Failed")

    assert provided.weights(app, "knative")[1:] == [0]
    primary = annotations_of(found(app, KNATIVE_SERVICE))[PRIMARY_REVISION]
    assert primary == f"{APP}-00001"
    assert app.status["failure"]["reason"] == "ProgressDeadlineExceeded"


def found(
    app: App, kind: tuple[str, str], name: str = APP, *, namespace: str | None = None
) -> Manifest:
    where = app.namespace if namespace is None else namespace
    manifest = app.arena.cluster.get(*kind, where, name)
    assert manifest is not None
    return manifest


def test_a_canary_moves_from_one_provider_to_another(routed: Make) -> None:
    app = routed("contour", objects=objects_for("nginx", deployment()))
    proxy = ("projectcontour.io/v1", "HTTPProxy")
    assert app.get(*proxy) is not None

    app.edit(**spec_for("nginx"))

    app.wait_for(lambda: app.status["provider"] == "nginx")
    assert app.get(*proxy) is None
    assert app.get(*INGRESS, "web-canary") is not None

    app.edit(provider="kuma")

    app.wait_for(lambda: app.status["provider"] == "kuma")
    assert app.get(*INGRESS, "web-canary") is None
    assert app.get(*INGRESS, "web") is not None

    app.edit(provider="kubernetes")

    app.wait_for(lambda: app.status["provider"] == "kubernetes")
    assert app.arena.cluster.get(*TRAFFIC_ROUTE, "", APP) is None
    assert app.phases == REST


def test_a_provider_may_change_in_the_middle_of_a_run(
    routed: Make, provided: ProviderWorld
) -> None:
    app = routed("contour", analysis=analysis(interval="500ms"))
    app.set_image("app:2")
    app.wait_weight(25)

    app.edit(provider="traefik")

    app.wait_run("Succeeded")
    app.wait_for(lambda: app.get("projectcontour.io/v1", "HTTPProxy") is None)
    assert provided.weights(app, "traefik")[-1] == 0
    assert max(provided.weights(app, "traefik")) == 50
