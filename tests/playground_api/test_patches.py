"""JSON patch, merge patch and strategic merge patch."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.merging.jsonpatch import json_patch
from burgee.playground.merging.mergepatch import merge_patch
from burgee.playground.storage.store import Store

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
Make = Callable[..., Manifest]


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        pytest.param({"a": "b"}, {"a": "c"}, {"a": "c"}, id="replace"),
        pytest.param({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}, id="add"),
        pytest.param({"a": "b"}, {"a": None}, {}, id="remove"),
        pytest.param({"a": ["b"]}, {"a": "c"}, {"a": "c"}, id="list to text"),
        pytest.param(
            {"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}, id="deep"
        ),
        pytest.param({"a": [{"b": 1}]}, {"a": [1]}, {"a": [1]}, id="lists are replaced"),
        pytest.param({"a": "x"}, {"a": {"b": None}}, {"a": {}}, id="null below something new"),
        pytest.param({"e": None}, {"a": 1}, {"e": None, "a": 1}, id="null that was there"),
    ],
)
def test_merge_patches(target: Any, patch: Any, expected: Any) -> None:
    before = clone(target)
    assert merge_patch(target, patch) == expected
    assert target == before


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        pytest.param(
            {"op": "add", "path": "/b", "value": 2}, {"a": [1, 2], "b": 2}, id="add a field"
        ),
        pytest.param({"op": "add", "path": "/a/1", "value": 9}, {"a": [1, 9, 2]}, id="insert"),
        pytest.param({"op": "add", "path": "/a/-", "value": 9}, {"a": [1, 2, 9]}, id="append"),
        pytest.param({"op": "remove", "path": "/a/0"}, {"a": [2]}, id="remove an item"),
        pytest.param({"op": "replace", "path": "/a", "value": 0}, {"a": 0}, id="replace"),
        pytest.param({"op": "replace", "path": "", "value": {}}, {}, id="replace all"),
        pytest.param(
            {"op": "copy", "from": "/a/0", "path": "/b"}, {"a": [1, 2], "b": 1}, id="copy"
        ),
        pytest.param({"op": "move", "from": "/a", "path": "/b"}, {"b": [1, 2]}, id="move"),
        pytest.param({"op": "test", "path": "/a/1", "value": 2}, {"a": [1, 2]}, id="test"),
        pytest.param(
            {"op": "add", "path": "/x~1y~0z", "value": 1},
            {"a": [1, 2], "x/y~z": 1},
            id="escapes",
        ),
    ],
)
def test_json_patches(operation: Manifest, expected: Any) -> None:
    assert json_patch({"a": [1, 2]}, [operation]) == expected


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        pytest.param({"op": "test", "path": "/a", "value": 2}, 422, id="failed test"),
        pytest.param({"op": "remove", "path": "/nothing"}, 422, id="nothing to remove"),
        pytest.param({"op": "replace", "path": "/b/c", "value": 1}, 422, id="nothing there"),
        pytest.param({"op": "add", "path": "/a/7", "value": 1}, 422, id="beyond the end"),
        pytest.param({"op": "add", "path": "/a/x", "value": 1}, 422, id="no index"),
        pytest.param({"op": "add", "path": "/a/0/b", "value": 1}, 422, id="below a number"),
        pytest.param({"op": "add", "path": "/a"}, 400, id="no value"),
        pytest.param({"op": "dance", "path": "/a"}, 400, id="no operation"),
        pytest.param({"path": "/a"}, 400, id="no op"),
        pytest.param({"op": "remove", "path": "a"}, 400, id="no pointer"),
        pytest.param("text", 400, id="text"),
    ],
)
def test_json_patches_that_fail(operation: Any, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch({"a": [1, 2]}, [operation])
    assert refused.value.status == status


def pod_patch(**container: Any) -> Manifest:
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **container}]}}}}


ENV = "$setElementOrder/env"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param({"image": "web:2"}, {"image": "web:2"}, id="a field of an item"),
        pytest.param(
            {"env": [{"name": "C", "value": "3"}]},
            {"env": [("C", "3"), ("A", "1"), ("B", "2")]},
            id="a new item",
        ),
        pytest.param(
            {"env": [{"name": "C", "value": "3"}, {"name": "B", "value": "2"}]},
            {"env": [("C", "3"), ("A", "1"), ("B", "2")]},
            id="a new item before one that follows another",
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "9"}]},
            {"env": [("A", "9"), ("B", "2")]},
            id="an item's value",
        ),
        pytest.param(
            {"env": [{"name": "A", "$patch": "delete"}]}, {"env": [("B", "2")]}, id="delete"
        ),
        pytest.param(
            {"env": [{"$patch": "replace"}, {"name": "Z", "value": "0"}]},
            {"env": [("Z", "0")]},
            id="replace the list",
        ),
        pytest.param(
            {"env": [{"name": "C", "value": "3"}], ENV: [{"name": n} for n in "CBA"]},
            {"env": [("C", "3"), ("B", "2"), ("A", "1")]},
            id="order",
        ),
        pytest.param(
            {"env": [{"name": "C", "value": "3"}], ENV: [{"name": "B"}, {"name": "C"}]},
            {"env": [("A", "1"), ("B", "2"), ("C", "3")]},
            id="order that does not name all",
        ),
        pytest.param({"env": None}, {"env": []}, id="remove the list"),
        pytest.param({"command": ["x"]}, {"command": ["x"]}, id="plain lists are replaced"),
    ],
)
def test_strategic_patches_of_a_container(
    store: Store,
    deployments: Resource,
    deployment: Manifest,
    patch: Manifest,
    expected: Manifest,
) -> None:
    made = store.create(deployments, deployment)
    before = clone(made)
    after = store.patch(deployments, "default", "web", pod_patch(**patch), content_type=STRATEGIC)
    assert made == before, "what was stored is never changed"
    containers = after["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1
    found = containers[0]
    found = {**found, "env": [(e["name"], e["value"]) for e in found.get("env", [])]}
    assert found | expected == found


def test_strategic_patches_of_maps(
    store: Store, deployments: Resource, deployment: Manifest
) -> None:
    store.create(deployments, deployment)
    patch = {
        "metadata": {
            "labels": {"new": "x"},
            "finalizers": ["example.com/a"],
        },
        "spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
    }
    after = store.patch(deployments, "default", "web", patch, content_type=STRATEGIC)
    assert after["metadata"]["labels"] == {"app": "web", "new": "x"}
    assert after["spec"]["strategy"] == {"type": "Recreate"}
    more = {"metadata": {"finalizers": ["example.com/b"]}}
    after = store.patch(deployments, "default", "web", more, content_type=STRATEGIC)
    assert after["metadata"]["finalizers"] == ["example.com/a", "example.com/b"]
    less = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    after = store.patch(deployments, "default", "web", less, content_type=STRATEGIC)
    assert after["metadata"]["finalizers"] == ["example.com/b"]
    whole = {"metadata": {"labels": {"$patch": "replace", "only": "this"}}}
    after = store.patch(deployments, "default", "web", whole, content_type=STRATEGIC)
    assert after["metadata"]["labels"] == {"only": "this"}


@pytest.mark.parametrize(
    ("patch", "content_type", "status"),
    [
        pytest.param({}, STRATEGIC, 415, id="custom resources have no strategy"),
        pytest.param({}, "text/plain", 415, id="unknown type"),
        pytest.param({}, JSON, 400, id="an object is no JSON patch"),
        pytest.param([], MERGE, 400, id="a list is no merge patch"),
        pytest.param({"spec": None}, MERGE, 422, id="what is left is not valid"),
        pytest.param([{"op": "remove", "path": ""}], JSON, 400, id="nothing is left"),
    ],
)
def test_patches_that_are_refused(
    store: Store,
    gadgets: Resource,
    gadget: Make,
    patch: Any,
    content_type: str,
    status: int,
) -> None:
    made = store.create(gadgets, gadget())
    with pytest.raises(ApiError) as refused:
        store.patch(gadgets, "default", "g", patch, content_type=content_type)
    assert refused.value.status == status
    assert store.get(gadgets, "default", "g") is made


def test_an_item_without_its_key_is_refused(
    store: Store, deployments: Resource, deployment: Manifest
) -> None:
    store.create(deployments, deployment)
    patch = {"spec": {"template": {"spec": {"containers": [{"image": "web:2"}]}}}}
    with pytest.raises(ApiError, match="merge key") as refused:
        store.patch(deployments, "default", "web", patch, content_type=STRATEGIC)
    assert refused.value.status == 400


def test_a_json_patch_does_not_reach_what_is_stored(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    made = store.create(gadgets, gadget(tags=["a"]))
    before = clone(made)
    patch = [{"op": "add", "path": "/spec/tags/-", "value": "b"}]
    after = store.patch(gadgets, "default", "g", patch, content_type=JSON)
    assert made == before
    assert after["spec"]["tags"] == ["a", "b"]
