"""Real data planes say of burgee's routes what their controllers would."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plane_programs import demand_program
from plane_yard import Yard

from burgee.api.manifest import Manifest
from burgee.playground.demo import analyses
from burgee.playground.demo.objects import APP, NAMESPACE
from burgee.routers.base import Weights
from burgee.routers.gateway.parents import all_parents_accept


@pytest.fixture
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    demand_program(request.param)
    with Yard(request.param, tmp_path) as made:
        yield made


def _read(yard: Yard, api_version: str, kind: str, name: str = APP) -> Manifest:
    return yard.store.get(yard.store.resource(api_version, kind), NAMESPACE, name)


def _by_type(conditions: list[dict[str, Any]]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in conditions}


@pytest.mark.parametrize("yard", ["gatewayapi:v1"], indirect=True)
def test_parents_accept_each_generation(yard: Yard) -> None:
    def route() -> Manifest:
        return _read(yard, "gateway.networking.k8s.io/v1", "HTTPRoute")

    for weight in (10, 50, 0):
        yard.route(Weights(primary=100 - weight, canary=weight))
        yard.until(
            lambda: all_parents_accept(route()) and route()["status"]["parents"], "accepted"
        )
        [parent] = route()["status"]["parents"]
        assert _by_type(parent["conditions"]) == {"Accepted": "True", "ResolvedRefs": "True"}
    gateway = _read(yard, "gateway.networking.k8s.io/v1", "Gateway", "public")
    assert _by_type(gateway["status"]["conditions"]) == {"Accepted": "True", "Programmed": "True"}
    assert [one["attachedRoutes"] for one in gateway["status"]["listeners"]] == [2]


@pytest.mark.parametrize("yard", ["gatewayapi:v1"], indirect=True)
def test_parents_do_not_accept_what_envoy_refuses(yard: Yard) -> None:
    broken = analyses.ab(yard.provider)
    broken["match"] = [{"headers": {"x-cohort": {"regex": "(unclosed"}}}]
    before = yard.plane.history()
    with pytest.raises(AssertionError, match="rules for"):
        yard.route(Weights(primary=0, canary=100), broken)
    route = _read(yard, "gateway.networking.k8s.io/v1", "HTTPRoute")
    [parent] = route["status"]["parents"]
    accepted = parent["conditions"][0]
    assert (accepted["status"], accepted["reason"]) == ("False", "Pending")
    assert yard.plane.history() == before
    assert yard.send(50).pods == {"shop-primary": 50}, "it goes on as before"
    yard.route(Weights())


@pytest.mark.parametrize("yard", ["contour"], indirect=True)
def test_proxies_are_valid(yard: Yard) -> None:
    def status(name: str) -> Manifest:
        found: Manifest = _read(yard, "projectcontour.io/v1", "HTTPProxy", name).get("status", {})
        return found

    yard.route(Weights(primary=50, canary=50))
    for name in (APP, f"{APP}-host", f"{APP}-preview"):
        yard.until(lambda n=name: status(n).get("currentStatus") == "valid", name)
    generation = _read(yard, "projectcontour.io/v1", "HTTPProxy")["metadata"]["generation"]
    yard.until(
        lambda: status(APP)["conditions"][0]["observedGeneration"] == generation, "the newest"
    )


@pytest.mark.parametrize("yard", ["nginx"], indirect=True)
def test_ingresses_have_an_address(yard: Yard) -> None:
    for name in (APP, f"{APP}-canary"):
        found = _read(yard, "networking.k8s.io/v1", "Ingress", name)
        assert found["status"]["loadBalancer"] == {"ingress": [{"ip": "127.0.0.1"}]}
