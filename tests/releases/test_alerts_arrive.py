"""Alerts and events of whole releases, by the real hook server, at receivers good and bad."""

import base64
import time
from collections.abc import Callable, Iterator
from itertools import groupby

import pytest
from release_world import APP, App, Arena, analysis, deployment
from scripted_http import DROP, HANG
from scripted_peers import WebhookReceiver

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

Make = Callable[..., App]

GOOD_RELEASE = [
    ("info", "The primary is set up"),
    ("info", "New revision detected, the run begins"),
    ("info", "Promotion finished"),
]


def provider(name: str, **spec: object) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "AlertProvider",
        "metadata": {"name": name},
        "spec": {"type": "webhook", **spec},
    }


def secret(name: str, **data: str) -> Manifest:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "Opaque",
        "data": encoded,
    }


def alerted(severity: str, *names: str) -> list[Manifest]:
    return [{"name": n, "severity": severity, "providerRef": {"name": n}} for n in names]


def told(arena: Arena, path: str) -> list[tuple[str, str]]:
    return [(b["severity"], b["message"]) for b in arena.webhooks.received[path]]


def settled(app: App) -> bool:
    """True where nobody is still to be told of anything."""
    return not any(record.get("pending") for record in app.status.get("alerts") or [])


def test_a_release_is_told_to_everybody_once(initialized: Make, arena: Arena) -> None:
    url = arena.webhooks.url
    app = initialized(
        objects=[
            deployment(),
            provider("open", address=f"{url}/once/open"),
            provider("hidden", secretRef={"name": "auth"}),
            provider("worried", address=f"{url}/once/worried"),
            secret("auth", address=f"{url}/once/hidden", token="xoxb"),
        ],
        analysis=analysis(
            alerts=[*alerted("info", "open", "hidden"), *alerted("error", "worried")]
        ),
    )

    app.release("app:2")
    app.wait_for(lambda: settled(app) and len(arena.webhooks.received["/once/hidden"]) == 3)

    assert told(arena, "/once/open") == GOOD_RELEASE
    assert told(arena, "/once/hidden") == GOOD_RELEASE
    assert told(arena, "/once/worried") == []
    keys = arena.webhooks.keys["/once/open"]
    assert keys == arena.webhooks.keys["/once/hidden"]
    assert len(set(keys)) == 3
    facts = arena.webhooks.received["/once/open"][0]["fields"]
    assert facts["Target"] == f"Deployment/{APP}.{app.namespace}"


def test_an_alert_provider_that_is_missing_is_told_on_the_canary(initialized: Make) -> None:
    app = initialized(analysis=analysis(alerts=alerted("info", "nobody")))

    app.wait_for(lambda: any("AlertProvider" in text for text in app.warnings()))

    assert f"AlertProvider {app.namespace}/nobody does not exist or cannot be read" in (
        app.warnings()
    )
    app.release("app:2")


def test_receivers_that_hang_delay_nothing(initialized: Make, arena: Arena) -> None:
    url = arena.webhooks.url
    for path in ("/hang/alert", "/hang/event"):
        arena.webhooks.says(path, HANG)
    hook = {"name": "events", "type": "event", "url": f"{url}/hang/event", "timeout": "30s"}
    app = initialized(
        objects=[deployment(), provider("dead", address=f"{url}/hang/alert")],
        analysis=analysis(alerts=alerted("info", "dead"), webhooks=[hook]),
    )
    app.wait_for(lambda: arena.webhooks.count("/hang/alert"))
    time.sleep(1.2)

    app.release("app:2")

    assert arena.webhooks.count("/hang/event") <= len(arena.hooks), "the first are not over yet"
    assert app.routes == [0, 25, 50, 0]
    assert not settled(app)


def test_events_are_told_in_order_with_their_phases(initialized: Make, arena: Arena) -> None:
    url = f"{arena.webhooks.url}/in-order"
    hook = {"name": "events", "type": "event", "url": url, "metadata": {"env": "test"}}
    app = initialized(analysis=analysis(webhooks=[hook]))

    app.release("app:2")
    app.wait_for(
        lambda: (
            arena.webhooks.received["/in-order"][-1]["metadata"]["eventMessage"]
            == "Promotion finished"
        )
    )

    received = arena.webhooks.received["/in-order"]
    phases = [key for key, _ in groupby(body["phase"] for body in received)]
    assert phases == ["Initializing", "Initialized", "Progressing", "Promoting", "Succeeded"]
    assert {body["metadata"]["env"] for body in received} == {"test"}
    keys = arena.webhooks.keys["/in-order"]
    assert len(set(keys)) == len(keys)
    assert sorted(e["message"] for e in app.events()) == sorted(
        body["metadata"]["eventMessage"] for body in received
    )


@pytest.fixture
def chat() -> Iterator[WebhookReceiver]:
    made = WebhookReceiver()
    made.start()
    yield made
    made.close()


def test_alerts_outlive_the_hook_servers(
    chat: WebhookReceiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nobody takes an alert, all hook servers are killed, then the receiver comes up."""
    environment = {
        "SLACK_URL": f"{chat.url}/slack",
        "EVENT_WEBHOOK_URL": f"{chat.url}/events",
        "FLAGGER_FLAGS": "-slack-channel=ops -cluster-name=blue",
    }
    chat.says("/slack", DROP)
    with Arena(tmp_path_factory.mktemp("told"), hooks=2, environment=environment) as arena:
        app = arena.app("outlived")
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        app.release("app:2")
        app.wait_for(lambda: chat.count("/slack") >= 3)

        for hook in arena.hooks:
            hook.kill()
        chat.says("/slack", 200)
        tried = chat.count("/slack")
        for hook in arena.hooks:
            hook.begin()
        for hook in arena.hooks:
            hook.wait_ready()
        app.wait_for(lambda: settled(app), seconds=30)

        taken = chat.received["/slack"][tried:]
        texts = [body["attachments"][0]["text"] for body in taken]
        assert sorted(texts) == sorted(message for _, message in GOOD_RELEASE)
        assert len(set(chat.keys["/slack"])) == 3
        assert {body["channel"] for body in taken} == {"ops"}
        assert all(
            {"title": "Cluster", "value": "blue", "short": False}
            in body["attachments"][0]["fields"]
            for body in taken
        )
        assert chat.received["/events"]
        assert app.problems() == []
