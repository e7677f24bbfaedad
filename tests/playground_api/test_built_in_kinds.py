"""Defaults and rules of the built-in kinds, as a real API server has them."""

from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store

POD_DEFAULTS: Manifest = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
CONTAINER_DEFAULTS: Manifest = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
}


def workload(**spec: Any) -> Manifest:
    labels = {"app": "x"}
    return {
        "metadata": {"name": "x"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "x:1"}]},
            },
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        pytest.param(
            "deployments",
            {
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                },
            },
            id="Deployment",
        ),
        pytest.param("replicasets", {"replicas": 1}, id="ReplicaSet"),
        pytest.param(
            "daemonsets",
            {
                "revisionHistoryLimit": 10,
                "updateStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
                },
            },
            id="DaemonSet",
        ),
        pytest.param(
            "statefulsets",
            {
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "podManagementPolicy": "OrderedReady",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "persistentVolumeClaimRetentionPolicy": {
                    "whenDeleted": "Retain",
                    "whenScaled": "Retain",
                },
            },
            id="StatefulSet",
        ),
    ],
)
def test_workload_defaults(store: Store, plural: str, expected: Manifest) -> None:
    sent = workload()
    made = store.create(store.resource("apps/v1", plural), sent)
    template = {
        **sent["spec"]["template"],
        "spec": {
            **POD_DEFAULTS,
            "containers": [{"name": "c", "image": "x:1", **CONTAINER_DEFAULTS}],
        },
    }
    assert made["spec"] == {**sent["spec"], **expected, "template": template}


def test_recreate_has_no_rolling_update(store: Store, deployments: Resource) -> None:
    made = store.create(deployments, workload(strategy={"type": "Recreate"}))
    assert made["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("web:1", "IfNotPresent"),
        ("registry:5000/web", "Always"),
        ("registry:5000/web:1", "IfNotPresent"),
        ("web@sha256:0123", "IfNotPresent"),
    ],
)
def test_pull_policy(store: Store, deployments: Resource, image: str, policy: str) -> None:
    sent = workload()
    sent["spec"]["template"]["spec"]["containers"][0]["image"] = image
    made = store.create(deployments, sent)
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["imagePullPolicy"] == policy


def test_parts_of_a_pod(store: Store) -> None:
    pods = store.resource("v1", "Pod")
    spec = {
        "serviceAccountName": "robot",
        "volumes": [{"name": "v", "configMap": {"name": "c"}}],
        "containers": [
            {
                "name": "c",
                "image": "x:1",
                "ports": [{"containerPort": 80}],
                "env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "livenessProbe": {"httpGet": {"port": 80}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }
        ],
    }
    made = store.create(pods, {"metadata": {"name": "p"}, "spec": spec})
    container = made["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert container["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert made["spec"]["volumes"][0]["configMap"] == {"name": "c", "defaultMode": 420}
    assert made["spec"]["serviceAccount"] == "robot"
    assert made["status"]["phase"] == "Pending"


def test_services_get_addresses(store: Store) -> None:
    services = store.resource("v1", "Service")
    spec: Manifest = {"ports": [{"port": 80}]}
    made = [
        store.create(services, {"metadata": {"name": n}, "spec": clone(spec)}) for n in ("a", "b")
    ]
    addresses = {m["spec"]["clusterIP"] for m in made}
    assert len(addresses) == 2
    assert made[0]["spec"]["clusterIPs"] == [made[0]["spec"]["clusterIP"]]
    assert made[0]["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert made[0]["spec"]["type"] == "ClusterIP"
    assert made[0]["spec"]["sessionAffinity"] == "None"
    assert "generation" not in made[0]["metadata"]
    again = store.update(services, {**made[0], "spec": {"ports": [{"port": 81}]}})
    assert again["spec"]["clusterIP"] == made[0]["spec"]["clusterIP"]
    headless = {"metadata": {"name": "h"}, "spec": {**spec, "clusterIP": "None"}}
    assert store.create(services, headless)["spec"]["clusterIP"] == "None"
    outside = {"metadata": {"name": "e"}, "spec": {"type": "ExternalName", "externalName": "x.y"}}
    assert "clusterIP" not in store.create(services, outside)["spec"]


def test_what_is_empty_is_left_out(store: Store, deployments: Resource) -> None:
    sent = pod_change(env=[], args=None, resources={"limits": {}})
    sent["metadata"] |= {"annotations": {}, "labels": {}, "finalizers": []}
    made = store.create(deployments, sent)
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container == {"name": "c", "image": "x:1", **CONTAINER_DEFAULTS}
    assert made["metadata"].keys().isdisjoint({"annotations", "labels", "finalizers"})


def test_secrets_are_encoded(store: Store) -> None:
    secrets = store.resource("v1", "Secret")
    sent: Manifest = {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}
    made = store.create(secrets, sent)
    assert made["data"] == {"a": "Yg==", "c": "ZA=="}
    assert made["type"] == "Opaque"
    assert "stringData" not in made


def test_autoscalers_have_a_metric(store: Store) -> None:
    resource = store.resource("autoscaling/v2", "HorizontalPodAutoscaler")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3}
    made = store.create(resource, {"metadata": {"name": "x"}, "spec": spec})
    assert made["spec"]["minReplicas"] == 1
    assert made["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80


def test_the_behavior_of_autoscalers_is_filled_up(store: Store) -> None:
    resource = store.resource("autoscaling/v2", "HorizontalPodAutoscaler")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "behavior": behavior}
    made = store.create(resource, {"metadata": {"name": "x"}, "spec": spec})
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    assert made["spec"]["behavior"] == {
        "scaleDown": {
            "stabilizationWindowSeconds": 60,
            "selectPolicy": "Max",
            "policies": [percent],
        },
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
        },
    }


def pod_change(**container: Any) -> Manifest:
    sent = workload()
    sent["spec"]["template"]["spec"]["containers"][0] |= container
    return sent


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        pytest.param(workload(selector=None), "spec.selector", id="no selector"),
        pytest.param(
            workload(selector={"matchLabels": {"app": "y"}}),
            "spec.template.metadata.labels",
            id="a selector for others",
        ),
        pytest.param(workload(replicas=-1), "spec.replicas", id="less than no replicas"),
        pytest.param(
            workload(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            "spec.strategy.rollingUpdate",
            id="two strategies",
        ),
        pytest.param(
            pod_change(image=""), "spec.template.spec.containers[0].image", id="no image"
        ),
        pytest.param(
            pod_change(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {}}}]),
            "spec.template.spec.containers[0].env[0].valueFrom",
            id="two values",
        ),
        pytest.param(
            pod_change(ports=[{"containerPort": 0}]),
            "spec.template.spec.containers[0].ports[0].containerPort",
            id="no port",
        ),
        pytest.param(
            pod_change(volumeMounts=[{"name": "nothing", "mountPath": "/x"}]),
            "spec.template.spec.containers[0].volumeMounts[0].name",
            id="no volume",
        ),
    ],
)
def test_workloads_that_are_refused(
    store: Store, deployments: Resource, sent: Manifest, field: str
) -> None:
    with pytest.raises(ApiError) as refused:
        store.create(deployments, sent)
    assert refused.value.status == 422
    assert [c["field"] for c in refused.value.body()["details"]["causes"]] == [field]


def test_selectors_never_change(store: Store, deployments: Resource) -> None:
    made = store.create(deployments, workload())
    changed = clone(made)
    changed["spec"]["selector"]["matchLabels"] = {"app": "y"}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "y"}
    with pytest.raises(ApiError, match="field is immutable"):
        store.update(deployments, changed)


@pytest.mark.parametrize(
    ("kind", "manifest", "field"),
    [
        pytest.param("Service", {"spec": {}}, "spec.ports", id="no ports"),
        pytest.param(
            "Service",
            {"spec": {"ports": [{"port": 1, "name": "a"}, {"port": 2}]}},
            "spec.ports[1].name",
            id="nameless ports",
        ),
        pytest.param(
            "Service", {"spec": {"ports": [{"port": 70000}]}}, "spec.ports[0].port", id="no port"
        ),
        pytest.param("Secret", {"data": {"a": "?"}}, "data[a]", id="no base64"),
    ],
)
def test_core_objects_that_are_refused(
    store: Store, kind: str, manifest: Manifest, field: str
) -> None:
    with pytest.raises(ApiError) as refused:
        store.create(store.resource("v1", kind), {"metadata": {"name": "x"}, **manifest})
    assert [c["field"] for c in refused.value.body()["details"]["causes"]] == [field]


def test_closed_config_maps(store: Store, config_maps: Resource) -> None:
    sent: Manifest = {"metadata": {"name": "c"}, "data": {"a": "b"}, "immutable": True}
    made = store.create(config_maps, sent)
    with pytest.raises(ApiError, match="immutable"):
        store.update(config_maps, {**made, "data": {}})


def test_several_controllers_are_refused(store: Store, config_maps: Resource) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "controller": True}
    owners = [{**owner, "name": n, "uid": n} for n in ("a", "b")]
    with pytest.raises(ApiError, match="Only one reference can have Controller set to true"):
        store.create(config_maps, {"metadata": {"name": "c", "ownerReferences": owners}})
