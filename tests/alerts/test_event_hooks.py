"""Event webhooks hear of every Event, with the phase that it happened in."""

from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from simulation import START, Simulation, canary

from burgee.api.settings import EngineSettings
from burgee.engine.effects import EmitEvent, HookCall
from burgee.engine.telling.event_hooks import with_event_hooks
from burgee.metrics.model import Sample

GLOBAL = EngineSettings(event_webhook="http://global")


def sim_with(*webhooks: dict[str, Any], settings: EngineSettings | None = None) -> Simulation:
    analysis = {**canary()["spec"]["analysis"], "webhooks": list(webhooks)}
    return Simulation(parent=canary(analysis=analysis), settings=settings or EngineSettings())


def calls(sim: Simulation) -> list[HookCall]:
    return [call for event in sim.events for call in event.calls]


def hook(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "event", "url": f"http://{name}", **more}


def test_an_event_is_told_with_what_flagger_tells() -> None:
    sim = sim_with(
        hook("events", metadata={"env": "test", "eventType": "mine"}, timeout="3s", retries=2)
    )

    sim.sync()

    [event] = sim.events
    [call] = event.calls
    assert call.payload == {
        "name": "podinfo",
        "namespace": "test",
        "phase": "Initializing",
        "checksum": call.payload["checksum"],
        "metadata": {
            "env": "test",
            "eventMessage": "Setting up the primary",
            "eventType": "Normal",
            "timestamp": str(int(START.timestamp() * 1000)),
        },
    }
    assert (call.url, call.type, call.timeout_seconds, call.retries) == (
        "http://events",
        "event",
        3.0,
        2,
    )
    assert call.key == f"{event.key}/event/0"


def test_every_event_hears_in_order_at_every_hook() -> None:
    sim = sim_with(hook("a"), hook("b"))

    sim.run(5)
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    assert len(sim.events) > 6
    assert all([c.name for c in event.calls] == ["a", "b"] for event in sim.events)
    told = [c.payload["metadata"]["eventMessage"] for c in calls(sim) if c.name == "a"]
    assert told == [event.message for event in sim.events]
    assert len({call.key for call in calls(sim)}) == len(calls(sim))


def test_the_phases_of_a_good_release_are_flaggers() -> None:
    sim = sim_with(hook("events"))

    sim.run(5)
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    phases = [key for key, _ in groupby(call.payload["phase"] for call in calls(sim))]
    assert phases == ["Initializing", "Initialized", "Progressing", "Promoting", "Succeeded"]


def test_the_event_of_a_rollback_is_told_as_failed() -> None:
    sim = sim_with(hook("events"))
    sim.measure = lambda _: Sample(value=1.0)

    sim.run(5)
    sim.set_image("app:2")
    sim.run(60, until="Failed")

    last = calls(sim)[-1].payload
    assert last["phase"] == "Failed"
    assert last["metadata"]["eventType"] == "Warning"


@pytest.mark.parametrize(
    ("webhooks", "urls"),
    [
        pytest.param([], {"http://global"}, id="global"),
        pytest.param([hook("own")], {"http://own"}, id="own instead of global"),
        pytest.param(
            [{"name": "r", "type": "rollout", "url": "http://r"}],
            {"http://global"},
            id="of another type",
        ),
    ],
)
def test_the_global_webhook_hears_where_a_canary_has_none(
    webhooks: list[dict[str, Any]], urls: set[str]
) -> None:
    sim = sim_with(*webhooks, settings=GLOBAL)

    sim.run(5)

    assert {call.url for call in calls(sim)} == urls


def test_nobody_is_told_where_nobody_is_named() -> None:
    sim = sim_with()

    sim.run(5)

    assert sim.events
    assert calls(sim) == []


def test_events_are_no_calls_that_hold_or_fail_a_run() -> None:
    sim = sim_with(hook("events"))

    sim.run(5)

    assert sim.calls == []


def test_a_webhook_with_an_unusable_timeout_is_left_out_of_its_own_complaint() -> None:
    sim = sim_with(hook("broken", timeout="soon"), hook("good"))

    sim.sync()

    condition = sim.condition("Accepted")
    assert condition
    assert condition["reason"] == "InvalidWebhook"
    assert [call.name for call in calls(sim)] == ["good"]


def test_other_effects_stay_as_they_are() -> None:
    sim = sim_with(hook("events"))
    sim.run(5)
    sim.set_image("app:2")
    sim.settle()
    seen = sim.observe().canary
    others = [e for e in (sim.last.effects if sim.last else ()) if not isinstance(e, EmitEvent)]

    told = with_event_hooks(
        others, seen, seen.status, EngineSettings(), START + timedelta(hours=1)
    )

    assert list(told) == others
