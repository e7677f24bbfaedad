from typing import Any

import pytest
from hook_world import Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.machinery.informer import InformerSet
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metacontroller.customize import CACHE_SECONDS, Customizer, RelatedNotSynced
from burgee.playground.metacontroller.webhook import HookClient


def config(name: str = "settings", namespace: str = "t1", value: str = "1") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"key": value},
    }


RULE = {"apiVersion": "v1", "resource": "configmaps", "namespace": "t1", "names": ["settings"]}


@pytest.fixture
def controller(world: World, reply: type[Reply]) -> Controller:
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": []})
    world.hooks.answers["/customize"] = lambda _: reply(body={"relatedResources": [RULE]})
    world.parent()
    made = world.controller(world.composite(hooks=("sync", "customize"), childResources=[]))
    world.wait(lambda: made.step() is None and world.hooks.bodies("/sync"))
    return made


def asked(world: World) -> int:
    return len(world.hooks.bodies("/customize"))


def synced(world: World) -> int:
    return len(world.hooks.bodies("/sync"))


def test_a_kind_that_is_named_first_puts_the_sync_off_silently(
    world: World, reply: type[Reply]
) -> None:
    world.hooks.answers["/customize"] = lambda _: reply(body={"relatedResources": [RULE]})
    world.parent()
    controller = world.controller(world.composite(hooks=("sync", "customize"), childResources=[]))
    outcome = controller.step()
    assert isinstance(outcome.error, RelatedNotSynced)
    assert world.hooks.bodies("/sync") == []
    assert world.events() == []


@pytest.mark.usefixtures("controller")
def test_an_empty_group_is_there_for_every_rule(world: World) -> None:
    assert world.hooks.bodies("/sync")[-1]["related"] == {"ConfigMap.v1": {}}


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        pytest.param({"status": {"phase": "New"}, "subresource": "status"}, 0, id="status"),
        pytest.param({"metadata": {"labels": {"a": "b"}}}, 0, id="labels"),
        pytest.param({"metadata": {"annotations": {"a": "b"}}}, 0, id="annotations"),
        pytest.param({"spec": {"targetRef": {"name": "other"}}}, 1, id="spec"),
    ],
)
def test_only_a_new_generation_asks_again(
    world: World, controller: Controller, change: Manifest, calls: int
) -> None:
    before = asked(world), synced(world)
    world.change(world.canary(), **change)
    world.settle(controller)
    assert asked(world) == before[0] + calls
    assert synced(world) > before[1]


def test_a_restart_asks_again(world: World, controller: Controller) -> None:
    before = asked(world)
    controller.restart()
    controller.step()
    assert asked(world) == before + 1


@pytest.mark.parametrize(
    ("name", "namespace", "woken"),
    [("settings", "t1", True), ("other", "t1", False), ("settings", "tmpl", False)],
)
def test_a_related_object_wakes_the_parents_that_asked_for_it(
    world: World, controller: Controller, name: str, namespace: str, woken: bool
) -> None:
    before = synced(world)
    world.put(config(name, namespace))
    world.settle(controller)
    assert (synced(world) > before) is woken


def test_changes_and_deletion_of_a_related_object_wake_the_parent(
    world: World, controller: Controller
) -> None:
    live = world.put(config())
    world.settle(controller)
    before = synced(world)
    world.change(live, data={"key": "2"})
    world.settle(controller)
    assert synced(world) == before + 1
    shown = world.hooks.bodies("/sync")[-1]["related"]["ConfigMap.v1"]["t1/settings"]
    assert shown["data"] == {"key": "2"}
    world.store.delete(world.store.resource("v1", "ConfigMap"), "t1", "settings")
    world.settle(controller)
    assert world.hooks.bodies("/sync")[-1]["related"] == {"ConfigMap.v1": {}}


def test_a_kind_that_is_not_served_blocks_only_this_parent(
    world: World, controller: Controller, reply: type[Reply]
) -> None:
    missing = {"apiVersion": "no.such/v1", "resource": "things", "namespace": "t1"}

    def answer(body: Any) -> Reply:
        rules = [missing] if body["parent"]["metadata"]["name"] == "blocked" else [RULE]
        return reply(body={"relatedResources": rules})

    world.hooks.answers["/customize"] = answer
    world.parent("blocked")
    world.parent("free")
    outcomes = {o.key[1]: o.error is None for o in (controller.step(), controller.step())}
    assert outcomes == {"blocked": False, "free": True}
    assert world.events()[0]["reason"] == "SyncError"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"relatedResources": [{**RULE, "labelSelector": {}}]}, 200, id="bad rule"),
        pytest.param({"relatedResources": [], "more": 1}, 200, id="unknown field"),
        pytest.param({}, 500, id="server error"),
    ],
)
def test_a_failing_customize_blocks_the_sync(
    world: World, controller: Controller, reply: type[Reply], body: Any, status: Any
) -> None:
    before = synced(world)
    world.hooks.answers["/customize"] = lambda _: reply(body=body, status=status)
    world.change(world.canary(), spec={"targetRef": {"name": "other"}})
    assert controller.step().error is not None
    assert synced(world) == before


def test_429_from_customize_puts_the_sync_off(
    world: World, controller: Controller, reply: type[Reply]
) -> None:
    world.hooks.answers["/customize"] = lambda _: reply(status=429, headers={"Retry-After": "3"})
    world.change(world.canary(), spec={"targetRef": {"name": "other"}})
    assert controller.step().retry_seconds == 3


def test_answers_are_remembered_for_twenty_minutes_and_no_longer(
    world: World, controller: Controller
) -> None:
    now = [0.0]
    hook = HookClient([f"{world.hooks.url}/customize"], timeout_seconds=2)
    informers = InformerSet(world.store, threaded=False)
    customizer = Customizer(
        world.store,
        controller.composite,
        hook,
        informers,
        parents=list,
        enqueue=lambda _: None,
        clock=lambda: now[0],
    )
    before = asked(world)
    customizer.rules(world.canary())
    now[0] = CACHE_SECONDS - 1
    customizer.rules(world.canary())
    assert asked(world) == before + 1
    now[0] = CACHE_SECONDS + 1
    customizer.rules(world.canary())
    assert asked(world) == before + 2
    hook.close()
    informers.close()


def test_a_related_event_asks_for_parents_that_are_not_remembered(
    world: World, controller: Controller
) -> None:
    world.change(world.canary(), spec={"targetRef": {"name": "other"}})
    before = asked(world)
    world.put(config())
    controller.loop.informers.pump()
    assert asked(world) == before + 1


def test_namespace_selector_follows_the_labels_of_namespaces(
    world: World, reply: type[Reply]
) -> None:
    rule = {
        "apiVersion": "v1",
        "resource": "configmaps",
        "namespaceSelector": {"matchLabels": {"team": "a"}},
    }
    namespace = world.get("v1", "Namespace", "tmpl", "")
    world.change(namespace, metadata={"labels": {"team": "a"}})
    world.put(config("in", "tmpl"))
    world.put(config("out", "t1"))
    world.hooks.answers["/customize"] = lambda _: reply(body={"relatedResources": [rule]})
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": []})
    world.parent()
    controller = world.controller(world.composite(hooks=("sync", "customize"), childResources=[]))
    world.wait(lambda: controller.step() is None and world.hooks.bodies("/sync"))
    shown = world.hooks.bodies("/sync")[-1]["related"]["ConfigMap.v1"]
    assert list(shown) == ["tmpl/in"]
