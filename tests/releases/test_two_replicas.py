"""Any hook server may answer any sync: a release ends the same."""

from collections.abc import Iterator

import pytest
import requests
from release_story import Act, Story, differences, ending, objects, play
from release_world import App, Arena

pytestmark = pytest.mark.slow

STORY = Story(seed=0, acts=(Act.PROMOTE, Act.ROLL_BACK, Act.CONFIG, Act.RESTART))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("pair"), hooks=2) as made:
        yield made


def answered(url: str) -> float:
    """Syncs that one server has answered with 200, as its own meters say."""
    lines = requests.get(f"{url}/metrics", timeout=5).text.splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if 'hook="sync"' in line and 'outcome="ok"' in line and "_count{" in line
    )


def test_two_servers_that_answer_in_turn_play_the_same_release_as_one(
    arena: Arena, pair: Arena
) -> None:
    ends = []
    apps: list[App] = []
    for where in (arena, pair):
        apps.append(where.app("in-turn", objects=objects()))
        play(apps[-1], STORY)
        ends.append(ending(apps[-1]))

    alone, together = apps
    assert differences(ends[0], ends[1]) == []
    assert alone.phases == together.phases
    assert alone.routes == together.routes
    assert [*alone.problems(), *together.problems()] == []
    shares = [answered(hook.url) for hook in pair.hooks]
    assert min(shares) > 10
    assert max(shares) < 2 * min(shares)
