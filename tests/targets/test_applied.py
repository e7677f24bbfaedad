"""Fields on objects that are not burgee's own, and owned routes of listed kinds."""

from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.targets.applied import carries
from burgee.targets.borrow import keep_route
from burgee.targets.drift import prune


@pytest.mark.parametrize(
    ("observed", "wanted", "there"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="more is allowed"),
        pytest.param({"a": 1}, {"a": 2}, False, id="other value"),
        pytest.param({}, {"a": 1}, False, id="missing"),
        pytest.param({}, {"a": None}, True, id="gone as wanted"),
        pytest.param({"a": 1}, {"a": None}, False, id="still there"),
        pytest.param({}, {"a": {"b": None}}, True, id="gone with its parent"),
        pytest.param({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, True, id="defaults in items"),
        pytest.param({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}]}, False, id="more items"),
        pytest.param({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 3}]}, False, id="other items"),
        pytest.param({"a": {}}, {"a": []}, True, id="an empty list"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, False, id="no list"),
        pytest.param({"a": [1]}, {"a": {"b": 1}}, False, id="no object"),
    ],
)
def test_what_an_object_carries(observed: Any, wanted: Any, there: bool) -> None:
    assert carries(observed, wanted) is there


def ingress(**annotations: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web-canary",
            "namespace": "test",
            "uid": "u",
            "resourceVersion": "7",
            "labels": {"team": "shop", "controller-uid": "c"},
            "annotations": annotations,
        },
        "spec": {"rules": []},
        "status": {"loadBalancer": {}},
    }


def test_an_owned_ingress_is_kept_as_it_is() -> None:
    assert keep_route(ingress(a="1")) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web-canary",
            "namespace": "test",
            "labels": {"team": "shop"},
            "annotations": {"a": "1"},
        },
        "spec": {"rules": []},
    }
    assert keep_route({**ingress(), "spec": None})["spec"] == {}


@pytest.mark.parametrize(
    ("annotation", "removed"),
    [
        ("nginx.ingress.kubernetes.io/canary-by-header", True),
        ("custom.test/canary-weight", True),
        ("zalando.org/skipper-predicate", True),
        ("cert-manager.io/issuer", False),
        ("nginx.ingress.kubernetes.io/rewrite-target", False),
    ],
)
def test_of_foreign_annotations_on_an_ingress_only_what_steers_is_removed(
    annotation: str, removed: bool
) -> None:
    patch = prune(ingress(**{annotation: "x"}), {**ingress(), "metadata": {"name": "web-canary"}})

    assert patch == ({"metadata": {"annotations": {annotation: None}}} if removed else None)
