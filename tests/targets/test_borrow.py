from collections.abc import Callable
from copy import deepcopy

import pytest

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS
from burgee.api.manifest import Manifest
from burgee.targets.borrow import borrowed_fields, keep_service, shows_borrowed
from burgee.targets.naming import Names
from burgee.targets.services import build_services

FLUX = dict(FLUX_GUARDS)
ROUTE: Manifest = {
    "apiVersion": "networking.istio.io/v1beta1",
    "kind": "VirtualService",
    "metadata": {
        "name": "r",
        "namespace": "test",
        "labels": {"l": "1"},
        "annotations": {"a": "1"},
    },
    "spec": {"hosts": ["r"], "http": [{"route": []}]},
}


@pytest.fixture
def apex(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest], names: Names
) -> Manifest:
    service = {"port": 80, "apex": {"labels": {"l": "1"}, "annotations": {"a": "1"}}}
    return build_services(make_canary(service), names, make_target(), {}).apex


def users_service(apex: Manifest) -> Manifest:
    found = deepcopy(apex)
    found["metadata"] |= {"labels": {"mine": "1"}, "annotations": {"keep": "me", **FLUX}}
    found["spec"]["type"] = "NodePort"
    own = {"name": "old", "protocol": "TCP", "port": 9, "targetPort": 9}
    found["spec"]["ports"] = [own, {**apex["spec"]["ports"][0], "nodePort": 30000}]
    return found


def test_only_selector_and_ports_of_a_users_service_are_set(apex: Manifest) -> None:
    assert borrowed_fields(apex) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test", "annotations": FLUX},
        "spec": {"selector": apex["spec"]["selector"], "ports": apex["spec"]["ports"]},
    }


def test_spec_of_a_users_route_is_set() -> None:
    borrowed = borrowed_fields(ROUTE)

    assert borrowed["spec"] == ROUTE["spec"]
    assert borrowed["metadata"] == {"name": "r", "namespace": "test", "annotations": FLUX}


def test_users_service_shows_what_was_set_beside_its_own(apex: Manifest) -> None:
    assert shows_borrowed(users_service(apex), borrowed_fields(apex))


@pytest.mark.parametrize(
    ("spec", "annotations"),
    [
        pytest.param({"selector": {"app": "podinfo"}}, FLUX, id="other selector"),
        pytest.param({"ports": []}, FLUX, id="no ports"),
        pytest.param({"ports": None}, FLUX, id="ports missing"),
        pytest.param({}, {}, id="no guards"),
    ],
)
def test_users_service_does_not_show_what_is_not_set(
    apex: Manifest, spec: Manifest, annotations: dict[str, str]
) -> None:
    observed = users_service(apex)
    observed["spec"] |= spec
    observed["metadata"]["annotations"] = annotations

    assert not shows_borrowed(observed, borrowed_fields(apex))


def test_users_route_shows_equal_rules_only() -> None:
    observed = deepcopy(ROUTE)
    observed["metadata"]["annotations"] = FLUX
    borrowed = borrowed_fields(ROUTE)
    assert shows_borrowed(observed, borrowed)

    observed["spec"]["http"].append({})
    assert not shows_borrowed(observed, borrowed)


def test_kept_service_is_as_observed_but_for_what_the_server_writes(apex: Manifest) -> None:
    observed = deepcopy(apex)
    observed["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    observed["metadata"]["labels"]["controller-uid"] = "u"
    observed["spec"] |= {"clusterIP": "10.0.0.1", "sessionAffinity": "None"}
    kept = keep_service(observed)

    assert kept["metadata"] == apex["metadata"]
    assert kept["spec"] == apex["spec"]


def test_kept_headless_service_stays_headless(apex: Manifest) -> None:
    observed = deepcopy(apex)
    observed["spec"] |= {"clusterIP": "None"}

    assert keep_service(observed)["spec"] == {**apex["spec"], "clusterIP": "None"}


def test_kept_service_without_metadata_has_none() -> None:
    kept = keep_service({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}})

    assert kept["metadata"] == {"name": "s", "namespace": ""}
    assert kept["spec"] == {}
