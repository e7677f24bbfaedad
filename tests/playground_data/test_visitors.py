"""Visitors with headers and cookie jars, and the client that sends for them."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from burgee.playground.dataplane.load import Load
from burgee.playground.dataplane.visitors import Visitor


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("lessons", "after_seconds", "cookies"),
    [
        pytest.param([["a=1; Max-Age=10"]], 9, {"a": "1"}, id="kept"),
        pytest.param([["a=1; Max-Age=10"]], 11, {}, id="expired"),
        pytest.param([["a=1"]], 10_000, {"a": "1"}, id="without an age"),
        pytest.param([["a=1; Max-Age=10"], ["a=1; Max-Age=-1"]], 0, {}, id="forgotten"),
        pytest.param([["a=1; Path=/; Max-Age=10", "b=2"]], 1, {"a": "1", "b": "2"}, id="two"),
        pytest.param([["a=1"], ["a=2; HttpOnly"]], 1, {"a": "2"}, id="replaced"),
    ],
)
def test_jar(lessons: list[list[str]], after_seconds: float, cookies: dict[str, str]) -> None:
    clock = _Clock()
    visitor = Visitor("v", keeps_cookies=True, clock=clock)
    for lesson in lessons:
        visitor.learn(lesson)
    clock.now += after_seconds
    assert visitor.cookies() == cookies


def test_cookies_go_along_with_other_headers() -> None:
    visitor = Visitor(headers={"x-cohort": "insider"}, keeps_cookies=True)
    assert visitor.headers() == {"x-cohort": "insider"}
    visitor.learn(["a=1", "b=2"])
    assert visitor.headers() == {"x-cohort": "insider", "cookie": "a=1; b=2"}


def test_without_a_jar_nothing_is_kept() -> None:
    visitor = Visitor(headers={"cookie": "always=1"})
    visitor.learn(["a=1"])
    assert visitor.headers() == {"cookie": "always=1"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    received: list[tuple[str, str]]

    def do_GET(self) -> None:
        who = self.headers.get("x-who", "")
        self.received.append((who, self.headers.get("cookie", "")))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.send_header("set-cookie", f"name={who}; Max-Age=60")
        self.send_header("set-cookie", "also=this")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture
def received() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def url(received: list[tuple[str, str]]) -> Iterator[str]:
    handler = type("_Recording", (_Handler,), {"received": received})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_visitors_take_turns_and_keep_their_own_cookies(
    url: str, received: list[tuple[str, str]]
) -> None:
    visitors = [Visitor(f"v{n}", headers={"x-who": f"v{n}"}, keeps_cookies=True) for n in range(5)]
    load = Load(url, host="web", requests_per_second=200, threads=2, visitors=visitors)
    load.start()
    time.sleep(0.5)
    load.close()
    assert {response.visitor for response in load.all()} == {v.name for v in visitors}
    for visitor in visitors:
        mine = [cookie for who, cookie in received if who == visitor.name]
        assert len(mine) >= 5
        assert mine[0] == ""
        assert set(mine[1:]) == {f"name={visitor.name}; also=this"}


def test_on_demand_nothing_is_sent_before_and_after(url: str) -> None:
    load = Load(url, host="web", requests_per_second=200, threads=2, on_demand=True)
    load.start()
    try:
        time.sleep(0.2)
        assert load.all() == []
        asked = time.monotonic()
        load.demand(0.3)
        time.sleep(0.6)
        sent = load.all()
        assert len(sent) >= 20
        assert max(response.started for response in sent) <= asked + 0.4
    finally:
        load.close()
