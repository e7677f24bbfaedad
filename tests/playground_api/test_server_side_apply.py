import pytest
from applied_fields import MERGE, Apply, Make, container, env, fields, with_env

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.kinds.shapes import schema_shape
from burgee.playground.merging.apply import merged
from burgee.playground.storage.store import ApiError, Store


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
