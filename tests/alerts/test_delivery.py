"""One alert over HTTP: what arrives, and what a bad receiver does."""

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from scripted_http import DROP, HANG, Received, Reply

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.outside.alerts import deliver
from burgee.engine.effects import SendAlert
from burgee.engine.letters import Letter, Receiver, Severity

MakeKube = Callable[[Callable[[Received], Reply]], KubeClient]

LETTER = Letter(name="podinfo", namespace="test", message="hello", severity=Severity.WARN)


def alert(kind: str = "slack", **receiver: Any) -> SendAlert:
    return SendAlert(
        key="0a1b",
        receiver=Receiver(id="test/room", kind=kind, channel="ops", username="bot", **receiver),
        letter=LETTER,
    )


def secret(**data: str) -> Reply:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return Reply(body=json.dumps({"kind": "Secret", "data": encoded}).encode())


def test_an_alert_arrives_with_its_key(room: Any, nowhere: KubeClient) -> None:
    result = deliver(alert(address=f"{room.url}/slack"), nowhere)

    [received] = room.received
    assert (result.succeeded, result.status_code) == (True, 200)
    assert (received.method, received.path) == ("POST", "/slack")
    assert received.headers["content-type"] == "application/json"
    assert received.headers["idempotency-key"] == "0a1b"
    assert "authorization" not in received.headers
    assert json.loads(received.body)["attachments"][0]["text"] == "hello"


def test_discord_is_posted_to_its_own_path(room: Any, nowhere: KubeClient) -> None:
    deliver(alert("discord", address=f"{room.url}/d"), nowhere)

    assert room.received[0].path == "/d/slack"


def test_a_workflow_gets_an_adaptive_card(room: Any, nowhere: KubeClient) -> None:
    deliver(alert("msteams", address=f"{room.url}/workflows/0a"), nowhere)

    assert room.bodies("/workflows/0a")[0]["type"] == "message"


@pytest.mark.parametrize(
    ("kind", "authorization"),
    [
        pytest.param("slack", "Bearer xoxb", id="slack"),
        pytest.param("webhook", "Bearer xoxb", id="webhook"),
        pytest.param("rocket", None, id="not for rocket"),
    ],
)
def test_address_and_token_come_from_the_secret(
    room: Any, make_kube: MakeKube, kind: str, authorization: str | None
) -> None:
    asked: list[str] = []

    def api(request: Received) -> Reply:
        asked.append(request.path)
        return secret(address=f"{room.url}/s\n", token="xoxb\n")

    result = deliver(
        alert(kind, address=f"{room.url}/not-here", secret=("chat", "auth")), make_kube(api)
    )

    assert result.succeeded
    assert asked == ["/api/v1/namespaces/chat/secrets/auth"]
    assert [r.path for r in room.received] == ["/s"]
    assert room.received[0].headers.get("authorization") == authorization


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(secret(token="t"), "no URL", id="no address"),
        pytest.param(secret(address="slack.example"), "no URL", id="no URL"),
        pytest.param(
            Reply(body=b'{"kind": "Secret", "data": {"address": "%%%"}}'), "no URL", id="no base64"
        ),
        pytest.param(Reply(status=404, body=b"{}"), "Secret cannot be read", id="no Secret"),
        pytest.param(Reply(status=403, body=b"{}"), "Secret cannot be read", id="not allowed"),
    ],
)
def test_a_secret_that_cannot_be_used_says_so(
    make_kube: MakeKube, answer: Reply, says: str
) -> None:
    result = deliver(alert(secret=("chat", "auth")), make_kube(lambda _: answer))

    assert not result.succeeded
    assert says in result.message


@pytest.mark.parametrize(
    ("status", "good"),
    [(200, True), (202, True), (204, True), (299, True), (302, False), (400, False), (500, False)],
)
def test_any_2xx_is_a_success(room: Any, nowhere: KubeClient, status: int, good: bool) -> None:
    room.says["/x"] = Reply(
        status=status,
        body=b"" if status == 204 else b"S3CRET",
        headers={"Location": f"{room.url}/elsewhere"},
    )

    result = deliver(alert(address=f"{room.url}/x"), nowhere)

    assert (result.succeeded, result.status_code) == (good, status)
    assert [r.path for r in room.received] == ["/x"]
    assert "S3CRET" not in result.message


def test_the_proxy_of_the_provider_is_used(room: Any, nowhere: KubeClient) -> None:
    result = deliver(alert(address="http://chat.invalid/x", proxy=room.url), nowhere)

    assert result.succeeded
    assert [r.path for r in room.received] == ["http://chat.invalid/x"]


def test_a_dead_proxy_is_named(nowhere: KubeClient) -> None:
    result = deliver(alert(address="http://chat.invalid/x", proxy="http://127.0.0.1:1"), nowhere)

    assert not result.succeeded
    assert "S3CRET" not in result.message


@pytest.mark.parametrize("reply", [pytest.param(DROP, id="drops"), pytest.param(HANG, id="hangs")])
def test_a_receiver_that_does_not_answer_costs_its_time_only(
    room: Any, nowhere: KubeClient, reply: Reply
) -> None:
    room.says["/x"] = reply
    began = time.monotonic()

    result = deliver(alert(address=f"{room.url}/x"), nowhere, timeout_seconds=0.3)

    assert not result.succeeded
    assert result.status_code is None
    assert time.monotonic() - began < 2
    assert room.url not in result.message


def test_nobody_at_the_address(nowhere: KubeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    result = deliver(alert(address=f"http://127.0.0.1:{port}/S3CRET"), nowhere)

    assert (result.succeeded, result.message) == (False, "connection refused")


def test_an_unknown_kind_is_a_failure(room: Any, nowhere: KubeClient) -> None:
    result = deliver(alert("pigeon", address=room.url), nowhere)

    assert not result.succeeded
    assert room.received == []
