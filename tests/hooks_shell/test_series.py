"""The series of Canaries: what they say, and that they go when their Canary does."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from burgee.api.status import Phase
from hooks.series import Series, lifetime_of
from hooks.sighting import Plan, Sighting
from hooks.tally import Ending, Release

LIFETIME = 90.0
HOUR = 3600.0
WEIGHTS = Release(strategy="canary", analysis="completed")

APP = Sighting(
    uid="u-1",
    namespace="t",
    name="shop",
    target="shop-web",
    phase=Phase.PROGRESSING,
    weight=20,
    failed_checks=1,
    plan=Plan(interval_seconds=30, deadline_seconds=600, most_failed_checks=5),
    phase_start=1000.5,
    last_step=1030,
    values={"request-duration": 0.32, "queue": None},
)
OTHER = replace(APP, uid="u-2", name="other", target="other", phase=Phase.FAILED, weight=0)


class World:
    """A collector and its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.series = Series(monotonic=lambda: self.now)
        self._registry = CollectorRegistry()
        self._registry.register(self.series)

    def see(self, sighting: Sighting) -> None:
        self.series.see(sighting, lifetime=LIFETIME)

    def lines(self, word: str = "") -> list[str]:
        """Samples of which a part is this word; as Prometheus would, none is taken twice."""
        text = generate_latest(self._registry).decode()
        found = [line for line in text.splitlines() if not line.startswith("#")]
        series = [line.rpartition(" ")[0] for line in found]
        assert len(set(series)) == len(series)
        return [line for line in found if word in line]


@pytest.fixture
def world() -> World:
    return World()


def test_flaggers_series_of_a_canary(world: World) -> None:
    world.see(APP)
    world.see(OTHER)

    lines = world.lines("flagger_")
    for expected in (
        'flagger_canary_total{namespace="t"} 2.0',
        'flagger_canary_status{name="shop-web",namespace="t"} 0.0',
        'flagger_canary_status{name="other",namespace="t"} 2.0',
        'flagger_canary_weight{namespace="t",workload="shop-web"} 20.0',
        'flagger_canary_weight{namespace="t",workload="shop-web-primary"} 80.0',
    ):
        assert expected in lines
    measured = 'flagger_canary_metric_analysis{metric="request-duration",name="shop-web"'
    assert f'{measured},namespace="t"}} 0.32' in lines
    assert not [line for line in lines if 'metric="queue"' in line]


@pytest.mark.parametrize("phase", [p for p in Phase if p not in {"Progressing", "Failed"}])
def test_every_other_phase_counts_as_good_as_in_flagger(world: World, phase: Phase) -> None:
    world.see(replace(APP, phase=phase))

    assert 'flagger_canary_status{name="shop-web",namespace="t"} 1.0' in world.lines()


def test_burgees_own_series_of_a_canary(world: World) -> None:
    world.see(replace(APP, held=("TargetNotFound", 900.0), waits=("data", 1040.0), untold=3))

    about = 'canary="shop",name="shop-web",namespace="t"'
    waiting = f'burgee_canary_waiting_timestamp_seconds{{{about},on="data"}} 1040.0'
    assert world.lines("burgee_") == [
        f'burgee_canary_phase_start_timestamp_seconds{{{about},phase="Progressing"}} 1000.5',
        f"burgee_canary_last_step_timestamp_seconds{{{about}}} 1030.0",
        f'burgee_canary_held_timestamp_seconds{{{about},reason="TargetNotFound"}} 900.0',
        waiting,
        f"burgee_canary_failed_checks{{{about}}} 1.0",
        f"burgee_canary_failed_checks_limit{{{about}}} 5.0",
        f"burgee_canary_interval_seconds{{{about}}} 30.0",
        f"burgee_canary_deadline_seconds{{{about}}} 600.0",
        f"burgee_canary_alerts_untold{{{about}}} 3.0",
    ]


def test_what_is_not_known_is_not_shown(world: World) -> None:
    world.see(replace(APP, phase=Phase.NONE, phase_start=0, last_step=0, plan=None, values={}))

    shown = {line.partition("{")[0] for line in world.lines("burgee_")}
    assert shown == {"burgee_canary_failed_checks", "burgee_canary_alerts_untold"}


def test_a_metric_without_a_value_keeps_its_last_one_until_it_leaves_the_spec(
    world: World,
) -> None:
    world.see(APP)
    world.see(replace(APP, values={"request-duration": None, "queue": 7.0}))

    assert [line.rpartition(" ")[2] for line in world.lines("metric_analysis")] == ["0.32", "7.0"]

    world.see(replace(APP, values={"queue": None}))

    assert [line.rpartition(" ")[2] for line in world.lines("metric_analysis")] == ["7.0"]


def test_nothing_is_left_of_a_canary_that_is_forgotten(world: World) -> None:
    world.see(APP)
    world.see(OTHER)
    world.series.expect(APP.uid, WEIGHTS)

    for _ in range(2):
        world.series.forget(APP.uid)

    assert world.lines("shop") == []
    assert world.lines("other")
    assert 'flagger_canary_total{namespace="t"} 1.0' in world.lines()


def test_nothing_is_left_of_a_target_that_a_canary_has_no_more(world: World) -> None:
    world.see(APP)
    world.series.expect(APP.uid, WEIGHTS)
    world.see(replace(APP, target="shop-next"))

    assert world.lines("shop-web") == []
    assert 'flagger_canary_weight{namespace="t",workload="shop-next"} 20.0' in world.lines()


def test_a_canary_that_goes_on_elsewhere_leaves_the_picture_first_and_then_the_counts(
    world: World,
) -> None:
    """It was deleted through another replica, or all its calls go to one."""
    world.see(APP)
    world.series.expect(APP.uid, WEIGHTS)

    world.now = LIFETIME
    assert world.lines("flagger_canary_status{")
    world.now = LIFETIME + 1
    assert {line.partition("{")[0] for line in world.lines()} == {
        "flagger_canary_successes_total",
        "flagger_canary_failures_total",
    }
    world.now = LIFETIME + HOUR
    assert world.lines()
    world.now = LIFETIME + HOUR + 1
    assert world.lines() == []
    assert not world.series.touch(APP.uid)


def test_what_nobody_scrapes_is_dropped_all_the_same(world: World) -> None:
    world.see(APP)
    world.now = LIFETIME + HOUR + 1
    world.see(OTHER)

    assert not world.series.touch(APP.uid)
    assert world.series.touch(OTHER.uid)


def test_calls_that_show_nothing_new_keep_the_picture(world: World) -> None:
    world.see(APP)
    for _ in range(5):
        world.now += LIFETIME - 1
        assert world.series.touch(APP.uid)

    assert world.lines("flagger_canary_status{")


def test_a_canary_that_was_made_anew_takes_the_place_of_the_deleted_one(world: World) -> None:
    world.see(APP)
    world.series.expect(APP.uid, WEIGHTS)
    world.now = 10
    world.see(replace(APP, uid="u-9", weight=0))
    world.series.expect("u-9", WEIGHTS)

    assert 'flagger_canary_weight{namespace="t",workload="shop-web"} 0.0' in world.lines()
    assert 'flagger_canary_total{namespace="t"} 1.0' in world.lines()


def test_a_target_that_is_another_canarys_primary_is_shown_once(world: World) -> None:
    world.see(APP)
    world.see(replace(OTHER, target="shop-web-primary", weight=5))

    assert len(world.lines('workload="shop-web-primary"')) == 1


def count(world: World, ending: str) -> list[float]:
    lines = world.lines(f"flagger_canary_{ending}_total{{")
    return [float(line.rpartition(" ")[2]) for line in lines]


def test_both_endings_begin_at_zero(world: World) -> None:
    world.see(APP)
    world.series.expect(APP.uid, WEIGHTS)
    world.series.expect(APP.uid, WEIGHTS)

    labels = 'analysis_status="completed",deployment_strategy="canary",name="shop-web"'
    assert f'flagger_canary_successes_total{{{labels},namespace="t"}} 0.0' in world.lines()
    assert f'flagger_canary_failures_total{{{labels},namespace="t"}} 0.0' in world.lines()


def test_a_release_is_counted_once_however_often_its_end_is_answered(world: World) -> None:
    world.see(APP)
    series = world.series
    series.expect(APP.uid, WEIGHTS)

    for _ in range(3):
        series.count_ending(APP.uid, Ending.SUCCESS, WEIGHTS, "the first run")
    series.count_ending(APP.uid, Ending.FAILURE, WEIGHTS, "the second run")
    series.count_ending(APP.uid, Ending.SUCCESS, WEIGHTS, "the third run")

    assert (count(world, "successes"), count(world, "failures")) == ([2.0], [1.0])


def test_releases_of_another_kind_are_counted_apart(world: World) -> None:
    world.see(APP)
    skipped = replace(WEIGHTS, analysis="skipped")
    world.series.expect(APP.uid, WEIGHTS)
    world.series.expect(APP.uid, skipped)
    world.series.count_ending(APP.uid, Ending.SUCCESS, skipped, "a run")

    assert sorted(count(world, "successes")) == [0.0, 1.0]


def test_steps_are_counted_by_how_long_they_took(world: World) -> None:
    world.see(APP)
    for seconds in (0.004, 0.005, 0.2, 60.0):
        world.series.count_step(APP.uid, seconds)

    labels = 'name="shop-web",namespace="t"'
    lines = world.lines("flagger_canary_duration_seconds")
    for bound, steps in (("0.005", 2), ("0.01", 2), ("0.25", 3), ("10.0", 3), ("+Inf", 4)):
        assert (
            f'flagger_canary_duration_seconds_bucket{{le="{bound}",{labels}}} {steps}.0' in lines
        )
    assert f"flagger_canary_duration_seconds_count{{{labels}}} 4.0" in lines
    assert f"flagger_canary_duration_seconds_sum{{{labels}}} 60.209" in lines


def test_what_is_not_known_cannot_be_counted(world: World) -> None:
    world.series.expect("gone", WEIGHTS)
    world.series.count_ending("gone", Ending.SUCCESS, WEIGHTS, "a run")
    world.series.count_step("gone", 1)

    assert world.lines() == []


@pytest.mark.parametrize(
    ("controller", "seconds"),
    [
        pytest.param({"spec": {"resyncPeriodSeconds": 30}}, 90, id="three resyncs"),
        pytest.param({"spec": {"resyncPeriodSeconds": 1}}, 60, id="a minute at least"),
        pytest.param({"spec": {"resyncPeriodSeconds": 0}}, 5400, id="Metacontroller's own"),
        pytest.param({"spec": {"resyncPeriodSeconds": "x"}}, 5400, id="no number"),
        pytest.param({"spec": {}}, 5400, id="no period"),
        pytest.param({"spec": []}, 5400, id="no spec"),
        pytest.param({}, 5400, id="nothing"),
    ],
)
def test_the_lifetime_follows_the_resyncs(controller: dict[str, Any], seconds: float) -> None:
    assert lifetime_of(controller) == seconds
