"""Weights of a run, and step lists that cannot be climbed."""

from datetime import UTC, datetime

import pytest

from burgee.api.analysis import Analysis
from burgee.engine.clock import moment_of
from burgee.engine.reading.weights import ladder, ladder_problem, next_weight, top_weight


def analysis(**fields: object) -> Analysis:
    return Analysis.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"stepWeight": 10, "maxWeight": 50}, (10, 20, 30, 40, 50), id="plain"),
        pytest.param({"stepWeight": 20, "maxWeight": 50}, (20, 40, 60), id="overshoot"),
        pytest.param({"stepWeight": 60}, (60, 100), id="no more than all"),
        pytest.param({"stepWeights": [1, 2, 10, 80]}, (1, 2, 10, 80), id="list"),
        pytest.param({"stepWeights": [1, 200]}, (1, 100), id="list clamped"),
        pytest.param(
            {"stepWeights": [10, 60], "maxWeight": 20}, (10, 60), id="a list beats maxWeight"
        ),
    ],
)
def test_the_weights_of_a_run(fields: dict[str, object], expected: tuple[int, ...]) -> None:
    assert ladder(analysis(**fields)) == expected


def test_a_weight_that_is_not_in_the_list_goes_to_the_next_higher_one() -> None:
    assert next_weight(analysis(stepWeights=[10, 40, 80]), 25) == 40


def test_without_a_maximum_all_traffic_is_the_top() -> None:
    assert top_weight(analysis(stepWeight=10)) == 100


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"stepWeight": 10}, "", id="fine"),
        pytest.param({"stepWeights": [1, 10]}, "", id="fine list"),
        pytest.param({}, "stepWeight must be above 0", id="nothing"),
        pytest.param({"stepWeight": -5}, "stepWeight must be above 0", id="negative"),
        pytest.param({"stepWeight": 10, "maxWeight": 120}, "above 100", id="maximum"),
        pytest.param({"stepWeights": [10, 5]}, "must ascend", id="falling"),
        pytest.param({"stepWeights": [10, 10]}, "must ascend", id="standing"),
        pytest.param({"stepWeights": [0, 10]}, "above 0", id="zero"),
    ],
)
def test_steps_that_cannot_be_climbed(fields: dict[str, object], said: str) -> None:
    problem = ladder_problem(analysis(**fields))

    assert said in problem
    assert bool(said) == bool(problem)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("yesterday", None, id="no time"),
        pytest.param("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC), id="UTC"),
        pytest.param("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC), id="no zone"),
    ],
)
def test_times_of_a_status(text: str | None, expected: datetime | None) -> None:
    assert moment_of(text) == expected
