"""Cookies of session affinity, as the engine keeps them in status."""

from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.status import CanaryStatus
from burgee.engine.reading.affinity import cookies_for, cookies_of
from burgee.routers.base import Cookies

SEED = "uid/b1-0123456789abcdef/2026-07-21T10:00:00Z"


def canary_with(affinity: dict[str, Any] | None) -> Canary:
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {
                "targetRef": {"kind": "Deployment", "name": "podinfo"},
                "analysis": {"stepWeight": 10, "sessionAffinity": affinity},
            },
        }
    )


BOTH = canary_with({"cookieName": "c", "primaryCookieName": "p"})
ONE = canary_with({"cookieName": "c"})


def after(canary: Canary, before: CanaryStatus, weight: int, seed: str = SEED) -> CanaryStatus:
    return before.model_copy(update=dict(cookies_for(canary, before, weight=weight, seed=seed)))


def test_a_cookie_begins_with_the_first_weight_and_is_kept() -> None:
    first = after(BOTH, CanaryStatus(), 10)
    second = after(BOTH, first, 50, seed="another seed")

    name, _, value = (first.session_affinity_cookie or "").partition("=")
    assert name == "c"
    assert len(value) == 10
    assert value.isascii()
    assert value.isalpha()
    assert (first.primary_session_affinity_cookie or "").startswith("p=")
    assert first.primary_session_affinity_cookie != f"p={value}"
    assert first.previous_session_affinity_cookie is None
    assert second == first


def test_the_same_run_makes_the_same_cookie_and_another_run_another() -> None:
    first = cookies_for(BOTH, CanaryStatus(), weight=10, seed=SEED)

    assert cookies_for(BOTH, CanaryStatus(), weight=10, seed=SEED) == first
    assert cookies_for(BOTH, CanaryStatus(), weight=10, seed="other") != first


def test_no_weight_makes_no_cookie() -> None:
    assert after(BOTH, CanaryStatus(), 0) == CanaryStatus()


def test_the_cookie_becomes_the_previous_one_and_stays_that() -> None:
    running = after(BOTH, CanaryStatus(), 10)
    ended = after(BOTH, running, 0)
    next_run = after(BOTH, ended, 10, seed="next run")

    assert ended.session_affinity_cookie is None
    assert ended.previous_session_affinity_cookie == running.session_affinity_cookie
    assert ended.primary_session_affinity_cookie == running.primary_session_affinity_cookie
    assert after(BOTH, ended, 0) == ended
    assert next_run.session_affinity_cookie != running.session_affinity_cookie
    assert next_run.previous_session_affinity_cookie == running.session_affinity_cookie


def test_without_a_name_there_is_no_primary_cookie() -> None:
    running = after(ONE, CanaryStatus(primary_session_affinity_cookie="=abcdefghij"), 10)

    assert running.primary_session_affinity_cookie is None


@pytest.mark.parametrize("weight", [0, 10])
def test_without_session_affinity_no_cookie_is_kept(weight: int) -> None:
    running = after(BOTH, CanaryStatus(previous_session_affinity_cookie="c=old"), 10)

    assert cookies_of(after(canary_with(None), running, weight)) == Cookies()


def test_a_cookie_that_has_another_name_is_replaced() -> None:
    running = after(ONE, CanaryStatus(session_affinity_cookie="old=abcdefghij"), 10)

    assert (running.session_affinity_cookie or "").startswith("c=")


def test_a_router_gets_what_the_status_holds() -> None:
    status = CanaryStatus(
        session_affinity_cookie="a=1",
        primary_session_affinity_cookie="b=2",
        previous_session_affinity_cookie="c=3",
    )

    assert cookies_of(status) == Cookies(canary="a=1", primary="b=2", previous="c=3")
    assert cookies_of(CanaryStatus()) == Cookies()
