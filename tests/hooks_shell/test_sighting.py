"""From a Canary and its status to the few numbers that are shown of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.status import CanaryStatus, Phase
from hooks.sighting import Plan, Sighting, sighting_of

MOMENT = "2026-03-01T10:00:00Z"
LATER = "2026-03-01T10:05:00.500000Z"


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def live(status: Manifest | None = None, **spec: Any) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "shop", "namespace": "t", "uid": "u-1"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web"},
            "service": {"port": 80},
            **spec,
        },
        "status": status or {},
    }


def seen(status: Manifest, **spec: Any) -> Sighting:
    manifest = live(status, **spec)
    canary = Canary.model_validate(manifest)
    return sighting_of(manifest, canary, canary.status, floor_seconds=10)


def test_names_phase_and_weight() -> None:
    found = seen({"phase": "Progressing", "canaryWeight": 20, "failedChecks": 2})

    assert (found.uid, found.namespace, found.name, found.target) == (
        *("u-1", "t", "shop"),
        "shop-web",
    )
    assert (found.phase, found.weight, found.failed_checks) == (Phase.PROGRESSING, 20, 2)


def test_the_weight_is_that_of_the_route_while_a_gate_holds_the_promotion() -> None:
    assert seen({"phase": "WaitingPromotion", "canaryWeight": 0, "trafficWeight": 50}).weight == 50


@pytest.mark.parametrize(
    ("status", "phase_start", "last_step"),
    [
        pytest.param(
            {"phaseStartTime": LATER, "lastTransitionTime": MOMENT}, LATER, MOMENT, id="both"
        ),
        pytest.param({"lastTransitionTime": MOMENT}, MOMENT, MOMENT, id="Flagger's status"),
        pytest.param({"lastTransitionTime": "soon"}, None, None, id="no time"),
        pytest.param({}, None, None, id="none"),
    ],
)
def test_moments(status: Manifest, phase_start: str | None, last_step: str | None) -> None:
    found = seen({"phase": "Progressing", **status})

    assert found.phase_start == (at(phase_start) if phase_start else 0)
    assert found.last_step == (at(last_step) if last_step else 0)


def test_the_plan_has_flaggers_defaults_and_the_floor_of_the_installation() -> None:
    assert seen({}).plan == Plan(interval_seconds=60, deadline_seconds=600, most_failed_checks=1)
    assert seen(
        {}, analysis={"interval": "1s", "threshold": 5}, progressDeadlineSeconds=60
    ).plan == Plan(interval_seconds=10, deadline_seconds=60, most_failed_checks=5)


def test_a_canary_that_is_not_accepted_is_held_since_then() -> None:
    condition = {
        "type": "Accepted",
        "status": "False",
        "reason": "TargetNotFound",
        "lastTransitionTime": MOMENT,
    }

    assert seen({"conditions": [condition]}).held == ("TargetNotFound", at(MOMENT))
    assert seen({"conditions": [{**condition, "status": "True"}]}).held is None
    assert seen({}).held is None


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param(
            {"waiting": {"on": "confirm-promotion/ask", "since": LATER}},
            ("confirm-promotion/ask", at(LATER)),
            id="a gate",
        ),
        pytest.param(
            {
                "paused": True,
                "commands": {"pause": {"value": "1", "at": MOMENT}},
                "waiting": {"on": "canary", "since": LATER},
            },
            ("pause", at(MOMENT)),
            id="a person, whatever else is missing",
        ),
        pytest.param(
            {"paused": True, "lastTransitionTime": LATER},
            ("pause", at(LATER)),
            id="a person whose command is forgotten",
        ),
    ],
)
def test_what_a_release_waits_for(status: Manifest, waits: tuple[str, float] | None) -> None:
    assert seen({"phase": "Progressing", **status}).waits == waits


def test_alerts_that_somebody_is_still_to_hear() -> None:
    records = [
        {"key": "a", "at": MOMENT},
        {"key": "b", "at": MOMENT, "pending": ["t/chat", "t/pager"]},
        {"key": "c", "at": MOMENT, "pending": ["t/chat"]},
    ]

    assert seen({"alerts": records}).untold == 2


@pytest.mark.parametrize(
    ("metrics", "checks", "values"),
    [
        pytest.param(
            ["request-success-rate", "request-duration"],
            [("request-success-rate", 99.5), ("request-duration", 320)],
            {"request-success-rate": 99.5, "request-duration": 0.32},
            id="durations in seconds, as in Flagger",
        ),
        pytest.param(
            ["request-duration"],
            [("request-duration", 320), ("request-duration", 7)],
            {"request-duration": 7.0},
            id="a built-in metric with a query of its own beside: the last value, in its unit",
        ),
        pytest.param(
            ["request-duration"],
            [("request-duration", None), ("request-duration", 7)],
            {"request-duration": 7.0},
            id="the built-in one has no data",
        ),
        pytest.param(["queue"], [("queue", 12)], {"queue": 12.0}, id="a template"),
        pytest.param(["queue"], [("queue", None)], {"queue": None}, id="no data"),
        pytest.param(["queue"], [], {"queue": None}, id="not measured yet"),
        pytest.param([], [("queue", 12)], {}, id="a metric that is gone from the spec"),
    ],
)
def test_measurements(
    metrics: list[str],
    checks: list[tuple[str, float | None]],
    values: dict[str, float | None],
) -> None:
    found = seen(
        {
            "checks": [
                {"name": name, "verdict": "Passed"} | ({} if value is None else {"value": value})
                for name, value in checks
            ]
        },
        analysis={"metrics": [{"name": name} for name in metrics]},
    )

    assert found.values == values


@pytest.mark.parametrize(
    ("spec", "target"),
    [
        pytest.param({"targetRef": {"name": "shop-web"}}, "shop-web", id="a target"),
        pytest.param({"targetRef": "shop-web"}, "shop", id="no reference"),
        pytest.param(None, "shop", id="no spec"),
    ],
)
def test_a_canary_whose_spec_cannot_be_read_is_shown_all_the_same(
    spec: object, target: str
) -> None:
    found = sighting_of(
        {**live(), "spec": spec}, None, CanaryStatus(phase=Phase.INITIALIZING), floor_seconds=10
    )

    assert (found.target, found.plan, found.values) == (target, None, {})
