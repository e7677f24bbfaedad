"""The CompositeController keeps to what Metacontroller demands and burgee relies on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOOKS = ("sync", "finalize", "customize")
LISTED = [
    ("apps/v1", "deployments"),
    ("apps/v1", "daemonsets"),
    ("apps/v1", "statefulsets"),
    ("autoscaling/v2", "horizontalpodautoscalers"),
    ("v1", "services"),
    ("v1", "configmaps"),
    ("v1", "secrets"),
    ("networking.k8s.io/v1", "ingresses"),
]

Objects = list[dict[str, Any]]
Render = Callable[[Path], Objects]


def only(objects: Objects, kind: str, name: str | None = None) -> dict[str, Any]:
    (found,) = [
        m for m in objects if m["kind"] == kind and (name is None or m["metadata"]["name"] == name)
    ]
    return found


@pytest.fixture
def local(kustomize: Render, repository: Path) -> dict[str, Any]:
    return only(kustomize(repository / "manifests" / "local"), "CompositeController")


@pytest.fixture
def controller(installation: Objects) -> dict[str, Any]:
    return only(installation, "CompositeController")


def test_canaries_are_the_parents_and_selectors_are_generated(controller: dict[str, Any]) -> None:
    assert controller["metadata"]["name"] == "burgee"
    assert controller["spec"]["parentResource"] == {
        "apiVersion": "flagger.app/v1beta1",
        "resource": "canaries",
    }
    assert controller["spec"]["generateSelector"] is True
    assert controller["spec"]["resyncPeriodSeconds"] == 30


def test_only_kinds_of_every_cluster_are_listed_and_updated_in_place(
    controller: dict[str, Any],
) -> None:
    children = controller["spec"]["childResources"]

    assert [(child["apiVersion"], child["resource"]) for child in children] == LISTED
    assert all(child["updateStrategy"] == {"method": "InPlace"} for child in children)


def test_no_hook_is_known_that_metacontroller_never_calls(controller: dict[str, Any]) -> None:
    assert set(HOOKS) == set(controller["spec"]["hooks"])


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_called_as_v2_with_the_token_through_the_service(
    controller: dict[str, Any], hook: str
) -> None:
    assert controller["spec"]["hooks"][hook] == {
        "version": "v2",
        "webhook": {
            "service": {"name": "burgee-hooks", "namespace": "burgee-system", "port": 80},
            "path": f"/{hook}",
            "timeout": "10s",
            "authorization": {
                "type": "Bearer",
                "secretRef": {
                    "name": "burgee-hook-token",
                    "namespace": "burgee-system",
                    "key": "token",
                },
            },
        },
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_on_a_developers_machine_a_hook_is_called_by_address_without_a_token(
    local: dict[str, Any], hook: str
) -> None:
    assert local["spec"]["hooks"][hook] == {
        "version": "v2",
        "webhook": {"url": f"http://127.0.0.1:8080/{hook}", "timeout": "10s"},
    }


def test_on_a_developers_machine_all_else_is_as_in_a_cluster(
    local: dict[str, Any], controller: dict[str, Any]
) -> None:
    assert local["metadata"] == controller["metadata"]
    assert {**local["spec"], "hooks": None} == {**controller["spec"], "hooks": None}


def test_only_our_metacontroller_takes_it_on(
    installation: Objects, controller: dict[str, Any]
) -> None:
    pod = only(installation, "StatefulSet")["spec"]["template"]["spec"]
    arguments = dict(a.lstrip("-").split("=", 1) for a in pod["containers"][0]["args"])

    key, value = arguments["target-label-selector"].split("=")
    assert controller["metadata"]["labels"][key] == value
    assert arguments["apply-strategy"] == "server-side-apply"
    assert float(arguments["client-go-qps"]) >= 50
    assert float(arguments["client-go-burst"]) >= float(arguments["client-go-qps"])
    assert int(arguments["workers"]) > 5


def test_the_service_leads_to_the_hook_server(installation: Objects) -> None:
    service = only(installation, "Service", "burgee-hooks")
    template = only(installation, "Deployment")["spec"]["template"]
    (port,) = service["spec"]["ports"]
    container_ports = {p["name"]: p for p in template["spec"]["containers"][0]["ports"]}

    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert port["port"] == 80
    assert container_ports[port["targetPort"]]["containerPort"] == 8080


def test_both_sides_read_the_token_from_one_secret(
    installation: Objects, controller: dict[str, Any]
) -> None:
    pod = only(installation, "Deployment")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    (volume,) = [v for v in pod["volumes"] if "secret" in v]
    reference = controller["spec"]["hooks"]["sync"]["webhook"]["authorization"]["secretRef"]
    (item,) = volume["secret"]["items"]
    environment = {e["name"]: e["value"] for e in container["env"]}

    assert volume["secret"]["secretName"] == reference["name"]
    assert item["key"] == reference["key"]
    path = f"{mounts[volume['name']]['mountPath']}/{item['path']}"
    assert environment["BURGEE_TOKEN_FILE"] == path
    assert mounts[volume["name"]]["readOnly"] is True


def test_only_our_metacontroller_and_scrapers_reach_the_hooks(installation: Objects) -> None:
    policy = only(installation, "NetworkPolicy", "burgee-hooks")["spec"]
    metacontroller = only(installation, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    hooks = only(installation, "Deployment")["spec"]["template"]["metadata"]["labels"]
    (rule,) = policy["ingress"]

    assert policy["podSelector"]["matchLabels"].items() <= hooks.items()
    assert policy["policyTypes"] == ["Ingress"]
    assert [port["port"] for port in rule["ports"]] == [8080]
    assert len(rule["from"]) == 2
    caller, scraper = rule["from"]
    assert set(caller) == {"podSelector"}
    assert caller["podSelector"]["matchLabels"].items() <= metacontroller.items()
    assert not caller["podSelector"]["matchLabels"].items() <= hooks.items()
    assert scraper == {"namespaceSelector": {"matchLabels": {"burgee.dev/scrape": "true"}}}


def test_a_disruption_leaves_a_hook_server_running(installation: Objects) -> None:
    budget = only(installation, "PodDisruptionBudget")["spec"]
    deployment = only(installation, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]

    assert budget["selector"]["matchLabels"].items() <= labels.items()
    assert deployment["replicas"] - budget["maxUnavailable"] == 1
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_stopping_pod_has_time_for_its_last_call(
    installation: Objects, controller: dict[str, Any]
) -> None:
    pod = only(installation, "Deployment")["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    timeout = controller["spec"]["hooks"]["sync"]["webhook"]["timeout"]

    assert pause[0] == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(pause[1]) + 2 * int(timeout.rstrip("s"))
