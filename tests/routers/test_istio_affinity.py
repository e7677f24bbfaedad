"""Session affinity of istio beside the recordings: what else stands in the rules."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.routers.base import Aim, Cookies, Weights
from burgee.routers.istio.router import IstioRouter

ROUTER = IstioRouter()
QUARTER = Weights(primary=75, canary=25)
COOKIES = Cookies(canary="c=abcdefghij", primary="p=klmnopqrst", previous="c=zyxwvutsrq")
BOTH = {"cookieName": "c", "primaryCookieName": "p"}


def rules(
    routed: Any, weights: Weights = QUARTER, cookies: Cookies = COOKIES
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ROUTER.render(Aim(*routed, weights, cookies=cookies))[-1][
        "spec"
    ]["http"]
    return found


def pattern(rule: Manifest) -> str:
    return str(rule["match"][0]["headers"]["Cookie"]["regex"])


def test_conditions_on_headers_hold_for_clients_with_a_cookie(
    make_routed: Callable[..., Any],
) -> None:
    general = {"uri": {"prefix": "/a"}, "headers": {"x": {"exact": "1"}, "cookie": {"regex": "."}}}
    sticky, _, weighted = rules(make_routed({"match": [general]}, sessionAffinity=BOTH))

    assert sticky["match"] == [
        {
            "uri": {"prefix": "/a"},
            "headers": {"x": {"exact": "1"}, "Cookie": {"regex": ".*c.*abcdefghij.*"}},
        }
    ]
    assert weighted["match"] == [general]


@pytest.mark.parametrize(
    ("affinity", "cookies"),
    [
        pytest.param({"cookieName": "c"}, COOKIES, id="no name"),
        pytest.param(BOTH, Cookies(canary="c=abcdefghij"), id="no cookie"),
    ],
)
def test_without_a_primary_cookie_the_primary_gives_none(
    make_routed: Callable[..., Any], affinity: Manifest, cookies: Cookies
) -> None:
    sticky, weighted = rules(make_routed(sessionAffinity=affinity), cookies=cookies)

    assert pattern(sticky) == ".*c.*abcdefghij.*"
    assert "headers" not in weighted["route"][0]
    assert weighted["route"][1]["headers"] == {
        "response": {"add": {"Set-Cookie": "c=abcdefghij; Max-Age=86400"}}
    }


def test_all_attributes_stand_in_flaggers_order(make_routed: Callable[..., Any]) -> None:
    affinity = {
        "cookieName": "c",
        "secure": True,
        "sameSite": "None",
        "path": "/x",
        "partitioned": True,
        "httpOnly": True,
        "domain": "d",
        "maxAge": 0,
    }
    _, weighted = rules(make_routed(sessionAffinity=affinity))

    assert weighted["route"][1]["headers"]["response"]["add"]["Set-Cookie"] == (
        "c=abcdefghij; Max-Age=86400; Domain=d; HttpOnly; Partitioned; Path=/x; SameSite=None; "
        "Secure"
    )


def test_a_cookie_is_taken_back_with_the_attributes_that_it_was_given_with(
    make_routed: Callable[..., Any],
) -> None:
    affinity = {"cookieName": "__Secure-c", "domain": "d", "path": "/x", "secure": True}
    forget, _ = rules(make_routed(sessionAffinity=affinity), Weights())

    assert forget["headers"]["response"]["add"]["Set-Cookie"] == (
        "c=zyxwvutsrq; Max-Age=-1; Domain=d; Path=/x; Secure"
    )


@pytest.mark.parametrize("weights", [QUARTER, Weights()])
def test_no_cookie_makes_one_rule(make_routed: Callable[..., Any], weights: Weights) -> None:
    assert len(rules(make_routed(sessionAffinity=BOTH), weights, Cookies())) == 1


def test_forgetting_keeps_the_headers_of_the_service(make_routed: Callable[..., Any]) -> None:
    headers = {"request": {"set": {"a": "1"}}, "response": {"add": {"b": "2"}, "remove": ["c"]}}
    forget, weighted = rules(make_routed({"headers": headers}, sessionAffinity=BOTH), Weights())

    assert pattern(forget) == ".*c.*zyxwvutsrq.*"
    assert forget["headers"] == {
        "request": {"set": {"a": "1"}},
        "response": {"add": {"b": "2", "Set-Cookie": "c=zyxwvutsrq; Max-Age=-1"}, "remove": ["c"]},
    }
    assert weighted["headers"] == headers


def test_mirroring_copies_the_requests_of_all_clients(make_routed: Callable[..., Any]) -> None:
    routed = make_routed(sessionAffinity=BOTH, mirror=True)

    assert all("mirror" in rule for rule in rules(routed, Weights(mirrored=True)))


def test_in_an_ab_test_the_conditions_decide(make_routed: Callable[..., Any]) -> None:
    match = [{"headers": {"x": {"exact": "1"}}}]
    found = rules(make_routed(sessionAffinity=BOTH, match=match))

    assert [rule.get("match") for rule in found] == [match, None]


def test_tcp_has_no_cookies(make_routed: Callable[..., Any]) -> None:
    routed = make_routed({"appProtocol": "tcp"}, sessionAffinity=BOTH)
    spec = ROUTER.render(Aim(*routed, QUARTER, cookies=COOKIES))[-1]["spec"]

    assert len(spec["tcp"]) == 1
    assert "http" not in spec


def test_another_cookie_is_another_route(make_routed: Callable[..., Any]) -> None:
    canary, names = make_routed(sessionAffinity=BOTH)
    observed = ROUTER.render(Aim(canary=canary, names=names, weights=QUARTER, cookies=COOKIES))
    other = Cookies(canary="c=other", primary=COOKIES.primary)

    assert ROUTER.shows(
        observed, Aim(canary=canary, names=names, weights=QUARTER, cookies=COOKIES)
    )
    assert not ROUTER.shows(
        observed, Aim(canary=canary, names=names, weights=QUARTER, cookies=other)
    )
    assert ROUTER.canary_weight_seen(observed, names) == 100
