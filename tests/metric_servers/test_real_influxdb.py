"""InfluxDB 1.8, which speaks Flux at the paths of InfluxDB 2; and Debian's, which does not.

Nobody packages InfluxDB 2 for Debian or Python. Where Go is installed,
`go install github.com/influxdata/influxdb/cmd/influxd@v1.8.10` makes one that these tests find.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from real_servers import influxdb

from burgee.metrics.model import NoData, Sample, SourceError

pytestmark = pytest.mark.slow

USER, PASSWORD = "burgee", "s3cret"
KEYS = {"token": f"{USER}:{PASSWORD}", "org": "any"}
DENIED = SourceError(message="the metrics server does not accept the credentials (HTTP 401)")


def influxd(*, flux: bool) -> str:
    """The program; there may be one from Debian and one that somebody made with Go."""
    places = [*os.environ.get("PATH", "").split(os.pathsep), str(Path.home() / "go" / "bin")]
    for place in places:
        found = shutil.which("influxd", path=place)
        if found is not None and speaks_flux(found) is flux:
            return found
    if not flux and os.environ.get("CI"):
        pytest.fail("Debian's influxdb is not installed")
    pytest.skip(f"no influxd is installed that {'speaks Flux' if flux else 'does not speak Flux'}")


def speaks_flux(binary: str) -> bool:
    told = subprocess.run([binary, "config"], check=True, capture_output=True, timeout=20)
    return b"flux-enabled" in told.stdout


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("influxdb")
    with influxdb(folder, influxd(flux=True), user=USER, password=PASSWORD) as url:
        feed(url)
        yield url


def feed(url: str) -> None:
    now = time.time_ns()
    second = 10**9
    lines = [
        *(f"errors,app=podinfo value={n} {now - int(10 - n) * second}" for n in (1.5, 2.5, 6.0)),
        f"errors,app=other value=40.0 {now - 5 * second}",
        *(f"hits,app=podinfo value={n}i {now - (10 - n) * second}" for n in (4, 8)),
        f'note,app=podinfo value="text" {now}',
    ]
    login = (USER, PASSWORD)
    query = {"q": "CREATE DATABASE app"}
    requests.post(f"{url}/query", data=query, auth=login, timeout=5).raise_for_status()
    requests.post(
        f"{url}/write", params={"db": "app"}, data="\n".join(lines), auth=login, timeout=5
    ).raise_for_status()


def flux(measurement: str, then: str = "", app: str = "podinfo") -> str:
    return f"""
    from(bucket: "app")
      |> range(start: -10m)
      |> filter(fn: (r) => r._measurement == "{measurement}" and r.app == "{app}")
      {then}
    """


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param(flux("errors", "|> mean()"), Sample(value=pytest.approx(10 / 3)), id="mean"),
        pytest.param(flux("errors", "|> last()"), Sample(value=6), id="last"),
        pytest.param(flux("errors"), Sample(value=1.5), id="the first of several records"),
        pytest.param(flux("hits", "|> sum()"), Sample(value=12), id="whole numbers"),
        pytest.param(flux("hits", "|> count()"), Sample(value=2), id="a count"),
        pytest.param(flux("errors", "|> mean()", app="nobody"), NoData(), id="no rows"),
        pytest.param(
            flux("errors", '|> map(fn: (r) => ({_value: float(v: "NaN")}))'), NoData(), id="NaN"
        ),
        pytest.param(
            'from(bucket: "app") |> range(start: -10m)'
            ' |> filter(fn: (r) => r._measurement == "errors")'
            ' |> group(columns: ["app"]) |> last() |> sort(columns: ["app"])',
            Sample(value=40),
            id="the first of several tables",
        ),
        pytest.param(
            flux("errors", '|> last() |> keep(columns: ["_time"])'),
            SourceError(message="the metrics server's answer makes no sense"),
            id="no column of values",
        ),
        pytest.param(
            flux("note", "|> last()"),
            SourceError(message="the metrics server's answer makes no sense"),
            id="text",
        ),
        pytest.param(
            'from(bucket: "app" |> range(',
            # InfluxDB 2 says 400.
            SourceError(message="the metrics server failed (HTTP 500)"),
            id="a parenthesis is missing",
        ),
    ],
)
def test_what_a_query_yields(query: str, found: Any, address: str, ask: Any) -> None:
    assert ask("influxdb", address, query, KEYS) == found


def test_who_is_nobody_is_told_so(address: str, ask: Any, problem: Any) -> None:
    query = flux("errors", "|> last()")

    assert ask("influxdb", address, query, {**KEYS, "token": f"{USER}:wrong"}) == DENIED
    assert ask("influxdb", address, query) == DENIED
    assert problem("influxdb", address) == DENIED.message
    assert problem("influxdb", address, KEYS) == ""


def test_a_server_that_does_not_know_flux(
    tmp_path_factory: pytest.TempPathFactory, ask: Any, problem: Any
) -> None:
    binary = influxd(flux=False)
    nothing = SourceError(message="the metrics server has no query API at this address (HTTP 404)")

    with influxdb(tmp_path_factory.mktemp("debian"), binary) as url:
        assert ask("influxdb", url, flux("errors")) == nothing
        assert problem("influxdb", url) == nothing.message
