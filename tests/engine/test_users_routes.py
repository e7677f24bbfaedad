"""A route that a user wrote carries the weights of a release, and is no child of its Canary."""

from simulation import Manifest, Simulation, canary

from burgee.engine.phases.ending import end

REFERENCE = {"apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService", "name": "web"}


def web() -> Manifest:
    backends = [("podinfo-primary", 100), ("podinfo-canary", 0)]
    return {
        "apiVersion": REFERENCE["apiVersion"],
        "kind": REFERENCE["kind"],
        "metadata": {"name": "web", "namespace": "test"},
        "spec": {
            "hosts": ["mine"],
            "http": [{"route": [{"destination": {"host": h}, "weight": w} for h, w in backends]}],
        },
    }


def test_weights_go_into_the_users_route_and_come_back() -> None:
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[web()])
    sim.settle()

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.settle()

    assert sim.routes == [0, 25, 50, 0]
    assert sim.get("VirtualService", "web")["spec"] == web()["spec"]
    assert ("VirtualService", "podinfo") not in sim.objects
    assert sim.status["provider"] == "istio VirtualService/web"


def test_a_route_that_is_as_wanted_is_not_written() -> None:
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[web()])

    sim.settle()

    assert sim.get("VirtualService", "web")["metadata"].get("annotations") is None


def test_a_route_that_goes_away_is_said_and_the_run_waits() -> None:
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[web()])
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    assert sim.status["canaryWeight"] == 25

    sim.delete("VirtualService", "web")
    sim.settle()

    refused = sim.condition("Accepted")
    assert refused
    assert refused["reason"] == "VirtualServiceNotFound"
    assert sim.status["canaryWeight"] == 25
    assert sim.replicas("podinfo") == 2


def test_a_route_that_another_canary_made_is_left_to_it() -> None:
    owner = {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "name": "first",
        "uid": "u-1",
        "controller": True,
    }
    theirs = web()
    theirs["metadata"]["ownerReferences"] = [owner]
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[theirs])

    sim.settle()

    refused = sim.condition("Accepted")
    assert refused
    assert refused["reason"] == "RouteConflict"
    assert "spec.routeRef" in refused["message"]


def test_a_canary_goes_once_its_route_is_seen_to_have_its_own_weights() -> None:
    """What was asked for from an old cache is refused, and asked for again."""
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[web()])
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    assert sim.status["canaryWeight"] == 25

    asked = end(sim.observe(), sim.now)
    again = end(sim.observe(), sim.now)
    sim._effects(again)
    done = end(sim.observe(), sim.now)

    assert [asked.finalized, again.finalized, done.finalized] == [False, False, True]
    assert asked.resync_after_seconds
    assert sim.get("VirtualService", "web")["spec"] == web()["spec"]


def test_a_canary_that_cannot_give_its_route_back_goes_all_the_same() -> None:
    sim = Simulation(parent=canary(routeRef=REFERENCE), others=[web()])
    sim.settle()
    sim.set_image("app:2")
    sim.settle()
    head = {**sim.parent["metadata"], "deletionTimestamp": sim.now.isoformat()}
    sim.parent = {**sim.parent, "metadata": head}

    sim.pass_time(2 * 60 + 1)

    assert end(sim.observe(), sim.now).finalized
