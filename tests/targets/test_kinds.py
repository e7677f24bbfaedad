"""Which kinds can be released and scaled, and what a Deployment is among them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.naming import Names
from burgee.targets.readiness import Ready
from burgee.targets.scaler import scaler_of
from burgee.targets.scaling import Replicas
from burgee.targets.workload import kind_of

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def reference(api_version: str, kind: str) -> ObjectRef:
    return ObjectRef(api_version=api_version, kind=kind, name="podinfo")


@pytest.mark.parametrize(
    ("api_version", "kind", "resource"),
    [
        ("apps/v1", "Deployment", "deployments"),
        ("", "Deployment", "deployments"),
        ("apps/v1", "DaemonSet", "daemonsets"),
        ("v1", "Service", "services"),
        ("", "Service", "services"),
        ("core/v1", "Service", "services"),
        ("apps/v1", "Service", "services"),
        ("serving.knative.dev/v1", "Service", "services"),
    ],
)
def test_what_can_be_released(api_version: str, kind: str, resource: str) -> None:
    found = kind_of(reference(api_version, kind))

    assert (found.kind, found.resource) == (kind, resource)
    assert found.scalable is (kind == "Deployment")
    assert found.owns_apex is (kind != "Service")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("apps/v1", "StatefulSet"), ("elsewhere.test/v1", "Service"), ("", "")],
)
def test_what_cannot_be_released(api_version: str, kind: str) -> None:
    with pytest.raises(InvalidCanary, match="supported: DaemonSet, Deployment, Service") as caught:
        kind_of(reference(api_version, kind))

    assert caught.value.reason == "UnsupportedTarget"


@pytest.mark.parametrize(
    ("kind", "resource", "api_version", "listed"),
    [
        ("HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling/v2", True),
        ("ScaledObject", "scaledobjects", "keda.sh/v1alpha1", False),
    ],
)
def test_what_can_scale(kind: str, resource: str, api_version: str, listed: bool) -> None:
    found = scaler_of(reference("any/v0", kind))

    assert (found.kind, found.resource, found.api_version) == (kind, resource, api_version)
    assert found.listed is listed
    assert found.primary_name("so") == "so-primary"


def test_what_cannot_scale() -> None:
    with pytest.raises(InvalidCanary, match="HorizontalPodAutoscaler, ScaledObject") as caught:
        scaler_of(reference("", "VerticalPodAutoscaler"))

    assert caught.value.reason == "UnsupportedScaler"


def test_an_autoscaler_pauses_by_itself() -> None:
    scaler = scaler_of(reference("", "HorizontalPodAutoscaler"))

    assert scaler.pause_patch({}, paused=True) is None


@pytest.mark.parametrize(
    ("replicas", "down", "back"),
    [
        pytest.param(0, None, Replicas(count=3), id="at zero"),
        pytest.param(2, Replicas(count=0), None, id="running"),
        pytest.param(None, Replicas(count=0), None, id="unset is one"),
    ],
)
def test_a_deployment_is_scaled_by_its_replicas(
    make_target: Callable[..., Manifest], replicas: Any, down: Any, back: Any
) -> None:
    kind = kind_of(reference("apps/v1", "Deployment"))
    target = make_target(replicas=replicas)

    assert kind.scale_to_zero(target) == down
    assert kind.scale_from_zero(target, None, 3) == back
    assert kind.is_scaled_to_zero(target) is (replicas == 0)
    assert kind.replicas(target) == (1 if replicas is None else replicas)


def test_a_deployment_is_ready_by_its_own_times(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest], names: Names
) -> None:
    kind = kind_of(reference("apps/v1", "Deployment"))
    target = make_target(replicas=0)
    kind.check(target)

    found = kind.readiness(
        target, threshold_percent=100, deadline_seconds=1, now=NOW, since=NOW.replace(year=2020)
    )
    assert found == Ready()
    assert kind.names(make_canary(), target, EngineSettings()) == names
    assert kind.primary_key(names) == ("Deployment", "podinfo-primary")
