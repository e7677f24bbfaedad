from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.manifest import Manifest
from burgee.targets.drift import prune, settled

UID = "u-1"


def service(spec: Any = None, **metadata: object) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "labels": {"l": "1"}, "annotations": {"a": "1"}, **metadata},
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": "x"},
            "ports": [
                {"name": "http", "protocol": "TCP", "port": 80, "targetPort": "web"},
                {"name": "b", "protocol": "TCP", "port": 81, "targetPort": 81},
            ],
            **(spec or {}),
        },
    }


def served_service() -> Manifest:
    """A Service as the server shows it: defaults, addresses, ports in another order."""
    found = service(
        {
            "clusterIP": "10.0.0.1",
            "clusterIPs": ["10.0.0.1"],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
        }
    )
    found["spec"]["ports"] = [{**port, "nodePort": 30000} for port in found["spec"]["ports"][::-1]]
    found["metadata"] |= {
        "uid": "s-1",
        "resourceVersion": "5",
        "labels": {"l": "1", "controller-uid": UID},
        "ownerReferences": [{"uid": UID, "controller": True}],
    }
    found["status"] = {"loadBalancer": {}}
    return found


def route(spec: Any = None, kind: str = "VirtualService", **metadata: object) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": kind,
        "metadata": {"name": "s", "annotations": {"a": "1"}, **metadata},
        "spec": {"hosts": [], "http": [{"route": [{"weight": 100}]}], **(spec or {})},
    }


def changed(manifest: Manifest, *path: object, value: Any) -> Manifest:
    found = deepcopy(manifest)
    inner = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return found


@pytest.mark.parametrize(
    ("observed", "desired"),
    [
        pytest.param(service(), service(), id="service"),
        pytest.param(served_service(), service(), id="service with defaults"),
        pytest.param(route(), route(), id="route"),
        pytest.param(
            changed(route(), "metadata", "annotations", "metacontroller.k8s.io/x", value="1"),
            route(),
            id="bookkeeping",
        ),
        pytest.param(changed(route(), "spec", "hosts", value=None), route(), id="empty list left"),
        pytest.param(changed(route(), "spec", "tcp", value=[]), route(), id="empty list added"),
        pytest.param(
            changed(
                route(),
                "metadata",
                "annotations",
                value={
                    "a": "1",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}",
                    "flagger.kubernetes.io/original-configuration": "{}",
                },
            ),
            route(),
            id="the user's original route",
        ),
        pytest.param(
            route(kind="DestinationRule", labels={"x": "y"}),
            route(kind="DestinationRule"),
            id="metadata of a destination rule",
        ),
        pytest.param(
            changed(route(), "spec", "http", 0, "fault", value={}), route(), id="says nothing"
        ),
    ],
)
def test_object_is_settled(observed: Manifest | None, desired: Manifest) -> None:
    assert settled(observed, desired)
    assert prune(observed, desired) is None


PORTS = service()["spec"]["ports"]


@pytest.mark.parametrize(
    ("observed", "desired", "patch"),
    [
        pytest.param(
            changed(service(), "metadata", "labels", "bad", value="1"),
            service(),
            {"metadata": {"labels": {"bad": None}}},
            id="label",
        ),
        pytest.param(
            changed(service(), "metadata", "annotations", "bad", value="1"),
            service(),
            {"metadata": {"annotations": {"bad": None}}},
            id="annotation",
        ),
        pytest.param(
            changed(
                service(),
                "metadata",
                "annotations",
                "kubectl.kubernetes.io/last-applied-configuration",
                value="{}",
            ),
            service(),
            {
                "metadata": {
                    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": None}
                }
            },
            id="kubectl's annotation on a service",
        ),
        pytest.param(
            changed(service(), "spec", "selector", "bad", value="1"),
            service(),
            {"spec": {"selector": {"app": "x", "bad": None}}},
            id="selector",
        ),
        pytest.param(
            changed(service(), "spec", "selector", value={"app": "x"}),
            changed(service(), "spec", "selector", value={"shared": "x"}),
            {"spec": {"selector": {"app": None, "shared": "x"}}},
            id="selector that moves in one write",
        ),
        pytest.param(
            changed(service(), "spec", "ports", value=[*PORTS, {"port": 9, "name": "bad"}]),
            service(),
            {"spec": {"ports": PORTS}},
            id="port",
        ),
        pytest.param(
            changed(service(), "spec", "ports", 0, "appProtocol", value="grpc"),
            service(),
            {"spec": {"ports": PORTS}},
            id="field of a port",
        ),
        pytest.param(
            route({"exportTo": ["."]}),
            route(),
            {"spec": {"exportTo": None}},
            id="field of a route",
        ),
        pytest.param(
            route({"trafficPolicy": {"tls": {"mode": "X", "sni": "y"}}}, kind="DestinationRule"),
            route({"trafficPolicy": {"tls": {"mode": "X"}}}, kind="DestinationRule"),
            {"spec": {"trafficPolicy": {"tls": {"sni": None}}}},
            id="nested field",
        ),
        pytest.param(
            route({"weighted": {"services": [1]}}, kind="TraefikService"),
            route({"mirroring": {"name": "a"}}, kind="TraefikService"),
            {"spec": {"weighted": None, "mirroring": {"name": "a"}}},
            id="a way to steer for another, in one write",
        ),
        pytest.param(
            route({"conf": {"split": [1], "x": 1}}, kind="TrafficRoute"),
            route({"conf": {"destination": {"s": "1"}, "x": 1}}, kind="TrafficRoute"),
            {"spec": {"conf": {"split": None, "destination": {"s": "1"}, "x": 1}}},
            id="likewise, further inside",
        ),
    ],
)
def test_what_is_foreign_is_removed(
    observed: Manifest | None, desired: Manifest, patch: Manifest
) -> None:
    before = deepcopy((observed, desired))

    assert prune(observed, desired) == patch
    assert not settled(observed, desired)
    assert before == (observed, desired)


@pytest.mark.parametrize(
    ("observed", "desired"),
    [
        pytest.param(changed(service(), "metadata", "labels", value={}), service(), id="label"),
        pytest.param(
            changed(service(), "metadata", "annotations", "a", value="2"),
            service(),
            id="annotation",
        ),
        pytest.param(changed(service(), "spec", "ports", value=PORTS[:1]), service(), id="port"),
        pytest.param(
            changed(service(), "spec", "ports", 0, "targetPort", value=1), service(), id="target"
        ),
        pytest.param(changed(service(), "spec", "selector", value=None), service(), id="selector"),
        pytest.param(
            changed(route(), "spec", "http", 0, "route", 0, "weight", value=50),
            route(),
            id="weight",
        ),
        pytest.param(
            changed(route(), "spec", "http", 0, "fault", value={"abort": {}, "delay": 1}),
            route(),
            id="field inside a list",
        ),
        pytest.param(changed(route(), "spec", "hosts", value=["x"]), route(), id="list not empty"),
        pytest.param({**route(), "spec": None}, route(), id="no spec"),
        pytest.param(
            changed(service(), "spec", "type", value="NodePort"), service(), id="type of a service"
        ),
    ],
)
def test_difference_that_an_apply_mends_needs_no_patch(
    observed: Manifest | None, desired: Manifest
) -> None:
    assert not settled(observed, desired)
    assert prune(observed, desired) is None


def test_unmanaged_metadata_stays() -> None:
    observed = service(labels={"l": "1", "x": "1"}, annotations={"a": "1", "y": "1"})

    assert prune(observed, service(), keep_labels=["x"], keep_annotations=["y"]) is None
    assert settled(observed, service(), keep_labels=["x"], keep_annotations=["y"])
    assert prune(observed, service(), keep_labels=["x"]) == {
        "metadata": {"annotations": {"y": None}}
    }


@pytest.mark.parametrize(
    ("observed", "result"),
    [
        pytest.param(served_service(), True, id="claimed"),
        pytest.param(service(), False, id="not claimed"),
        pytest.param(
            changed(served_service(), "metadata", "labels", value={"l": "1"}), False, id="no label"
        ),
        pytest.param(
            changed(served_service(), "metadata", "ownerReferences", value=[]),
            False,
            id="no owner",
        ),
    ],
)
def test_claimed_object_only_is_settled_for_its_owner(
    observed: Manifest | None, result: Any
) -> None:
    assert settled(observed, service(), owner_uid=UID) is result


keys = st.sampled_from(["a", "b", "c", "controller-uid"])
trees = st.recursive(
    st.integers(0, 2) | st.none(),
    lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
objects = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["VirtualService", "DestinationRule"]),
        "metadata": st.fixed_dictionaries({"labels": st.dictionaries(keys, keys, max_size=3)}),
        "spec": st.dictionaries(keys, trees, max_size=3),
    }
)


def merged(found: Manifest, patch: Manifest) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(found) if isinstance(found, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


@given(observed=objects, desired=objects)
def test_pruned_object_has_nothing_foreign(observed: Manifest | None, desired: Manifest) -> None:
    observed["kind"] = desired["kind"]
    before = deepcopy((observed, desired))
    patch = prune(observed, desired)

    assert before == (observed, desired)
    assert settled(desired, desired)
    if patch is not None:
        assert prune(merged(observed, patch), desired) is None


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
def test_annotations_for_a_gateway_stay_and_labels_do_not(kind: str) -> None:
    observed = route(kind=kind, annotations={"a": "1", "gateway.test/x": "y"}, labels={"l": "1"})

    assert prune(observed, route(kind=kind)) == {"metadata": {"labels": {"l": None}}}


@pytest.mark.parametrize("kind", ["TrafficSplit", "HTTPRouteGroup", "VirtualRouter"])
def test_metadata_that_nobody_asked_for_stays(kind: str) -> None:
    observed = route(kind=kind, annotations={"x": "y"}, labels={"l": "1"})

    assert prune(observed, route(kind=kind, annotations={})) is None


@pytest.mark.parametrize("kind", ["VirtualNode", "VirtualRouter", "VirtualService"])
def test_what_app_mesh_fills_in_stays(kind: str) -> None:
    observed = route({"awsName": "s_test", "meshRef": {"name": "m", "uid": "1"}}, kind)

    assert prune(observed, route(kind=kind)) is None
    assert settled(observed, route(kind=kind))
    assert prune({**observed, "spec": {**observed["spec"], "other": 1}}, route(kind=kind)) == {
        "spec": {"other": None}
    }
