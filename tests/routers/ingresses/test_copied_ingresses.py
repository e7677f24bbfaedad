"""What nginx and skipper make of the copy of an Ingress."""

from collections.abc import Callable
from typing import Any

import pytest
from ingress_cases import HALF, INGRESS, MIRROR, OURS

from burgee.api.manifest import Manifest, annotations_of
from burgee.routers.base import Aim, Releasing, Weights
from burgee.routers.registry import router_of


@pytest.mark.parametrize(
    ("given", "mirror", "written"),
    [
        pytest.param(None, False, "nothing", id="never asked for"),
        pytest.param("http://mine", False, "nothing", id="the user's own"),
        pytest.param(OURS, False, None, id="asked for no longer"),
        pytest.param(None, True, None, id="not yet"),
    ],
)
def test_when_nginx_writes_on_the_users_ingress(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    given: str | None,
    mirror: bool,
    written: str | None,
) -> None:
    case = make_case(analysis={"stepWeight": 10, "mirror": mirror}, **INGRESS)
    if given:
        users["ingress"]["metadata"]["annotations"][MIRROR] = given

    *patches, copy = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))

    assert [annotations_of(p)[MIRROR] for p in patches] == (
        [] if written == "nothing" else [written]
    )
    assert MIRROR not in annotations_of(copy)


@pytest.mark.parametrize(
    ("given", "spec", "released"),
    [
        (OURS, INGRESS, True),
        ("http://mine", INGRESS, False),
        (None, INGRESS, False),
        (OURS, {}, False),
        (OURS, {"ingressRef": {"kind": "Ingress", "name": "gone"}}, False),
    ],
)
def test_what_nginx_takes_back_on_deletion(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    given: str | None,
    spec: Manifest,
    released: bool,
) -> None:
    canary, _ = make_case(**spec)
    router = router_of("nginx")
    assert isinstance(router, Releasing)
    if given:
        users["ingress"]["metadata"]["annotations"][MIRROR] = given

    patches = router.release(canary, [*users.values()])

    assert [annotations_of(p) for p in patches] == ([{MIRROR: None}] if released else [])


def test_a_header_and_a_cookie_in_one_entry_are_as_in_two(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    header, cookie = {"x-canary": {"exact": "1"}}, {"cookie": {"exact": "canary"}}

    def annotations(match: list[Manifest]) -> dict[str, str]:
        case = make_case(analysis={"iterations": 3, "match": match}, **INGRESS)
        aim = Aim(*case, HALF, originals=[*users.values()])
        return annotations_of(router_of("nginx").render(aim)[-1])

    together = annotations([{"headers": header | cookie}])

    assert together == annotations([{"headers": header}, {"headers": cookie}])
    assert {key.split("/")[1] for key in together} >= {
        "canary-by-header",
        "canary-by-header-value",
        "canary-by-cookie",
    }


def test_a_cookie_by_a_pattern_is_a_header_by_a_pattern(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    """nginx looks at a cookie for `always` alone."""
    match = [{"headers": {"cookie": {"regex": "user=test"}}}]
    case = make_case(analysis={"iterations": 3, "match": match}, **INGRESS)
    copy = router_of("nginx").render(Aim(*case, HALF, originals=[*users.values()]))[-1]
    found = {key.split("/")[1]: value for key, value in annotations_of(copy).items()}

    assert found["canary-by-header"] == "cookie"
    assert found["canary-by-header-pattern"] == "user=test"
    assert "canary-by-cookie" not in found


@pytest.mark.parametrize(
    ("annotations", "seen"),
    [
        ({"canary": "true", "canary-weight": "30"}, 30),
        ({"canary": "true"}, 0),
        ({"canary": "true", "canary-weight": "many"}, 100),
        ({"canary": "false", "canary-weight": "30"}, 100),
        ({"canary": "true", "canary-weight": "0", "canary-by-cookie": "c"}, 100),
        ({"canary": "true", "canary-weight": "0", "canary-by-header": "h"}, 100),
    ],
)
def test_what_a_copy_for_nginx_gives_the_canary(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    annotations: dict[str, str],
    seen: int,
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))
    copy["metadata"]["annotations"] = {
        f"nginx.ingress.kubernetes.io/{key}": value for key, value in annotations.items()
    }

    assert router_of("nginx").canary_weight_seen([copy, users["ingress"]], case[1]) == seen


def test_copies_that_nginx_makes_count_as_traffic(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("nginx").render(Aim(*case, Weights(), originals=[*users.values()]))
    users["ingress"]["metadata"]["annotations"][MIRROR] = OURS

    assert router_of("nginx").canary_weight_seen([copy, users["ingress"]], case[1]) == 100


@pytest.mark.parametrize(
    ("predicate", "weights", "seen"),
    [
        ("False()", '{"podinfo-canary":90,"podinfo-primary":10}', 0),
        ("Weight(100)", '{"podinfo-canary":90,"podinfo-primary":10}', 90),
        ("Weight(100)", "no json", 50),
        ("Weight(100)", "[]", 50),
        ("Weight(100)", '{"podinfo-canary":"x","podinfo-primary":10}', 0),
    ],
)
def test_what_a_copy_for_skipper_gives_the_canary(
    make_case: Callable[..., Any],
    users: dict[str, Manifest],
    predicate: str,
    weights: str,
    seen: int,
) -> None:
    case = make_case(**INGRESS)
    (copy,) = router_of("skipper").render(Aim(*case, HALF, originals=[*users.values()]))
    copy["metadata"]["annotations"] = {
        "zalando.org/skipper-predicate": predicate,
        "zalando.org/backend-weights": weights,
    }

    assert router_of("skipper").canary_weight_seen([copy, users["ingress"]], case[1]) == seen


@pytest.mark.parametrize(
    ("given", "result"),
    [
        (None, "Weight(100)"),
        ('Header("a", "b&&c")', 'Weight(100) && Header("a", "b&&c")'),
        ('False() && Method("GET")&& Weight(100)', 'Weight(100) && Method("GET")'),
    ],
)
def test_predicates_of_the_user_stay(
    make_case: Callable[..., Any], users: dict[str, Manifest], given: str | None, result: str
) -> None:
    annotations = {"zalando.org/skipper-predicate": given} if given else {}
    users["ingress"]["metadata"]["annotations"] = annotations

    (copy,) = router_of("skipper").render(
        Aim(*make_case(**INGRESS), HALF, originals=[*users.values()])
    )

    assert annotations_of(copy)["zalando.org/skipper-predicate"] == result


def test_while_skipper_copies_requests_paths_of_others_stay_with_the_user(
    make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    ingress = users["ingress"]
    del ingress["metadata"]["annotations"]
    backend = {"service": {"name": "other", "port": {"number": 80}}}
    other = {"path": "/o", "pathType": "Prefix", "backend": backend}
    resource = {"path": "/r", "pathType": "Prefix", "backend": {"resource": {"kind": "Bucket"}}}
    ingress["spec"]["rules"][0]["http"]["paths"] += [other, resource]
    ingress["spec"]["rules"].append({"host": "other", "http": {"paths": [other]}})
    case = make_case(analysis={"stepWeight": 10, "mirror": True}, **INGRESS)

    (copy,) = router_of("skipper").render(
        Aim(*case, Weights(mirrored=True), originals=[*users.values()])
    )

    rules = copy["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["app.example.com", "empty.example.com"]
    assert [p["backend"]["service"]["name"] for p in rules[0]["http"]["paths"]] == [
        "podinfo-primary",
        "podinfo-canary",
    ]
    assert annotations_of(copy)["zalando.org/skipper-filter"].startswith("tee(")
