"""One test for each row of the contract's table "you return / what happens"."""

from collections.abc import Callable
from typing import Any

import pytest
from hook_world import Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metacontroller.envelope import FatalAnswer
from burgee.playground.metacontroller.loop import Outcome


def deployment(name: str = "podinfo-primary", **meta: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **meta},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "x:1"}]},
            },
        },
    }


def config(name: str = "cm", value: str = "1", **meta: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **meta},
        "data": {"key": value},
    }


def answering(world: World, reply: type[Reply], **body: Any) -> None:
    body = {"status": {}, "children": [], **body}
    kept = {key: value for key, value in body.items() if value != "absent"}
    world.hooks.answers["/sync"] = lambda _: reply(body=kept)


def with_child(world: World, reply: type[Reply]) -> Controller:
    """A controller with one child in place."""
    world.parent()
    answering(world, reply, children=[config()])
    controller = world.controller()
    world.settle(controller)
    assert world.get("v1", "ConfigMap", "cm") is not None
    return controller


def poke(controller: Controller) -> Outcome:
    """Sync once more, from an up-to-date cache."""
    controller.loop.informers.pump()
    controller.loop.resync()
    return controller.step()


def test_status_replaces_all_of_status_and_gets_the_generation(
    world: World, reply: type[Reply]
) -> None:
    world.change(world.parent(), "status", status={"phase": "Old", "left": "over"})
    answering(world, reply, status={"phase": "New"})
    world.settle(world.controller())
    assert world.canary()["status"] == {"phase": "New", "observedGeneration": 1}


@pytest.mark.parametrize("status", [None, "absent"])
def test_no_status_wipes_it(world: World, reply: type[Reply], status: Any) -> None:
    world.change(world.parent(), "status", status={"phase": "Old"})
    answering(world, reply, status=status)
    world.settle(world.controller())
    assert world.canary()["status"] == {"observedGeneration": 1}


@pytest.mark.parametrize("children", ["absent", None, []])
def test_no_children_deletes_all_observed_ones(
    world: World, reply: type[Reply], children: Any
) -> None:
    controller = with_child(world, reply)
    answering(world, reply, children=children)
    poke(controller)
    assert world.get("v1", "ConfigMap", "cm") is None


def test_a_null_child_ends_the_process(world: World, reply: type[Reply]) -> None:
    controller = with_child(world, reply)
    answering(world, reply, children=[None])
    outcome = poke(controller)
    assert isinstance(outcome.error, FatalAnswer)
    assert controller.tally.crashed
    assert not controller.running
    assert world.get("v1", "ConfigMap", "cm") is not None


def test_a_child_without_kind_rejects_the_answer(world: World, reply: type[Reply]) -> None:
    controller = with_child(world, reply)
    answering(world, reply, status={"phase": "New"}, children=[{"metadata": {"name": "x"}}])
    assert poke(controller).error is not None
    assert world.get("v1", "ConfigMap", "cm") is not None
    assert "phase" not in world.canary()["status"]


def test_of_the_same_child_twice_the_last_wins(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, children=[config(value="first"), config(value="last")])
    world.settle(world.controller())
    assert world.get("v1", "ConfigMap", "cm")["data"] == {"key": "last"}


def test_a_foreign_controller_uid_fails_the_sync_before_anything_is_written(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    wrong = config("wrong", labels={"controller-uid": "somebody-else"})
    answering(world, reply, status={"phase": "New"}, children=[config(), wrong])
    outcome = world.controller().step()
    assert "match parent selector" in str(outcome.error)
    assert world.get("v1", "ConfigMap", "cm") is None
    assert "status" not in world.canary()


def test_a_child_gets_namespace_label_and_owner(world: World, reply: type[Reply]) -> None:
    parent = world.parent()
    answering(world, reply, children=[deployment()])
    world.settle(world.controller())
    child = world.get("apps/v1", "Deployment", "podinfo-primary")
    uid = parent["metadata"]["uid"]
    assert child["metadata"]["labels"] == {"controller-uid": uid}
    assert "controller-uid" not in child["spec"]["template"]["metadata"]["labels"]
    assert child["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "name": "podinfo",
            "uid": uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_children_of_a_version_that_is_not_listed_are_another_kind(
    world: World, reply: type[Reply]
) -> None:
    parent = world.parent()
    child = config(labels={"controller-uid": parent["metadata"]["uid"]})
    world.put({**child, "metadata": {**child["metadata"], "namespace": "t1"}})
    answering(world, reply, children=[{**child, "apiVersion": "v2"}])
    outcome = world.controller().step()
    assert world.get("v1", "ConfigMap", "cm") is None
    assert "cm" in str(outcome.error)


def test_resync_after_is_armed_before_children_are_written(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    impossible = {"apiVersion": "no.such/v1", "kind": "Thing", "metadata": {"name": "x"}}
    answering(world, reply, resyncAfterSeconds=30.5, children=[impossible])
    controller = world.controller()
    outcome = controller.step()
    assert outcome.error is not None
    # The back-off shares the timer, and the earlier of the two wins.
    assert controller.loop.queue.pending_seconds(("t1", "podinfo")) < 0.01


@pytest.mark.parametrize(("seconds", "armed"), [(20.5, True), (0, False), (-3, False)])
def test_resync_after_needs_a_positive_number(
    world: World, reply: type[Reply], seconds: Any, armed: bool
) -> None:
    world.parent()
    answering(world, reply, resyncAfterSeconds=seconds)
    controller = world.controller()
    world.settle(controller)
    pending = controller.loop.queue.pending_seconds(("t1", "podinfo"))
    assert (pending is not None) is armed
    if pending is not None:
        assert 19 < pending <= 20.5


def test_a_longer_resync_never_postpones_a_shorter_one(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, resyncAfterSeconds=5)
    controller = world.controller()
    world.settle(controller)
    answering(world, reply, resyncAfterSeconds=50)
    poke(controller)
    assert controller.loop.queue.pending_seconds(("t1", "podinfo")) <= 5


def test_finalized_from_sync_is_a_hot_loop(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, finalized=True)
    controller = world.controller(world.composite(hooks=("sync", "finalize")))
    finalizer = "metacontroller.io/compositecontroller-canary"
    for _ in range(6):
        assert controller.step() is not None
        assert "finalizers" not in world.canary()["metadata"]
    versions = {
        body["parent"]["metadata"]["resourceVersion"] for body in world.hooks.bodies("/sync")
    }
    assert len(versions) == 6
    assert all(
        finalizer in body["parent"]["metadata"]["finalizers"]
        for body in world.hooks.bodies("/sync")
    )


def test_an_unknown_field_is_an_error_in_v2(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, phase="New")
    assert "phase" in str(world.controller().step().error)


def test_a_float_for_an_integer_is_stored_as_one_and_is_no_loop(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    answering(world, reply, status={"weight": 7.0, "share": 0.5})
    controller = world.controller()
    world.settle(controller)
    status = world.canary()["status"]
    assert status == {"weight": 7, "share": 0.5, "observedGeneration": 1}
    assert isinstance(status["weight"], int)
    before = world.canary()["metadata"]["resourceVersion"]
    poke(controller)
    assert world.canary()["metadata"]["resourceVersion"] == before


def test_a_status_that_breaks_the_schema_fails_after_the_children(
    world: World, reply: type[Reply]
) -> None:
    crds = world.store.resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
    crd = world.store.get(crds, "", "canaries.flagger.app")
    version = crd["spec"]["versions"][0]
    schema = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"status": {"type": "object", "properties": {"phase": {"type": "string"}}}},
    }
    strict = {**version, "schema": {"openAPIV3Schema": schema}}
    world.store.register_crd({**crd, "spec": {**crd["spec"], "versions": [strict]}})
    world.parent()
    answering(world, reply, status={"phase": 5}, children=[config()])
    outcome = world.controller().step()
    assert outcome.error is not None
    assert outcome.retry_seconds == pytest.approx(0.005)
    assert world.get("v1", "ConfigMap", "cm") is not None
    assert "status" not in world.canary()


def test_listed_kinds_are_shown_even_when_there_are_none(
    world: World, reply: type[Reply], recorded: Callable[[str], Manifest]
) -> None:
    world.parent()
    answering(world, reply)
    world.settle(world.controller())
    body = world.hooks.bodies("/sync")[0]
    like = recorded("sync-v2-first-request")
    assert set(body) == set(like)
    assert {g.split(".")[0] for g in body["children"]} == {
        g.split(".")[0] for g in like["children"]
    }
    assert all(objects == {} for objects in body["children"].values())
    assert body["related"] == {}
    assert body["finalizing"] is False


def test_the_second_body_has_the_shape_of_the_recorded_one(
    world: World, reply: type[Reply], recorded: Callable[[str], Manifest]
) -> None:
    like = recorded("sync-v2-request")
    world.put(
        like["related"]["Deployment.apps/v1"]["t1/podinfo"]
        | {"metadata": {"name": "podinfo", "namespace": "t1"}}
    )
    world.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "podinfo-config", "namespace": "t1"},
        }
    )
    world.put(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "MetricTemplate",
            "metadata": {"name": "m", "namespace": "tmpl"},
        }
    )
    world.parent()
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo-primary"},
        "spec": {"ports": [{"port": 9898}]},
    }
    answering(world, reply, children=[deployment(), service])
    world.hooks.answers["/customize"] = lambda _: reply(body=recorded("customize-v2-response"))
    world.settle(world.controller(world.composite(hooks=("sync", "customize", "finalize"))))
    body = world.hooks.bodies("/sync")[-1]
    assert set(body) == set(like)
    for part in ("children", "related"):
        assert {g: set(o) for g, o in body[part].items() if "Autoscaler" not in g} == {
            g: set(o) for g, o in like[part].items() if "Autoscaler" not in g
        }
    assert body["parent"]["metadata"]["finalizers"] == like["parent"]["metadata"]["finalizers"]
    asked = world.hooks.bodies("/customize")[0]
    assert set(asked) == set(recorded("customize-v2-request"))
