"""Two canary Ingresses for one Service: ingress-nginx asks the oldest one alone."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest, annotations_of
from burgee.routers.base import Aim, Weights
from burgee.routers.ingress.nginx import NginxRouter
from burgee.routers.rivals import Clash, Contested

CANARY = "nginx.ingress.kubernetes.io/canary"
REF = {"ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}}
OLD, NEW = "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
HOST = "app.example.com"


def ingress(
    name: str = "theirs",
    *,
    host: str = HOST,
    path: str = "/",
    service: str = "other",
    canary: str = "true",
    of_class: str | None = "outer",
    born: str = OLD,
) -> Manifest:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "test",
            "creationTimestamp": born,
            "annotations": {CANARY: canary} if canary else {},
        },
        "spec": {
            **({"ingressClassName": of_class} if of_class else {}),
            "rules": [
                {"host": host, "http": {"paths": [{"path": path, "backend": backend}]}},
            ],
        },
    }


@pytest.fixture
def found(make_case: Callable[..., Any], users: dict[str, Manifest]) -> Callable[..., list[Clash]]:
    def clashes(*others: Manifest, born: str | None = None) -> list[Clash]:
        canary, names = make_case(**REF)
        router, web = NginxRouter(), users["ingress"]
        copy = router.render(Aim(canary, names, Weights(), originals=[web]))[-1]
        assert annotations_of(copy)[CANARY] == "true"
        mine = born and {**copy, "metadata": {**copy["metadata"], "creationTimestamp": born}}
        return list(router.rivalry().clashes(canary, copy, mine or None, [web, copy, *others]))

    return clashes


ELSEWHERE = ingress("more", host="b.test", path="/x", service="podinfo", canary="")


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([ingress()], id="the same path"),
        pytest.param(
            [ELSEWHERE, ingress(host="b.test", path="/x")], id="another path to the same Service"
        ),
    ],
)
def test_the_second_that_is_never_asked_is_certain(
    found: Callable[..., list[Clash]], others: list[Manifest]
) -> None:
    (clash,) = found(*others)

    assert clash.certain
    assert not clash.ours_first
    assert clash.words.startswith("spec.ingressRef: Ingress theirs ")


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="nobody"),
        pytest.param([ingress(canary="")], id="no canary"),
        pytest.param([ingress(canary="false")], id="no canary in words"),
        pytest.param([ingress(host="b.test")], id="another host"),
        pytest.param([ingress(path="/api")], id="another path"),
        pytest.param([ingress(of_class="inner")], id="another controller"),
        pytest.param(
            [
                {**ELSEWHERE, "spec": {**ELSEWHERE["spec"], "ingressClassName": "inner"}},
                ingress(host="b.test", path="/x"),
            ],
            id="another path by another controller",
        ),
    ],
)
def test_both_hold(found: Callable[..., list[Clash]], others: list[Manifest]) -> None:
    assert found(*others) == []


def test_one_without_a_class_may_be_of_another_controller(
    found: Callable[..., list[Clash]],
) -> None:
    assert [clash.certain for clash in found(ingress(of_class=None))] == [False]


@pytest.mark.parametrize(
    ("name", "born", "ours_first"),
    [
        ("theirs", OLD, True),
        ("theirs", NEW, False),
        ("aaa", "2026-01-01T00:00:00Z", True),
        ("zzz", "2026-01-01T00:00:00Z", False),
    ],
)
def test_the_oldest_comes_first_and_of_one_second_the_last_by_name(
    found: Callable[..., list[Clash]], name: str, born: str, *, ours_first: bool
) -> None:
    rival = ingress(name, born="2026-01-01T00:00:00Z")

    assert [clash.ours_first for clash in found(rival, born=born)] == [ours_first]


def test_weights_are_no_part_of_a_claim(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    canary, names = make_case(**REF)
    router = NginxRouter()
    assert isinstance(router, Contested)
    at_rest, running = (
        router.rivalry().claim(
            router.render(Aim(canary, names, weights, originals=[users["ingress"]]))[-1]
        )
        for weights in (Weights(), Weights(primary=50, canary=50))
    )

    assert at_rest == running
