"""What providers' controllers say in a status, in one form for people."""

from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.trouble import trouble_of

CANARY = Canary.model_validate(
    {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {
            "targetRef": {"kind": "Deployment", "name": "podinfo"},
            "service": {"port": 80, "gatewayRefs": [{"name": "gw"}]},
        },
    }
)
OLD = {"observedGeneration": 1}
REFUSED = {"type": "Accepted", "status": "False", "reason": "NoMatchingParent"}


def found(api_version: str, kind: str, **status: Any) -> Manifest:
    head = {"name": "podinfo", "namespace": "test", "generation": 2}
    return {"apiVersion": api_version, "kind": kind, "metadata": head, "status": status}


def proxy(**status: Any) -> Manifest:
    return found("projectcontour.io/v1", "HTTPProxy", **status)


def route(ref: Manifest, *conditions: Manifest) -> Manifest:
    parents = [{"parentRef": ref, "conditions": list(conditions)}]
    return found("gateway.networking.k8s.io/v1", "HTTPRoute", parents=parents)


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        pytest.param(proxy(), "", id="nothing said"),
        pytest.param(proxy(currentStatus="valid"), "", id="valid"),
        pytest.param(proxy(currentStatus="invalid"), "HTTPProxy podinfo: invalid", id="no reason"),
        pytest.param(
            proxy(currentStatus="invalid", description="two mirrors"),
            "HTTPProxy podinfo: invalid: two mirrors",
            id="description",
        ),
        pytest.param(
            proxy(currentStatus="invalid", conditions=[{"type": "Valid", **OLD}]),
            "",
            id="of an older proxy",
        ),
        pytest.param(
            route({"name": "gw"}, REFUSED),
            "spec.service.gatewayRefs[0] (Gateway test/gw): Accepted is False (NoMatchingParent)",
            id="parent in short",
        ),
        pytest.param(
            route({"name": "other", "namespace": "b"}, REFUSED),
            "spec.service.gatewayRefs (Gateway b/other): Accepted is False (NoMatchingParent)",
            id="a parent that nobody names",
        ),
        pytest.param(
            found(
                "apisix.apache.org/v2",
                "ApisixRoute",
                conditions=[{"type": "ResourcesAvailable", "status": "False", "message": "no"}],
            ),
            "ApisixRoute podinfo: ResourcesAvailable is False: no",
            id="APISIX",
        ),
        pytest.param(
            found(
                "serving.knative.dev/v1",
                "Service",
                conditions=[{"type": "RoutesReady", "status": "Unknown"}],
            ),
            "",
            id="not decided yet",
        ),
        pytest.param(
            found(
                "networking.istio.io/v1beta1",
                "VirtualService",
                conditions=[{"type": "Reconciled", "status": "False"}],
            ),
            "",
            id="a condition that says nothing of the route",
        ),
        pytest.param(
            found("gateway.solo.io/v1", "RouteTable", state=2, reason="no upstream"),
            "RouteTable podinfo: no upstream",
            id="an older Gloo",
        ),
    ],
)
def test_what_is_said_of_a_route(manifest: Manifest, text: str) -> None:
    assert trouble_of(manifest, CANARY) == text
