"""The client: pace, windows, and what it calls a failure."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from burgee.playground.dataplane.load import NO_RESPONSE, Load, Response, by_outcome, by_version


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        status = 500 if self.headers["host"] == "broken" else 200
        self.send_response(status)
        self.send_header("content-length", "0")
        self.send_header("x-version", "v1")
        self.send_header("x-pod", "web-1")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[type[_Handler]], str]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(handler: type[_Handler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def url(serve: Callable[[type[_Handler]], str]) -> str:
    return serve(_Handler)


def _run(url: str, host: str, seconds: float, **options: float) -> list[Response]:
    load = Load(url, host=host, **options)
    load.start()
    time.sleep(seconds)
    load.close()
    return load.all()


def test_pace_is_kept(url: str) -> None:
    seen = _run(url, "web", 1.5, requests_per_second=200)
    assert 270 <= len(seen) <= 305
    assert by_outcome(seen) == {("v1", 200): len(seen)}
    assert {response.pod for response in seen} == {"web-1"}


def test_server_error_is_a_failure(url: str) -> None:
    seen = _run(url, "broken", 0.2)
    assert seen
    assert all(response.failed and response.status == 500 for response in seen)


def test_dead_server_is_a_failure_without_a_version() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    seen = _run(f"http://127.0.0.1:{port}", "web", 0.2)
    assert by_outcome(seen) == {("", NO_RESPONSE): len(seen)}
    assert all(response.failed for response in seen)


class _Restless(_Handler):
    """Closes each connection after an answer that does not say so."""

    def do_GET(self) -> None:
        super().do_GET()
        self.close_connection = True


class _Rude(_Handler):
    """Closes each connection without an answer."""

    def do_GET(self) -> None:
        self.close_connection = True


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        pytest.param(_Restless, 200, id="a kept connection is opened again"),
        pytest.param(_Rude, NO_RESPONSE, id="a fresh one that breaks is a failure"),
    ],
)
def test_connections_that_the_server_closes(
    serve: Callable[[type[_Handler]], str], handler: type[_Handler], status: int
) -> None:
    seen = _run(serve(handler), "web", 0.5, requests_per_second=100, threads=2)
    assert len(seen) > 10
    assert {response.status for response in seen} == {status}


def test_window_has_requests_that_began_and_ended_in_it() -> None:
    load = Load("http://127.0.0.1:1", host="web")
    spans = {"before": (0.0, 0.9), "across": (0.9, 1.1), "in": (1.2, 1.3), "late": (1.9, 2.1)}
    load._responses.extend(
        Response(started=start, ended=end, version=name, status=200)
        for name, (start, end) in spans.items()
    )
    assert by_version(load.between(1.0, 2.0)) == {"in": 1}


def test_closing_what_never_started_is_fine() -> None:
    Load("http://127.0.0.1:1", host="web").close()
