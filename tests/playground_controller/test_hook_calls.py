import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hook_world import HookServer, Reply, World

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.webhook import HookClient, HookFailed, retry_after_seconds

KEY = ("t1", "podinfo")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        ("0", 0),
        (None, 0),
        ("", 0),
        ("soon", 0),
        ("1.5", 0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10),
    ],
)
def test_retry_after(header: str | None, seconds: Any) -> None:
    assert retry_after_seconds(header, 1767225600.0) == seconds


def test_429_with_retry_after_writes_nothing_and_counts_no_failure(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=429, headers={"Retry-After": "2"})
    controller = world.controller()
    outcome = controller.step()
    assert outcome.retry_seconds == 2
    assert 1.5 < controller.loop.queue.pending_seconds(KEY) <= 2
    assert controller.loop.queue.failures(KEY) == 0
    assert world.events() == []
    assert "status" not in world.canary()


def test_429_without_retry_after_is_a_hot_loop(world: World, reply: type[Reply]) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=429)
    controller = world.controller()
    assert all(controller.step().retry_seconds == 0 for _ in range(20))
    assert controller.tally["throttled"] == 20


@pytest.mark.parametrize("status", [201, 204, 304, 400, 500, 503])
def test_any_other_status_is_an_error_with_an_event(
    world: World, reply: type[Reply], status: Any
) -> None:
    parent = world.parent()
    body = b"" if status in {204, 304} else b"no: because"
    world.hooks.answers["/sync"] = lambda _: reply(status=status, body=body)
    outcome = world.controller().step()
    assert f"unsupported status code: {status}" in str(outcome.error)
    event = world.events()[0]
    assert (event["type"], event["reason"]) == ("Warning", "SyncError")
    assert event["involvedObject"]["uid"] == parent["metadata"]["uid"]
    assert str(status) in event["message"]
    assert "status" not in world.canary()


def test_failures_back_off_and_a_success_resets_them(world: World, reply: type[Reply]) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=500)
    controller = world.controller()
    delays = []
    for _ in range(5):
        controller.loop.resync()
        delays.append(controller.step().retry_seconds)
    assert delays == pytest.approx([0.005, 0.01, 0.02, 0.04, 0.08])
    world.hooks.answers["/sync"] = lambda _: reply(body={"status": {}, "children": []})
    controller.loop.resync()
    world.settle(controller)
    assert controller.loop.queue.failures(KEY) == 0


def test_the_same_error_is_one_event_that_counts(world: World, reply: type[Reply]) -> None:
    world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=500, body=b"same")
    controller = world.controller()
    for _ in range(4):
        controller.loop.resync()
        controller.step()
    assert [event["count"] for event in world.events()] == [4]


def test_an_event_bypasses_the_backoff_of_a_parent(world: World, reply: type[Reply]) -> None:
    parent = world.parent()
    world.hooks.answers["/sync"] = lambda _: reply(status=500)
    controller = world.controller()
    for _ in range(8):
        controller.loop.resync()
        controller.step()
    calls = len(world.hooks.calls)
    world.change(parent, metadata={"annotations": {"touched": "yes"}})
    assert controller.step() is not None
    assert len(world.hooks.calls) == calls + 1


def slow_composite(world: World) -> Manifest:
    manifest = world.composite()
    manifest["spec"]["hooks"]["sync"]["webhook"]["timeout"] = "100ms"
    return manifest


def test_a_call_that_timed_out_is_sent_again_while_the_first_still_runs(
    world: World, reply: type[Reply]
) -> None:
    world.parent()
    slow = threading.Event()

    def answer(_: Any) -> Reply:
        first = not slow.is_set()
        slow.set()
        delay = 0.35 if first else 0.0
        return reply(body={"status": {"first": first}, "children": []}, delay_seconds=delay)

    world.hooks.answers["/sync"] = answer
    world.controller(slow_composite(world), workers=2)
    world.wait(lambda: world.canary().get("status"))
    assert world.hooks.most_running >= 2
    world.wait(lambda: world.hooks.running == 0)
    time.sleep(0.05)
    assert world.canary()["status"]["first"] is False
    assert "TimeoutError" in world.events()[0]["message"]


def test_the_time_limit_covers_the_whole_answer(hooks: HookServer, reply: type[Reply]) -> None:
    given_up = threading.Event()

    def late(_: object) -> Reply:
        given_up.wait(10)
        return reply(body=b"x")

    hooks.answers["/sync"] = late
    client = HookClient([f"{hooks.url}/sync"], timeout_seconds=0.1)
    with pytest.raises(HookFailed, match=r"Timeout|timed out"):
        client.call(b"{}")
    assert hooks.running == 1, "the answer is still on its way"
    given_up.set()
    client.close()


def test_no_server_is_an_error() -> None:
    client = HookClient(["http://127.0.0.1:9/sync"], timeout_seconds=1)
    with pytest.raises(HookFailed):
        client.call(b"{}")
    client.close()


def test_connections_are_kept_and_replaced_when_the_server_closes_them(
    hooks: HookServer, reply: type[Reply]
) -> None:
    client = HookClient([f"{hooks.url}/sync"], timeout_seconds=1)
    for _ in range(5):
        client.call(b"{}")
    assert hooks.connections == 1
    hooks.answers["/sync"] = lambda _: reply(headers={"Connection": "close"})
    client.call(b"{}")
    client.call(b"{}")
    assert hooks.connections == 2
    client.close()


def test_two_hook_servers_answer_in_turn(
    world: World, hook_server: Callable[[], HookServer]
) -> None:
    other = hook_server()
    for number in range(4):
        world.parent(f"c{number}")
    controller = world.controller(hook_urls=[world.hooks.url, other.url])
    world.settle(controller)
    assert abs(len(world.hooks.calls) - len(other.calls)) <= 1


@pytest.mark.parametrize("by", ["option", "secret"])
def test_the_bearer_token_is_sent(world: World, by: str) -> None:
    manifest = world.composite()
    options = {}
    if by == "option":
        options["token"] = "s3cret"
    else:
        world.put(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "hook", "namespace": "tmpl"},
                "data": {"token": "czNjcmV0"},
            }
        )
        reference = {"namespace": "tmpl", "name": "hook", "key": "token"}
        manifest["spec"]["hooks"]["sync"]["webhook"]["authorization"] = {"secretRef": reference}
    world.parent()
    world.controller(manifest, **options).step()
    assert world.hooks.headers[0]["Authorization"] == "Bearer s3cret"
    assert world.hooks.headers[0]["Content-Type"] == "application/json"


def test_a_missing_token_secret_keeps_everything_waiting(world: World) -> None:
    manifest = world.composite()
    reference = {"namespace": "tmpl", "name": "hook", "key": "token"}
    manifest["spec"]["hooks"]["sync"]["webhook"]["authorization"] = {"secretRef": reference}
    world.parent()
    controller = world.controller(manifest, workers=1)
    time.sleep(0.05)
    assert not controller.running
    assert world.hooks.calls == []
    world.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "hook", "namespace": "tmpl"},
            "data": {"token": "czNjcmV0"},
        }
    )
    world.wait(lambda: world.hooks.calls)
