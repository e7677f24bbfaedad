import json
from collections.abc import Callable
from copy import deepcopy

import pytest

from burgee.api.canary import Canary
from burgee.api.guards import FLUX_GUARDS, KUBECTL_LAST_APPLIED, ORIGINAL_ANNOTATION
from burgee.api.manifest import Manifest
from burgee.targets.borrow import (
    borrowed_fields,
    keep_service,
    original_of,
    ports_in_the_way,
    shows_borrowed,
)
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


def before(service: Manifest) -> Manifest:
    """A Service of a user that burgee has not touched yet; its ports leave the protocol open."""
    ports = [{"name": "web", "port": 80, "targetPort": 8080}]
    spec = {"type": "NodePort", "selector": {"app": "mine"}, "ports": ports}
    return {**service, "metadata": {"name": "podinfo", "namespace": "test"}, "spec": spec}


def test_only_selector_and_ports_of_a_users_service_are_set(apex: Manifest) -> None:
    borrowed = borrowed_fields(apex, before(apex))
    annotations = borrowed["metadata"].pop("annotations")

    assert borrowed == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {"selector": apex["spec"]["selector"], "ports": apex["spec"]["ports"]},
    }
    assert annotations.keys() - FLUX.keys() == {ORIGINAL_ANNOTATION}


def test_spec_of_a_users_route_is_set() -> None:
    borrowed = borrowed_fields({**ROUTE, "spec": {"hosts": ["new"]}}, ROUTE)

    assert borrowed["spec"] == {"hosts": ["new"]}
    assert json.loads(borrowed["metadata"]["annotations"][ORIGINAL_ANNOTATION]) == ROUTE["spec"]


def test_what_was_there_first_stays_on_record(apex: Manifest) -> None:
    first = borrowed_fields(apex, before(apex))
    again = borrowed_fields(apex, first)

    assert again == first


def test_a_borrowed_object_is_given_back_as_it_was(apex: Manifest) -> None:
    borrowed = borrowed_fields(apex, before(apex))

    assert original_of(borrowed) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {
            "selector": {"app": "mine"},
            "ports": [{"name": "web", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }


def test_what_kubectl_applied_last_comes_before_what_was_there_first() -> None:
    borrowed = borrowed_fields(ROUTE, ROUTE)
    applied = {**ROUTE, "spec": {"hosts": ["applied"]}}
    borrowed["metadata"]["annotations"][KUBECTL_LAST_APPLIED] = json.dumps(applied)
    given_back = original_of(borrowed)

    assert given_back is not None
    assert given_back["spec"] == {"hosts": ["applied"]}


@pytest.mark.parametrize(
    ("host", "record", "spec"),
    [
        pytest.param("r-canary", '{"hosts": ["mine"]}', {"hosts": ["mine"]}, id="Flagger's work"),
        pytest.param("mine", '{"hosts": ["old"]}', None, id="written anew since"),
        pytest.param("r-canary", "{", None, id="no record"),
    ],
)
def test_what_flagger_took_over_is_given_back_as_it_was_before(
    host: str, record: str, spec: Manifest | None
) -> None:
    taken = deepcopy(ROUTE)
    taken["spec"]["http"] = [{"route": [{"destination": {"host": host}}]}]
    taken["metadata"]["annotations"]["flagger.kubernetes.io/original-configuration"] = record

    given_back = original_of({**taken, **borrowed_fields(ROUTE, taken)})

    assert given_back is not None
    assert given_back["spec"] == (spec or taken["spec"])


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_without_a_record_nothing_is_given_back(text: str) -> None:
    found = deepcopy(ROUTE)
    found["metadata"]["annotations"] = {ORIGINAL_ANNOTATION: text, KUBECTL_LAST_APPLIED: text}

    assert original_of(found) is None


def test_users_service_shows_what_was_set_beside_its_own(apex: Manifest) -> None:
    observed = users_service(apex)
    observed["metadata"]["annotations"][ORIGINAL_ANNOTATION] = "{}"

    assert shows_borrowed(observed, borrowed_fields(apex, observed))


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

    assert not shows_borrowed(observed, borrowed_fields(apex, observed))


def test_users_route_shows_equal_rules_only() -> None:
    observed = deepcopy(ROUTE)
    observed["metadata"]["annotations"] = {**FLUX, ORIGINAL_ANNOTATION: "{}"}
    borrowed = borrowed_fields(ROUTE, observed)
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


def port(number: int, name: str = "", **fields: object) -> Manifest:
    return {"port": number, "protocol": "TCP", **({"name": name} if name else {}), **fields}


@pytest.mark.parametrize(
    ("seen", "wanted", "ports"),
    [
        pytest.param([port(80, "web")], [port(81, "http")], None, id="another name"),
        pytest.param([port(80)], [port(80, "http")], None, id="the same port"),
        pytest.param([port(80)], [port(81, "http")], [port(81, "http")], id="no name"),
        pytest.param(
            [port(80, "http"), port(9, "old")],
            [port(81, "http")],
            [port(81, "http"), port(9, "old")],
            id="the same name",
        ),
        pytest.param(
            [port(80, "http", nodePort=30000)],
            [port(81, "http")],
            [port(81, "http", nodePort=30000)],
            id="a node port goes by name",
        ),
        pytest.param(
            [port(80, "http", nodePort=30000), port(81, "web", nodePort=30001)],
            [port(81, "http")],
            [port(81, "http", nodePort=30001)],
            id="its own node port stays",
        ),
        pytest.param([port(80, "http")], [port(81)], [port(81)], id="none is to have a name"),
        pytest.param(
            [{"port": 80}], [port(80, "http"), port(81, "a")], None, id="protocol left open"
        ),
        pytest.param([port(80)], [], None, id="nothing wanted"),
    ],
)
def test_ports_that_stand_in_the_way_are_replaced(
    seen: list[Manifest], wanted: list[Manifest], ports: list[Manifest] | None
) -> None:
    found = ports_in_the_way(
        {"kind": "Service", "spec": {"ports": seen}},
        {"kind": "Service", "spec": {"ports": wanted}},
    )

    assert found == (None if ports is None else {"spec": {"ports": ports}})


def test_a_route_has_no_ports_in_the_way() -> None:
    assert ports_in_the_way(ROUTE, ROUTE) is None
