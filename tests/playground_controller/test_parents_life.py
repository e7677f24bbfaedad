"""Finalizers, deletion, staleness, events of parents, restarts, the resync period."""

import time
from typing import Any

import pytest
from hook_world import Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.machinery.informer import version_of
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metacontroller.faults import FaultRates, Faults
from burgee.playground.metacontroller.parents import same_json
from burgee.playground.storage.store import ApiError

FINALIZER = "metacontroller.io/compositecontroller-canary"


def config(name: str = "cm", value: str = "1") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"key": value},
    }


def answering(world: World, reply: type[Reply], path: str = "/sync", **body: Any) -> None:
    fixed = {"status": {}, "children": [], **body}
    world.hooks.answers[path] = lambda _: reply(body=fixed)


def delete(world: World, name: str = "podinfo", **options: Any) -> None:
    world.store.delete(
        world.store.resource("flagger.app/v1beta1", "canaries"), "t1", name, **options
    )


def gone(world: World) -> bool:
    return world.get("flagger.app/v1beta1", "Canary", "podinfo") is None


@pytest.fixture
def finalizing(world: World, reply: type[Reply]) -> Controller:
    """A settled parent with one child and a finalize hook."""
    world.parent()
    answering(world, reply, children=[config()])
    answering(world, reply, "/finalize", children=[config()])
    controller = world.controller(world.composite(hooks=("sync", "finalize")))
    world.settle(controller)
    return controller


@pytest.mark.usefixtures("finalizing")
def test_a_finalize_hook_puts_the_finalizer_on_before_the_first_call(world: World) -> None:
    shown = world.hooks.bodies("/sync")[0]["parent"]["metadata"]
    assert shown["finalizers"] == [FINALIZER]
    assert world.canary()["metadata"]["finalizers"] == [FINALIZER]


def test_deletion_calls_finalize_until_it_says_finalized(
    world: World, reply: type[Reply], finalizing: Controller
) -> None:
    delete(world)
    world.settle(finalizing)
    assert not gone(world)
    body = world.hooks.bodies("/finalize")[-1]
    assert body["finalizing"] is True
    assert body["parent"]["metadata"]["deletionTimestamp"]
    assert list(body["children"]["ConfigMap.v1"]) == ["t1/cm"]
    assert world.get("v1", "ConfigMap", "cm") is not None

    answering(world, reply, "/finalize", finalized=True, children=[config("late")])
    finalizing.loop.resync()
    world.settle(finalizing)
    assert gone(world)
    assert world.get("v1", "ConfigMap", "late") is None


def test_children_follow_the_finalize_answer_until_then(
    world: World, reply: type[Reply], finalizing: Controller
) -> None:
    answering(world, reply, "/finalize", children=[config("other")])
    delete(world)
    world.settle(finalizing)
    assert world.get("v1", "ConfigMap", "cm") is None
    assert world.get("v1", "ConfigMap", "other") is not None


def test_a_garbage_collectors_finalizer_keeps_our_hands_off(
    world: World, reply: type[Reply], finalizing: Controller
) -> None:
    live = world.canary()
    held = [FINALIZER, "orphan"]
    world.change(live, metadata={"finalizers": held})
    world.settle(finalizing)
    answering(world, reply, "/finalize", children=[])
    delete(world)
    world.settle(finalizing)
    assert world.hooks.bodies("/finalize")
    assert world.get("v1", "ConfigMap", "cm") is not None


def test_without_a_finalize_hook_the_finalizer_is_taken_off(
    world: World, finalizing: Controller
) -> None:
    finalizing.close()
    plain = world.controller(world.composite(hooks=("sync",)))
    world.settle(plain)
    assert "finalizers" not in world.canary()["metadata"]


def test_closing_the_controller_leaves_the_finalizer(world: World, finalizing: Controller) -> None:
    finalizing.close()
    delete(world)
    assert not gone(world)


def test_sync_goes_on_for_a_parent_that_another_finalizer_holds(
    world: World, reply: type[Reply]
) -> None:
    world.parent(metadata={"finalizers": ["hold/it"]})
    answering(world, reply, children=[config()])
    controller = world.controller()
    world.settle(controller)
    delete(world)
    answering(world, reply, children=[], status={"phase": "Going"})
    world.settle(controller)
    assert world.hooks.bodies("/sync")[-1]["finalizing"] is False
    assert world.get("v1", "ConfigMap", "cm") is not None
    assert world.canary()["status"]["phase"] == "Going"


def test_a_parent_that_stops_matching_is_finalized(world: World, reply: type[Reply]) -> None:
    world.parent(metadata={"labels": {"team": "a"}})
    answering(world, reply)
    answering(world, reply, "/finalize")
    parent = {
        "apiVersion": "flagger.app/v1beta1",
        "resource": "canaries",
        "labelSelector": {"matchLabels": {"team": "a"}},
    }
    controller = world.controller(
        world.composite(hooks=("sync", "finalize"), parentResource=parent)
    )
    world.settle(controller)
    world.parent("stranger")
    assert world.settle(controller) == []
    world.change(world.canary(), metadata={"labels": {"team": "b"}})
    world.settle(controller)
    assert world.hooks.bodies("/finalize")


def test_a_parent_that_is_gone_is_no_error(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply)
    controller = world.controller()
    world.settle(controller)
    delete(world)
    outcome = controller.step()
    assert outcome is not None
    assert outcome.error is None


def test_a_parent_replaced_meanwhile_does_not_get_the_old_status(
    world: World, reply: type[Reply]
) -> None:
    world.parent()

    def replace(_: Any) -> Reply:
        delete(world)
        world.parent()
        return reply(body={"status": {"phase": "Old"}, "children": []})

    world.hooks.answers["/sync"] = replace
    assert world.controller().step().error is None
    assert "status" not in world.canary()


def test_status_is_written_over_a_change_made_meanwhile(world: World, reply: type[Reply]) -> None:
    world.parent()

    def touch(_: Any) -> Reply:
        world.change(world.canary(), "status", status={"phase": "Between"})
        return reply(body={"status": {"phase": "Answer"}, "children": []})

    world.hooks.answers["/sync"] = touch
    world.controller().step()
    assert world.canary()["status"]["phase"] == "Answer"


def test_observed_generation_is_that_of_the_parent_shown(world: World, reply: type[Reply]) -> None:
    world.parent()

    def respec(_: Any) -> Reply:
        if world.canary()["metadata"]["generation"] == 1:
            world.change(world.canary(), spec={"new": True})
        return reply(body={"status": {}, "children": []})

    world.hooks.answers["/sync"] = respec
    world.controller().step()
    assert world.canary()["metadata"]["generation"] == 2
    assert world.canary()["status"] == {"observedGeneration": 1}


def test_a_cache_that_was_not_fed_shows_the_old_parent(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, status={"step": 1})
    controller = world.controller()
    controller.step()
    controller.loop.resync()
    controller.step(pump=False)
    shown = world.hooks.bodies("/sync")[-1]["parent"]
    assert "status" not in shown
    assert version_of(shown) < version_of(world.canary())
    assert controller.tally["stale"] == 1


def test_late_events_deliver_parents_older_than_the_written_status(
    world: World, reply: type[Reply]
) -> None:
    def answer(body: Any) -> Reply:
        count = int((body["parent"].get("status") or {}).get("count", 0)) + 1
        child = config(value=str(count))
        return reply(body={"status": {"count": min(count, 40)}, "children": [child]})

    world.hooks.answers["/sync"] = answer
    world.parent()
    rates = FaultRates(stale_parent=0.5, stale_parent_seconds=0.05)
    controller = world.controller(workers=2, faults=Faults(rates, seed=3))
    world.wait(lambda: (world.canary().get("status") or {}).get("count") == 40, 20)
    seen, stale = 0, 0
    for body in world.hooks.bodies("/sync"):
        count = int((body["parent"].get("status") or {}).get("count", 0))
        stale += count < seen
        seen = max(seen, count + 1)
    assert stale > 0
    assert controller.tally["stale"] > 0


def test_a_restart_loses_timers_and_syncs_every_parent(world: World, reply: type[Reply]) -> None:
    world.parent("a")
    world.parent("b")
    answering(world, reply, resyncAfterSeconds=60)
    controller = world.controller()
    world.settle(controller)
    controller.restart()
    assert controller.loop.queue.pending_seconds(("t1", "a")) is None
    assert {controller.step().key[1], controller.step().key[1]} == {"a", "b"}


def test_the_resync_period_syncs_all_parents_at_once(world: World, reply: type[Reply]) -> None:
    world.parent("a")
    world.parent("b")
    answering(world, reply)
    world.controller(world.composite(resyncPeriodSeconds=1), workers=2)
    world.wait(lambda: len(world.hooks.calls) >= 2)
    time.sleep(0.3)
    quiet = len(world.hooks.calls)
    world.wait(lambda: len(world.hooks.calls) >= quiet + 2, 3)


@pytest.mark.parametrize("ignore", [True, False])
def test_status_changes_can_be_ignored(world: World, reply: type[Reply], ignore: bool) -> None:
    world.parent()
    answering(world, reply)
    parent = {
        "apiVersion": "flagger.app/v1beta1",
        "resource": "canaries",
        "ignoreStatusChanges": ignore,
    }
    controller = world.controller(world.composite(parentResource=parent))
    world.settle(controller)
    world.change(world.canary(), "status", status={"from": "elsewhere"})
    assert (world.settle(controller) == []) is ignore
    world.change(world.canary(), metadata={"annotations": {"a": "b"}})
    assert world.settle(controller) != []


def test_a_parent_without_status_subresource_never_starts(world: World) -> None:
    crds = world.store.resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
    crd = world.store.get(crds, "", "canaries.flagger.app")
    version = {**crd["spec"]["versions"][0], "subresources": {}}
    world.store.register_crd({**crd, "spec": {**crd["spec"], "versions": [version]}})
    world.parent()
    assert not world.controller().running


def test_without_generated_selector_a_parent_needs_its_own(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    answering(world, reply)
    outcome = world.controller(world.composite(generateSelector=False)).step()
    assert "selector" in str(outcome.error)


def test_an_own_selector_finds_children(world: World, reply: type[Reply]) -> None:
    labelled = {**config(), "metadata": {"name": "cm", "labels": {"app": "x"}}}
    world.parent(spec={"selector": {"matchLabels": {"app": "x"}}})
    answering(world, reply, children=[labelled])
    world.settle(world.controller(world.composite(generateSelector=False)))
    shown = world.hooks.bodies("/sync")[-1]["children"]["ConfigMap.v1"]
    assert list(shown) == ["t1/cm"]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ({"a": 7}, {"a": 7.0}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1], [1, 2], False),
        (None, {}, False),
    ],
)
def test_equality_is_that_of_decoded_json(left: Any, right: Any, same: bool) -> None:
    assert same_json(left, right) is same


@pytest.mark.parametrize(
    ("rates", "least"),
    [
        pytest.param({"double_sync": 1.0}, 2, id="two at once"),
        pytest.param({"early_sync": 0.7}, 2, id="once more"),
    ],
)
def test_syncs_that_nobody_asked_for(
    world: World, reply: type[Reply], rates: Any, least: int
) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(
        body={"status": {}, "children": []}, delay_seconds=0.02
    )
    controller = world.controller(faults=Faults(FaultRates(**rates), seed=1))
    controller.step()
    controller.step(pump=False)
    assert len(world.hooks.calls) >= least
    if "double_sync" in rates:
        assert world.hooks.most_running == 2


@pytest.mark.parametrize(
    ("fault", "reached"), [("lost_request", False), ("lost_answer", True), ("hook_timeout", True)]
)
def test_broken_connections_write_nothing(
    world: World, reply: type[Reply], fault: str, reached: bool
) -> None:
    world.parent()
    answering(world, reply, children=[config()])
    outcome = world.controller(faults=Faults(FaultRates(**{fault: 1.0}))).step()
    assert outcome.error is not None
    world.wait(lambda: bool(world.hooks.calls) is reached)
    assert world.get("v1", "ConfigMap", "cm") is None


def test_a_lost_timer_is_never_armed(world: World, reply: type[Reply]) -> None:
    world.parent()
    answering(world, reply, resyncAfterSeconds=5)
    controller = world.controller(faults=Faults(FaultRates(lost_timer=1.0)))
    world.settle(controller)
    assert controller.loop.queue.pending_seconds(("t1", "podinfo")) is None


def test_one_seed_decides_the_same() -> None:
    rates = FaultRates(child_failure=0.3)
    first, again, other = (Faults(rates, seed=s) for s in (7, 7, 8))
    rolls = [[f.hit("child_failure") for _ in range(200)] for f in (first, again, other)]
    assert rolls[0] == rolls[1]
    assert rolls[0] != rolls[2]
    assert 30 < sum(rolls[0]) < 90


def test_an_error_while_the_namespace_goes_away_is_only_told_where_possible(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=500)
    controller = world.controller()
    with pytest.raises(ApiError):
        world.store.get(world.store.resource("v1", "events"), "t1", "none")
    assert controller.step().error is not None
    assert len(world.events()) == 1
