from typing import Any

import pytest
from hook_world import Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.claims import Claim, decide

OURS, THEIRS = "uid-ours", "uid-theirs"
SELECTOR = {"matchLabels": {"controller-uid": OURS}}


def candidate(owner: str, label: str, *, deleting: bool = False) -> Manifest:
    meta = {"name": "x", "namespace": "t1", "labels": {"controller-uid": label} if label else {}}
    if owner:
        meta["ownerReferences"] = [{"uid": owner, "controller": True}]
    if deleting:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta}


@pytest.mark.parametrize(
    ("owner", "label", "parent_deleting", "expected"),
    [
        pytest.param(THEIRS, OURS, False, Claim.IGNORE, id="another controller owns it"),
        pytest.param(OURS, OURS, False, Claim.KEEP, id="ours with label"),
        pytest.param(OURS, OURS, True, Claim.KEEP, id="ours while the parent goes away"),
        pytest.param(OURS, "", False, Claim.RELEASE, id="ours without label"),
        pytest.param(OURS, "", True, Claim.IGNORE, id="nothing is released at the end"),
        pytest.param("", OURS, False, Claim.ADOPT, id="orphan with label"),
        pytest.param("", OURS, True, Claim.IGNORE, id="nothing is adopted at the end"),
        pytest.param("", "", False, Claim.IGNORE, id="orphan without label"),
    ],
)
def test_claim_table(owner: str, label: str, parent_deleting: bool, expected: Any) -> None:
    decision = decide(
        candidate(owner, label),
        parent_uid=OURS,
        parent_deleting=parent_deleting,
        selector=SELECTOR,
    )
    assert decision is expected


def test_an_orphan_that_goes_away_is_not_adopted() -> None:
    orphan = candidate("", OURS, deleting=True)
    decision = decide(orphan, parent_uid=OURS, parent_deleting=False, selector=SELECTOR)
    assert decision is Claim.IGNORE


def service(name: str, parent: Manifest, *, owned: bool, labelled: bool) -> Manifest:
    meta = {"name": name, "namespace": "t1"}
    uid = parent["metadata"]["uid"]
    if labelled:
        meta["labels"] = {"controller-uid": uid}
    if owned:
        reference = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "podinfo"}
        meta["ownerReferences"] = [{**reference, "uid": uid, "controller": True}]
    spec = {"ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def test_adopting_and_releasing_are_written_before_the_hook_is_asked(
    world: World, reply: type[Reply]
) -> None:
    parent = world.parent()
    world.put(service("drifted", parent, owned=True, labelled=False))
    world.put(service("kept", parent, owned=True, labelled=True))
    world.put(service("found", parent, owned=False, labelled=True))
    world.put(service("users", parent, owned=False, labelled=False))
    wanted = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
        for name in ("kept", "found")
    ]
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": wanted})
    world.settle(world.controller())

    shown = world.hooks.bodies("/sync")[0]["children"]["Service.v1"]
    assert sorted(shown) == ["t1/found", "t1/kept"]
    assert shown["t1/found"]["metadata"]["ownerReferences"][0]["uid"] == parent["metadata"]["uid"]
    assert "ownerReferences" not in world.get("v1", "Service", "drifted")["metadata"]
    assert "ownerReferences" not in world.get("v1", "Service", "users")["metadata"]


def test_an_adopted_object_that_is_not_returned_is_deleted_in_the_same_sync(
    world: World, reply: type[Reply]
) -> None:
    parent = world.parent()
    world.put(service("found", parent, owned=False, labelled=True))
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": []})
    world.controller().step()
    assert world.get("v1", "Service", "found") is None


def test_an_object_of_another_namespace_is_no_child(world: World, reply: type[Reply]) -> None:
    parent = world.parent()
    stranger = service("stranger", parent, owned=False, labelled=True)
    stranger["metadata"]["namespace"] = "tmpl"
    world.put(stranger)
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": []})
    world.settle(world.controller())
    assert world.get("v1", "Service", "stranger", "tmpl") is not None
