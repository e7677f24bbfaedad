"""What `kubectl get` is given to print."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.durations import age, human
from burgee.playground.apiserver.jsonpath import find
from burgee.playground.apiserver.tables import table
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

Make = Callable[..., Manifest]
NOW = datetime(2030, 1, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (190, "3m10s"),
        (660, "11m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 61, "3h1m"),
        (9 * 3600 + 61, "9h"),
        (49 * 3600, "2d1h"),
        (9 * 86400 + 3600, "9d"),
        (800 * 86400, "2y70d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert human(seconds) == text


@pytest.mark.parametrize("since", [None, "", "soon"])
def test_unknown_ages(since: str | None) -> None:
    assert age(since, NOW) == "<unknown>"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(".spec.size", [3], id="fields"),
        pytest.param(".spec['size']", [3], id="quoted"),
        pytest.param(".metadata.annotations.a\\.b/c", ["x"], id="escaped dot"),
        pytest.param(".items[1].name", ["b"], id="index"),
        pytest.param(".items[-1].name", ["b"], id="from the end"),
        pytest.param(".items[*].name", ["a", "b"], id="all"),
        pytest.param('.items[?(@.name=="b")].value', [2], id="filter"),
        pytest.param(".items[?(@.name=='z')].value", [], id="filter without match"),
        pytest.param(".nothing.there", [], id="missing"),
        pytest.param(".spec.size.below", [], id="below a number"),
        pytest.param("spec[", [], id="no path"),
    ],
)
def test_json_paths(path: str, expected: list[Any]) -> None:
    value = {
        "metadata": {"annotations": {"a.b/c": "x"}},
        "spec": {"size": 3},
        "items": [{"name": "a", "value": 1}, {"name": "b", "value": 2}],
    }
    assert find(path, value) == expected


def test_columns_of_a_custom_resource(store: Store, gadgets: Resource, gadget: Make) -> None:
    made = store.create(gadgets, gadget(size=3))
    ready = {"conditions": [{"type": "Other", "status": "x"}, {"type": "Ready", "status": "True"}]}
    made = store.update(gadgets, {**made, "status": ready}, subresource="status")
    shown = table(gadgets, [made], NOW)
    columns = [(c["name"], c["type"], c["priority"]) for c in shown["columnDefinitions"]]
    assert columns == [
        ("Name", "string", 0),
        ("Size", "integer", 0),
        ("Ready", "string", 0),
        ("Mode", "string", 1),
    ]
    assert shown["rows"][0]["cells"] == ["g", 3, "True", "slow"]
    assert shown["rows"][0]["object"]["metadata"] == made["metadata"]


def test_cells_without_a_value_are_empty(store: Store, gadgets: Resource, gadget: Make) -> None:
    made = store.create(gadgets, gadget())
    assert table(gadgets, [made], NOW)["rows"][0]["cells"] == ["g", 1, None, "slow"]


@pytest.mark.parametrize(
    ("include", "kind"), [("Metadata", "PartialObjectMetadata"), ("Object", "Gadget")]
)
def test_what_goes_along(
    store: Store, gadgets: Resource, gadget: Make, include: str, kind: str
) -> None:
    made = store.create(gadgets, gadget())
    assert table(gadgets, [made], NOW, include=include)["rows"][0]["object"]["kind"] == kind
    assert table(gadgets, [made], NOW, include="None")["rows"][0]["object"] is None


def test_every_kind_has_as_many_cells_as_columns(store: Store, deployment: Manifest) -> None:
    specs: dict[str, Manifest] = {
        "pods": {"containers": [{"name": "c", "image": "x"}]},
        "services": {"ports": [{"port": 80}]},
        "horizontalpodautoscalers": {
            "scaleTargetRef": {"kind": "Deployment", "name": "x"},
            "maxReplicas": 3,
        },
    }
    skipped = {"customresourcedefinitions", "gadgets"}
    kinds = [r for r in store.resources() if r.plural not in skipped]
    assert len(kinds) >= 14
    for resource in kinds:
        manifest: Manifest = {"metadata": {"name": "x"}}
        if resource.group == "apps":
            manifest["spec"] = deployment["spec"]
        elif resource.plural in specs:
            manifest["spec"] = specs[resource.plural]
        made = store.create(resource, manifest)
        shown = table(resource, [made], NOW)
        assert len(shown["rows"][0]["cells"]) == len(shown["columnDefinitions"]), resource.kind


def test_a_deployment_at_a_glance(
    store: Store, deployments: Resource, deployment: Manifest
) -> None:
    made = store.create(deployments, deployment)
    status = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    made = store.update(deployments, {**made, "status": status}, subresource="status")
    cells = table(deployments, [made], NOW)["rows"][0]["cells"]
    assert cells == ["web", "1/1", 1, 1, "5m", "app", "registry.example/web:1", "app=web"]
