"""Finalizers, owners, namespaces."""

from collections.abc import Callable

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import with_metadata
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store

Make = Callable[..., Manifest]


def reference(owner: Manifest) -> Manifest:
    meta = owner["metadata"]
    found = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    return {**found, "name": meta["name"], "uid": meta["uid"]}


def names(store: Store, resource: Resource) -> list[str]:
    return [i["metadata"]["name"] for i in store.list(resource)[0]]


def test_dependents_go_with_their_owner(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    root = store.create(config_maps, config_map("root"))
    child = store.create(config_maps, config_map("child", root))
    store.create(config_maps, config_map("grandchild", child))
    store.create(config_maps, config_map("stranger"))
    store.delete(config_maps, "default", "root")
    assert names(store, config_maps) == ["stranger"]


def test_another_owner_keeps_a_dependent(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    one = store.create(config_maps, config_map("one"))
    two = store.create(config_maps, config_map("two"))
    both = [reference(one), reference(two)]
    store.create(config_maps, config_map("child", ownerReferences=both))
    store.delete(config_maps, "default", "one")
    child = store.get(config_maps, "default", "child")
    assert [o["name"] for o in child["metadata"]["ownerReferences"]] == ["two"]
    store.delete(config_maps, "default", "two")
    assert names(store, config_maps) == []


def test_orphans_stay_without_their_owner(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    root = store.create(config_maps, config_map("root"))
    store.create(config_maps, config_map("child", root))
    store.delete(config_maps, "default", "root", propagation="Orphan")
    child = store.get(config_maps, "default", "child")
    assert "ownerReferences" not in child["metadata"]


def test_an_owner_in_the_foreground_goes_last(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    root = store.create(config_maps, config_map("root"))
    store.create(config_maps, config_map("child", root, finalizers=["example.com/hold"]))
    last = store.delete(config_maps, "default", "root", propagation="Foreground")
    assert last["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert names(store, config_maps) == ["child", "root"]
    child = store.get(config_maps, "default", "child")
    store.update(config_maps, with_metadata(child, finalizers=None))
    assert names(store, config_maps) == []


def test_finalizers_hold_an_object(store: Store, config_maps: Resource, config_map: Make) -> None:
    store.create(config_maps, config_map(finalizers=["example.com/a", "example.com/b"]))
    with store.watch(config_maps) as watch:
        marked = store.delete(config_maps, "default", "c")
        assert marked["metadata"]["deletionTimestamp"] == "2030-01-01T00:00:00Z"
        again = store.delete(config_maps, "default", "c")
        assert again is marked, "a second deletion changes nothing"
        less = store.update(config_maps, with_metadata(marked, finalizers=["example.com/b"]))
        refused = with_metadata(less, finalizers=["example.com/b", "example.com/new"])
        assert store.update(config_maps, refused)["metadata"]["finalizers"] == ["example.com/b"]
        store.update(config_maps, with_metadata(less, finalizers=[]))
        seen = [watch.next(0.2) for _ in range(4)]
    assert [e[0] for e in seen if e is not None] == ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
    assert names(store, config_maps) == []


def test_deletion_counts_as_a_wish(store: Store, gadgets: Resource, gadget: Make) -> None:
    held = gadget()
    held["metadata"]["finalizers"] = ["example.com/hold"]
    store.create(gadgets, held)
    assert store.delete(gadgets, "default", "g")["metadata"]["generation"] == 2


def test_an_object_of_gone_owners_is_collected(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    root = store.create(config_maps, config_map("root"))
    store.delete(config_maps, "default", "root")
    store.create(config_maps, config_map("late", root))
    assert names(store, config_maps) == []


def test_deletion_of_another_object_of_that_name(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map())
    with pytest.raises(ApiError) as refused:
        store.delete(config_maps, "default", "c", uid="another")
    assert refused.value.status == 409
    with pytest.raises(ApiError) as refused:
        store.delete(config_maps, "default", "nobody")
    assert refused.value.status == 404
    assert names(store, config_maps) == ["c"]


def test_a_namespace_takes_its_contents_along(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    namespaces = store.resource("v1", "Namespace")
    made = store.create(namespaces, {"metadata": {"name": "shop"}})
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}
    store.create(config_maps, config_map(namespace="shop"))
    store.create(config_maps, config_map("stays"))
    store.delete(namespaces, "", "shop")
    assert names(store, config_maps) == ["stays"]
    assert "shop" not in names(store, namespaces)


def test_a_namespace_waits_for_what_is_held(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    namespaces = store.resource("v1", "Namespace")
    store.create(namespaces, {"metadata": {"name": "shop"}})
    store.create(config_maps, config_map(namespace="shop", finalizers=["example.com/hold"]))
    store.delete(namespaces, "", "shop")
    assert store.get(namespaces, "", "shop")["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError, match="being terminated") as refused:
        store.create(config_maps, config_map("new", namespace="shop"))
    assert refused.value.status == 403
    held = store.get(config_maps, "shop", "c")
    store.update(config_maps, with_metadata(held, finalizers=None))
    assert "shop" not in names(store, namespaces)
