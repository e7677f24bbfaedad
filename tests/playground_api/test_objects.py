"""What the store does to every object: identity, versions, generations, faces."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import with_metadata
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store

MERGE = "application/merge-patch+json"
Make = Callable[..., Manifest]


def version(manifest: Manifest) -> int:
    return int(manifest["metadata"]["resourceVersion"])


def test_creation_gives_identity(store: Store, gadgets: Resource, gadget: Make) -> None:
    sent = gadget()
    made = store.create(gadgets, sent)
    meta = made["metadata"]
    assert meta["creationTimestamp"] == "2030-01-01T00:00:00Z"
    assert meta["generation"] == 1
    assert len(meta["uid"]) == 36
    assert store.get(gadgets, "default", "g") is made
    assert "uid" not in sent["metadata"], "the caller's object is left alone"


def test_what_the_caller_changes_later_is_not_stored(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    sent = config_map()
    store.create(config_maps, sent)
    sent["data"]["k"] = "changed"
    assert store.get(config_maps, "default", "c")["data"] == {"k": "v"}


def test_generated_names_differ(store: Store, config_maps: Resource) -> None:
    names = {
        store.create(config_maps, {"metadata": {"generateName": "x-"}})["metadata"]["name"]
        for _ in range(20)
    }
    assert len(names) == 20
    assert all(n.startswith("x-") and len(n) == 7 for n in names)


@pytest.mark.parametrize(
    ("manifest", "status", "reason"),
    [
        pytest.param({"metadata": {"name": "taken"}}, 409, "AlreadyExists", id="taken name"),
        pytest.param(
            {"metadata": {"name": "x", "namespace": "nowhere"}}, 404, "NotFound", id="no namespace"
        ),
        pytest.param({"metadata": {}}, 422, "Invalid", id="no name"),
        pytest.param({"metadata": {"name": "Not_A_Name"}}, 422, "Invalid", id="bad name"),
        pytest.param(
            {"metadata": {"name": "x", "labels": {"a": "b c"}}}, 422, "Invalid", id="bad label"
        ),
        pytest.param(
            {"kind": "Secret", "metadata": {"name": "x"}}, 400, "BadRequest", id="wrong kind"
        ),
        pytest.param({"metadata": {"name": "x"}, "data": {"k": 1}}, 422, "Invalid", id="number"),
    ],
)
def test_refused_creations(
    store: Store, config_maps: Resource, manifest: Manifest, status: int, reason: str
) -> None:
    store.create(config_maps, {"metadata": {"name": "taken"}})
    with pytest.raises(ApiError) as refused:
        store.create(config_maps, manifest)
    assert (refused.value.status, refused.value.reason) == (status, reason)


def test_an_old_version_conflicts(store: Store, gadgets: Resource, gadget: Make) -> None:
    first = store.create(gadgets, gadget())
    second = store.update(gadgets, {**first, "spec": {"size": 2}})
    with pytest.raises(ApiError, match="the object has been modified") as refused:
        store.update(gadgets, {**first, "spec": {"size": 3}})
    assert refused.value.status == 409
    assert store.get(gadgets, "default", "g") is second


def test_a_patch_with_an_old_version_conflicts(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    first = store.create(gadgets, gadget())
    store.update(gadgets, {**first, "spec": {"size": 2}})
    patch = {"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "spec": {}}
    with pytest.raises(ApiError) as refused:
        store.patch(gadgets, "default", "g", patch, content_type=MERGE)
    assert refused.value.status == 409


def test_another_uid_conflicts(store: Store, gadgets: Resource, gadget: Make) -> None:
    made = store.create(gadgets, gadget())
    with pytest.raises(ApiError, match="Precondition failed: UID") as refused:
        store.update(gadgets, with_metadata(made, uid="another"))
    assert refused.value.status == 409


def test_a_write_that_changes_nothing_is_no_write(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    made = store.create(gadgets, gadget())
    with store.watch(gadgets) as watch:
        assert store.update(gadgets, made) is made
        assert store.patch(gadgets, "default", "g", {"spec": {}}, content_type=MERGE) is made
        assert watch.next(0.05) is None


@pytest.mark.parametrize(
    ("patch", "generation"),
    [
        pytest.param({"spec": {"size": 2}}, 2, id="spec"),
        pytest.param({"metadata": {"labels": {"a": "b"}}}, 1, id="labels"),
        pytest.param({"metadata": {"annotations": {"a": "b"}}}, 1, id="annotations"),
        pytest.param({"status": {"count": 2}}, 1, id="status is ignored"),
    ],
)
def test_generation_of_custom_resources(
    store: Store, gadgets: Resource, gadget: Make, patch: Manifest, generation: int
) -> None:
    store.create(gadgets, gadget())
    changed = store.patch(gadgets, "default", "g", patch, content_type=MERGE)
    assert changed["metadata"]["generation"] == generation
    assert "status" not in changed


def test_annotations_count_for_deployments(
    store: Store, deployments: Resource, deployment: Manifest
) -> None:
    store.create(deployments, deployment)
    patch = {"metadata": {"annotations": {"a": "b"}}}
    changed = store.patch(deployments, "default", "web", patch, content_type=MERGE)
    assert changed["metadata"]["generation"] == 2


@pytest.mark.parametrize("kind", ["Service", "ConfigMap", "Secret", "HorizontalPodAutoscaler"])
def test_kinds_without_generation(store: Store, kind: str) -> None:
    specs: Mapping[str, Any] = {
        "Service": {"ports": [{"port": 80}]},
        "HorizontalPodAutoscaler": {
            "scaleTargetRef": {"kind": "Deployment", "name": "x"},
            "maxReplicas": 3,
        },
    }
    resource = store.resource("autoscaling/v2" if kind.startswith("Hor") else "v1", kind)
    manifest: Manifest = {"metadata": {"name": "x"}}
    made = store.create(resource, manifest | ({"spec": specs[kind]} if kind in specs else {}))
    assert "generation" not in made["metadata"]


def test_status_and_the_rest_are_written_apart(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    made = store.create(gadgets, gadget(status={"phase": "Done"}))
    assert "status" not in made, "creation takes no status"
    sent = {**made, "spec": {"size": 7}, "status": {"phase": "New", "count": 3}}
    labelled = with_metadata(sent, labels={"a": "b"})
    reported = store.update(gadgets, labelled, subresource="status")
    assert reported["status"] == {"phase": "New", "count": 3}
    assert reported["spec"] == made["spec"]
    assert "labels" not in reported["metadata"]
    assert reported["metadata"]["generation"] == 1
    replaced = store.update(gadgets, {**reported, "spec": {"size": 7}, "status": {}})
    assert replaced["status"] == {"phase": "New", "count": 3}
    assert replaced["spec"]["size"] == 7


def test_status_is_replaced_as_a_whole_and_can_go(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    made = store.create(gadgets, gadget())
    store.update(gadgets, {**made, "status": {"count": 3}}, subresource="status")
    now = store.get(gadgets, "default", "g")
    after = store.update(gadgets, {**now, "status": {"phase": "New"}}, subresource="status")
    assert after["status"] == {"phase": "New"}
    bare = {k: v for k, v in after.items() if k != "status"}
    assert "status" not in store.update(gadgets, bare, subresource="status")


def test_what_the_server_sets_can_not_be_changed(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    made = store.create(gadgets, gadget())
    forged = with_metadata(
        made,
        creationTimestamp="1999-01-01T00:00:00Z",
        generation=77,
        deletionTimestamp="1999-01-01T00:00:00Z",
    )
    after = store.update(gadgets, {**forged, "spec": {"size": 2}})
    assert after["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert after["metadata"]["generation"] == 2
    assert "deletionTimestamp" not in after["metadata"]


def test_versions_count_over_all_kinds(
    store: Store, gadgets: Resource, gadget: Make, config_maps: Resource, config_map: Make
) -> None:
    one = store.create(gadgets, gadget())
    two = store.create(config_maps, config_map())
    _, listed = store.list(gadgets)
    assert version(one) < version(two) == listed


def test_scale(store: Store, deployments: Resource, deployment: Manifest) -> None:
    store.create(deployments, deployment)
    scale = store.scale(deployments, "default", "web")
    assert scale["spec"] == {"replicas": 1}
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    patched = store.patch(
        deployments,
        "default",
        "web",
        {"spec": {"replicas": 4}},
        content_type=MERGE,
        subresource="scale",
        manager="scaler",
    )
    assert patched["spec"] == {"replicas": 4}
    stored = store.get(deployments, "default", "web")
    assert stored["spec"]["replicas"] == 4
    assert stored["metadata"]["generation"] == 2
    owners = [(m["manager"], m.get("subresource")) for m in stored["metadata"]["managedFields"]]
    assert ("scaler", "scale") in owners
    old = {**scale, "spec": {"replicas": 9}}
    with pytest.raises(ApiError) as refused:
        store.update(deployments, old, subresource="scale")
    assert refused.value.status == 409
    precondition = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 9}}
    with pytest.raises(ApiError) as refused:
        store.patch(
            deployments, "default", "web", precondition, content_type=MERGE, subresource="scale"
        )
    assert refused.value.status == 409
    assert store.get(deployments, "default", "web") is stored


@pytest.mark.parametrize("replicas", [-1, "3", True, 1.5])
def test_scales_that_are_none(
    store: Store, deployments: Resource, deployment: Manifest, replicas: Any
) -> None:
    store.create(deployments, deployment)
    with pytest.raises(ApiError) as refused:
        store.patch(
            deployments,
            "default",
            "web",
            {"spec": {"replicas": replicas}},
            content_type=MERGE,
            subresource="scale",
        )
    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("", ["a", "b", "c"], id="all"),
        pytest.param("app=one", ["a"], id="equal"),
        pytest.param("app==one", ["a"], id="double equal"),
        pytest.param("app!=one", ["b", "c"], id="not equal takes absent"),
        pytest.param("app in (one, two)", ["a", "b"], id="in"),
        pytest.param("app notin (one)", ["b", "c"], id="notin takes absent"),
        pytest.param("app", ["a", "b"], id="exists"),
        pytest.param("!app", ["c"], id="absent"),
        pytest.param("app in (one,two),tier=x", ["b"], id="and"),
    ],
)
def test_label_selectors(
    store: Store, config_maps: Resource, config_map: Make, selector: str, names: list[str]
) -> None:
    labels = {"a": {"app": "one"}, "b": {"app": "two", "tier": "x"}, "c": {}}
    for name, found in labels.items():
        store.create(config_maps, config_map(name, labels=found))
    items, _ = store.list(config_maps, "default", selector)
    assert [i["metadata"]["name"] for i in items] == names


@pytest.mark.parametrize("selector", ["a=b=c", "in (a)", "a in b", "=x"])
def test_text_that_is_no_selector(store: Store, config_maps: Resource, selector: str) -> None:
    with pytest.raises(ApiError) as refused:
        store.list(config_maps, "", selector)
    assert refused.value.status == 400


def test_a_kind_is_served_as_long_as_its_definition_lives(
    store: Store, gadgets: Resource, gadget: Make
) -> None:
    store.create(gadgets, gadget())
    crds = store.resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
    crd = store.get(crds, "", "gadgets.example.com")
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    with store.watch(gadgets) as watch:
        store.delete(crds, "", "gadgets.example.com")
        event = watch.next(1)
    assert event is not None
    assert event[0] == "DELETED"
    with pytest.raises(ApiError) as refused:
        store.resource("example.com/v1", "Gadget")
    assert refused.value.status == 404


def test_a_dry_run_stores_nothing(store: Store, gadgets: Resource, gadget: Make) -> None:
    shown = store.create(gadgets, gadget(), dry_run=True)
    assert shown["spec"]["mode"] == "slow"
    assert store.list(gadgets)[0] == []
    made = store.create(gadgets, gadget())
    shown = store.update(gadgets, {**made, "spec": {"size": 2}}, dry_run=True)
    assert shown["spec"]["size"] == 2
    assert store.get(gadgets, "default", "g") is made
