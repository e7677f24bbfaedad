"""The load tester of the demo: a webhook that tries out what it is told to."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from burgee.playground.demo.tester import SmokeTester


class _App(ThreadingHTTPServer):
    status = 503
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _App

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.send_header("x-version", self.headers["host"])
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture
def app() -> Iterator[_App]:
    server = _App(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tester(app: _App) -> Iterator[SmokeTester]:
    made = SmokeTester(f"http://127.0.0.1:{app.server_address[1]}", host="canary")
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_it_answers_once_the_canary_does_and_goes_on_for_a_while(
    app: _App, tester: SmokeTester
) -> None:
    began = time.monotonic()
    threading.Timer(0.3, setattr, (app, "status", 200)).start()
    response = requests.post(tester.url, json={"metadata": {"seconds": "1"}}, timeout=10)
    assert response.status_code == 200
    assert 0.25 <= time.monotonic() - began < 2.5
    time.sleep(max(0.0, began + 1.5 - time.monotonic()))
    seen = tester.between(began, time.monotonic())
    assert {answer.version for answer in seen} == {"canary"}
    assert {answer.failed for answer in seen} == {True, False}
    assert max(answer.started for answer in seen) < began + 1.2


def test_a_canary_that_never_answers_fails_the_webhook(tester: SmokeTester) -> None:
    response = requests.post(tester.url, json={"metadata": {"seconds": "0.2"}}, timeout=10)
    assert (response.status_code, response.text) == (503, "no answer\n")
