"""Verdicts on values, at the limits and beside them."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.metrics.judge import is_failure, judge, judge_broken
from burgee.metrics.model import (
    BrokenCheck,
    Check,
    Judged,
    Limits,
    NoData,
    Sample,
    Source,
    SourceError,
    Verdict,
)

SOURCE = Source(type="prometheus", address="http://prom:9090")


def check(limits: Limits, *, unit: str = "", factor: float = 1.0) -> Check:
    return Check(
        id="0/query",
        name="mine",
        source=SOURCE,
        query="up",
        limits=limits,
        unit=unit,
        factor=factor,
        whole=unit == "ms",
    )


RATE = check(Limits(minimum=99), unit="%")
DURATION = check(Limits(maximum=500.9), unit="ms")
SECONDS = check(Limits(minimum=0.9, maximum=500), unit="ms", factor=1000)
BARE = check(Limits(minimum=1, maximum=10))


@pytest.mark.parametrize(
    ("what", "value", "verdict", "message"),
    [
        pytest.param(RATE, 99, "Passed", "99%, at least 99%", id="rate at the limit"),
        pytest.param(
            RATE,
            98.9999999,
            "Failed",
            "98.9999999%, below the minimum of 99%",
            id="rate below by a hair",
        ),
        pytest.param(DURATION, 500.99, "Passed", "500 ms, at most 500 ms", id="ms are whole"),
        pytest.param(DURATION, 501, "Failed", "501 ms, above the maximum of 500 ms", id="ms over"),
        pytest.param(
            SECONDS, 0.0005, "Passed", "at least 0 ms and at most 500 ms", id="limits are whole"
        ),
        pytest.param(
            SECONDS, 0.501, "Failed", "501 ms, above the maximum of 500 ms", id="seconds"
        ),
        pytest.param(BARE, 1, "Passed", "1, at least 1 and at most 10", id="least"),
        pytest.param(BARE, 10, "Passed", "10, at least 1 and at most 10", id="most"),
        pytest.param(BARE, 0.5, "Failed", "0.5, below the minimum of 1", id="under"),
        pytest.param(BARE, 10.5, "Failed", "10.5, above the maximum of 10", id="over"),
        pytest.param(check(Limits()), 7, "Passed", "7, without limits", id="open"),
        pytest.param(BARE, math.inf, "Failed", "inf, above the maximum", id="infinite"),
        pytest.param(RATE, -math.inf, "Failed", "below the minimum", id="minus infinite"),
        pytest.param(DURATION, math.inf, "Failed", "inf ms, above", id="infinite ms"),
        pytest.param(RATE, math.nan, "NoData", "no values found", id="not a number"),
    ],
)
def test_values_are_judged_by_the_limits(
    what: Check, value: float, verdict: str, message: str
) -> None:
    judged = judge(what, Sample(value=value))

    assert Verdict(verdict) is judged.verdict
    assert message in judged.message


def test_no_data_and_errors_are_failures_with_their_own_words() -> None:
    no_data = judge(RATE, NoData())
    error = judge(RATE, SourceError(message="connection refused"))
    broken = judge_broken(BrokenCheck(id="1/none", name="other", reason="no template"))

    assert (no_data.verdict, no_data.message) == (Verdict.NO_DATA, "no values found")
    assert (error.verdict, error.message) == (Verdict.ERROR, "connection refused")
    assert (broken.verdict, broken.message) == (Verdict.ERROR, "no template")
    assert [no_data.value, error.value, broken.value] == [None, None, None]
    assert [is_failure(judged) for judged in (no_data, error, broken)] == [True, True, True]


def test_only_a_pass_is_no_failure() -> None:
    assert not is_failure(judge(RATE, Sample(value=100)))
    assert is_failure(judge(RATE, Sample(value=1)))


def test_judged_keeps_what_status_shows() -> None:
    judged = judge(SECONDS, Sample(value=0.25))

    assert (SECONDS.id, SECONDS.name, SECONDS.query, SECONDS.limits, 250.0) == (
        judged.id,
        judged.name,
        judged.query,
        judged.limits,
        judged.value,
    )


def test_status_shows_limits_and_leaves_out_what_is_empty() -> None:
    full = judge(BARE, Sample(value=2)).as_status("now")
    bare = Judged(id="0", name="mine", verdict=Verdict.PASSED, message="").as_status("now")

    assert full == {
        "name": "mine",
        "verdict": "Passed",
        "at": "now",
        "value": 2,
        "min": 1,
        "max": 10,
        "message": "2, at least 1 and at most 10",
    }
    assert bare == {"name": "mine", "verdict": "Passed", "at": "now"}


@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_value_has_a_verdict_that_json_can_hold(value: float) -> None:
    for what in (RATE, DURATION, SECONDS, BARE):
        entry = judge(what, Sample(value=value)).as_status("2026-01-01T00:00:00Z")

        assert entry == json.loads(json.dumps(entry, allow_nan=False))


@settings(deadline=None)
@given(
    st.floats(min_value=-1e9, max_value=1e9),
    st.floats(min_value=-1e9, max_value=1e9),
    st.floats(min_value=-1e9, max_value=1e9),
)
def test_a_value_passes_exactly_within_its_limits(value: float, low: float, high: float) -> None:
    judged = judge(check(Limits(minimum=low, maximum=high)), Sample(value=value))

    assert (low <= value <= high) is (judged.verdict is Verdict.PASSED)
