"""What burgee renders by provider and mode, word for word, beside the recordings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Cookies, Weights
from burgee.routers.registry import canonical, router_of
from burgee.targets.naming import Names

CASES = [
    case
    for path in sorted((Path(__file__).parent / "goldens").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]
# The label's value differs from the target's name, as it may.
NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="web")
IDLE = Weights()


@pytest.fixture(params=CASES, ids=lambda case: str(case["title"]))
def case(request: pytest.FixtureRequest) -> Any:
    return request.param


def canary_of(case: Any) -> Canary:
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {
                "name": "podinfo",
                "namespace": "test",
                "annotations": case.get("annotations"),
            },
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
                "service": {"port": 80, **case["service"]},
                "analysis": case["analysis"],
            },
        }
    )


def rendered(case: Any, weights: Weights | None = None) -> tuple[Manifest, ...]:
    return router_of(case["provider"]).render(
        Aim(
            canary=canary_of(case),
            names=NAMES,
            weights=weights or Weights(**case["weights"]),
            cookies=Cookies(**case["cookies"]),
        )
    )


def test_the_titles_are_unique() -> None:
    titles = [case["title"] for case in CASES]

    assert len(set(titles)) == len(titles)


def test_objects_are_as_written(case: Any) -> None:
    assert list(rendered(case)) == case["objects"]


def test_objects_fit_their_schemas(case: Any, fits: Callable[[Manifest], None]) -> None:
    for manifest in rendered(case):
        fits(manifest)


def test_objects_show_their_weights_and_no_others(case: Any) -> None:
    router, canary = router_of(case["provider"]), canary_of(case)
    weights, cookies = Weights(**case["weights"]), Cookies(**case["cookies"])
    observed = [canonical(it) for it in rendered(case)]

    assert router.shows(
        observed, Aim(canary=canary, names=NAMES, weights=weights, cookies=cookies)
    )
    assert not router.shows(
        observed,
        Aim(canary=canary, names=NAMES, weights=Weights(primary=40, canary=60), cookies=cookies),
    )
    assert not router.shows(
        observed[:-1], Aim(canary=canary, names=NAMES, weights=weights, cookies=cookies)
    )
    assert not router.shows([], Aim(canary=canary, names=NAMES, weights=weights, cookies=cookies))


def test_share_of_the_canary_is_seen(case: Any) -> None:
    router = router_of(case["provider"])
    at_most = 100 if case["cookies"].get("canary") else case["weights"]["canary"]
    if case["weights"].get("mirrored"):
        percent = case["analysis"].get("mirrorWeight", 100)
        at_most = percent if router.capabilities.mirror_weight else 100

    assert router.canary_weight_seen(rendered(case), NAMES) == at_most
    assert router.canary_weight_seen(rendered(case)[:-1], NAMES) is None
    assert router.canary_weight_seen([], NAMES) is None


def test_an_idle_route_gives_the_canary_nothing(case: Any) -> None:
    router = router_of(case["provider"])

    assert router.canary_weight_seen(rendered(case, IDLE), NAMES) == 0


def test_related_objects_are_those_that_are_rendered(case: Any) -> None:
    related = router_of(case["provider"]).related(canary_of(case))

    assert {(it["apiVersion"], it["kind"], it["metadata"]["name"]) for it in rendered(case)} == {
        (group.kind.api_version, group.kind.kind, name)
        for group in related
        for name in group.names
    }
