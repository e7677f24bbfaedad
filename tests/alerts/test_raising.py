"""When a release has something to say, on the pure engine in simulated time."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from simulation import Simulation, canary, deployment

from burgee.api.alert_provider import AlertProvider
from burgee.api.settings import EngineSettings
from burgee.engine.decide import advance
from burgee.engine.decision import Findings
from burgee.engine.effects import HookCall, HookResult
from burgee.engine.telling.alert_payloads import address_for, payload_for
from burgee.metrics.model import Sample

Providers = Callable[..., dict[tuple[str, str], AlertProvider]]

DATA = Path(__file__).parent / "data"
OPEN = HookResult(succeeded=True, message="200", status_code=200)
CLOSED = HookResult(succeeded=False, message="answered 403", status_code=403)
TEAMS = EngineSettings(msteams_url="http://teams")


def analysis(**fields: Any) -> dict[str, Any]:
    return {**canary()["spec"]["analysis"], **fields}


def hook(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": kind, "type": kind, "url": f"http://{kind}", **more}


def released(**analysed: Any) -> Simulation:
    """A Canary at rest whose alerts so far are forgotten."""
    sim = Simulation(parent=canary(analysis=analysis(**analysed)), settings=TEAMS)
    sim.run(5)
    assert sim.phase == "Initialized"
    sim.alerts.clear()
    return sim


def heard(sim: Simulation) -> list[tuple[str, str, bool]]:
    """Severity, the message up to its colon, and whether facts stand beside it."""
    return [
        (
            alert.letter.severity.value,
            alert.letter.message.partition(":")[0],
            bool(alert.letter.fields),
        )
        for alert in sim.alerts
    ]


def test_the_set_up_is_told_with_the_facts() -> None:
    sim = Simulation(settings=TEAMS)

    sim.run(30)

    assert heard(sim) == [("info", "The primary is set up", True)]


def test_a_good_release_is_told_at_its_beginning_and_its_end() -> None:
    sim = released()

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.run(5)

    assert heard(sim) == [
        ("info", "New revision detected, the run begins", True),
        ("info", "Promotion finished", False),
    ]


def test_failed_checks_are_told_once_at_the_threshold() -> None:
    sim = released()
    sim.measure = lambda _: Sample(value=80.0)

    sim.set_image("app:2")
    sim.run(60, until="Failed")
    sim.run(60)

    assert heard(sim)[1:] == [("error", "Rolled back", False)]
    assert "failed checks 2 of 2" in sim.alerts[-1].letter.message


def test_a_rollback_at_the_deadline_is_told() -> None:
    sim = released()
    sim.never_ready.add("app:2")

    sim.set_image("app:2")
    sim.run(120, until="Failed")
    sim.run(5)

    assert heard(sim)[1:] == [("error", "Rolled back", False)]


def test_a_rollback_that_a_webhook_asks_for_is_a_warning() -> None:
    sim = released(webhooks=[hook("rollback")])

    sim.set_image("app:2")
    sim.run(60, until="Failed")
    sim.run(5)

    assert heard(sim)[1:] == [("warn", "Rolled back", False)]


def test_a_release_without_analysis_is_told() -> None:
    sim = released()
    sim.edit(skipAnalysis=True)

    sim.set_image("app:2")
    sim.run(60, until="Succeeded")
    sim.run(5)

    assert heard(sim)[1:] == [("info", "Promoted without analysis", False)]


def test_a_restart_by_a_newer_revision_is_not_told() -> None:
    sim = released()

    sim.set_image("app:2")
    sim.run(12)
    sim.set_image("app:3")
    sim.run(60, until="Succeeded")
    sim.run(5)

    assert [message for _, message, _ in heard(sim)] == [
        "New revision detected, the run begins",
        "Promotion finished",
    ]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        pytest.param("confirm-rollout", "A new revision waits for approval", id="start"),
        pytest.param("confirm-traffic-increase", "More traffic waits for approval", id="traffic"),
        pytest.param("confirm-promotion", "The promotion waits for approval", id="promotion"),
    ],
)
@pytest.mark.parametrize("mute", [False, True])
def test_a_closed_gate_is_told_once_unless_it_is_muted(
    kind: str, message: str, mute: bool
) -> None:
    sim = released(webhooks=[hook(kind, muteAlert=mute)])
    sim.call = lambda _: CLOSED

    sim.set_image("app:2")
    sim.run(120)

    warned = [found for found in heard(sim) if found[0] == "warn"]
    assert warned == ([] if mute else [("warn", message, False)])


def test_the_mute_of_an_open_gate_does_not_count() -> None:
    sim = released(
        webhooks=[
            hook("confirm-rollout", muteAlert=True, name="open"),
            hook("confirm-rollout", name="shut"),
        ]
    )
    sim.call = lambda call: OPEN if call.name == "open" else CLOSED

    sim.set_image("app:2")
    sim.run(30)

    assert [found[0] for found in heard(sim)] == ["warn"]


def test_traffic_waits_for_approval_at_every_weight() -> None:
    sim = released(webhooks=[hook("confirm-traffic-increase")])
    approved = 0

    def gate(_: HookCall) -> HookResult:
        return OPEN if sim.status.get("canaryWeight", 0) < approved else CLOSED

    sim.call = gate
    sim.set_image("app:2")
    sim.run(60)
    approved = 1
    sim.run(60)
    approved = 26
    sim.run(60)

    warnings = [a for a in sim.alerts if a.letter.severity == "warn"]
    assert sim.status["canaryWeight"] == 50
    assert len(warnings) == 3
    assert len({a.key for a in warnings}) == 3


def test_a_promotion_that_does_not_reach_the_primary_is_told() -> None:
    sim = released()
    sim.lose_children.add("podinfo-primary")

    sim.set_image("app:2")
    sim.run(150, until="Failed")
    sim.run(5)

    assert heard(sim)[1:] == [("error", "Rolled back", False)]


def test_a_primary_that_does_not_come_up_is_told() -> None:
    sim = released()
    sim.set_image("app:2")
    for _ in range(200):
        sim.pass_time(1)
        sim.sync()
        if sim.image("podinfo-primary") == "app:2":
            break
    assert sim.phase == "Promoting"
    observed = sim.observe()
    key = ("Deployment", "podinfo-primary")
    primary = observed.children[key]
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    broken = {**primary, "status": {**primary["status"], "conditions": [late]}}

    decision = advance(
        replace(observed, children={**observed.children, key: broken}),
        sim.now,
        lambda _: Findings(pods=""),
    )

    news = decision.status.alerts[-1]
    assert decision.status.phase == "Failed"
    assert (news.severity, news.pending) == ("error", ("global",))
    assert str(news.message).startswith("Promotion failed: primary")


def test_every_run_of_a_revision_is_told() -> None:
    sim = released()
    sim.measure = lambda _: Sample(value=80.0)
    sim.set_image("app:2")
    sim.run(60, until="Failed")
    sim.run(5)

    meta = {**sim.parent["metadata"], "annotations": {"burgee.dev/retry": "1"}}
    sim.parent = {**sim.parent, "metadata": meta}
    sim.run(60, until="Progressing")
    sim.run(60, until="Failed")
    sim.run(5)

    assert [message for _, message, _ in heard(sim)] == [
        "New revision detected, the run begins",
        "Rolled back",
    ] * 2
    assert len({alert.key for alert in sim.alerts}) == 4


def test_what_two_replicas_work_out_has_the_same_keys() -> None:
    def keys() -> list[str]:
        sim = Simulation(settings=TEAMS)
        sim.run(5)
        sim.set_image("app:2")
        sim.run(60, until="Succeeded")
        sim.run(5)
        return [alert.key for alert in sim.alerts]

    first = keys()
    assert len(first) == len(set(first)) == 3
    assert keys() == first


def test_nothing_is_remembered_where_nobody_listens() -> None:
    sim = Simulation()

    sim.run(5)
    sim.set_image("app:2")
    sim.run(60, until="Succeeded")

    assert "alerts" not in sim.status


ADDRESSES = {
    "slack": ("slack", {"channel": "general", "username": "bot"}),
    "teams": ("msteams", {}),
    "discord": ("discord", {"channel": "d"}),
    "rocket": ("rocket", {"channel": "r"}),
    "gchat": ("gchat", {}),
}


def masked(payload: dict[str, Any]) -> dict[str, Any]:
    """Without the wording, which is burgee's own, and with the recording's namespace."""
    text = json.dumps(payload)
    text = re.sub(r'"(text|activityTitle|summary)": "(?:[^"\\]|\\.)*"', r'"\1": "<text>"', text)
    found: dict[str, Any] = json.loads(text.replace("podinfo.test", "podinfo.{{ns}}"))
    return found


def test_the_recorded_run_sends_what_flagger_sent(providers: Providers) -> None:
    """One provider of each kind, a gated start, a muted gate, and a rollback."""
    specs = {
        name: {"type": kind, "address": f"http://chat/{name}", **more}
        for name, (kind, more) in ADDRESSES.items()
    }
    secret = {"type": "slack", "channel": "s", "secretRef": {"name": "slack-auth"}}
    levels = {"slack": "info", "teams": "warn", "discord": "error"}
    alerts = [
        {"name": name, "severity": levels.get(name, "info"), "providerRef": {"name": name}}
        for name in ADDRESSES
    ]
    alerts[2]["providerRef"] = {"name": "discord", "namespace": "test"}
    alerts += [
        {"name": "none", "providerRef": {"name": "slack"}},
        {"name": "sec", "severity": "info", "providerRef": {"name": "slack-secret"}},
    ]
    gates = [hook("confirm-rollout"), hook("confirm-traffic-increase", muteAlert=True)]
    sim = Simulation(
        parent=canary(
            analysis=analysis(
                threshold=1, stepWeight=50, maxWeight=50, alerts=alerts, webhooks=gates
            )
        ),
        target=deployment("app:1"),
        alert_providers=providers(**specs, **{"slack-secret": secret}),
    )
    shut = {"confirm-rollout", "confirm-traffic-increase"}
    sim.call = lambda call: CLOSED if call.type in shut else OPEN

    sim.run(5)
    sim.set_image("app:2")
    sim.run(30)
    shut.discard("confirm-rollout")
    sim.run(60)
    shut.discard("confirm-traffic-increase")
    sim.measure = lambda _: Sample(value=50.0)
    sim.run(60, until="Failed")
    sim.run(5)

    sent: list[tuple[str, dict[str, Any]]] = []
    for alert in sim.alerts:
        name = alert.receiver.id.removeprefix("test/")
        address = alert.receiver.address or f"http://chat/{name}"
        path = address_for(alert.receiver.kind, address).removeprefix("http://chat/")
        sent.append((path, masked(payload_for(alert.receiver, alert.letter, address, "k"))))
    recorded = json.loads((DATA / "recorded_alerts.json").read_text())
    assert sent == [(found["path"], found["payload"]) for found in recorded]


def test_a_message_never_changes_on_its_way() -> None:
    sim = released()
    sim.deliver = lambda _: len(sim.alerts) > 2

    sim.set_image("app:2")
    sim.run(18)

    letters = [alert.letter for alert in sim.alerts[:3]]
    assert len(list(groupby(letters))) == 1
    assert letters[0].phase == "Progressing"
