"""What no provider, or the one that is asked for, can do: refused with the field, nothing touched."""

import copy
from typing import Any

import pytest
from simulation import Manifest, Simulation, canary

HEADER = {"headers": {"x-canary": {"exact": "1"}}}


def analysis(**fields: Any) -> Manifest:
    return {**canary()["spec"]["analysis"], **fields}


def a_test(*match: Manifest) -> Manifest:
    return {"analysis": analysis(stepWeight=0, iterations=2, match=list(match))}


def affinity(**fields: str) -> Manifest:
    return {"analysis": analysis(sessionAffinity={"cookieName": "c", **fields})}


def service(**fields: Any) -> Manifest:
    return {"service": {"port": 80, **fields}}


CASES = [
    pytest.param("istio", a_test(HEADER, {}), "InvalidMatch", "analysis.match[1]", id="no test"),
    pytest.param(
        "istio", a_test({"headers": {}}), "InvalidMatch", "analysis.match[0]", id="empty headers"
    ),
    pytest.param(
        "nginx",
        a_test({"headers": {"x canary": {"exact": "1"}}}),
        "InvalidMatch",
        "analysis.match[0].headers.x canary",
        id="a name with a space",
    ),
    pytest.param(
        "traefik",
        a_test({"headers": {"x": {"exact": "1`) || Path(`/\n"}}}),
        "InvalidMatch",
        "analysis.match[0].headers.x",
        id="a value of two lines",
    ),
    pytest.param(
        "skipper",
        a_test({"queryParams": {"q\n": {"exact": "1"}}}),
        "InvalidMatch",
        "analysis.match[0].queryParams.q",
        id="a parameter of two lines",
    ),
    pytest.param(
        "istio",
        service(match=[{"withoutHeaders": {"a b": {}}}]),
        "InvalidMatch",
        "service.match[0].withoutHeaders.a b",
        id="a general condition",
    ),
    pytest.param(
        "gatewayapi:v1",
        {
            **service(gatewayRefs=[{"name": "g"}]),
            **a_test({"headers": {"a(b)": {"exact": "1"}}}),
        },
        "InvalidMatch",
        "analysis.match[0].headers.a(b)",
        id="a name that Gateway API does not take",
    ),
    pytest.param(
        "istio",
        {"analysis": analysis(mirror=True, mirrorWeight=130)},
        "InvalidSteps",
        "analysis.mirrorWeight",
        id="more copies than requests",
    ),
    pytest.param(
        "istio",
        affinity(primaryCookieName="c"),
        "InvalidCookie",
        "analysis.sessionAffinity.primaryCookieName",
        id="one cookie for both",
    ),
    pytest.param(
        "istio",
        affinity(cookieName="a b"),
        "InvalidCookie",
        "analysis.sessionAffinity.cookieName",
        id="space",
    ),
    pytest.param(
        "istio",
        affinity(cookieName=""),
        "InvalidCookie",
        "analysis.sessionAffinity.cookieName",
        id="no name",
    ),
    pytest.param(
        "istio",
        affinity(primaryCookieName="a;b"),
        "InvalidCookie",
        "analysis.sessionAffinity.primaryCookieName",
        id="semicolon",
    ),
    pytest.param(
        "istio",
        affinity(domain="a; Secure"),
        "InvalidCookie",
        "analysis.sessionAffinity.domain",
        id="domain",
    ),
    pytest.param(
        "istio",
        affinity(path="/\r\nX: y"),
        "InvalidCookie",
        "analysis.sessionAffinity.path",
        id="path",
    ),
]


@pytest.mark.parametrize(("provider", "spec", "reason", "field"), CASES)
def test_it_is_refused_with_the_field_before_anything_is_touched(
    provider: str, spec: Manifest, reason: str, field: str
) -> None:
    sim = Simulation(parent=canary(provider=provider, **spec))
    before = copy.deepcopy(sim.objects)

    sim.settle()

    accepted = sim.condition("Accepted")
    assert accepted is not None
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    assert f"spec.{field}" in accepted["message"]
    assert sim.objects == before
