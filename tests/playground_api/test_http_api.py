from typing import Any

import pytest
from gadget_api import GADGETS, Client, Make

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store


def test_a_life_over_http(client: Client, gadget: Make) -> None:
    made = client.call("POST", GADGETS, gadget())
    assert made.status_code == 201
    path = f"{GADGETS}/g"
    assert client.call("GET", path).json() == made.json()
    changed = client.call("PUT", path, {**made.json(), "spec": {"size": 2}})
    assert (changed.status_code, changed.json()["spec"]["size"]) == (200, 2)
    assert client.patch(path, {"spec": {"size": 3}}).json()["spec"]["size"] == 3
    status = client.patch(f"{path}/status", {"status": {"count": 1}})
    assert status.json()["status"] == {"count": 1}
    assert client.call("GET", f"{path}/status").json() == status.json()
    gone = client.call("DELETE", path)
    assert gone.json()["status"] == "Success"
    assert gone.json()["details"]["name"] == "g"
    lost = client.call("GET", path)
    assert lost.status_code == 404
    assert lost.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'gadgets.example.com "g" not found',
        "reason": "NotFound",
        "code": 404,
        "details": {"name": "g", "group": "example.com", "kind": "gadgets"},
    }


def test_lists(client: Client, store: Store, config_maps: Resource, config_map: Make) -> None:
    store.create(config_maps, config_map("a", labels={"app": "x"}))
    store.create(config_maps, config_map("b", namespace="kube-system"))
    everywhere = client.call("GET", "/api/v1/configmaps").json()
    assert everywhere["kind"] == "ConfigMapList"
    assert everywhere["apiVersion"] == "v1"
    assert int(everywhere["metadata"]["resourceVersion"]) > 0
    assert [i["metadata"]["name"] for i in everywhere["items"]] == ["a", "b"]
    one = "/api/v1/namespaces/kube-system/configmaps"
    assert len(client.call("GET", one).json()["items"]) == 1
    chosen = client.call("GET", "/api/v1/configmaps?labelSelector=app%3Dx").json()
    assert [i["metadata"]["name"] for i in chosen["items"]] == ["a"]
    named = "/api/v1/configmaps?fieldSelector=metadata.name%3Db,metadata.namespace!%3Ddefault"
    assert [i["metadata"]["name"] for i in client.call("GET", named).json()["items"]] == ["b"]


def test_server_side_apply_over_http(client: Client, gadget: Make) -> None:
    path = f"{GADGETS}/g"
    kind = "apply-patch+yaml"
    assert client.patch(path, gadget(), kind).status_code == 400, "nobody applies"
    made = client.patch(f"{path}?fieldManager=one", gadget(), kind)
    assert made.status_code == 201
    assert client.patch(f"{path}?fieldManager=one", gadget(), kind).status_code == 200
    refused = client.patch(f"{path}?fieldManager=two", gadget(size=2), kind)
    assert refused.status_code == 409
    assert "conflict with" in refused.json()["message"]
    forced = client.patch(f"{path}?fieldManager=two&force=true", gadget(size=2), kind)
    assert forced.json()["spec"]["size"] == 2
    text = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: 2}\n"
    headers = {"Content-Type": "application/apply-patch+yaml"}
    applied = client.session.patch(
        f"{client._url}{path}?fieldManager=two", data=text, headers=headers, timeout=10
    )
    assert applied.status_code == 200


def test_dry_runs(client: Client, gadget: Make) -> None:
    shown = client.call("POST", f"{GADGETS}?dryRun=All", gadget())
    assert shown.status_code == 201
    assert client.call("GET", f"{GADGETS}/g").status_code == 404
    client.call("POST", GADGETS, gadget())
    path = f"{GADGETS}/g?dryRun=All"
    assert client.patch(path, {"spec": {"size": 5}}).json()["spec"]["size"] == 5
    assert client.call("DELETE", path).status_code == 200
    assert client.call("GET", f"{GADGETS}/g").json()["spec"]["size"] == 1


def test_scale_over_http(
    client: Client, store: Store, deployments: Resource, deployment: Manifest
) -> None:
    store.create(deployments, deployment)
    path = "/apis/apps/v1/namespaces/default/deployments/web/scale"
    scale = client.call("GET", path).json()
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 1})
    assert client.call("PUT", path, {**scale, "spec": {"replicas": 3}}).status_code == 200
    assert client.call("PUT", path, {**scale, "spec": {"replicas": 4}}).status_code == 409
    assert client.patch(path, {"spec": {"replicas": 5}}).json()["spec"] == {"replicas": 5}
    assert store.get(deployments, "default", "web")["spec"]["replicas"] == 5


def test_deletion_options(
    client: Client, store: Store, config_maps: Resource, config_map: Make
) -> None:
    root = store.create(config_maps, config_map("root"))
    store.create(config_maps, config_map("child", root))
    path = "/api/v1/namespaces/default/configmaps/root"
    wrong = {"preconditions": {"uid": "another"}}
    assert client.call("DELETE", path, wrong).status_code == 409
    client.call("DELETE", path, {"propagationPolicy": "Orphan"})
    assert [i["metadata"]["name"] for i in store.list(config_maps)[0]] == ["child"]
    store.create(config_maps, config_map("held", finalizers=["example.com/x"]))
    marked = client.call("DELETE", "/api/v1/namespaces/default/configmaps/held").json()
    assert marked["metadata"]["deletionTimestamp"]
    store.create(config_maps, config_map("other", labels={"app": "x"}))
    everything = "/api/v1/namespaces/default/configmaps?labelSelector=app%3Dx"
    assert len(client.call("DELETE", everything).json()["items"]) == 1
    assert [i["metadata"]["name"] for i in store.list(config_maps)[0]] == ["child", "held"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", "/apis/nothing/v1/things", None, 404, id="unknown group"),
        pytest.param("GET", "/nothing", None, 404, id="unknown path"),
        pytest.param("GET", f"{GADGETS}/g/scale", None, 404, id="unknown subresource"),
        pytest.param("GET", "/apis/example.com/v1/Gadget", None, 404, id="a kind is no path"),
        pytest.param("GET", "/apis/example.com/v1/gadgets/g", None, 404, id="no namespace"),
        pytest.param("POST", GADGETS, "text", 400, id="no object"),
        pytest.param("POST", GADGETS, {"kind": "Other"}, 400, id="another kind"),
        pytest.param("POST", GADGETS, {"metadata": "text"}, 400, id="metadata is text"),
        pytest.param("PUT", f"{GADGETS}/g", {"metadata": {"name": "h"}}, 400, id="another name"),
        pytest.param("PUT", f"{GADGETS}/g", {"metadata": {}}, 404, id="nothing to replace"),
        pytest.param("POST", f"{GADGETS}/g", {}, 405, id="wrong method"),
        pytest.param("BREW", GADGETS, None, 405, id="unknown method"),
        pytest.param("GET", f"{GADGETS}?watch=1&resourceVersion=x", None, 400, id="no version"),
        pytest.param("GET", f"{GADGETS}?labelSelector=a%3Db%3Dc", None, 400, id="no selector"),
        pytest.param("PATCH", f"{GADGETS}/g", {}, 404, id="nothing to patch"),
    ],
)
def test_requests_that_are_refused(
    client: Client, method: str, path: str, body: Any, status: int
) -> None:
    answer = client.call(method, path, body)
    assert answer.status_code == status
    assert answer.json()["kind"] == "Status"
    assert answer.json()["code"] == status


def test_a_body_that_is_no_json(client: Client) -> None:
    answer = client.session.post(f"{client._url}{GADGETS}", data="{", timeout=10)
    assert answer.status_code == 400
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    answer = client.session.post(
        f"{client._url}{GADGETS}", data=b"k8s\x00", headers=headers, timeout=10
    )
    assert answer.status_code == 415


def test_a_built_in_object_of_a_wrong_shape(client: Client) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    answer = client.call("POST", path, {"metadata": {"name": "x"}, "spec": "text"})
    assert answer.status_code == 400
    assert client.call("GET", f"{path}/x").status_code == 404


def test_unknown_fields_are_warned_of(client: Client, gadget: Make) -> None:
    wrong = gadget(wrong=1)
    answer = client.call("POST", GADGETS, wrong)
    assert answer.headers["Warning"] == '299 - "unknown field \\"spec.wrong\\""'
    strict = client.call("POST", f"{GADGETS}?fieldValidation=Strict", wrong)
    assert strict.status_code == 400
    assert 'unknown field "spec.wrong"' in strict.json()["message"]
    silent = client.call("PUT", f"{GADGETS}/g?fieldValidation=Ignore", wrong)
    assert "Warning" not in silent.headers
