"""Weights by numbers of pods, by the real hook server: what clients see of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from counting_client import Tally
from plane_yard import NEW, OLD
from pod_release import PodRelease

REQUESTS = 10_000
TOLERANCE_POINTS = 3.0

_WAY = [
    (20, (4, 1)),
    (60, (2, 3)),
    (100, (0, 5)),
    (40, (3, 2)),
    (80, (1, 4)),
    (0, (5, 0)),
    (60, (2, 3)),
]
"""Weights, and the pods that they ask for."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def release_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], PodRelease]]:
    """The release of so many pods; its weight is any."""
    with ExitStack() as stack:

        @cache
        def made(capacity: int) -> PodRelease:
            return stack.enter_context(PodRelease(capacity, tmp_path_factory.mktemp("pods")))

        yield made


@pytest.mark.parametrize(
    ("capacity", "weight", "pods"),
    [
        pytest.param(5, 20, (4, 1), id="1 of 5"),
        pytest.param(5, 40, (3, 2), id="2 of 5"),
        pytest.param(5, 60, (2, 3), id="3 of 5"),
        pytest.param(5, 99, (1, 5), id="5 of 6, the primary keeps one"),
        pytest.param(5, 1, (5, 1), id="1 of 6, a canary has one"),
        pytest.param(5, 100, (0, 5), id="5 of 5"),
        pytest.param(5, 0, (5, 0), id="none of 5"),
        pytest.param(2, 10, (2, 1), id="1 of 3, a canary has one"),
        pytest.param(2, 50, (1, 1), id="1 of 2"),
    ],
)
def test_share_that_clients_see_is_that_of_the_pods(
    release_of: Callable[[int], PodRelease], capacity: int, weight: int, pods: tuple[int, int]
) -> None:
    release = release_of(capacity)
    release.weigh(weight, *pods)
    tally = release.send(REQUESTS)
    share = 100 * pods[1] / sum(pods)
    tolerance = 0.0 if share in {0, 100} else TOLERANCE_POINTS
    assert tally.failed == 0, tally.first_failure
    assert abs(tally.share(NEW) - share) <= tolerance
    assert tally.pods[OLD] + tally.pods[NEW] == REQUESTS
    assert release.pods == pods, "the numbers stayed as they were"
    assert release.fewest >= release.capacity


def test_changes_of_pods_lose_no_request(tmp_path: Path) -> None:
    with PodRelease(5, tmp_path) as release:
        tallies: list[Tally] = []
        over = threading.Event()

        def client() -> None:
            tallies.append(release.send(100_000, requests_per_second=1000, until=over.is_set))

        thread = threading.Thread(target=client)
        thread.start()
        try:
            for weight, pods in _WAY:
                release.weigh(weight, *pods)
                over.wait(0.2)
            release.annotate("promote")
            release.until(lambda: release.cluster.timeline.phase == "Succeeded", "the promotion")
            release.until(lambda: release.pods == (5, 0), "the primary alone")
            over.wait(0.5)
        finally:
            over.set()
            thread.join()
        [tally] = tallies
        assert tally.failed == 0, tally.first_failure
        assert min(tally.pods[OLD], tally.pods[NEW]) > 100
        assert release.fewest >= release.capacity
        assert release.send(100).pods == {OLD: 100}
