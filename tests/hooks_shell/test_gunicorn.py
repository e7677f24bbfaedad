"""The real server: started as the README says, spoken to, stopped."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
START_SECONDS = 20
COMMAND = [
    sys.executable,
    "-m",
    "gunicorn",
    "-c",
    "hooks/gunicorn_conf.py",
    "hooks.app:create_app()",
]

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(folder: Path, api_server: str, **told: str) -> dict[str, str]:
    config = folder / "kubeconfig"
    config.write_text(
        "current-context: a\n"
        "contexts: [{name: a, context: {cluster: a}}]\n"
        f"clusters: [{{name: a, cluster: {{server: '{api_server}'}}}}]\n",
        encoding="utf-8",
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("BURGEE_")}
    return {**kept, "HOME": str(folder), "KUBECONFIG": str(config), **told}


@dataclass
class Running:
    url: str
    process: "subprocess.Popen[bytes]"
    output: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]


@pytest.fixture
def log_level() -> str:
    return "info"


@pytest.fixture
def running(tmp_path: Path, api_server: str, log_level: str) -> Iterator[Running]:
    port = free_port()
    output = tmp_path / "out.jsonl"
    told = environment(
        tmp_path,
        api_server,
        BURGEE_TOKEN="right",
        BURGEE_BIND=f"127.0.0.1:{port}",
        BURGEE_LOG_LEVEL=log_level,
    )
    with output.open("wb") as sink:
        process = subprocess.Popen(COMMAND, cwd=ROOT, env=told, stdout=sink, stderr=sink)
    server = Running(url=f"http://127.0.0.1:{port}", process=process, output=output)
    try:
        wait_until_up(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def wait_until_up(server: Running) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if requests.get(f"{server.url}/healthz", timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    pytest.fail(f"the server did not come up: {server.output.read_text('utf-8')}")


def test_it_serves_and_stops_cleanly(running: Running, tmp_path: Path) -> None:
    right = {"Authorization": "Bearer right"}
    with requests.Session() as session:
        for path, code in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/x", 404)):
            assert session.get(running.url + path, timeout=10).status_code == code
        for hook in ("sync", "finalize", "customize"):
            url = f"{running.url}/{hook}"
            assert session.post(url, json={}, timeout=10).status_code == 401
            refused = session.post(url, json={}, headers=right, timeout=10)
            assert (refused.status_code, refused.text) == (
                400,
                "the body has no object 'controller'\n",
            )

        # The session's connection is idle and open: it must not hold the server up.
        started = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
        assert time.monotonic() - started < 5

    lines = running.lines()
    assert {line["logger"] for line in lines} >= {"gunicorn.error", "hooks.shell"}
    # Hundreds of calls a second that change nothing are not worth a line each.
    assert "gunicorn.access" not in {line["logger"] for line in lines}
    assert "right" not in running.output.read_text("utf-8")
    assert not (tmp_path / ".gunicorn").exists()


@pytest.mark.parametrize("log_level", ["debug"])
def test_debugging_shows_a_line_for_each_call(running: Running) -> None:
    assert requests.get(f"{running.url}/healthz", timeout=10).ok

    until = time.monotonic() + 5
    while time.monotonic() < until:
        if any(line["logger"] == "gunicorn.access" for line in running.lines()):
            return
        time.sleep(0.05)
    pytest.fail("no access line")


def test_idle_connections_are_kept_longer_than_metacontroller_keeps_them(
    running: Running,
) -> None:
    port = int(running.url.rpartition(":")[2])
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as kept:
        kept.connect()
        kept.auto_open = 0  # a second connection would prove nothing
        for pause in (0, 2.5):  # gunicorn's default would have closed it after two seconds
            time.sleep(pause)
            kept.request("GET", "/healthz")
            with kept.getresponse() as response:
                assert (response.status, response.read()) == (200, b"ok\n")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        pytest.param({}, "no bearer token", id="no token"),
        pytest.param(
            {"BURGEE_TOKEN": "x", "BURGEE_THREADS": "x"}, "BURGEE_THREADS", id="bad value"
        ),
        pytest.param(
            {"BURGEE_TOKEN": "x", "KUBECONFIG": "/nowhere"}, "KUBECONFIG", id="no kubeconfig"
        ),
        pytest.param({"BURGEE_TOKEN_FILE": "/nowhere"}, "/nowhere", id="no token file"),
    ],
)
def test_it_does_not_start_with_settings_it_cannot_use(
    tmp_path: Path, told: dict[str, str], says: str
) -> None:
    environ = environment(tmp_path, "http://127.0.0.1:1", BURGEE_BIND=f"127.0.0.1:{free_port()}")

    ended = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env={**environ, **told},
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
    )

    assert ended.returncode != 0
    assert says in (ended.stdout + ended.stderr).decode()
