from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest
from burgee.targets.naming import Names
from burgee.targets.ports import service_ports
from burgee.targets.services import build_services, creation_patch

FLUX = dict(FLUX_GUARDS)


def containers(*ports: object, name: str = "app") -> Manifest:
    return {"containers": [{"name": name, "ports": list(ports)}]}


def port(number: Any, name: str | None = None) -> Manifest:
    return {"containerPort": number, **({"name": name} if name else {})}


def numbers(found: Manifest) -> list[tuple[str, int, Any]]:
    return [(it["name"], it["port"], it["targetPort"]) for it in found]


def test_services_select_primary_and_target_pods(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest]
) -> None:
    names = Names(target="podinfo", apex="www", selector_key="name", selector_value="web")
    built = build_services(make_canary({"port": 80, "name": "www"}), names, make_target(), {})

    assert [it["metadata"]["name"] for it in built.all()] == ["www", "www-primary", "www-canary"]
    assert built.apex["spec"]["selector"] == {"name": "web-primary"}
    assert built.primary["spec"]["selector"] == {"name": "web-primary"}
    assert built.canary["spec"]["selector"] == {"name": "web"}


def test_metadata_is_the_given_one_with_label_and_guards(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest], names: Names
) -> None:
    service = {
        "port": 80,
        "apex": {"labels": {"l": "1", "app": "mine"}, "annotations": {"a": "1"}},
        "canary": {},
    }
    built = build_services(make_canary(service), names, make_target(), {})

    assert built.apex["metadata"]["labels"] == {"l": "1", "app": "podinfo"}
    assert built.apex["metadata"]["annotations"] == {"a": "1", **FLUX}
    assert built.primary["metadata"] == {
        "name": "podinfo-primary",
        "namespace": "test",
        "labels": {"app": "podinfo-primary"},
        "annotations": FLUX,
    }
    assert built.canary["metadata"]["labels"] == {"app": "podinfo-canary"}


def test_new_services_are_headless_as_asked(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest], names: Names
) -> None:
    service = {"port": 80, "headless": True}
    built = build_services(make_canary(service), names, make_target(), {})

    assert {it["spec"]["clusterIP"] for it in built.all()} == {"None"}


@pytest.mark.parametrize(
    ("asked", "observed", "patch"),
    [
        pytest.param({}, {}, None, id="not asked for"),
        pytest.param(
            {"trafficDistribution": "PreferClose"},
            {},
            {"spec": {"trafficDistribution": "PreferClose"}},
            id="asked for",
        ),
        pytest.param(
            {"trafficDistribution": "PreferClose"},
            {"trafficDistribution": "PreferClose"},
            None,
            id="there already",
        ),
    ],
)
def test_distribution_is_patched_in_and_never_applied(
    make_canary: Callable[..., Canary],
    make_target: Callable[..., Manifest],
    names: Names,
    asked: Manifest,
    observed: Manifest,
    patch: Manifest | None,
) -> None:
    canary = make_canary({"port": 80, **asked})
    built = build_services(canary, names, make_target(), {})

    assert creation_patch(canary, {"spec": observed}) == patch
    assert all("trafficDistribution" not in it["spec"] for it in built.all())


@pytest.mark.parametrize(
    ("observed", "kept"),
    [
        pytest.param({}, {"type": "ClusterIP"}, id="nothing"),
        pytest.param({"clusterIP": "10.0.0.1"}, {"type": "ClusterIP"}, id="an address"),
        pytest.param(
            {"clusterIP": "None", "type": "ClusterIP"},
            {"type": "ClusterIP", "clusterIP": "None"},
            id="headless",
        ),
        pytest.param({"type": "LoadBalancer"}, {"type": "LoadBalancer"}, id="type of a person"),
    ],
)
def test_existing_service_keeps_what_is_decided_at_creation(
    make_canary: Callable[..., Canary],
    make_target: Callable[..., Manifest],
    names: Names,
    observed: Manifest | None,
    kept: set[str],
) -> None:
    canary = make_canary({"port": 80})
    built = build_services(canary, names, make_target(), {"podinfo": {"spec": observed}})
    spec = {k: v for k, v in built.apex["spec"].items() if k not in {"ports", "selector"}}

    assert spec == kept


@pytest.mark.parametrize("unset", [None, 0, "0", ""])
def test_target_port_is_the_port_where_it_is_unset(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest], unset: Any
) -> None:
    canary = make_canary({"port": 80, "targetPort": unset})

    assert service_ports(canary, make_target(), None) == [
        {"name": "http", "protocol": "TCP", "port": 80, "targetPort": 80}
    ]


def test_main_port_has_name_target_and_protocol_of_the_application(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest]
) -> None:
    service = {"port": 80, "portName": "grpc", "targetPort": "api", "appProtocol": "grpc"}

    assert service_ports(make_canary(service), make_target(), None) == [
        {
            "name": "grpc",
            "protocol": "TCP",
            "port": 80,
            "targetPort": "api",
            "appProtocol": "grpc",
        }
    ]


@pytest.mark.parametrize(
    ("service", "pod_spec", "discovered"),
    [
        pytest.param(
            {"port": 80},
            containers(port(80, "web"), port(81, "a"), port(82)),
            [("a", 81, 81), ("tcp-app-2", 82, 82)],
            id="all but the port itself",
        ),
        pytest.param(
            {"port": 80, "targetPort": 8080},
            containers(port(8080, "web"), port(81)),
            [("tcp-app-1", 81, 81)],
            id="all but the target port's number",
        ),
        pytest.param(
            {"port": 80, "targetPort": "web"},
            containers(port(8080, "web"), port(81, "b")),
            [("b", 81, 81)],
            id="all but the target port's name",
        ),
        pytest.param(
            {"port": 80, "targetPort": 8080},
            containers(port(80, "clash"), port(81, "http"), port(81, "again")),
            [("tcp-app-1", 81, 81)],
            id="no number or name twice",
        ),
        pytest.param(
            {"port": 80}, containers(port(1), name="istio-proxy"), [], id="istio sidecar"
        ),
        pytest.param({"port": 80}, containers(port(1), name="envoy"), [], id="envoy sidecar"),
        pytest.param({"port": 80}, {"containers": [{"name": "a"}]}, [], id="no ports"),
    ],
)
def test_container_ports_are_discovered(
    make_canary: Callable[..., Canary],
    make_target: Callable[..., Manifest],
    service: Manifest,
    pod_spec: Manifest,
    discovered: Any,
) -> None:
    canary = make_canary({**service, "portDiscovery": True})

    assert numbers(service_ports(canary, make_target(pod_spec), None)[1:]) == discovered
    assert len(service_ports(make_canary(service), make_target(pod_spec), None)) == 1


def test_nothing_is_discovered_on_a_bare_target(make_canary: Callable[..., Canary]) -> None:
    assert len(service_ports(make_canary({"port": 80, "portDiscovery": True}), {}, None)) == 1


def test_node_ports_are_kept_by_port_name(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest]
) -> None:
    canary = make_canary({"port": 80, "portDiscovery": True})
    target = make_target(containers(port(81, "a"), port(82, "b")))
    observed = {
        "spec": {
            "ports": [
                {"name": "http", "port": 8000, "nodePort": 30000},
                {"name": "b", "port": 82, "nodePort": 30002},
                {"port": 9, "nodePort": 30009},
                {"name": "a", "port": 81},
            ]
        }
    }
    found = service_ports(canary, target, observed)

    assert [it.get("nodePort") for it in found] == [30000, None, 30002]


port_lists = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.integers(1, 6)},
        optional={"name": st.sampled_from(["http", "a", "tcp-app-1"])},
    ),
    max_size=6,
)


@given(ports=port_lists, target_port=st.sampled_from([None, 1, 3, "a", "http"]))
def test_discovered_ports_make_a_valid_service(ports: list[Manifest], target_port: Any) -> None:
    from burgee.api.canary import Canary

    canary = Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
                "service": {"port": 2, "targetPort": target_port, "portDiscovery": True},
            },
        }
    )
    target = {"spec": {"template": {"spec": containers(*ports)}}}
    before = deepcopy(target)
    found = service_ports(canary, target, None)

    assert before == target
    assert len({it["port"] for it in found}) == len(found)
    assert len({it["name"] for it in found}) == len(found)
