"""What Metacontroller is told to watch."""

from typing import Any

import pytest
from simulation import canary, daemonset, deployment, service

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.engine.reading.related import related_rules

SERVICES = ["podinfo", "podinfo-primary", "podinfo-canary"]


def watched(
    target: Manifest | None = None, settings: EngineSettings | None = None, **spec: Any
) -> dict[tuple[str, str], list[str]]:
    """Names by (apiVersion, resource), each of the Canary's namespace and asked for once."""
    parsed = Canary.model_validate(canary(**spec))
    rules = related_rules(parsed, target, settings or EngineSettings())
    found = {
        (rule["apiVersion"], rule["resource"]): rule["names"]
        for rule in rules
        if rule["namespace"] == "test"
    }
    assert len(found) == len(rules)
    return found


def reference(api_version: str, kind: str, name: str = "podinfo") -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "name": name}


def test_a_deployment_on_istio() -> None:
    assert watched() == {
        ("apps/v1", "deployments"): ["podinfo"],
        ("v1", "services"): SERVICES,
        ("networking.istio.io/v1beta1", "virtualservices"): ["podinfo"],
        ("networking.istio.io/v1beta1", "destinationrules"): ["podinfo-canary", "podinfo-primary"],
    }


def test_a_daemonset_behind_services_alone() -> None:
    found = watched(targetRef=reference("apps/v1", "DaemonSet"), provider="kubernetes")

    assert found == {("apps/v1", "daemonsets"): ["podinfo"], ("v1", "services"): SERVICES}


@pytest.mark.parametrize(
    ("apex", "names"),
    [
        pytest.param("", SERVICES, id="target and apex in one"),
        pytest.param("www", ["www", "www-primary", "www-canary", "podinfo"], id="another apex"),
    ],
)
def test_a_service_is_watched_once(apex: str, names: list[str]) -> None:
    found = watched(
        service(),
        targetRef=reference("v1", "Service"),
        provider="kubernetes",
        service={"port": 80, "name": apex},
    )

    assert found == {("v1", "services"): names}


@pytest.mark.parametrize(
    ("api_version", "kind", "resource", "names"),
    [
        ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", ["so"]),
        ("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", ["so", "so-primary"]),
    ],
)
def test_a_scaler_and_its_copy_where_that_is_no_listed_child(
    api_version: str, kind: str, resource: str, names: list[str]
) -> None:
    found = watched(autoscalerRef=reference("any/v1", kind, "so"))

    assert found[api_version, resource] == names


def test_configs_of_the_pods_and_templates_of_the_checks() -> None:
    sources = [{"configMapRef": {"name": "b"}}, {"secretRef": {"name": "s"}}]
    volumes = [{"name": "v", "configMap": {"name": "a"}}]
    containers = [{"name": "app", "image": "app:1", "envFrom": sources}]
    checks = [{"name": "q", "templateRef": {"name": "rate"}}, {"name": "request-duration"}]
    plan = {"interval": "10s", "stepWeight": 10, "metrics": checks}
    pod = {"volumes": volumes, "containers": containers}

    for target, kind in ((deployment(**pod), "Deployment"), (daemonset(), "DaemonSet")):
        found = watched(target, targetRef=reference("apps/v1", kind), analysis=plan)
        assert found["flagger.app/v1beta1", "metrictemplates"] == ["rate"]
        if kind == "Deployment":
            assert found["v1", "configmaps"] == ["a", "b"]
            assert found["v1", "secrets"] == ["s"]
        else:
            assert not {("v1", "configmaps"), ("v1", "secrets")} & found.keys()
    untracked = watched(deployment(**pod), EngineSettings(config_tracking=False))
    assert ("v1", "configmaps") not in untracked


def test_a_template_of_another_namespace_is_watched_there() -> None:
    check = {"name": "q", "templateRef": {"name": "rate", "namespace": "shared"}}
    plan = {"interval": "10s", "stepWeight": 10, "metrics": [check]}
    parsed = Canary.model_validate(canary(analysis=plan))

    rules = related_rules(parsed, None, EngineSettings())

    assert {
        "apiVersion": "flagger.app/v1beta1",
        "resource": "metrictemplates",
        "namespace": "shared",
        "names": ["rate"],
    } in rules


@pytest.mark.parametrize(("alone", "names"), [(False, ["a", "b"]), (True, ["a"])])
def test_receivers_of_alerts(alone: bool, names: list[str]) -> None:
    alerts = [
        {"name": "1", "providerRef": {"name": "a"}},
        {"name": "2", "providerRef": {"name": "b", "namespace": "shared"}},
        {"name": "3", "providerRef": {"name": "a", "namespace": "test"}},
    ]
    plan = {"interval": "10s", "stepWeight": 10, "alerts": alerts}
    parsed = Canary.model_validate(canary(analysis=plan))

    rules = related_rules(parsed, None, EngineSettings(no_cross_namespace_refs=alone))

    found = [r["names"] for r in rules if r["resource"] == "alertproviders"]
    assert sorted(name for each in found for name in each) == names


def test_what_is_not_supported_is_not_watched() -> None:
    found = watched(
        deployment(volumes=[{"name": "v", "configMap": {"name": "a"}}]),
        targetRef=reference("apps/v1", "StatefulSet"),
        autoscalerRef=reference("v1", "Other"),
        provider="carrier-pigeon",
    )

    assert found == {("v1", "services"): SERVICES}
