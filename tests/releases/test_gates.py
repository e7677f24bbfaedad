"""Webhooks that hold, fail or follow a run, at real receivers."""

from collections.abc import Callable

import pytest
from release_world import APP, App, analysis

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

Make = Callable[..., App]


def gated(make: Make, kind: str, **fields: object) -> tuple[App, str]:
    """An initialized app with one webhook of a type; and the receiver's path."""
    app = make()
    path = f"/{app.namespace}/{kind}"
    webhook: Manifest = {"name": "gate", "type": kind, "url": f"{app.arena.webhooks.url}{path}"}
    app.edit(analysis=analysis(webhooks=[{**webhook, "metadata": {"team": "a"}}], **fields))
    return app, path


def test_confirm_rollout_holds_a_revision_back(initialized: Make) -> None:
    app, path = gated(initialized, "confirm-rollout")
    receiver = app.arena.webhooks
    receiver.says(path, 403)

    app.set_image("app:2")
    app.wait_phase("Waiting")
    app.wait_for(lambda: receiver.count(path) >= 3)
    assert app.routes == [0]
    assert app.image() == "app:1"
    assert any("waits for approval" in message for message in app.warnings())

    receiver.says(path, 200)
    app.wait_phase("Succeeded")
    assert app.phases[-5:] == ["Waiting", "Progressing", "Promoting", "Finalising", "Succeeded"]
    payload = receiver.received[path][0]
    assert (payload["name"], payload["namespace"]) == (APP, app.namespace)
    assert payload["metadata"] == {"team": "a"}
    assert payload["checksum"]


def test_pre_rollout_lets_no_traffic_through_until_it_passes(initialized: Make) -> None:
    app, path = gated(initialized, "pre-rollout", threshold=50)
    app.arena.webhooks.says(path, 500)

    app.set_image("app:2")
    app.wait(lambda status: status.get("failedChecks", 0) >= 2)
    assert app.routes == [0]

    app.arena.webhooks.says(path, 200)
    app.wait_phase("Succeeded")
    assert app.routes == [0, 25, 50, 0]


def test_pre_rollout_that_keeps_failing_ends_the_run_without_traffic(initialized: Make) -> None:
    app, path = gated(initialized, "pre-rollout")
    app.arena.webhooks.says(path, 500)

    app.release("app:2", until="Failed")

    assert app.routes == [0]
    assert app.image() == "app:1"
    assert app.arena.webhooks.count(path) == 2


def test_rollout_is_asked_at_every_step_and_its_failures_count(initialized: Make) -> None:
    app, path = gated(initialized, "rollout")
    app.release("app:2")
    assert app.arena.webhooks.count(path) == 2
    assert {p["phase"] for p in app.arena.webhooks.received[path]} == {"Progressing"}

    app.arena.webhooks.says(path, 500)
    status = app.release("app:3", until="Failed")
    assert "gate" in status["failure"]["message"]
    assert app.image() == "app:2"


def test_confirm_traffic_increase_holds_a_step_and_fails_nothing(initialized: Make) -> None:
    app, path = gated(initialized, "confirm-traffic-increase")
    receiver = app.arena.webhooks
    app.set_image("app:2")
    app.wait_for(lambda: app.routes == [0, 25])
    receiver.says(path, 403)
    asked = receiver.count(path)
    app.wait_for(lambda: receiver.count(path) >= asked + 4)

    held = app.status
    assert held["canaryWeight"] in {25, 50}
    assert held["failedChecks"] == 0
    assert held["phase"] == "Progressing"
    receiver.says(path, 200)
    app.wait_phase("Succeeded")
    assert app.routes == [0, 25, 50, 0]


def test_confirm_promotion_holds_the_top_weight_and_keeps_looking(initialized: Make) -> None:
    app, path = gated(initialized, "confirm-promotion")
    receiver = app.arena.webhooks
    receiver.says(path, 403)
    app.set_image("app:2")
    app.wait_phase("WaitingPromotion")
    asked = len(app.arena.prometheus.asked[app.namespace])
    app.wait_for(lambda: receiver.count(path) >= 3)

    assert app.routes == [0, 25, 50]
    assert app.image() == "app:1"
    assert len(app.arena.prometheus.asked[app.namespace]) > asked

    receiver.says(path, 200)
    app.wait_phase("Succeeded")
    assert app.routes == [0, 25, 50, 0]


def test_a_rollback_webhook_ends_the_run_when_it_says_yes(initialized: Make) -> None:
    app, path = gated(initialized, "rollback")
    app.arena.webhooks.says(path, 403)
    app.set_image("app:2")
    app.wait_for(lambda: app.routes == [0, 25])

    app.arena.webhooks.says(path, 200)
    status = app.wait_phase("Failed")

    assert status["failure"]["reason"] == "RollbackWebhook"
    assert app.routes[-1] == 0
    assert app.image() == "app:1"


@pytest.mark.parametrize("answer", [200, 500])
def test_post_rollout_is_told_the_end_and_changes_nothing(initialized: Make, answer: int) -> None:
    app, path = gated(initialized, "post-rollout")
    app.arena.webhooks.says(path, answer)

    app.release("app:2")
    app.wait_scaled(0)

    told = app.arena.webhooks.received[path]
    assert [p["phase"] for p in told] == ["Succeeded"]
    assert app.image() == "app:2"
