"""Custom resources by their schema: pruned, defaulted, validated."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.admission.schema import defaulted, pruned, unknown_fields
from burgee.playground.admission.validation import violations
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store

Make = Callable[..., Manifest]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"unknown": 1}, {}, id="unknown field"),
        pytest.param({"free": {"unknown": {"x": 1}}}, {"free": {"unknown": {"x": 1}}}, id="free"),
        pytest.param({"labels": {"any": "x"}}, {"labels": {"any": "x"}}, id="any key"),
        pytest.param(
            {"parts": [{"name": "a", "unknown": 1}]},
            {"parts": [{"name": "a", "weight": 1}]},
            id="in items",
        ),
        pytest.param({"mode": None}, {}, id="null where a default stands"),
        pytest.param({"maybe": None}, {"maybe": None}, id="nullable"),
        pytest.param({"mode": "fast"}, {"mode": "fast"}, id="given beats default"),
    ],
)
def test_specs_are_pruned_and_defaulted(
    store: Store, gadgets: Resource, gadget: Make, spec: Manifest, expected: Manifest
) -> None:
    made = store.create(gadgets, gadget(**spec))
    assert made["spec"] == {"size": 1, "mode": "slow"} | expected


def test_status_is_pruned_too(store: Store, gadgets: Resource, gadget: Make) -> None:
    made = store.create(gadgets, gadget())
    status = {"phase": "New", "observedGeneration": 1}
    after = store.update(gadgets, {**made, "status": status}, subresource="status")
    assert after["status"] == {"phase": "New"}
    again = store.update(
        gadgets, {**after, "status": {**status, "observedGeneration": 2}}, subresource="status"
    )
    assert again is after, "what is pruned is no change"


def test_status_is_validated(store: Store, gadgets: Resource, gadget: Make) -> None:
    made = store.create(gadgets, gadget())
    with pytest.raises(ApiError, match=r'status\.phase: Unsupported value: "Odd"') as refused:
        store.update(gadgets, {**made, "status": {"phase": "Odd"}}, subresource="status")
    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"size": "1"},
            'spec.size: Invalid value: "string": spec.size in body must be of type integer: '
            '"string"',
            id="type",
        ),
        pytest.param(
            {"size": None},
            'spec.size: Invalid value: "null": spec.size in body must be of type integer: "null"',
            id="null",
        ),
        pytest.param(
            {"size": True},
            'spec.size: Invalid value: "boolean": spec.size in body must be of type integer: '
            '"boolean"',
            id="a boolean is no integer",
        ),
        pytest.param(
            {"size": -1},
            "spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0",
            id="minimum",
        ),
        pytest.param(
            {"size": 10},
            "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9",
            id="maximum",
        ),
        pytest.param(
            {"mode": "wild"},
            'spec.mode: Unsupported value: "wild": supported values: "fast", "slow"',
            id="enum",
        ),
        pytest.param(
            {"interval": "soon"},
            'spec.interval: Invalid value: "soon": spec.interval in body should match '
            "'^[0-9]+(m|s)'",
            id="pattern",
        ),
        pytest.param(
            {"tags": ["a", "b", "c"]},
            "spec.tags: Too many: 3: must have at most 2 items",
            id="too many",
        ),
        pytest.param(
            {"port": 1.5},
            'spec.port: Invalid value: "number": spec.port in body must be of type '
            'integer,string: "number"',
            id="neither integer nor string",
        ),
        pytest.param({"parts": [{}]}, "spec.parts[0].name: Required value", id="required"),
        pytest.param(
            {"parts": [{"name": "a"}, {"name": "a"}]},
            'spec.parts[1]: Duplicate value: {"name": "a"}',
            id="duplicate keys",
        ),
        pytest.param(
            {"either": {}},
            'spec.either: Invalid value: "object": "spec.either" must validate one and only one '
            "schema (oneOf). Found none valid",
            id="none of oneOf",
        ),
        pytest.param(
            {"either": {"a": "x", "b": "x"}},
            'spec.either: Invalid value: "object": "spec.either" must validate one and only one '
            "schema (oneOf). Found 2 valid alternatives",
            id="two of oneOf",
        ),
        pytest.param(
            {"when": "yesterday"},
            'spec.when: Invalid value: "yesterday": spec.when in body must be of type date-time: '
            '"yesterday"',
            id="format",
        ),
    ],
)
def test_invalid_specs(
    store: Store, gadgets: Resource, gadget: Make, spec: Manifest, message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        store.create(gadgets, gadget(**spec))
    assert refused.value.status == 422
    assert refused.value.message == f'Gadget.example.com "g" is invalid: {message}'
    field = message.partition(": ")[0]
    assert [c["field"] for c in refused.value.body()["details"]["causes"]] == [field]


def test_every_broken_rule_is_told(store: Store, gadgets: Resource, gadget: Make) -> None:
    with pytest.raises(ApiError) as refused:
        store.create(gadgets, gadget(size=-1, mode="wild"))
    fields = {c["field"] for c in refused.value.body()["details"]["causes"]}
    assert fields == {"spec.size", "spec.mode"}


def test_a_missing_spec(store: Store, gadgets: Resource) -> None:
    with pytest.raises(ApiError, match="spec: Required value"):
        store.create(gadgets, {"metadata": {"name": "g"}})


@pytest.mark.parametrize("spec", [{"port": 80}, {"port": "http"}, {"size": 3.0}, {"maybe": None}])
def test_valid_specs(store: Store, gadgets: Resource, gadget: Make, spec: Manifest) -> None:
    made = store.create(gadgets, gadget(**spec))
    assert made["spec"] | spec == made["spec"]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        pytest.param({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "x", [], id="anyOf"),
        pytest.param({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2, 4, id="allOf"),
        pytest.param({"not": {"enum": ["x"]}}, "y", "x", id="not"),
        pytest.param({"type": "number", "exclusiveMinimum": True, "minimum": 0}, 0.5, 0, id="gt"),
        pytest.param({"type": "number", "exclusiveMaximum": True, "maximum": 1}, 0.5, 1, id="lt"),
        pytest.param({"multipleOf": 5}, 10, 7, id="multipleOf"),
        pytest.param({"type": "string", "minLength": 2}, "ab", "a", id="minLength"),
        pytest.param({"type": "string", "maxLength": 2}, "ab", "abc", id="maxLength"),
        pytest.param({"type": "array", "minItems": 1}, [1], [], id="minItems"),
        pytest.param({"type": "object", "maxProperties": 1}, {"a": 1}, {"a": 1, "b": 2}, id="max"),
        pytest.param({"type": "object", "minProperties": 1}, {"a": 1}, {}, id="min properties"),
        pytest.param(
            {"type": "array", "x-kubernetes-list-type": "set"}, [1, 2], [1, 1], id="list set"
        ),
        pytest.param(
            {"additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": "1"}, id="additional"
        ),
    ],
)
def test_keywords(schema: Manifest, good: Any, bad: Any) -> None:
    assert list(violations(schema, good, "x")) == []
    assert len(list(violations(schema, bad, "x"))) >= 1


def test_embedded_objects_keep_their_identity() -> None:
    schema = {"type": "object", "x-kubernetes-embedded-resource": True}
    value = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "other": 1}
    assert pruned(schema, value) == {k: value[k] for k in ("apiVersion", "kind", "metadata")}


def test_defaults_reach_below_defaults() -> None:
    schema = {
        "properties": {
            "outer": {"default": {}, "properties": {"inner": {"default": 3}}},
            "any": {"additionalProperties": {"properties": {"x": {"default": 1}}}},
        }
    }
    value = {"any": {"one": {}}}
    assert defaulted(schema, value) == {"any": {"one": {"x": 1}}, "outer": {"inner": 3}}
    assert value == {"any": {"one": {}}}


def test_unknown_fields_are_named() -> None:
    schema = {
        "properties": {
            "spec": {
                "properties": {
                    "list": {"items": {"properties": {"a": {}}}},
                    "map": {"additionalProperties": {"properties": {"a": {}}}},
                }
            }
        }
    }
    value = {
        "kind": "X",
        "metadata": {"anything": 1},
        "spec": {"list": [{"a": 1, "b": 1}], "map": {"k": {"c": 1}}, "d": 1},
    }
    assert sorted(unknown_fields(schema, value, root=True)) == [
        "spec.d",
        "spec.list[0].b",
        "spec.map.k.c",
    ]
