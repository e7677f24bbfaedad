"""What is asked for and has no effect: told in a condition and once in an event, and no more."""

from typing import Any

import pytest
from simulation import Manifest, Simulation, analysis, canary

from burgee.api.canary import Canary
from burgee.routers.base import Advising
from burgee.routers.registry import router_of

HEADER = {"headers": {"x-canary": {"exact": "1"}}}
GATEWAY = {"gatewayRefs": [{"name": "gw"}]}


def service(**fields: Any) -> Manifest:
    return {"service": {"port": 9898, **fields}}


def honoured(sim: Simulation) -> str:
    found = sim.condition("Honoured")
    if found is None:
        return ""
    assert (found["status"], found["reason"]) == ("False", "NoEffect")
    return str(found["message"])


@pytest.mark.parametrize(
    ("provider", "spec", "text"),
    [
        pytest.param("istio", service(timeout="5s", hosts=["a.test"]), "", id="all of it"),
        pytest.param(
            "traefik",
            service(timeout="5s", retries={"attempts": 3}),
            "spec.service.retries has no effect with provider traefik; "
            "spec.service.timeout has no effect with provider traefik",
            id="ignored",
        ),
        pytest.param("traefik", service(timeout="", hosts=[]), "", id="empty"),
        pytest.param(
            "istio",
            service(gatewayRefs=[{"name": "gw"}]),
            "spec.service.gatewayRefs has no effect with provider istio",
            id="of another provider",
        ),
        pytest.param(
            "contour",
            service(match=[{"uri": {"prefix": "/a"}}]),
            "",
            id="all that counts",
        ),
        pytest.param(
            "contour",
            service(match=[{"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}}]),
            "of spec.service.match only uri.prefix of the first has an effect with provider contour",
            id="more conditions than count",
        ),
        pytest.param(
            "contour",
            service(match=[{"uri": {"exact": "/a"}}]),
            "of spec.service.match only uri.prefix of the first has an effect",
            id="a condition that does not count",
        ),
        pytest.param(
            "linkerd",
            service(hosts=["a", "b"]),
            "of spec.service.hosts only the first has an effect with provider linkerd",
            id="more hosts than count",
        ),
        pytest.param(
            "istio",
            {
                **service(appProtocol="TCP", timeout="5s", match=[{"port": 80, "method": {}}]),
                "analysis": analysis(sessionAffinity={"cookieName": "c"}),
            },
            "spec.analysis.sessionAffinity has no effect with TCP; "
            "spec.service.timeout has no effect with TCP",
            id="of requests",
        ),
        pytest.param(
            "istio",
            service(appProtocol="tcp", match=[{"port": 80, "uri": {"prefix": "/a"}}]),
            "of spec.service.match only port has an effect with TCP",
            id="conditions on requests",
        ),
        pytest.param(
            "istio",
            {"analysis": analysis(mirrorWeight=20)},
            "spec.analysis.mirrorWeight has no effect without spec.analysis.mirror",
            id="a share of no copies",
        ),
        pytest.param(
            "gatewayapi:v1beta1",
            {**service(**GATEWAY), "analysis": analysis(mirror=True, mirrorWeight=20)},
            "spec.analysis.mirrorWeight has no effect with provider gatewayapi:v1beta1: all",
            id="copies of all",
        ),
        pytest.param(
            "gatewayapi:v1",
            {**service(**GATEWAY), "analysis": analysis(mirror=True, mirrorWeight=20)},
            "",
            id="copies of a share",
        ),
        pytest.param(
            "istio",
            {
                "analysis": analysis(
                    stepWeight=0,
                    iterations=2,
                    match=[HEADER],
                    mirror=True,
                    sessionAffinity={"cookieName": "c"},
                )
            },
            "spec.analysis.mirror has no effect in an A/B test; "
            "spec.analysis.sessionAffinity has no effect in an A/B test",
            id="a test has no copies and no cookies",
        ),
        pytest.param(
            "kubernetes",
            {"analysis": analysis(stepWeight=0, iterations=2, match=[HEADER], mirror=True)},
            "spec.analysis.match has no effect with provider kubernetes; "
            "spec.analysis.mirror has no effect with provider kubernetes",
            id="Services alone",
        ),
        pytest.param(
            "kubernetes",
            {"skipAnalysis": True, "analysis": analysis(match=[HEADER])},
            "",
            id="no analysis",
        ),
    ],
)
def test_what_has_no_effect_is_told(provider: str, spec: Manifest, text: str) -> None:
    sim = Simulation(parent=canary(provider=provider, **spec))

    sim.sync()
    sim.sync()

    assert sim.phase in {"Initializing", "Initialized"}
    assert sim.condition("Accepted") is None
    assert text in honoured(sim)
    assert bool(text) is bool(honoured(sim))
    warnings = [event.message for event in sim.events if event.type == "Warning"]
    assert warnings == ([honoured(sim)] if text else [])


def test_it_is_taken_back_with_the_field_and_holds_no_release() -> None:
    sim = Simulation(parent=canary(**service(backends=["a"])))
    sim.settle()
    sim.set_image("app:2")
    sim.run(200, until="Succeeded")
    assert "spec.service.backends" in honoured(sim)

    sim.edit(**service())
    sim.settle()

    assert honoured(sim) == ""
    assert sim.phase == "Succeeded"


@pytest.mark.parametrize(
    ("provider", "match", "words"),
    [
        pytest.param("nginx", {"x-canary": {"exact": "insider one"}}, "", id="plain"),
        pytest.param("nginx", {"x-canary": {"regex": "^in.*(a|b)$"}}, "", id="pattern"),
        pytest.param("nginx", {"cookie": {"exact": "canary"}}, "", id="cookie"),
        pytest.param("nginx", {"x-canary": {"exact": "a,b"}}, "headers.x-canary", id="a comma"),
        pytest.param("nginx", {"x-canary": {"regex": "a;b"}}, "headers.x-canary", id="semicolon"),
        pytest.param("nginx", {"x!": {"exact": "a"}}, "headers.x!", id="a name"),
        pytest.param(
            "nginx", {"x": {"exact": "a"}, "cookie": {"exact": "c"}}, "headers nginx", id="both"
        ),
        pytest.param("contour", {"x": {"exact": "a"}}, "", id="exact"),
        pytest.param("contour", {"x": {"prefix": "a"}}, "headers.x.prefix", id="prefix"),
        pytest.param("contour", {"x": {"suffix": "a"}}, "headers.x.suffix", id="suffix"),
    ],
)
def test_conditions_that_are_taken_otherwise_are_told(
    provider: str, match: Manifest, words: str
) -> None:
    router = router_of(provider)
    spec = canary(analysis=analysis(iterations=2, match=[{"headers": match}]))

    assert isinstance(router, Advising)
    told = "; ".join(router.advice(Canary.model_validate(spec)))

    assert f"spec.analysis.match[0].{words}" in told if words else told == ""
