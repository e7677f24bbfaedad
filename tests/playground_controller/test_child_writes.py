from typing import Any

import pytest
from hook_world import Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metacontroller.faults import FaultRates, Faults
from burgee.playground.metacontroller.loop import Outcome


def config(name: str = "cm", value: str = "1", **meta: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "t1", **meta},
        "data": {"key": value},
    }


def route(weight: int = 0) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "podinfo"},
        "spec": {"weight": weight},
    }


def deployment(image: str = "x:1", name: str = "podinfo-primary") -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "t1"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    }


def answering(world: World, reply: type[Reply], *children: Any, **body: Any) -> None:
    fixed = {"status": {}, "children": list(children), **body}
    world.hooks.answers["/sync"] = lambda _: reply(body=fixed)


def poke(controller: Controller) -> Outcome:
    controller.loop.informers.pump()
    controller.loop.resync()
    return controller.step()


def version(manifest: Manifest) -> str:
    return manifest["metadata"]["resourceVersion"]


def test_an_unchanged_child_is_not_written_again(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, deployment())
    controller = world.controller()
    world.settle(controller)
    before = version(world.get("apps/v1", "Deployment", "podinfo-primary"))
    poke(controller)
    assert version(world.get("apps/v1", "Deployment", "podinfo-primary")) == before


def test_drift_in_the_spec_is_mended(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, deployment())
    controller = world.controller()
    world.settle(controller)
    drifted = deployment(image="x:bad")
    world.change(drifted, spec=drifted["spec"])
    world.settle(controller)
    live = world.get("apps/v1", "Deployment", "podinfo-primary")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "x:1"


def test_drift_in_labels_of_a_kind_with_generation_stays(world: World, reply: type[Reply]) -> None:
    world.parent()
    child = deployment()
    child["metadata"]["labels"] = {"team": "a"}
    answering(world, reply, child)
    controller = world.controller()
    world.settle(controller)
    live = world.get("apps/v1", "Deployment", "podinfo-primary")
    labels = {**live["metadata"]["labels"], "team": "b"}
    world.change(live, metadata={"labels": labels})
    world.settle(controller)
    live = world.get("apps/v1", "Deployment", "podinfo-primary")
    assert live["metadata"]["labels"]["team"] == "b"


def test_drift_in_a_kind_without_generation_is_mended(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, config(labels={"team": "a"}))
    controller = world.controller()
    world.settle(controller)
    live = world.get("v1", "ConfigMap", "cm")
    world.change(live, metadata={"labels": {**live["metadata"]["labels"], "team": "b"}})
    world.settle(controller)
    assert world.get("v1", "ConfigMap", "cm")["metadata"]["labels"]["team"] == "a"


def test_a_recreated_child_is_applied_anew(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, config())
    controller = world.controller()
    world.settle(controller)
    world.store.delete(world.store.resource("v1", "ConfigMap"), "t1", "cm")
    world.settle(controller)
    assert world.get("v1", "ConfigMap", "cm") is not None


def test_a_users_object_of_the_same_name_is_taken_over(world: World, reply: type[Reply]) -> None:
    world.put(config(value="theirs"))
    parent = world.parent()
    answering(world, reply, config(value="ours"))
    world.settle(world.controller())
    live = world.get("v1", "ConfigMap", "cm")
    assert live["data"] == {"key": "ours"}
    assert live["metadata"]["ownerReferences"][0]["uid"] == parent["metadata"]["uid"]


def test_an_object_that_another_controller_owns_is_an_error(
    world: World, reply: type[Reply]
) -> None:
    owner = world.put(config("owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    world.put(config(value="theirs", ownerReferences=[reference]))
    world.parent()
    answering(world, reply, config(value="ours"), config("other"))
    outcome = world.controller().step()
    assert "can't apply ConfigMap cm" in str(outcome.error)
    assert world.get("v1", "ConfigMap", "cm")["data"] == {"key": "theirs"}
    assert world.get("v1", "ConfigMap", "other") is not None
    assert world.events()[0]["reason"] == "SyncError"


def test_an_old_last_applied_annotation_is_taken_off(world: World, reply: type[Reply]) -> None:
    parent = world.parent()
    annotation = "metacontroller.k8s.io/last-applied-configuration"
    labels = {"controller-uid": parent["metadata"]["uid"]}
    world.put(config(annotations={annotation: "{}"}, labels=labels))
    answering(world, reply, config())
    world.settle(world.controller())
    live = world.get("v1", "ConfigMap", "cm")
    assert annotation not in live["metadata"].get("annotations", {})


def test_on_delete_never_updates(world: World, reply: type[Reply]) -> None:
    world.parent()
    listed = [{"apiVersion": "v1", "resource": "configmaps"}]
    answering(world, reply, config(value="1"))
    controller = world.controller(world.composite(childResources=listed))
    world.settle(controller)
    answering(world, reply, config(value="2"))
    poke(controller)
    assert world.get("v1", "ConfigMap", "cm")["data"] == {"key": "1"}


def test_a_child_that_goes_away_is_left_alone(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, config(value="1"))
    controller = world.controller()
    world.settle(controller)
    live = world.get("v1", "ConfigMap", "cm")
    world.change(live, metadata={"finalizers": ["hold/it"]})
    world.store.delete(world.store.resource("v1", "ConfigMap"), "t1", "cm")
    answering(world, reply, config(value="2"))
    world.settle(controller)
    assert world.get("v1", "ConfigMap", "cm")["data"] == {"key": "1"}


def test_an_unlisted_kind_is_applied_at_every_sync_and_never_deleted(
    world: World, reply: type[Reply], mesh_crd: Manifest
) -> None:
    world.store.register_crd(mesh_crd)
    parent = world.parent()
    answering(world, reply, route(weight=10))
    controller = world.controller()
    world.settle(controller)
    api = "networking.istio.io/v1beta1"
    live = world.get(api, "VirtualService", "podinfo")
    assert live["metadata"]["ownerReferences"][0]["uid"] == parent["metadata"]["uid"]
    assert live["metadata"]["labels"] == {"controller-uid": parent["metadata"]["uid"]}

    world.change(live, spec={"weight": 99})
    assert world.settle(controller) == []
    poke(controller)
    assert world.get(api, "VirtualService", "podinfo")["spec"]["weight"] == 10

    answering(world, reply)
    poke(controller)
    assert world.get(api, "VirtualService", "podinfo") is not None


def test_a_related_rule_on_an_unlisted_kind_mends_its_drift(
    world: World, reply: type[Reply], mesh_crd: Manifest
) -> None:
    world.store.register_crd(mesh_crd)
    world.parent()
    answering(world, reply, route(weight=10))
    rule = {
        "apiVersion": "networking.istio.io/v1beta1",
        "resource": "virtualservices",
        "namespace": "t1",
        "names": ["podinfo"],
    }
    world.hooks.answers["/customize"] = lambda _: reply(body={"relatedResources": [rule]})
    controller = world.controller(world.composite(hooks=("sync", "customize")))
    controller.step()
    end = 0
    while not world.get("networking.istio.io/v1beta1", "VirtualService", "podinfo"):
        controller.loop.resync()
        controller.step()
        end += 1
        assert end < 10
    world.settle(controller)
    live = world.get("networking.istio.io/v1beta1", "VirtualService", "podinfo")
    world.change(live, spec={"weight": 99})
    world.settle(controller)
    live = world.get("networking.istio.io/v1beta1", "VirtualService", "podinfo")
    assert live["spec"]["weight"] == 10
    shown = world.hooks.bodies("/sync")[-1]["related"]
    assert list(shown["VirtualService.networking.istio.io/v1beta1"]) == ["t1/podinfo"]


def test_a_missing_crd_of_an_unlisted_kind_hurts_only_that_object(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    answering(world, reply, route(), config(), status={"phase": "Fine"})
    outcome = world.controller().step()
    assert "VirtualService" in str(outcome.error)
    assert world.get("v1", "ConfigMap", "cm") is not None
    assert world.canary()["status"]["phase"] == "Fine"


def test_only_the_parent_that_uses_a_missing_crd_fails(world: World, reply: type[Reply]) -> None:
    for name in ("plain", "meshed"):
        world.parent(name)

    def answer(body: Any) -> Reply:
        meshed = body["parent"]["metadata"]["name"] == "meshed"
        return reply(body={"status": {"ok": True}, "children": [route()] if meshed else []})

    world.hooks.answers["/sync"] = answer
    controller = world.controller()
    outcomes = {o.key[1]: o.error is None for o in (controller.step(), controller.step())}
    assert outcomes == {"plain": True, "meshed": False}


def test_a_listed_kind_that_is_missing_stops_every_parent_until_it_comes(
    world: World, mesh_crd: Manifest
) -> None:
    world.parent()
    listed = [{"apiVersion": "networking.istio.io/v1beta1", "resource": "virtualservices"}]
    controller = world.controller(world.composite(childResources=listed), workers=1)
    assert not controller.running
    events, _ = world.store.list(world.store.resource("v1", "events"), "default")
    assert events[0]["reason"] == "CreateError"
    world.store.register_crd(mesh_crd)
    world.wait(lambda: world.hooks.calls)


def test_deletes_come_first_and_kinds_are_sorted(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, config("old"))
    controller = world.controller()
    world.settle(controller)
    controller.loop.informers.pump()
    seen = []
    kinds = [("v1", "configmaps"), ("v1", "services"), ("apps/v1", "deployments")]
    watches = [world.store.watch(world.store.resource(*kind)) for kind in kinds]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "svc"},
        "spec": {"ports": [{"port": 80}]},
    }
    answering(world, reply, deployment(), service, config("new"))
    poke(controller)
    for watch in watches:
        while (event := watch.next(0)) is not None:
            seen.append((int(event[1]["metadata"]["resourceVersion"]), event[0], event[1]))
        watch.close()
    order = [(kind, m["metadata"]["name"]) for _, kind, m in sorted(seen, key=lambda s: s[0])]
    assert order == [
        ("DELETED", "old"),
        ("ADDED", "new"),
        ("ADDED", "svc"),
        ("ADDED", "podinfo-primary"),
    ]


@pytest.mark.parametrize(
    ("rates", "child", "status", "told"),
    [
        pytest.param(FaultRates(child_failure=1), False, True, True, id="child fails, is told"),
        pytest.param(FaultRates(child_conflict=1), False, True, False, id="child conflicts"),
        pytest.param(FaultRates(status_failure=1), True, False, True, id="status fails"),
        pytest.param(FaultRates(status_conflict=1), True, False, False, id="status conflicts"),
        pytest.param(
            FaultRates(child_failure=1, status_conflict=1),
            False,
            False,
            False,
            id="a swallowed conflict takes the child's error along",
        ),
    ],
)
def test_children_and_status_are_not_one(
    world: World, reply: type[Reply], rates: Any, child: bool, status: Any, told: bool
) -> None:
    world.parent()
    answering(world, reply, config(), status={"phase": "New"})
    outcome = world.controller(faults=Faults(rates)).step()
    assert (world.get("v1", "ConfigMap", "cm") is not None) is child
    assert ("status" in world.canary()) is status
    assert (outcome.error is not None) is told
    assert bool(world.events()) is told
