"""An alert on its way: written first, sent next, remembered as told."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from simulation import START, Simulation, canary

from burgee.api.alert_provider import AlertProvider
from burgee.api.settings import EngineSettings
from burgee.api.status import AlertRecord, CanaryStatus
from burgee.engine.effects import SendAlert
from burgee.engine.letters import Severity
from burgee.engine.telling.alerts import Alert
from burgee.engine.telling.outbox import GIVE_UP_SECONDS, MOST_ALERTS, post

Providers = Callable[..., dict[tuple[str, str], AlertProvider]]

TEAMS = EngineSettings(msteams_url="http://teams")


def two_rooms(providers: Providers, **spec: Any) -> Simulation:
    rooms = providers(
        a={"type": "slack", "address": "http://a"}, b={"type": "slack", "address": "http://b"}
    )
    alerts = [{"name": n, "severity": "info", "providerRef": {"name": n}} for n in "ab"]
    analysis = {**canary()["spec"]["analysis"], "alerts": alerts}
    return Simulation(parent=canary(analysis=analysis, **spec), alert_providers=rooms)


def sends(sim: Simulation) -> list[SendAlert]:
    """What the last sync sent."""
    assert sim.last is not None
    return [e for e in sim.last.effects if isinstance(e, SendAlert)]


def until_initialized(sim: Simulation) -> None:
    """Up to the sync that writes the first alert, and no further."""
    for _ in range(20):
        sim.sync()
        if sim.phase == "Initialized":
            return
    pytest.fail("not initialized")


def records(sim: Simulation) -> list[dict[str, Any]]:
    return list(sim.status.get("alerts") or [])


def test_an_alert_is_on_record_before_it_is_sent() -> None:
    sim = Simulation(settings=TEAMS)

    until_initialized(sim)

    assert sends(sim) == []
    [record] = records(sim)
    assert record["pending"] == ["global"]
    assert record["message"] == "The primary is set up"
    assert sim.last is not None
    assert sim.last.resync_after_seconds is not None
    assert sim.last.resync_after_seconds < 0.1


def test_a_told_alert_is_remembered_by_its_key_alone() -> None:
    sim = Simulation(settings=TEAMS)

    sim.run(5)

    [record] = records(sim)
    assert set(record) == {"key", "at"}
    assert [alert.key for alert in sim.alerts] == [record["key"]]
    assert sim.last is not None
    assert sim.last.quiet


def test_a_turn_whose_status_is_lost_is_told_once() -> None:
    sim = Simulation(settings=TEAMS)
    while sim.phase != "Initialized":
        sim.lose_status = 1
        sim.sync()
        sim.sync()
    sim.run(5)

    assert len(sim.alerts) == 1


def test_a_sync_that_moves_something_sends_nothing() -> None:
    sim = Simulation(settings=TEAMS)
    sim.run(5)
    sim.set_image("app:2")

    moved_and_sent = 0
    for _ in range(200):
        before = sim.status
        sim.sync()
        told = bool(sends(sim))
        after = sim.status
        changed = {k for k in {*before, *after} if before.get(k) != after.get(k)} - {"alerts"}
        moved_and_sent += told and bool(changed)
        sim.pass_time(0.5)

    assert sim.phase == "Succeeded"
    assert len(sim.alerts) == 3
    assert moved_and_sent == 0


def test_a_receiver_that_is_down_is_tried_again_and_the_other_is_not(
    providers: Providers,
) -> None:
    sim = two_rooms(providers)
    sim.deliver = lambda alert: alert.receiver.id == "test/a"

    sim.run(4)

    assert [alert.receiver.id for alert in sim.alerts] == ["test/a", "test/b"]
    [record] = records(sim)
    assert (record["pending"], record["attempts"]) == (["test/b"], 1)

    sim.run(70)
    sim.deliver = lambda _: True
    sim.run(60)

    assert [alert.receiver.id for alert in sim.alerts[1:]] == ["test/b"] * len(sim.alerts[1:])
    assert len({alert.key for alert in sim.alerts}) == 1
    assert "pending" not in records(sim)[0]


def test_the_pauses_between_attempts_grow_to_a_minute() -> None:
    sim = Simulation(settings=TEAMS)
    tried: list[float] = []

    def deliver(_: SendAlert) -> bool:
        tried.append((sim.now - START).total_seconds())
        return False

    sim.deliver = deliver
    sim.run(250)

    pauses = [round(b - a) for a, b in pairwise(tried)]
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]


def test_an_answer_that_is_late_counts_as_none_so_far() -> None:
    sim = Simulation(settings=TEAMS)
    sim.deliver = lambda _: None

    sim.run(3)

    assert records(sim)[0]["attempts"] == 1
    assert records(sim)[0]["pending"] == ["global"]


def test_what_nobody_takes_is_given_up_with_an_event() -> None:
    sim = Simulation(settings=TEAMS)
    sim.deliver = lambda _: False

    sim.run(GIVE_UP_SECONDS + 120)
    attempts = len(sim.alerts)
    sim.run(300)

    assert attempts == len(sim.alerts) < 20
    told = [e.message for e in sim.events if "could not be delivered" in e.message]
    assert told == [
        "An alert could not be delivered to global: The primary is set up",
    ]
    assert set(records(sim)[0]) == {"key", "at"}
    assert sim.last is not None
    assert sim.last.quiet


def test_a_receiver_that_the_canary_drops_is_not_tried_any_more(providers: Providers) -> None:
    sim = two_rooms(providers)
    sim.deliver = lambda alert: alert.receiver.id == "test/a"
    sim.run(4)

    analysis = sim.parent["spec"]["analysis"]
    sim.edit(analysis={**analysis, "alerts": analysis["alerts"][:1]})
    sim.alerts.clear()
    sim.run(60)

    assert sim.alerts == []
    assert "pending" not in records(sim)[0]


def test_a_missing_provider_is_told_in_one_event(providers: Providers) -> None:
    sim = two_rooms(providers)
    del sim.alert_providers["test", "b"]

    sim.run(5)
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.run(5)

    missing = [e.message for e in sim.events if "AlertProvider" in e.message]
    assert missing == ["AlertProvider test/b does not exist or cannot be read"]
    assert {alert.receiver.id for alert in sim.alerts} == {"test/a"}
    assert len(sim.alerts) == 3


def test_alerts_go_out_while_a_canary_is_suspended() -> None:
    sim = Simulation(settings=TEAMS)
    until_initialized(sim)
    sim.edit(suspend=True)

    sim.run(5)

    assert len(sim.alerts) == 1


def test_alerts_go_out_while_a_canary_cannot_be_worked_with() -> None:
    sim = Simulation(settings=TEAMS)
    until_initialized(sim)
    sim.edit(service={"port": 0})

    sim.run(5)

    condition = sim.condition("Accepted")
    assert condition
    assert condition["reason"] == "InvalidService"
    assert len(sim.alerts) == 1


def test_a_forbidden_namespace_is_refused_before_anything_is_told(providers: Providers) -> None:
    sim = two_rooms(providers)
    sim.settings = EngineSettings(no_cross_namespace_refs=True)
    alert = {"name": "x", "severity": "info", "providerRef": {"name": "x", "namespace": "chat"}}
    sim.edit(analysis={**sim.parent["spec"]["analysis"], "alerts": [alert]})

    sim.run(5)

    condition = sim.condition("Accepted")
    assert condition
    assert condition["reason"] == "CrossNamespaceReference"
    assert sim.alerts == []


@pytest.mark.parametrize("pending", [None, ("global",)])
def test_status_holds_a_bounded_number_of_alerts(pending: tuple[str, ...] | None) -> None:
    old = tuple(
        AlertRecord(key=f"{i}", at="2026-01-01T12:00:00Z", pending=pending)
        for i in range(MOST_ALERTS)
    )
    observation = Simulation(settings=TEAMS).observe()
    news = Alert(severity=Severity.INFO, message="new", key="new")

    status, _ = post(CanaryStatus(alerts=old), (news,), observation, START)

    keys = [record.key for record in status.alerts]
    assert keys == [*(f"{i}" for i in range(1, MOST_ALERTS)), "new"]


def test_alerts_that_were_told_leave_before_those_that_were_not() -> None:
    old = tuple(
        AlertRecord(key=f"{i}", at="2026-01-01T12:00:00Z", pending=None if i == 7 else ("global",))
        for i in range(MOST_ALERTS)
    )
    observation = Simulation(settings=TEAMS).observe()
    news = Alert(severity=Severity.INFO, message="new", key="new")

    status, _ = post(CanaryStatus(alerts=old), (news,), observation, START)

    assert "7" not in {record.key for record in status.alerts}
    assert len(status.alerts) == MOST_ALERTS


def test_an_alert_that_status_remembers_is_not_posted_again() -> None:
    known = AlertRecord(key="k", at="2026-01-01T12:00:00Z")
    observation = Simulation(settings=TEAMS).observe()
    again = Alert(severity=Severity.INFO, message="again", key="k")
    status = CanaryStatus(alerts=(known,))

    assert post(status, (again,), observation, START + timedelta(hours=1)) == (status, ())


@pytest.mark.parametrize("seed", range(25))
def test_receivers_that_come_and_go_take_every_alert_once(providers: Providers, seed: int) -> None:
    """Answers are lost, late or bad, and status writes are lost in syncs that send nothing."""
    chance = random.Random(seed)
    sim = two_rooms(providers)
    taken: list[tuple[str, str]] = []

    def deliver(alert: SendAlert) -> bool | None:
        outcome = chance.choice([True, False, None])
        if outcome:
            taken.append((alert.key, alert.receiver.id))
        return outcome

    sim.deliver = deliver
    images = iter(["app:2", "app:3", "app:4"])
    for number in range(240):
        if number % 80 == 20:
            sim.set_image(next(images))
        waits = any(r.get("pending") for r in sim.status.get("alerts") or [])
        sim.lose_status = int(not waits and chance.random() < 0.3)
        sim.sync()
        sim.pass_time(chance.choice([0.1, 1, 5]))
    sim.deliver = lambda alert: taken.append((alert.key, alert.receiver.id)) or True
    sim.run(200)

    assert sim.phase == "Succeeded"
    assert len(taken) == len(set(taken))
    by_room = [sorted(key for key, room in taken if room == r) for r in ("test/a", "test/b")]
    assert by_room[0] == by_room[1]
    assert len(by_room[0]) >= 3
    assert not any("pending" in record for record in records(sim))
