"""A route that the user wrote, by the real hook server: it gets weights and nothing else."""

from collections.abc import Callable, Iterator
from itertools import groupby

import pytest
from release_world import APP, App, Arena, analysis, deployment

from burgee.api.manifest import Manifest, annotations_of, metadata

pytestmark = pytest.mark.slow

Make = Callable[..., App]
ROUTE = ("networking.istio.io/v1beta1", "VirtualService")
REFERENCE = {"apiVersion": ROUTE[0], "kind": ROUTE[1], "name": "web"}
ORIGINAL = "burgee.dev/original-weights"


def web() -> Manifest:
    backends = [(f"{APP}-primary", 100), (f"{APP}-canary", 0)]
    return {
        "apiVersion": ROUTE[0],
        "kind": ROUTE[1],
        "metadata": {"name": "web", "labels": {"team": "a"}},
        "spec": {
            "hosts": ["app.example.com"],
            "http": [
                {"match": [{"uri": {"prefix": "/static"}}], "route": [dest("static")]},
                {"timeout": "7s", "route": [{**dest(n), "weight": w} for n, w in backends]},
            ],
        },
    }


def dest(host: str) -> Manifest:
    return {"destination": {"host": host}}


def weight(route: Manifest) -> int:
    return int(route["spec"]["http"][-1]["route"][1]["weight"])


def weights(app: App) -> list[int]:
    written = [w.new for w in app.writes if w.key == (ROUTE[1], "web") and w.new]
    return [key for key, _ in groupby(weight(found) for found in written)]


def found(app: App) -> Manifest:
    route = app.get(*ROUTE, "web")
    assert route is not None
    return route


@pytest.fixture
def routed(arena: Arena, numbers: Iterator[int]) -> Iterator[Make]:
    made: list[App] = []

    def make(**spec: object) -> App:
        app = arena.app(f"u{next(numbers)}", objects=[deployment(), web()], **spec)
        made.append(app)
        app.wait_phase("Initialized")
        return app

    yield make
    for app in made:
        arena.cluster.delete("v1", "Namespace", "", app.namespace)


def test_a_release_climbs_by_the_users_route_alone(routed: Make) -> None:
    app = routed(routeRef=REFERENCE)
    assert metadata(found(app)).get("annotations") is None

    app.release("app:2")

    assert weights(app) == [0, 25, 50, 0]
    assert app.get(*ROUTE) is None
    assert found(app)["spec"] == web()["spec"]
    assert "ownerReferences" not in metadata(found(app))
    managers = {(m["manager"], m["operation"]) for m in metadata(found(app))["managedFields"]}
    assert ("burgee", "Apply") in managers
    assert app.status["provider"] == "istio VirtualService/web"
    app.wait_scaled(0)


def test_an_edit_in_the_middle_of_a_run_stays_and_the_weight_too(routed: Make) -> None:
    app = routed(routeRef=REFERENCE, analysis=analysis(interval="2s"))
    app.set_image("app:2")
    app.wait_for(lambda: weight(found(app)) == 25)

    edited = web()["spec"]["http"]
    edited[-1]["timeout"] = "1s"
    app.merge(ROUTE, "web", {"spec": {"http": edited}})
    assert weight(found(app)) == 0
    app.wait_for(lambda: weight(found(app)) == 25)
    app.wait_run("Succeeded")

    assert weights(app) == [0, 25, 0, 25, 50, 0]
    assert found(app)["spec"]["http"] == edited


def test_what_the_user_had_is_given_back_when_the_canary_goes(routed: Make, arena: Arena) -> None:
    app = routed(routeRef=REFERENCE, analysis=analysis(interval="30s"))
    app.set_image("app:2")
    app.wait_for(lambda: weight(found(app)) == 25)
    assert annotations_of(found(app))[ORIGINAL] == f'{{"{APP}":[[100,0]]}}'

    arena.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    arena.cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    assert found(app)["spec"] == web()["spec"]
    assert ORIGINAL not in annotations_of(found(app))


def test_a_canary_that_takes_another_route_gives_the_first_one_back(routed: Make) -> None:
    app = routed(routeRef=REFERENCE, analysis=analysis(interval="1s"))
    app.release("app:2")
    assert ORIGINAL in annotations_of(found(app))

    app.edit(routeRef=None)
    app.wait_for(lambda: app.status["provider"] == "istio")

    assert ORIGINAL not in annotations_of(found(app))
    assert app.get(*ROUTE) is not None


def test_a_route_that_lacks_a_backend_is_said_and_left_alone(arena: Arena) -> None:
    lacking = web()
    del lacking["spec"]["http"][-1]["route"][1]
    app = arena.app("lacking", objects=[deployment(), lacking], routeRef=REFERENCE)

    app.wait_for(lambda: app.condition("Accepted").get("reason") == "NoSuchBackend")

    assert "VirtualService web (spec.routeRef)" in app.condition("Accepted")["message"]
    assert found(app)["spec"] == lacking["spec"]
    app.apply(web())
    app.wait_phase("Initialized")
