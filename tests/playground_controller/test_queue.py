import threading
import time

import pytest

from burgee.playground.machinery.workqueue import WorkQueue, backoff_seconds

KEY = ("t1", "podinfo")
OTHER = ("t1", "other")


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> WorkQueue:
    return WorkQueue(clock=clock)


def test_a_key_added_twice_is_handed_out_once(queue: WorkQueue) -> None:
    queue.add(KEY)
    queue.add(KEY)
    queue.add(OTHER)
    assert [queue.get(0), queue.get(0), queue.get(0)] == [KEY, OTHER, None]


def test_a_key_added_while_it_is_worked_on_comes_back_after_done(queue: WorkQueue) -> None:
    queue.add(KEY)
    queue.get(0)
    queue.add(KEY)
    queue.add(KEY)
    assert queue.get(0) is None
    queue.done(KEY)
    assert queue.get(0) == KEY
    queue.done(KEY)
    assert queue.get(0) is None


@pytest.mark.parametrize(
    ("delays", "due"),
    [
        pytest.param([5.0, 2.0], 2.0, id="the earlier time replaces the later one"),
        pytest.param([2.0, 5.0], 2.0, id="a later time never postpones"),
        pytest.param([3.0], 3.0, id="one timer"),
    ],
)
def test_the_earlier_timer_wins(
    queue: WorkQueue, clock: FakeClock, delays: list[float], due: float
) -> None:
    for delay in delays:
        queue.add_after(KEY, delay)
    clock.now += due - 0.01
    assert queue.get(0) is None
    clock.now += 0.02
    assert queue.get(0) == KEY
    queue.done(KEY)
    clock.now += 60
    assert queue.get(0) is None


@pytest.mark.parametrize("delay", [0.0, -1.0])
def test_no_delay_means_now(queue: WorkQueue, delay: float) -> None:
    queue.add_after(KEY, delay)
    assert queue.get(0) == KEY


def test_an_immediate_add_leaves_the_timer_alone(queue: WorkQueue, clock: FakeClock) -> None:
    queue.add_after(KEY, 5)
    queue.add(KEY)
    assert queue.get(0) == KEY
    queue.done(KEY)
    clock.now += 5.1
    assert queue.get(0) == KEY


@pytest.mark.parametrize(
    ("failures", "delay"),
    [(0, 0.005), (1, 0.01), (5, 0.16), (9, 2.56), (17, 655.36), (18, 1000.0), (4000, 1000.0)],
)
def test_backoff_doubles_up_to_1000_seconds(failures: int, delay: float) -> None:
    assert backoff_seconds(failures) == pytest.approx(delay)


def test_a_success_starts_the_backoff_anew(queue: WorkQueue, clock: FakeClock) -> None:
    assert queue.add_rate_limited(KEY) == pytest.approx(0.005)
    clock.now += 1
    queue.done(queue.get(0))
    assert queue.add_rate_limited(KEY) == pytest.approx(0.01)
    clock.now += 1
    queue.done(queue.get(0))
    queue.forget(KEY)
    assert queue.add_rate_limited(KEY) == pytest.approx(0.005)


def test_an_event_bypasses_the_backoff(queue: WorkQueue) -> None:
    for _ in range(12):
        queue.add_rate_limited(KEY)
    queue.add(KEY)
    assert queue.get(0) == KEY


def test_failures_of_all_keys_share_a_bucket_of_100(queue: WorkQueue) -> None:
    delays = [queue.add_rate_limited(("t1", f"c{n}")) for n in range(120)]
    assert max(delays[:100]) == pytest.approx(0.005)
    assert delays[119] == pytest.approx(2.0)


def test_a_restart_forgets_timers_and_failures(queue: WorkQueue, clock: FakeClock) -> None:
    queue.add_rate_limited(KEY)
    queue.add_after(OTHER, 1)
    assert queue.drop_timers() == 2
    clock.now += 10
    assert queue.get(0) is None
    assert queue.failures(KEY) == 0


def test_a_waiting_worker_is_woken_by_a_timer_and_by_close() -> None:
    queue = WorkQueue()
    got = []

    def work() -> None:
        while (key := queue.get()) is not None:
            got.append(key)
            queue.done(key)

    worker = threading.Thread(target=work)
    worker.start()
    queue.add_after(KEY, 0.02)
    end = time.monotonic() + 2
    while not got and time.monotonic() < end:
        time.sleep(0.002)
    queue.close()
    worker.join(2)
    assert got == [KEY]
    assert not worker.is_alive()
