"""No sequence of events breaks a rule of design: random lives of releases on the pure engine.

BURGEE_SEQUENCES says how many; `make soak` runs a million.
"""

import os

import pytest
from chaos import live
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pod_chaos import live_by_pods
from route_chaos import live_by_route

SEQUENCES = int(os.environ.get("BURGEE_SEQUENCES", "300"))
SHARDS = 4


CHOICES = st.integers(0, 2**10 - 1)
NUMBERS = st.lists(st.integers(0, 2**12 - 1), min_size=5, max_size=40)
BOUNDS = settings(
    max_examples=max(1, SEQUENCES // SHARDS // 3),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


@pytest.mark.parametrize("shard", range(SHARDS))
@BOUNDS
@given(choice=CHOICES, numbers=NUMBERS)
def test_no_life_of_a_release_breaks_a_rule(shard: int, choice: int, numbers: list[int]) -> None:
    del shard
    live(choice, numbers)


@pytest.mark.parametrize("shard", range(SHARDS))
@BOUNDS
@given(choice=CHOICES, numbers=NUMBERS)
def test_no_life_of_weights_by_pods_breaks_a_rule(
    shard: int, choice: int, numbers: list[int]
) -> None:
    del shard
    live_by_pods(choice, numbers)


@pytest.mark.parametrize("shard", range(SHARDS))
@BOUNDS
@given(choice=CHOICES, numbers=NUMBERS)
def test_no_life_by_a_users_route_breaks_a_rule(
    shard: int, choice: int, numbers: list[int]
) -> None:
    del shard
    live_by_route(choice, numbers)


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        pytest.param(104, [0, 0, 0, 472, 86, 1], id="pods that the user did not ask for"),
        pytest.param(567, [32, 18, 14], id="suspended, scaled by hand, deleted"),
    ],
)
def test_lives_by_pods_that_broke_a_rule_once(choice: int, numbers: list[int]) -> None:
    live_by_pods(choice, numbers)
