"""No sequence of events breaks a rule of design: random lives of releases on the pure engine.

BURGEE_SEQUENCES says how many; `make soak` runs a million.
"""

import os

import pytest
from chaos import live
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SEQUENCES = int(os.environ.get("BURGEE_SEQUENCES", "300"))
SHARDS = 4


@pytest.mark.parametrize("provider", ["istio", "kubernetes"])
@pytest.mark.parametrize("shard", range(SHARDS))
@settings(
    max_examples=max(1, SEQUENCES // SHARDS // 2),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    choice=st.integers(0, 2**10 - 1),
    numbers=st.lists(st.integers(0, 2**12 - 1), min_size=5, max_size=40),
)
def test_no_life_of_a_release_breaks_a_rule(
    shard: int, provider: str, choice: int, numbers: list[int]
) -> None:
    del shard
    live(choice, numbers, provider)
