from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.targets.naming import Names
from burgee.targets.scaled_object import PAUSED_REPLICAS, ScaledObjectScaler, primary_query

KEDA = ScaledObjectScaler()
QUERY = "sum(rate(x{app='podinfo'}[1m]))"


def scaled_object(metadata: Manifest | None = None, **spec: object) -> Manifest:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "so", "namespace": "test", **(metadata or {})},
        "spec": {"scaleTargetRef": {"name": "podinfo"}, **spec},
        "status": {"hpaName": "keda-hpa-so"},
    }


def trigger(query: str | None = QUERY, name: str | None = None) -> Manifest:
    details: Manifest = {"serverAddress": "http://p", "threshold": "5"}
    if query is not None:
        details["query"] = query
    return {"type": "prometheus", "metadata": details, **({"name": name} if name else {})}


@pytest.fixture
def build(make_canary: Callable[..., Canary], names: Names) -> Callable[..., Manifest]:
    def make(found: Manifest, **reference: object) -> Manifest:
        scaler = {"apiVersion": "", "kind": "ScaledObject", "name": "so", **reference}
        return KEDA.build_primary(found, make_canary(autoscalerRef=scaler), names)

    return make


def queries(built: Manifest) -> list[Any]:
    return [found["metadata"].get("query") for found in built["spec"]["triggers"]]


def test_everything_of_a_scaled_object_is_copied_but_what_is_about_one_object(
    build: Callable[..., Manifest],
) -> None:
    found = scaled_object(
        {
            "labels": {
                "team": "a",
                "helm.toolkit.fluxcd.io/name": "x",
                "scaledobject.keda.sh/name": "so",
                "controller-uid": "u",
            },
            "annotations": {
                "x": "y",
                "autoscaling.keda.sh/paused-replicas": "0",
                "autoscaling.keda.sh/paused": "true",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            },
            "finalizers": ["finalizer.keda.sh"],
        },
        scaleTargetRef={"name": "podinfo", "kind": "Deployment", "envSourceContainerName": "app"},
        idleReplicaCount=0,
        somethingNew={"deep": [1]},
        advanced={"scalingModifiers": {"formula": "q"}, "horizontalPodAutoscalerConfig": {}},
        triggers=[trigger()],
    )
    before = deepcopy(found)
    built = build(found)

    assert before == found
    assert built == {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": "so-primary",
            "namespace": "test",
            "labels": {"team": "a"},
            "annotations": {"x": "y"},
        },
        "spec": {
            **found["spec"],
            "scaleTargetRef": {
                "name": "podinfo-primary",
                "kind": "Deployment",
                "envSourceContainerName": "app",
            },
            "triggers": [trigger("sum(rate(x{app='podinfo-primary'}[1m]))")],
        },
    }


def test_a_small_scaled_object_stays_small(build: Callable[..., Manifest]) -> None:
    found = {**scaled_object(), "spec": None}

    assert build(found) == {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "so-primary", "namespace": "test"},
        "spec": {"scaleTargetRef": {"name": "podinfo-primary"}},
    }


def test_a_name_for_keda_s_autoscaler_is_made_another_one(build: Callable[..., Manifest]) -> None:
    advanced = {
        "restoreToOriginalReplicaCount": True,
        "horizontalPodAutoscalerConfig": {"name": "hpa", "behavior": {"b": 1}},
    }

    assert build(scaled_object(advanced=advanced))["spec"]["advanced"] == {
        "restoreToOriginalReplicaCount": True,
        "horizontalPodAutoscalerConfig": {"name": "hpa-primary", "behavior": {"b": 1}},
    }


@pytest.mark.parametrize(
    ("bounds", "result"),
    [
        (None, (2, 4)),
        ({}, (2, 4)),
        ({"minReplicas": 3}, (3, 4)),
        ({"minReplicas": 3, "maxReplicas": 9}, (3, 9)),
    ],
)
def test_bounds_of_the_canary_replace_those_of_keda(
    build: Callable[..., Manifest], bounds: Any, result: Any
) -> None:
    found = scaled_object(minReplicaCount=2, maxReplicaCount=4)
    spec = build(found, **({"primaryScalerReplicas": bounds} if bounds is not None else {}))[
        "spec"
    ]

    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == result


def test_a_scaled_object_is_copied_without_a_reference_to_it(
    make_canary: Callable[..., Canary], names: Names
) -> None:
    built = KEDA.build_primary(scaled_object(triggers=[trigger()]), make_canary(), names)

    assert queries(built) == ["sum(rate(x{app='podinfo-primary'}[1m]))"]


def test_given_queries_replace_those_of_the_triggers_they_name(
    build: Callable[..., Manifest],
) -> None:
    triggers = [trigger(name="a"), trigger(name="b"), trigger(), trigger(None, name="c")]
    built = build(scaled_object(triggers=triggers), primaryScalerQueries={"a": "A", "c": "C"})

    assert queries(built) == ["A", QUERY, QUERY, "C"]


def test_triggers_without_a_query_are_left_alone(build: Callable[..., Manifest]) -> None:
    cpu = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}
    bare = {"type": "podinfo"}

    assert build(scaled_object(triggers=[cpu, bare]))["spec"]["triggers"] == [cpu, bare]


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("podinfo", "podinfo-primary"),
        ("podinfo-canary", "podinfo-primary"),
        ("podinfo-primary", "podinfo-primary"),
        ('x{app="podinfo",c="podinfo-canary"}', 'x{app="podinfo-primary",c="podinfo-primary"}'),
        ('x{pod=~"podinfo-.*"}', 'x{pod=~"podinfo-primary-.*"}'),
        ('x{pod=~"podinfo-canary-.*"}', 'x{pod=~"podinfo-primary-.*"}'),
        ('up{job="test/podinfo"}', 'up{job="test/podinfo-primary"}'),
        ("stats.podinfo.count", "stats.podinfo-primary.count"),
        ("podinfo_requests_total", "podinfo_requests_total"),
        ("podinfo-canary_x", "podinfo-canary_x"),
        ('x{mypodinfo="podinfod"}', 'x{mypodinfo="podinfod"}'),
        ('x{podinfo="podinfo"}', 'x{podinfo="podinfo-primary"}'),
        ('x{podinfo =~ "podinfo"}', 'x{podinfo =~ "podinfo-primary"}'),
        ('x{podinfo!="y"}', 'x{podinfo!="y"}'),
        ("", ""),
    ],
)
def test_a_query_about_the_target_becomes_one_about_the_primary(query: str, result: str) -> None:
    assert primary_query(query, "podinfo") == result


@given(
    query=st.lists(
        st.sampled_from(["podinfo", "-canary", "-primary", "_", '"', "=", " ", "a", ",", "."])
    ).map("".join)
)
def test_a_query_about_the_primary_stays_one(query: str) -> None:
    once = primary_query(query, "podinfo")

    assert once == primary_query(once, "podinfo")


names_ = st.dictionaries(st.sampled_from(["x", "team"]), st.text("ab", max_size=2))


@given(
    spec=st.fixed_dictionaries(
        {},
        optional={
            "minReplicaCount": st.integers(0, 3),
            "triggers": st.lists(st.builds(trigger, st.none() | st.just(QUERY)), max_size=2),
            "advanced": st.just({"horizontalPodAutoscalerConfig": {"name": "h"}}),
            "unknown": st.none() | st.booleans(),
        },
    ),
    labels=names_,
    annotations=names_,
)
def test_kept_scaled_object_is_a_fixed_point(
    spec: Manifest, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    found = scaled_object({"labels": labels, "annotations": annotations}, **spec)
    canary = Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {"targetRef": {"kind": "Deployment", "name": "podinfo"}},
        }
    )
    names = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")
    built = KEDA.build_primary(found, canary, names)
    served = deepcopy(built)
    served["metadata"]["labels"] = {
        **labels,
        "scaledobject.keda.sh/name": "so-primary",
        "controller-uid": "u",
    }
    served["metadata"]["finalizers"] = ["finalizer.keda.sh"]
    served["status"] = {"hpaName": "x"}

    assert built == KEDA.keep(served)
    assert built == KEDA.keep(built)


@pytest.mark.parametrize(
    ("annotations", "paused", "value"),
    [
        pytest.param(None, True, "0", id="pause"),
        pytest.param({PAUSED_REPLICAS: "0"}, True, "kept", id="paused already"),
        pytest.param({PAUSED_REPLICAS: "3"}, True, "0", id="paused at another number"),
        pytest.param({PAUSED_REPLICAS: "0"}, False, None, id="resume"),
        pytest.param({"x": "y"}, False, "kept", id="runs already"),
        pytest.param({PAUSED_REPLICAS: "3"}, False, "kept", id="the user's own pause"),
    ],
)
def test_the_pause_is_one_annotation(annotations: Any, paused: bool, value: Any) -> None:
    found = scaled_object({"annotations": annotations})
    expected = {"metadata": {"annotations": {PAUSED_REPLICAS: value}}}

    assert KEDA.pause_patch(found, paused=paused) == (None if value == "kept" else expected)


@pytest.mark.parametrize(
    ("spec", "result"),
    [
        ({}, 1),
        ({"minReplicaCount": 0}, 1),
        ({"minReplicaCount": 1}, 1),
        ({"minReplicaCount": 4}, 4),
    ],
)
def test_a_run_starts_with_the_minimum(spec: Manifest, result: int) -> None:
    assert KEDA.min_replicas(scaled_object(**spec)) == result
    assert KEDA.min_replicas({**scaled_object(), "spec": None}) == 1


def test_the_maximum_is_what_the_scaler_says() -> None:
    assert KEDA.max_replicas(scaled_object(maxReplicaCount=7)) == 7
    assert KEDA.max_replicas({**scaled_object(), "spec": None}) is None
