"""Server-side apply: merging, ownership, conflicts, and doing nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.kinds.shapes import schema_shape
from burgee.playground.merging.apply import merged
from burgee.playground.storage.store import ApiError, Store

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
Make = Callable[..., Manifest]
Apply = Callable[..., Manifest]


@pytest.fixture
def apply(store: Store) -> Apply:
    def perform(
        manifest: Manifest, manager: str = "one", *, force: bool = False, **options: Any
    ) -> Manifest:
        resource = store.resource(manifest["apiVersion"], manifest["kind"])
        meta = manifest["metadata"]
        return store.patch(
            resource,
            meta.get("namespace", "default"),
            meta["name"],
            manifest,
            content_type=APPLY,
            manager=manager,
            force=force,
            **options,
        )

    return perform


def container(manifest: Manifest) -> Manifest:
    found: Manifest = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def with_env(deployment: Manifest, env: Sequence[Manifest]) -> Manifest:
    changed = clone(deployment)
    container(changed)["env"] = list(env)
    return changed


def fields(manifest: Manifest, manager: str, subresource: str = "") -> Manifest:
    entries: list[Manifest] = manifest["metadata"].get("managedFields", [])
    return next(
        (
            e["fieldsV1"]
            for e in entries
            if e["manager"] == manager and e.get("subresource", "") == subresource
        ),
        {},
    )


def env(*names: str, **values: str) -> list[Manifest]:
    return [{"name": n, "value": n.lower()} for n in names] + [
        {"name": n, "value": v} for n, v in values.items()
    ]


def test_it_creates_with_defaults_that_nobody_owns(apply: Apply, deployment: Manifest) -> None:
    made = apply(deployment)
    assert made["spec"]["replicas"] == 1
    entry = made["metadata"]["managedFields"][0]
    assert {k: v for k, v in entry.items() if k != "fieldsV1"} == {
        "manager": "one",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "time": "2030-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
    }
    assert entry["fieldsV1"] == {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"app"}': {
                            ".": {},
                            "f:env": {
                                'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                                'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}},
                            },
                            "f:image": {},
                            "f:name": {},
                            "f:ports": {
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                }
                            },
                        }
                    }
                },
            },
        },
    }


def test_the_same_again_is_no_write(store: Store, apply: Apply, deployment: Manifest) -> None:
    made = apply(deployment)
    with store.watch(store.resource("apps/v1", "deployments")) as watch:
        assert apply(deployment) is made
        assert watch.next(0.05) is None


def test_the_same_again_is_no_write_between_other_managers(
    store: Store, apply: Apply, deployment: Manifest, deployments: Resource
) -> None:
    apply(deployment)
    apply({**deployment, "spec": {"paused": True}}, "two")
    store.patch(
        deployments,
        "default",
        "web",
        {"status": {"replicas": 1}},
        content_type=MERGE,
        subresource="status",
        manager="kubelet",
    )
    now = store.get(deployments, "default", "web")
    assert apply(deployment) is now
    assert apply({**deployment, "spec": {"paused": True}}, "two") is now


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(env("A", "B"), env("A"), ["A"], id="an item goes"),
        pytest.param(env("A", "B"), env("B", "A"), ["B", "A"], id="order follows the wish"),
        pytest.param(env("A", "B"), env("A", "C", "B"), ["A", "C", "B"], id="an item between"),
        pytest.param(env("A"), env("C"), ["C"], id="all are exchanged"),
    ],
)
def test_items_of_one_manager(
    apply: Apply,
    deployment: Manifest,
    before: list[Manifest],
    after: list[Manifest],
    expected: list[str],
) -> None:
    apply(with_env(deployment, before))
    found = container(apply(with_env(deployment, after)))["env"]
    assert [e["name"] for e in found] == expected


@pytest.mark.parametrize(
    ("live", "wish", "expected"),
    [
        pytest.param("L", "N", "LN", id="before what is new"),
        pytest.param("LA", "A", "LA", id="before what follows"),
        pytest.param("AL", "A", "AL", id="behind what precedes"),
        pytest.param("ALB", "BA", "LBA", id="when the wish turns the order round"),
        pytest.param("ALB", "ANB", "ALNB", id="between"),
        pytest.param("LAM", "NA", "LNAM", id="two of them"),
    ],
)
def test_order_with_items_that_are_only_live(live: str, wish: str, expected: str) -> None:
    schema: Manifest = {"x-kubernetes-list-type": "set", "items": {"type": "string"}}
    assert "".join(merged(schema_shape(schema), list(live), list(wish))) == expected


def test_items_of_others_stay(apply: Apply, deployment: Manifest) -> None:
    apply(with_env(deployment, env("A", "B")))
    apply(with_env(deployment, env("X")), "two")
    found = container(apply(with_env(deployment, env("B"))))["env"]
    assert {e["name"] for e in found} == {"B", "X"}


def test_who_owns_a_value_does_not_own_its_item(
    store: Store, apply: Apply, deployment: Manifest, deployments: Resource
) -> None:
    apply(deployment)
    patched = {"name": "app", "env": [{"name": "A", "value": "9"}]}
    patch = {"spec": {"template": {"spec": {"containers": [patched]}}}}
    kind = "application/strategic-merge-patch+json"
    store.patch(deployments, "default", "web", patch, content_type=kind, manager="person")
    after = apply(with_env(deployment, env("B")), force=True)
    assert [e["name"] for e in container(after)["env"]] == ["B"]
    assert fields(after, "person") == {}


def test_an_item_of_two_managers_keeps_its_key(apply: Apply, deployment: Manifest) -> None:
    apply(deployment)
    apply(with_env(deployment, [{"name": "A", "value": "9"}]), "two", force=True)
    after = apply(with_env(deployment, env("B")))
    assert {"name": "A", "value": "9"} in container(after)["env"]


def test_a_list_that_is_left_out_goes_with_its_defaults(
    apply: Apply, deployment: Manifest
) -> None:
    probed = clone(deployment)
    container(probed)["readinessProbe"] = {"httpGet": {"port": 80}}
    assert container(apply(probed))["readinessProbe"]["periodSeconds"] == 10
    after = container(apply(deployment))
    assert "readinessProbe" not in after


def test_a_container_goes_with_its_defaults(apply: Apply, deployment: Manifest) -> None:
    two = clone(deployment)
    two["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "side:1"})
    assert len(apply(two)["spec"]["template"]["spec"]["containers"]) == 2
    assert len(apply(deployment)["spec"]["template"]["spec"]["containers"]) == 1


def test_a_field_that_another_wrote_stays(
    store: Store, apply: Apply, deployment: Manifest, deployments: Resource
) -> None:
    apply(deployment)
    store.patch(
        deployments,
        "default",
        "web",
        {"spec": {"replicas": 5}},
        content_type=MERGE,
        subresource="scale",
    )
    deployment["metadata"]["labels"]["new"] = "x"
    assert apply(deployment)["spec"]["replicas"] == 5


def test_a_port_is_told_apart_by_protocol(apply: Apply) -> None:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "dns", "namespace": "default"},
        "spec": {"ports": ports},
    }
    made = apply(service)
    assert [p["protocol"] for p in made["spec"]["ports"]] == ["UDP", "TCP"]
    less = apply({**service, "spec": {"ports": ports[1:]}})
    assert [p["protocol"] for p in less["spec"]["ports"]] == ["TCP"]
    assert less["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_a_selector_is_one_value(apply: Apply) -> None:
    service: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "web", "tier": "front"}},
    }
    apply(service)
    changed = {**service, "spec": {**service["spec"], "selector": {"app": "other"}}}
    assert apply(changed)["spec"]["selector"] == {"app": "other"}


def test_owner_references_are_told_apart_by_uid(
    store: Store, apply: Apply, config_map: Make, config_maps: Resource
) -> None:
    owners = [store.create(config_maps, config_map(name)) for name in ("one", "two")]
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": o["metadata"]["name"],
            "uid": o["metadata"]["uid"],
        }
        for o in owners
    ]
    apply(config_map("child", ownerReferences=references[:1]), "one")
    both = apply(config_map("child", ownerReferences=references[1:]), "two")
    assert both["metadata"]["ownerReferences"] == references
    controlled = [{**references[0], "controller": True}]
    apply(config_map("child", ownerReferences=controlled), "one")
    second = [{**references[1], "controller": True}]
    with pytest.raises(ApiError, match="Only one reference can have Controller") as refused:
        apply(config_map("child", ownerReferences=second), "two", force=True)
    assert refused.value.status == 422


def test_conflicts_name_the_owner_and_the_fields(apply: Apply, deployment: Manifest) -> None:
    apply(deployment)
    other = with_env(deployment, [{"name": "A", "value": "other"}])
    container(other)["image"] = "registry.example/web:2"
    with pytest.raises(ApiError) as refused:
        apply(other, "two")
    assert refused.value.status == 409
    assert refused.value.reason == "Conflict"
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n'
        '- .spec.template.spec.containers[name="app"].env[name="A"].value\n'
        '- .spec.template.spec.containers[name="app"].image'
    )
    causes = refused.value.body()["details"]["causes"]
    assert [c["reason"] for c in causes] == ["FieldManagerConflict"] * 2


def test_force_takes_fields_over(apply: Apply, deployment: Manifest) -> None:
    apply(deployment)
    theirs = clone(deployment)
    container(theirs)["image"] = "registry.example/web:2"
    taken = apply(theirs, "two", force=True)
    assert container(taken)["image"] == "registry.example/web:2"
    mine = fields(taken, "one")["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert "f:image" not in mine['k:{"name":"app"}']
    assert "f:name" in mine['k:{"name":"app"}'], "equal values are owned together"


def test_equal_values_are_shared_and_outlive_one_owner(apply: Apply, gadget: Make) -> None:
    apply(gadget(interval="5s"), "one")
    apply(gadget(interval="5s"), "two")
    after = apply(gadget(), "one")
    assert after["spec"]["interval"] == "5s"
    assert "interval" not in apply(gadget(), "two")["spec"]


def test_an_update_takes_fields_over(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    apply(gadget(interval="5s"))
    changed = store.patch(
        gadgets,
        "default",
        "g",
        {"spec": {"interval": "9s"}},
        content_type=MERGE,
        manager="person",
    )
    assert fields(changed, "one") == {"f:spec": {"f:size": {}}}
    assert fields(changed, "person") == {"f:spec": {"f:interval": {}}}
    with pytest.raises(ApiError, match='conflict with "person" using') as refused:
        apply(gadget(interval="5s"))
    assert refused.value.status == 409
    assert apply(gadget())["spec"]["interval"] == "9s", "it is not one's own any more"
    back = apply(gadget(interval="5s"), force=True)
    assert back["spec"]["interval"] == "5s"
    assert fields(back, "person") == {}


def test_what_was_there_before_the_first_apply(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    made = store.create(gadgets, gadget(interval="5s"))
    made = store.patch(
        gadgets, "default", "g", {"metadata": {"managedFields": [{}]}}, content_type=MERGE
    )
    assert "managedFields" not in made["metadata"]
    after = apply(gadget(tags=["x"]))
    assert fields(after, "before-first-apply")["f:spec"]["f:interval"] == {}


def test_ownership_can_be_moved_by_hand(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    made = store.create(gadgets, gadget(interval="5s"), manager="flagger")
    entries = [
        {**e, "manager": "one", "operation": "Apply"} for e in made["metadata"]["managedFields"]
    ]
    store.patch(
        gadgets,
        "default",
        "g",
        [{"op": "replace", "path": "/metadata/managedFields", "value": entries}],
        content_type="application/json-patch+json",
    )
    after = apply(gadget())
    assert "interval" not in after["spec"]
    assert fields(after, "flagger") == {}


def test_lists_of_custom_resources_are_one_value_unless_keyed(apply: Apply, gadget: Make) -> None:
    apply(gadget(tags=["a", "b"], parts=[{"name": "x"}, {"name": "y", "note": "mine"}]))
    with pytest.raises(ApiError, match=r"\.spec\.tags"):
        apply(gadget(tags=["c"]), "two")
    both = apply(gadget(parts=[{"name": "z"}, {"name": "y", "weight": 3}]), "two", force=True)
    assert both["spec"]["tags"] == ["a", "b"]
    parts = {p["name"]: p for p in both["spec"]["parts"]}
    assert parts == {
        "x": {"name": "x", "weight": 1},
        "y": {"name": "y", "note": "mine", "weight": 3},
        "z": {"name": "z", "weight": 1},
    }


def test_undeclared_fields_are_refused(apply: Apply, gadget: Make) -> None:
    with pytest.raises(ApiError, match=r"\.spec\.wrong: field not declared in schema") as refused:
        apply(gadget(wrong=1))
    assert refused.value.status == 500
    assert apply(gadget(free={"anything": [1]}))["spec"]["free"] == {"anything": [1]}


def test_the_result_must_be_valid(apply: Apply, gadget: Make) -> None:
    with pytest.raises(ApiError, match="Unsupported value") as refused:
        apply(gadget(mode="wild"))
    assert refused.value.status == 422


def test_status_is_applied_apart(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    apply(gadget(status={"phase": "Done"}))
    assert "status" not in store.get(gadgets, "default", "g")
    after = apply(gadget(status={"phase": "New"}, size=9), subresource="status")
    assert after["status"] == {"phase": "New"}
    assert after["spec"]["size"] == 1
    assert fields(after, "one") == {"f:spec": {"f:size": {}}}
    assert fields(after, "one", "status") == {"f:status": {"f:phase": {}}}


def test_preconditions(apply: Apply, gadget: Make) -> None:
    stale = gadget()
    stale["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ApiError) as refused:
        apply(stale)
    assert refused.value.status == 409, "nothing is there to have that version"
    made = apply(gadget())
    with pytest.raises(ApiError) as refused:
        apply(stale)
    assert refused.value.status == 409
    fresh = gadget(size=2)
    fresh["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert apply(fresh)["spec"]["size"] == 2


@pytest.mark.parametrize(
    ("change", "manager"),
    [
        pytest.param({}, "", id="no manager"),
        pytest.param({"kind": "Other"}, "one", id="another kind"),
        pytest.param({"metadata": {"name": "other"}}, "one", id="another name"),
        pytest.param(
            {"metadata": {"name": "g", "managedFields": [{"manager": "x"}]}},
            "one",
            id="managed fields",
        ),
        pytest.param(
            {"metadata": {"name": "g", "namespace": "elsewhere"}}, "one", id="another namespace"
        ),
    ],
)
def test_applies_that_can_not_be_meant(
    store: Store, gadgets: Resource, gadget: Make, change: Manifest, manager: str
) -> None:
    with pytest.raises(ApiError) as refused:
        store.patch(
            gadgets,
            "default",
            "g",
            {**gadget(), **change},
            content_type=APPLY,
            manager=manager,
        )
    assert refused.value.status == 400
    assert store.list(gadgets)[0] == []


def test_null_says_nothing(apply: Apply, gadget: Make) -> None:
    made = apply(gadget(interval=None))
    assert "interval" not in made["spec"]
    assert fields(made, "one") == {"f:spec": {"f:size": {}}}
