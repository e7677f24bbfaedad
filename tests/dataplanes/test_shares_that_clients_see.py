"""What burgee's routers write is what clients see, on every data plane.

Where no router writes weights, numbers of pods are them: test_weights_by_pods.py.
"""

import threading
from collections.abc import Callable

import pytest
from counting_client import Tally
from plane_yard import NEW, OLD, Yard

from burgee.playground.demo import analyses
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.routers.base import Capabilities, Weights

REQUESTS = 10_000
TOLERANCE_POINTS = 2.0


def _those(able: Callable[[Capabilities], bool]) -> pytest.MarkDecorator:
    """The data planes of the providers that can do something."""
    names = [name for name, provider in PROVIDERS.items() if able(provider.capabilities)]
    return pytest.mark.parametrize("yard", names, indirect=True)


weighted = _those(lambda able: able.weights)


def _weights(canary: int, *, mirrored: bool = False) -> Weights:
    return Weights(primary=100 - canary, canary=canary, mirrored=mirrored)


@pytest.mark.slow
@weighted
@pytest.mark.parametrize("weight", [1, 10, 50, 90])
def test_share_is_the_weight(yard: Yard, weight: int) -> None:
    yard.route(_weights(weight))
    tally = yard.send(REQUESTS)
    yard.route(_weights(0))
    assert tally.failed == 0, tally.first_failure
    assert abs(tally.share(NEW) - weight) <= TOLERANCE_POINTS
    assert tally.pods[NEW] > 0


def test_none_is_exact(yard: Yard) -> None:
    tally = yard.send(1000)
    assert tally.pods == {OLD: 1000}, tally.first_failure


@weighted
def test_all_is_exact(yard: Yard) -> None:
    yard.route(_weights(100))
    tally = yard.send(1000)
    yard.route(_weights(0))
    rest = yard.send(1000)
    assert tally.pods == {NEW: 1000}, tally.first_failure
    assert rest.pods == {OLD: 1000}, rest.first_failure


@pytest.mark.slow
@weighted
def test_changes_of_weight_lose_no_request(yard: Yard) -> None:
    tallies: list[Tally] = []
    over = threading.Event()

    def client() -> None:
        tallies.append(yard.send(100_000, requests_per_second=1500, until=over.is_set))

    thread = threading.Thread(target=client)
    thread.start()
    for weight in (10, 30, 60, 100, 50, 0) * 2:
        yard.route(_weights(weight))
        over.wait(0.2)
    over.set()
    thread.join()
    [tally] = tallies
    assert tally.failed == 0, tally.first_failure
    assert min(tally.pods[OLD], tally.pods[NEW]) > 100


@_those(lambda able: able.matching)
@pytest.mark.parametrize(
    ("headers", "who"),
    [
        pytest.param({}, OLD, id="everybody else"),
        pytest.param({analyses.HEADER: analyses.INSIDER}, NEW, id="header"),
        pytest.param({analyses.HEADER: "outsider"}, OLD, id="another value"),
        pytest.param({"cookie": f"a=b; {analyses.ADMISSION}"}, NEW, id="cookie"),
        pytest.param({"cookie": "canary=never"}, OLD, id="another cookie"),
    ],
)
def test_only_those_who_match_are_sent_to_the_canary(
    yard: Yard, headers: dict[str, str], who: str
) -> None:
    analysis = analyses.ab(yard.provider)
    yard.route(_weights(100), analysis)
    tally = yard.send(500, headers=headers)
    yard.route(_weights(0), analysis)
    rest = yard.send(100, headers=headers)
    yard.route(_weights(0))
    assert tally.pods == {who: 500}, tally.first_failure
    assert rest.pods == {OLD: 100}, rest.first_failure


@pytest.mark.slow
@_those(lambda able: able.mirroring)
def test_copies_reach_the_canary_and_clients_never_see_them(yard: Yard) -> None:
    analysis = analyses.mirrored(yard.provider)
    percent = analysis["mirrorWeight"]
    yard.route(_weights(0, mirrored=True), analysis)
    before = yard.logged_by_canary()
    tally = yard.send(5000)
    yard.until(
        lambda: abs((yard.logged_by_canary() - before) / 50 - percent) <= TOLERANCE_POINTS,
        f"copies of {percent} %",
    )
    yard.route(_weights(0))
    assert tally.pods == {OLD: 5000}, tally.first_failure
    settled = yard.logged_by_canary()
    assert yard.send(500).pods == {OLD: 500}
    assert yard.logged_by_canary() == settled
