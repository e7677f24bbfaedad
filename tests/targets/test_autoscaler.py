from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.targets.autoscaler import HpaScaler, build_primary_hpa, keep_hpa
from burgee.targets.deployment import starting_replicas
from burgee.targets.naming import Names

SCALED = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"}


def hpa(*, labels: Any = None, **spec: object) -> Manifest:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": "scaler",
            "namespace": "test",
            "annotations": {"a": "b"},
            **({"labels": labels} if labels else {}),
        },
        "spec": {"scaleTargetRef": SCALED, "maxReplicas": 4, **spec},
        "status": {"currentReplicas": 1},
    }


def replicas(count: Any) -> Manifest:
    return {"spec": {"replicas": count}}


def scaled_canary(make_canary: Callable[..., Canary], **bounds: object) -> Canary:
    reference = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "name": "scaler",
    }
    if bounds:
        reference["primaryScalerReplicas"] = bounds
    return make_canary(autoscalerRef=reference)


def test_copy_scales_the_primary_and_keeps_labels_only(
    make_canary: Callable[..., Canary], names: Names
) -> None:
    found = hpa(labels={"team": "a", "helm.toolkit.fluxcd.io/name": "x"}, behavior={"b": 1})
    before = deepcopy(found)
    built = build_primary_hpa(found, scaled_canary(make_canary), names)

    assert before == found
    assert built == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler-primary", "namespace": "test", "labels": {"team": "a"}},
        "spec": {
            "scaleTargetRef": {**SCALED, "name": "podinfo-primary"},
            "maxReplicas": 4,
            "behavior": {"b": 1},
        },
    }


@pytest.mark.parametrize(
    ("bounds", "result"),
    [
        ({}, (2, 4)),
        ({"minReplicas": 3}, (3, 4)),
        ({"maxReplicas": 9}, (2, 9)),
        ({"minReplicas": 3, "maxReplicas": 9}, (3, 9)),
    ],
)
def test_bounds_of_the_canary_replace_the_copied_ones(
    make_canary: Callable[..., Canary], names: Names, bounds: Any, result: Any
) -> None:
    built = build_primary_hpa(hpa(minReplicas=2), scaled_canary(make_canary, **bounds), names)

    assert (built["spec"]["minReplicas"], built["spec"]["maxReplicas"]) == result


def test_autoscaler_is_copied_without_a_reference_to_it(
    make_canary: Callable[..., Canary], names: Names
) -> None:
    assert build_primary_hpa(hpa(), make_canary(), names)["spec"]["maxReplicas"] == 4


def test_kept_autoscaler_has_what_was_edited(
    make_canary: Callable[..., Canary], names: Names
) -> None:
    built = build_primary_hpa(hpa(), scaled_canary(make_canary), names)
    edited = deepcopy(built)
    edited["spec"]["maxReplicas"] = 9
    edited["metadata"]["labels"] = {"controller-uid": "u"}

    assert keep_hpa(edited) == {**built, "spec": {**built["spec"], "maxReplicas": 9}}


@pytest.mark.parametrize(
    ("target", "primary", "scaler", "result"),
    [
        pytest.param(replicas(5), replicas(2), None, 5, id="runs already"),
        pytest.param(replicas(0), replicas(3), None, 3, id="as the primary"),
        pytest.param(replicas(0), replicas(0), None, 1, id="primary at zero"),
        pytest.param(replicas(0), {"spec": {}}, None, 1, id="primary says nothing"),
        pytest.param(replicas(0), None, None, 1, id="no primary"),
        pytest.param(replicas(0), replicas(3), hpa(minReplicas=2), 2, id="autoscaler's minimum"),
        pytest.param(replicas(0), replicas(3), hpa(minReplicas=0), 1, id="minimum of zero"),
        pytest.param(replicas(0), replicas(3), hpa(), 1, id="no minimum"),
        pytest.param(replicas(5), replicas(3), hpa(minReplicas=2), 5, id="runs, with autoscaler"),
    ],
)
def test_replicas_at_the_start_of_a_run(
    target: Manifest, primary: Any, scaler: Any, result: Any
) -> None:
    minimum = HpaScaler().min_replicas(scaler) if scaler else None

    assert starting_replicas(target, primary, minimum) == result
