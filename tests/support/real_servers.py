"""Servers of metrics as their makers ship them, on loopback, for as long as a test needs them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

_START_SECONDS = 40.0

CARBON = """[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
USER =
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {lines}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickles}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {queries}
"""
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:1h\n"
GRAPHITE = """SECRET_KEY = "of a test"
CONF_DIR = STORAGE_DIR = LOG_DIR = {folder!r}
WHISPER_DIR = {folder!r} + "/whisper"
INDEX_FILE = {folder!r} + "/index"
CARBONLINK_HOSTS = ["127.0.0.1:{queries}"]
DATABASES = {{
    "default": {{"NAME": {folder!r} + "/db", "ENGINE": "django.db.backends.sqlite3"}}
}}
"""
WSGI = """import sys
from wsgiref.simple_server import make_server

from django.core.wsgi import get_wsgi_application

make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()
"""


def program(name: str, *, package: str) -> str:
    """The path of a program; without it the test is skipped, or fails in CI, which installs it."""
    places = [os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        missing = f"{name} is not installed ({package})"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@contextmanager
def running(
    command: Sequence[str],
    *,
    folder: Path,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """A program that serves while the context is open."""
    log = folder / f"{Path(command[0]).name}.log"
    child = Child(command, log=log, env={**os.environ, **(env or {})}, cwd=folder)
    try:
        end = time.monotonic() + _START_SECONDS
        while not ready():
            child.demand_running()
            assert time.monotonic() < end, log.read_text("utf-8")[-2000:]
            time.sleep(0.05)
        yield
    finally:
        child.close()


def answers(url: str, *, code: int = 200, verify: bool | str = True) -> Callable[[], bool]:
    """Whether an address is served."""

    def asked() -> bool:
        try:
            return requests.get(url, timeout=5, verify=verify).status_code == code
        except requests.ConnectionError:
            return False

    return asked


@contextmanager
def prometheus(folder: Path, samples: str, *, web: str = "") -> Iterator[int]:
    """Prometheus with these samples, which are in OpenMetrics; yields its port.

    Args:
        folder: empty but for cert.pem, where `web` names it.
        samples: with their times.
        web: the text of --web.config.file; who asks has to know what is in it.
    """
    binary = program("prometheus", package="Debian's prometheus")
    tool = program("promtool", package="Debian's prometheus")
    (folder / "samples.txt").write_text(samples, "utf-8")
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data")
    subprocess.run([tool, *blocks], check=True, capture_output=True, timeout=60, cwd=folder)
    (folder / "prometheus.yml").write_text("global: {}\n", "utf-8")
    (folder / "web.yml").write_text(web, "utf-8")
    port = free_port()
    scheme = "https" if "tls_server_config" in web else "http"
    code = 401 if "basic_auth_users" in web else 200
    certificate = str(folder / "cert.pem")
    ready = answers(f"{scheme}://127.0.0.1:{port}/-/ready", code=code, verify=certificate)
    command = [
        binary,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        "--web.config.file=web.yml",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, folder=folder, ready=ready):
        yield port


@contextmanager
def graphite(folder: Path) -> Iterator[tuple[str, int]]:
    """Graphite's web application on Carbon and Whisper: its address, and the port for lines."""
    carbon = program("carbon-cache", package="Debian's graphite-carbon")
    program("graphite-manage", package="Debian's graphite-web")
    lines, pickles, queries, web = (free_port() for _ in range(4))
    told = {"folder": str(folder), "lines": lines, "pickles": pickles, "queries": queries}
    (folder / "carbon.conf").write_text(CARBON.format(**told), "utf-8")
    (folder / "storage-schemas.conf").write_text(SCHEMAS, "utf-8")
    (folder / "own_settings.py").write_text(GRAPHITE.format(**told), "utf-8")
    (folder / "serve.py").write_text(WSGI, "utf-8")
    (folder / "whisper").mkdir()
    url = f"http://127.0.0.1:{web}"
    env = {
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "graphite.settings",
        "GRAPHITE_SETTINGS_MODULE": "own_settings",
    }
    keep = [carbon, "--config=carbon.conf", "--nodaemon", "start"]
    # Debian's packages are for Debian's own interpreter.
    show = ["/usr/bin/python3", "serve.py", str(web)]
    ready = answers(f"{url}/render?target=nothing&format=json")
    with (
        running(keep, folder=folder, ready=(folder / "carbon-cache-a.pid").exists),
        running(show, folder=folder, env=env, ready=ready),
    ):
        yield url, lines


@contextmanager
def influxdb(folder: Path, binary: str, *, user: str = "", password: str = "") -> Iterator[str]:
    """An InfluxDB of the first line; with a user it lets nobody else in. Yields its address."""
    http, rpc = free_port(), free_port()
    url = f"http://127.0.0.1:{http}"
    env = {
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{rpc}",
        "INFLUXDB_META_DIR": str(folder / "meta"),
        "INFLUXDB_DATA_DIR": str(folder / "data"),
        "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{http}",
        "INFLUXDB_HTTP_FLUX_ENABLED": "true",
        "INFLUXDB_HTTP_AUTH_ENABLED": "true" if user else "false",
        "INFLUXDB_REPORTING_DISABLED": "true",
    }
    (folder / "empty.conf").write_text("", "utf-8")
    command = [binary, "-config", "empty.conf"]
    with running(command, folder=folder, env=env, ready=answers(f"{url}/ping", code=204)):
        if user:
            statement = f"CREATE USER \"{user}\" WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
            requests.post(f"{url}/query", data={"q": statement}, timeout=5).raise_for_status()
        yield url


@contextmanager
def amazon(folder: Path) -> Iterator[str]:
    """Amazon's APIs, as Moto plays them over HTTP; yields its address."""
    binary = program("moto_server", package="moto, of the development group")
    url = f"http://127.0.0.1:{free_port()}"
    host, port = url.removeprefix("http://").split(":")
    command = [binary, "-H", host, "-p", port]
    with running(command, folder=folder, ready=answers(f"{url}/moto-api/data.json")):
        yield url
