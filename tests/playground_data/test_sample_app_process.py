"""The sample app as a process: behaviour, speed, and the ways in which it ends."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from burgee.playground.programs.ports import free_port
from burgee.playground.workloads.sample_app import ACCESS

Start = Callable[..., tuple[subprocess.Popen[bytes], int]]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def run(*options: str, output: int | None = None) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "burgee.playground.workloads.sample_app",
            "--port",
            str(port),
        ]
        process = subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=output)
        running.append(process)
        deadline = time.monotonic() + 10
        while not _open(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return process, port

    yield run
    for process in running:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _get(connection: http.client.HTTPConnection, path: str = "/") -> http.client.HTTPResponse:
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response


def test_response_names_version_and_pod(start: Start) -> None:
    _, port = start("--version", "v7", "--pod", "web-1")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    response = _get(connection)
    connection.close()
    assert (response.status, response.getheader("x-version")) == (200, "v7")
    assert response.getheader("x-pod") == "web-1"


def test_access_log_has_a_line_for_each_request_but_no_probe(start: Start) -> None:
    app, port = start("--access-log", "--pod", "web-1", output=subprocess.PIPE)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    began = time.monotonic()
    for path, host in (("/", "shop"), ("/readyz", "probe"), ("/cart", "shop-shadow")):
        connection.request("GET", path, headers={"host": host})
        connection.getresponse().read()
    connection.close()
    app.terminate()
    out, _ = app.communicate(timeout=10)
    lines = [line.split() for line in out.decode().splitlines()]
    assert [(word, pod, host) for word, _, pod, host in lines] == [
        (ACCESS, "web-1", "shop"),
        (ACCESS, "web-1", "shop-shadow"),
    ]
    assert all(began - 0.001 <= float(at) <= time.monotonic() for _, at, _, _ in lines)


def test_exact_share_fails_and_probes_never_do(start: Start) -> None:
    _, port = start("--fail-share", "0.2")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    statuses = [_get(connection).status for _ in range(50)]
    probes = [_get(connection, "/readyz").status for _ in range(10)]
    connection.close()
    assert statuses.count(500) == 10
    assert statuses.count(200) == 40
    assert probes == [200] * 10


def test_kept_connection_adds_no_delay(start: Start) -> None:
    """Nagle's algorithm with delayed acknowledgements would make it 40 ms a request."""
    _, port = start("--latency-ms", "3")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    _get(connection)
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        _get(connection)
        taken.append(time.perf_counter() - began)
    connection.close()
    assert 0.003 <= sorted(taken)[10] < 0.02


def test_body_is_read_before_the_next_request(start: Start) -> None:
    _, port = start()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    for _ in range(3):
        connection.request("POST", "/", body=b"x" * 200_000)
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()


def test_sigterm_finishes_the_request_that_is_being_answered(start: Start) -> None:
    process, port = start("--latency-ms", "300")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/")
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 200
    assert process.wait(5) == 0


def test_it_ends_with_its_stdin(start: Start) -> None:
    process, _ = start()
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(5) == 0


def test_it_starts_quickly(start: Start) -> None:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        start()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.15 * max(1.0, os.getloadavg()[0])
