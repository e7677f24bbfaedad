"""Somebody's route for the host of a Canary, by the real hook server."""

from collections.abc import Callable, Iterator

import pytest
from provider_world import INGRESS, ingress, spec_for
from release_world import APP, CANARY, App, Arena, analysis, deployment
from scripted_http import Received, Reply

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource

pytestmark = pytest.mark.slow

Make = Callable[..., App]
VIRTUAL_SERVICE = ("networking.istio.io/v1beta1", "VirtualService")
HTTP_ROUTE = ("gateway.networking.k8s.io/v1", "HTTPRoute")
GATEWAY = [{"name": "public"}]
TO_OTHER = [{"destination": {"host": "other"}}]
LOOK_AGAIN_SECONDS = 40.0
MOST_LOOKS = 5
# A sync may come twice before its status is seen.
MOST_IN_A_RELEASE = 2


def virtual_service(*hosts: str, **spec: object) -> Manifest:
    return {
        "apiVersion": VIRTUAL_SERVICE[0],
        "kind": VIRTUAL_SERVICE[1],
        "metadata": {"name": "theirs"},
        "spec": {"hosts": list(hosts), "http": [{"route": TO_OTHER}], **spec},
    }


def http_route(path: str) -> Manifest:
    return {
        "apiVersion": HTTP_ROUTE[0],
        "kind": HTTP_ROUTE[1],
        "metadata": {"name": "theirs"},
        "spec": {
            "parentRefs": GATEWAY,
            "hostnames": ["app.test"],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": path}}],
                    "backendRefs": [{"name": "other", "port": 80}],
                }
            ],
        },
    }


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """With Gateway API besides; nobody accepts its routes, and nobody refuses them."""
    with Arena(tmp_path_factory.mktemp("two")) as made:
        group, _, version = HTTP_ROUTE[0].partition("/")
        resource = Resource(
            group=group,
            version=version,
            plural="httproutes",
            kind=HTTP_ROUTE[1],
            subresources=frozenset({"status"}),
            generation=True,
            custom=True,
        )
        made.cluster.store.register(resource)
        yield made
        assert not made.cluster.controller.tally.crashed


def wait_refused(app: App, *words: str) -> None:
    app.wait(lambda _: app.condition("Accepted").get("reason") == "RouteConflict")
    condition = app.condition("Accepted")
    assert all(word in condition["message"] for word in words)
    assert app.warnings().count(condition["message"]) == 1


def lists(arena: Arena, resource: str) -> int:
    calls = arena.cluster.server.calls().items()
    return sum(
        count
        for call, count in calls
        if (call.agent, call.verb, call.resource) == ("burgee", "list", resource)
    )


def test_a_host_inside_the_mesh_that_is_taken_waits_until_it_is_free(
    app: Make, arena: Arena
) -> None:
    theirs = virtual_service(APP)
    found = app(objects=[deployment(), theirs])

    wait_refused(found, "spec.service.name", "VirtualService theirs")

    assert set(found.world()) == {f"Deployment/{APP}", "VirtualService/theirs"}
    assert found.deployment()["spec"]["replicas"] == 2
    assert (found.get(*VIRTUAL_SERVICE, "theirs") or {})["spec"] == theirs["spec"]
    assert found.status["phase"] == "Initializing"

    arena.cluster.delete(*VIRTUAL_SERVICE, found.namespace, "theirs")

    found.wait_phase("Initialized", seconds=LOOK_AGAIN_SECONDS)
    assert not found.condition("Accepted")
    found.release("app:2")


def test_a_host_that_is_added_where_it_is_taken_leaves_the_route_as_it_is(
    initialized: Make,
) -> None:
    app = initialized()
    app.apply(virtual_service("more.test"))
    before = app.get(*VIRTUAL_SERVICE)

    app.edit(service={"port": 9898, "hosts": ["more.test"]})
    wait_refused(app, "spec.service.hosts[0]", "VirtualService theirs")

    assert app.get(*VIRTUAL_SERVICE) == before
    app.edit(service={"port": 9898, "hosts": ["free.test"]})
    app.wait_for(lambda: not app.condition("Accepted"))
    app.release("app:2")


def test_a_path_at_a_gateway_is_taken_and_another_one_is_not(app: Make) -> None:
    service = {"port": 9898, "hosts": ["app.test"], "gatewayRefs": GATEWAY}
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    found = app(
        objects=[deployment(), http_route("/")],
        provider="gatewayapi:v1",
        service=service,
        analysis=analysis(metrics=[check]),
    )
    wait_refused(found, "spec.service.hosts[0]", "HTTPRoute theirs", "Gateway public")
    assert set(found.world()) == {f"Deployment/{APP}"}

    found.edit(service={**service, "match": [{"uri": {"prefix": "/app"}}]})

    found.wait_phase("Initialized")
    assert not found.condition("Accepted")
    assert not found.condition("Undisputed")
    found.release("app:2")


def test_a_canary_ingress_of_somebody_else_is_seen_before_ours_is_written(
    app: Make, arena: Arena
) -> None:
    theirs = ingress("theirs", annotations={"nginx.ingress.kubernetes.io/canary": "true"})
    check = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    found = app(
        objects=[deployment(), ingress(), theirs],
        analysis=analysis(metrics=[check]),
        **spec_for("nginx"),
    )

    wait_refused(found, "spec.ingressRef", "Ingress theirs")
    assert set(found.world()) == {f"Deployment/{APP}"}
    assert found.get(*INGRESS, "web-canary") is None

    arena.cluster.delete(*INGRESS, found.namespace, "theirs")
    found.wait_phase("Initialized", seconds=LOOK_AGAIN_SECONDS)
    found.release("app:2")


def test_two_canaries_of_one_host_at_the_same_time(arena: Arena, numbers: Iterator[int]) -> None:
    """Which of them has it depends on who is first; never both, never nobody."""
    one = arena.app(
        f"two{next(numbers)}", service={"port": 9898, "name": "one", "hosts": ["app.test"]}
    )
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "second"}
    second = deployment()
    second["metadata"]["name"] = "second"
    second["spec"]["selector"]["matchLabels"]["app"] = "second"
    second["spec"]["template"]["metadata"]["labels"]["app"] = "second"
    parent = one.canary
    one.apply(second)
    one.apply(
        {
            "apiVersion": CANARY[0],
            "kind": CANARY[1],
            "metadata": {"name": "second"},
            "spec": {
                **parent["spec"],
                "targetRef": target,
                "service": {"port": 9898, "name": "two", "hosts": ["app.test"]},
            },
        }
    )

    def ends() -> list[str]:
        found = [one.get(*CANARY, name) or {} for name in (APP, "second")]
        statuses: list[Manifest] = [each.get("status") or {} for each in found]
        return sorted(
            next(
                (c["reason"] for c in status.get("conditions") or () if c["type"] == "Accepted"),
                str(status.get("phase")),
            )
            for status in statuses
        )

    one.wait_for(lambda: ends() == ["Initialized", "RouteConflict"], seconds=20)
    arena.cluster.delete("v1", "Namespace", "", one.namespace)


def test_a_set_up_costs_a_few_looks_and_a_release_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Arena(tmp_path_factory.mktemp("looks")) as arena:
        app = arena.app("looks")
        app.wait_phase("Initialized")
        app.wait_scaled(0)

        assert 0 < lists(arena, "virtualservices") <= MOST_LOOKS

        arena.cluster.server.reset_calls()
        app.release("app:2")
        app.wait_scaled(0)
        assert 1 <= lists(arena, "virtualservices") <= MOST_IN_A_RELEASE


def test_without_the_right_to_look_a_canary_is_set_up_as_before(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def refuse(received: Received, forward: Callable[[], Reply]) -> Reply:
        forbidden = "/virtualservices?" in received.path
        return Reply(status=403, body=b"{}") if forbidden else forward()

    with Arena(tmp_path_factory.mktemp("blind"), proxied=True) as arena:
        arena.proxy.spoil = refuse
        app = arena.app("blind")
        app.wait_phase("Initialized")
        assert app.events("SyncError") == []
