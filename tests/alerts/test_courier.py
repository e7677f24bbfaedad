"""Deliveries beside the syncs: in order, once, and never in anybody's way."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_http import DROP, HANG, Reply
from structlog.testing import capture_logs

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.deeds import Deed, Kind
from burgee.adapters.outside.courier import (
    ALERT_WAIT_SECONDS,
    MOST_WAITING,
    THREADS,
    Courier,
)
from burgee.engine.effects import HookCall, SendAlert
from burgee.engine.letters import Letter, Receiver, Severity

LETTER = Letter(name="podinfo", namespace="test", message="hello", severity=Severity.INFO)


class Counter:
    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def __call__(self, deed: Deed) -> None:
        assert deed.kind is Kind.DELIVERY
        self.counted.append((deed.type, deed.outcome))


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def courier(nowhere: KubeClient) -> Iterator[Courier]:
    made = Courier(nowhere)
    yield made
    made.close()


def alert(room: Any, path: str, key: str = "k1") -> SendAlert:
    receiver = Receiver(id=f"test{path}", kind="webhook", address=f"{room.url}{path}")
    return SendAlert(key=key, receiver=receiver, letter=LETTER)


def event(room: Any, path: str, key: str, message: str = "") -> HookCall:
    return HookCall(
        name="events",
        type="event",
        url=f"{room.url}{path}",
        payload={"message": message},
        timeout_seconds=1,
        retries=0,
        verify_tls=True,
        key=key,
    )


def until(happened: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def test_a_delivered_alert_is_known_in_the_same_sync(
    room: Any, courier: Courier, counter: Counter
) -> None:
    told = courier.round("u", counter)
    told.send(alert(room, "/a"))

    assert told.outcomes() == {("k1", "test/a"): True}
    assert counter.counted == [("webhook", "delivered")]


def test_an_alert_that_is_refused_is_known_to_have_failed(
    room: Any, courier: Courier, counter: Counter
) -> None:
    room.says["/a"] = Reply(status=500)
    told = courier.round("u", counter)
    told.send(alert(room, "/a"))

    assert told.outcomes() == {("k1", "test/a"): False}
    assert counter.counted == [("webhook", "failed")]


def test_what_was_delivered_is_not_delivered_again(room: Any, courier: Courier) -> None:
    for _ in range(3):
        told = courier.round("u")
        told.send(alert(room, "/a"))
        assert told.outcomes() == {("k1", "test/a"): True}

    assert len(room.received) == 1


def test_what_failed_is_tried_again(room: Any, courier: Courier) -> None:
    room.says["/a"] = DROP
    first = courier.round("u")
    first.send(alert(room, "/a"))
    assert first.outcomes() == {("k1", "test/a"): False}

    del room.says["/a"]
    second = courier.round("u")
    second.send(alert(room, "/a"))

    assert second.outcomes() == {("k1", "test/a"): True}


def test_two_syncs_at_once_send_one_alert(room: Any, courier: Courier) -> None:
    room.says["/a"] = Reply(delay_seconds=0.2)
    outcomes: list[dict[tuple[str, str], bool]] = []

    def sync() -> None:
        told = courier.round("u")
        told.send(alert(room, "/a"))
        outcomes.append(told.outcomes())

    threads = [threading.Thread(target=sync) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert outcomes == [{("k1", "test/a"): True}] * 3
    assert len(room.received) == 1


def test_a_hanging_receiver_costs_a_second_once(room: Any, courier: Courier) -> None:
    room.says["/a"] = HANG
    first = courier.round("u")
    began = time.monotonic()
    first.send(alert(room, "/a"))
    assert first.outcomes() == {}
    assert 0.9 < time.monotonic() - began < ALERT_WAIT_SECONDS + 0.5

    second = courier.round("u")
    began = time.monotonic()
    second.send(alert(room, "/a"))
    second.send(alert(room, "/b"))
    second.tell(event(room, "/e", "e1"))
    second.wait()

    assert time.monotonic() - began < 2 * ALERT_WAIT_SECONDS
    assert {r.path for r in room.received} == {"/a", "/b", "/e"}


def test_after_a_failure_a_sync_waits_for_an_instant_only(room: Any, courier: Courier) -> None:
    room.says["/a"] = DROP
    first = courier.round("u")
    first.send(alert(room, "/a"))
    first.outcomes()
    room.says["/a"] = HANG

    second = courier.round("u")
    began = time.monotonic()
    second.send(alert(room, "/a"))
    assert second.outcomes() == {}

    assert time.monotonic() - began < ALERT_WAIT_SECONDS


def test_events_of_a_canary_arrive_in_order(room: Any, courier: Courier) -> None:
    delays = iter([0.15, 0.0, 0.05, 0.0, 0.0, 0.0])
    expected = [f"{number}" for number in range(6)]
    for number in range(6):
        room.says["/e"] = Reply(delay_seconds=next(delays))
        courier.round("u").tell(event(room, "/e", f"k{number}", f"{number}"))

    room.wait(6)

    assert [body["message"] for body in room.bodies("/e")] == expected


def test_a_dead_event_receiver_is_not_waited_for(room: Any, courier: Courier) -> None:
    room.says["/e"] = HANG
    waited = []
    for number in range(4):
        told = courier.round("u")
        began = time.monotonic()
        told.tell(event(room, "/e", f"k{number}"))
        told.wait()
        waited.append(time.monotonic() - began)

    assert max(waited) < 0.5


def test_canaries_do_not_wait_for_each_other(room: Any, courier: Courier) -> None:
    room.says["/slow"] = HANG
    courier.round("u1").tell(event(room, "/slow", "k1"))

    told = courier.round("u2")
    told.send(alert(room, "/a"))

    assert told.outcomes() == {("k1", "test/a"): True}


def test_receivers_that_hang_take_no_thread_from_others(room: Any, courier: Courier) -> None:
    dead = [f"/dead{number}" for number in range(3 * THREADS)]
    room.says.update(dict.fromkeys(dead, HANG))
    for again in ("first", "second"):
        for path in dead:
            courier.round(path).tell(event(room, path, f"{again}{path}"))
        if again == "first":
            until(lambda: courier.waiting()["event"] == 0, seconds=20)

    told = courier.round("u")
    told.send(alert(room, "/alive"))

    assert told.outcomes() == {("k1", "test/alive"): True}


def test_a_receiver_that_is_well_again_is_quick_again(room: Any, courier: Courier) -> None:
    for number, reply in enumerate((Reply(status=500), Reply(), Reply(), Reply())):
        room.says["/a"] = reply
        told = courier.round("u")
        told.send(alert(room, "/a", f"k{number}"))
        until(lambda told=told: told.outcomes())

    assert len(room.received) == 4


def test_a_receiver_that_cannot_be_reached_is_asked_once_for_all_that_waits(
    room: Any, courier: Courier, counter: Counter
) -> None:
    room.says["/e"] = Reply(delay_seconds=0.3, drop=True)
    for number in range(5):
        courier.round("u", counter).tell(event(room, "/e", f"k{number}"))

    until(lambda: len(counter.counted) == 5)

    assert counter.counted == [("event", "failed")] * 5
    assert len(room.received) == 1


def test_a_refused_event_does_not_take_the_next_one_along(
    room: Any, courier: Courier, counter: Counter
) -> None:
    room.says["/e"] = Reply(status=500)
    for number in range(3):
        courier.round("u", counter).tell(event(room, "/e", f"k{number}"))

    room.wait(3)
    until(lambda: len(counter.counted) == 3)


def test_log_lines_name_no_address(room: Any, courier: Courier) -> None:
    room.says["/S3CRET"] = Reply(status=403, body=b"S3CRET")
    found = alert(room, "/S3CRET")
    receiver = Receiver(id="test/room", kind="slack", address=found.receiver.address)
    with capture_logs() as lines:
        told = courier.round("u")
        told.send(SendAlert(key="k", receiver=receiver, letter=LETTER))
        told.outcomes()
        until(lambda: lines)

    [line] = lines
    assert line["log_level"] == "warning"
    assert (line["kind"], line["to"], line["answer"]) == ("slack", "test/room", "answered 403")
    assert "S3CRET" not in repr(lines)


def test_a_closed_courier_delivers_nothing_and_does_not_fail(
    room: Any, nowhere: KubeClient
) -> None:
    made = Courier(nowhere)
    made.close()

    told = made.round("u")
    told.send(alert(room, "/a"))
    told.tell(event(room, "/e", "k2"))

    assert told.outcomes() == {("k1", "test/a"): False}
    assert room.received == []


def test_what_is_under_way_and_what_waits_behind_it_is_shown(room: Any, courier: Courier) -> None:
    assert courier.waiting() == {"alert": 0, "event": 0}
    for path in ("/a", "/e"):
        room.says[path] = HANG
    told = courier.round("u")
    for number in range(3):
        told.tell(event(room, "/e", f"e{number}"))
    told.send(alert(room, "/a"))

    room.wait(2)
    assert courier.waiting() == {"alert": 1, "event": 3}

    until(lambda: courier.waiting()["event"] == 0)


def test_what_a_full_lane_drops_is_counted(room: Any, courier: Courier, counter: Counter) -> None:
    room.says["/e"] = HANG
    told = courier.round("u", counter)
    for number in range(MOST_WAITING + 3):
        told.tell(event(room, "/e", f"k{number}"))
        room.wait(1)

    assert counter.counted[:2] == [("event", "dropped")] * 2
    assert courier.waiting()["event"] == MOST_WAITING + 1
