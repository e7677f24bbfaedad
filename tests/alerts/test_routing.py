"""Who hears what, and what stands beside the message."""

from collections.abc import Callable
from typing import Any

import pytest
from simulation import canary

from burgee.api.alert_provider import AlertProvider
from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.engine.letters import Receiver, Severity
from burgee.engine.reading.observation import Observation
from burgee.engine.reading.related import related_rules
from burgee.engine.telling.alerts import fields_of, receiver_of, route

Providers = Callable[..., dict[tuple[str, str], AlertProvider]]

SLACK = {"type": "slack", "address": "http://slack"}


def parsed(*alerts: dict[str, Any], **analysis: Any) -> Canary:
    full = canary()["spec"]["analysis"]
    merged = {**full, "alerts": list(alerts), **analysis}
    return Canary.model_validate(
        canary(analysis={k: v for k, v in merged.items() if v is not None})
    )


def entry(name: str, severity: str | None = "info", **ref: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "providerRef": {"name": name, **ref}}
    return found if severity is None else {**found, "severity": severity}


def observed(
    found: Canary,
    providers: dict[tuple[str, str], AlertProvider] | None = None,
    **settings: Any,
) -> Observation:
    return Observation(
        canary=found,
        target=None,
        alert_providers=providers or {},
        settings=EngineSettings(**settings),
    )


@pytest.mark.parametrize(
    ("wanted", "hears"),
    [
        pytest.param("info", [True, True, True], id="info"),
        pytest.param("warn", [False, True, True], id="warn"),
        pytest.param("error", [False, False, True], id="error"),
        pytest.param("", [False, False, False], id="empty"),
        pytest.param(None, [False, False, False], id="unset"),
    ],
)
def test_a_severity_hears_itself_and_what_is_worse(
    providers: Providers, wanted: str | None, hears: list[bool]
) -> None:
    world = observed(parsed(entry("room", wanted)), providers(room=SLACK))

    assert [bool(route(world, severity).ids) for severity in Severity] == hears


def test_receivers_hear_in_the_order_written_and_once(providers: Providers) -> None:
    world = observed(
        parsed(entry("b"), entry("a", "warn"), entry("b", "error"), entry("silent", None)),
        providers(a=SLACK, b=SLACK, silent=SLACK),
    )

    assert route(world, Severity.ERROR).ids == ("test/b", "test/a")


def test_a_provider_that_is_not_there_is_named(providers: Providers) -> None:
    world = observed(
        parsed(entry("here"), entry("gone"), entry("unheard", "error")), providers(here=SLACK)
    )

    found = route(world, Severity.INFO)

    assert (found.ids, found.missing) == (("test/here",), ("test/gone",))


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"type": "slack"}, id="nothing"),
        pytest.param({"type": "slack", "address": ""}, id="empty"),
    ],
)
def test_a_provider_without_an_address_is_none(providers: Providers, spec: dict[str, Any]) -> None:
    world = observed(parsed(entry("room")), providers(room=spec))

    assert route(world, Severity.INFO).missing == ("test/room",)


def test_a_receiver_has_flaggers_defaults(providers: Providers) -> None:
    world = observed(parsed(entry("room")), providers(room=SLACK))

    assert receiver_of(world, "test/room") == Receiver(
        id="test/room",
        kind="slack",
        address="http://slack",
        channel="general",
        username="flagger",
    )


def test_a_receiver_of_another_namespace_has_its_secret_there(providers: Providers) -> None:
    spec = {
        "type": "slack",
        "channel": "ops",
        "username": "bot",
        "proxy": "http://proxy",
        "secretRef": {"name": "auth"},
    }
    world = observed(parsed(entry("room", namespace="chat")), providers("chat", room=spec))

    assert receiver_of(world, "chat/room") == Receiver(
        id="chat/room",
        kind="slack",
        secret=("chat", "auth"),
        proxy="http://proxy",
        channel="ops",
        username="bot",
    )


def test_what_the_canary_does_not_name_any_more_is_no_receiver(providers: Providers) -> None:
    world = observed(parsed(entry("other")), providers(room=SLACK, other=SLACK), slack_url="x")

    assert receiver_of(world, "test/room") is None
    assert receiver_of(world, "global") is None


SLACK_SETTINGS = {
    "slack_url": "http://slack",
    "slack_channel": "ops",
    "slack_token": "xoxb",
    "slack_proxy_url": "http://proxy",
}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param({}, None, id="none"),
        pytest.param(SLACK_SETTINGS, "slack", id="slack"),
        pytest.param({"slack_url": "http://slack"}, None, id="slack without a channel"),
        pytest.param({**SLACK_SETTINGS, "slack_user": ""}, None, id="slack without a user"),
        pytest.param({"msteams_url": "http://teams"}, "msteams", id="teams"),
        pytest.param({**SLACK_SETTINGS, "msteams_url": "http://t"}, "msteams", id="teams wins"),
    ],
)
@pytest.mark.parametrize("severity", list(Severity))
def test_the_global_receiver_hears_everything(
    settings: dict[str, Any], kind: str | None, severity: Severity
) -> None:
    world = observed(parsed(), **settings)

    assert route(world, severity).ids == (() if kind is None else ("global",))
    found = receiver_of(world, "global")
    assert (found.kind if found else None) == kind


def test_the_global_slack_is_as_set() -> None:
    assert receiver_of(observed(parsed(), **SLACK_SETTINGS), "global") == Receiver(
        id="global",
        kind="slack",
        address="http://slack",
        proxy="http://proxy",
        channel="ops",
        username="flagger",
        token="xoxb",
    )


@pytest.mark.parametrize(
    ("analysis", "routing"),
    [
        pytest.param({}, "Weight step: 25 max: 50", id="step"),
        pytest.param({"maxWeight": 0}, "Weight step: 25 max: 100", id="step without a top"),
        pytest.param(
            {"stepWeight": 0, "stepWeights": [1, 10, 80]},
            "Weight steps: 1,10,80 max: 80",
            id="steps",
        ),
        pytest.param(
            {"stepWeight": 0, "iterations": 3, "match": [{"headers": {}}]},
            "A/B Testing",
            id="A/B",
        ),
        pytest.param({"stepWeight": 0, "iterations": 3}, "Blue/Green", id="Blue/Green"),
        pytest.param({"stepWeight": 0}, None, id="nothing"),
    ],
)
def test_the_facts_beside_a_message(analysis: dict[str, Any], routing: str | None) -> None:
    facts = [
        ("Target", "Deployment/podinfo.test"),
        ("Failed checks threshold", "2"),
        ("Progress deadline", "60s"),
        *([("Traffic routing", routing)] if routing else []),
    ]

    found = fields_of(parsed(**analysis), EngineSettings(), with_fields=True)

    assert found == tuple(facts)


def test_the_cluster_is_named_in_every_message() -> None:
    settings = EngineSettings(cluster_name="blue")

    assert fields_of(parsed(), settings, with_fields=False) == (("Cluster", "blue"),)
    assert fields_of(parsed(), settings, with_fields=True)[0] == ("Cluster", "blue")


def test_alert_providers_are_watched_by_name_and_namespace() -> None:
    found = parsed(entry("b"), entry("a"), entry("a", "warn"), entry("c", namespace="chat"))

    rules = [
        rule
        for rule in related_rules(found, None, EngineSettings())
        if rule["resource"] == "alertproviders"
    ]

    common = {"apiVersion": "flagger.app/v1beta1", "resource": "alertproviders"}
    assert rules == [
        {**common, "namespace": "chat", "names": ["c"]},
        {**common, "namespace": "test", "names": ["a", "b"]},
    ]


def test_other_namespaces_are_not_watched_where_that_is_forbidden() -> None:
    found = parsed(entry("a"), entry("c", namespace="chat"))
    settings = EngineSettings(no_cross_namespace_refs=True)

    rules = related_rules(found, None, settings)

    assert [r["namespace"] for r in rules if r["resource"] == "alertproviders"] == ["test"]
