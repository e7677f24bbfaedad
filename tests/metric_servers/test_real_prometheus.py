"""Debian's Prometheus, with and without TLS and passwords."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_servers import program, prometheus

from burgee.api.canary import Canary
from burgee.api.settings import EngineSettings
from burgee.metrics.checks import build_checks
from burgee.metrics.judge import judge
from burgee.metrics.model import Check, NoData, Sample, SourceError

pytestmark = pytest.mark.slow

PASSWORD = "s3cret"
# What bcrypt makes of the password, at its least cost.
HASH = "$2b$04$zpS6vRyS864EAgPftA1aweB.aPkBWMeDmVx0YtTb.FSYsDIlqzkji"
DENIED = SourceError(message="the metrics server does not accept the credentials (HTTP 401)")
BEFORE_SECONDS, AFTER_SECONDS, EVERY_SECONDS = 300, 900, 5
WORKLOAD = 'reporter="destination",destination_workload_namespace="test"'


def counted(name: str, labels: str, rate: float, now: int) -> list[str]:
    """A counter that grows by so much a second; also in the future, for slow machines."""
    times = range(now - BEFORE_SECONDS, now + AFTER_SECONDS, EVERY_SECONDS)
    return [f"{name}{{{labels}}} {rate * (at - times[0])} {at}" for at in times]


def samples(now: int) -> str:
    """Of podinfo a tenth fails, of podinfo-primary nothing; a request takes 5 to 10 ms."""
    lines = ["# TYPE istio_requests counter"]
    for workload, code, rate in (("podinfo", 200, 9), ("podinfo", 503, 1), ("other", 200, 5)):
        labels = f'{WORKLOAD},destination_workload="{workload}",response_code="{code}"'
        lines += counted("istio_requests_total", labels, rate, now)
    lines.append("# TYPE istio_request_duration_milliseconds unknown")
    for bound, rate in (("5", 0), ("10", 10), ("+Inf", 10)):
        labels = f'{WORKLOAD},destination_workload="podinfo",le="{bound}"'
        lines += counted("istio_request_duration_milliseconds_bucket", labels, rate, now)
    lines.append("# TYPE level gauge")
    for value in (1, 2, 3):
        lines += [f'level{{n="{value}"}} {value} {at}' for at in range(now - 60, now + 900, 30)]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("open"), samples(int(time.time()))) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With a certificate that nobody knows, and a password."""
    folder = tmp_path_factory.mktemp("guarded")
    _certify(folder)
    web = (
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
        f'basic_auth_users: {{burgee: "{HASH}"}}\n'
    )
    with prometheus(folder, samples(int(time.time())), web=web) as port:
        yield f"https://127.0.0.1:{port}"


def _certify(folder: Path) -> None:
    openssl = program("openssl", package="Debian's openssl")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30)


def canary(address: str) -> Canary:
    metrics = [
        {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
        {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "1m"},
    ]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"}
    return Canary.model_validate(
        {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "podinfo", "namespace": "test"},
            "spec": {
                "targetRef": target,
                "provider": "istio",
                "metricsServer": address,
                "service": {"port": 80},
                "analysis": {"interval": "1m", "stepWeight": 10, "metrics": metrics},
            },
        }
    )


def test_built_in_metrics_of_a_canary_that_fails_a_tenth(address: str, ask: Any) -> None:
    success, duration = build_checks(canary(address), {}, EngineSettings())
    assert isinstance(success, Check)
    assert isinstance(duration, Check)

    rate = ask("prometheus", address, success.query)
    latency = ask("prometheus", address, duration.query)

    assert rate == Sample(value=pytest.approx(90))
    assert judge(success, rate).message == "90%, below the minimum of 99%"
    # Within the bucket of 5 to 10 ms.
    assert judge(duration, latency).message == "9 ms, at most 500 ms"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("sum(level)", Sample(value=6), id="one series"),
        pytest.param("sort(level)", Sample(value=3), id="the last of several"),
        pytest.param("sort_desc(level)", Sample(value=1), id="whichever that is"),
        pytest.param("level > 99", NoData(), id="no series"),
        pytest.param("sum(level) - 6 > bool 0", Sample(value=0), id="nought"),
        pytest.param("0 * sum(level) / 0", NoData(), id="NaN"),
        pytest.param("sum(level) / 0", Sample(value=float("inf")), id="infinite"),
        pytest.param(
            "level[1m]",
            SourceError(message="the query yields a range, which has multiple values"),
            id="a range",
        ),
        pytest.param(
            "time()",
            SourceError(message="the query yields a bare number or text, not a series"),
            id="a number",
        ),
        pytest.param(
            '"text"',
            SourceError(message="the query yields a bare number or text, not a series"),
            id="text",
        ),
        pytest.param(
            "sum(level",
            SourceError(message="the metrics server cannot evaluate the query (HTTP 400)"),
            id="a parenthesis is missing",
        ),
        pytest.param(
            "level * on() level",
            SourceError(message="the metrics server cannot evaluate the query (HTTP 422)"),
            id="many to many",
        ),
        pytest.param("sum(level) # a comment\n", Sample(value=6), id="comment at the end"),
        pytest.param("sum(\n  level\n)", Sample(value=6), id="lines"),
    ],
)
def test_what_a_query_yields(query: str, found: Any, address: str, ask: Any) -> None:
    assert ask("prometheus", address, query) == found


def test_it_is_online(address: str, problem: Any) -> None:
    assert problem("prometheus", address) == ""
    assert problem("prometheus", f"{address}/nowhere") == (
        "the metrics server has no query API at this address (HTTP 404)"
    )


def test_a_server_with_a_certificate_of_its_own_and_a_password(
    guarded: str, ask: Any, problem: Any
) -> None:
    data = {"username": "burgee", "password": PASSWORD}
    untrusted = "the metrics server was not reached: TLS failed (certificate or protocol)"

    def query(data: dict[str, str] | None, **fields: Any) -> Any:
        return ask("prometheus", guarded, "sum(level)", data, **fields)

    assert query(data) == SourceError(message=untrusted)
    assert query(data, insecure_skip_verify=True) == Sample(value=6)
    assert query(None, insecure_skip_verify=True) == DENIED
    assert query({**data, "password": "x"}, insecure_skip_verify=True) == DENIED
    assert query({"token": "x"}, insecure_skip_verify=True) == DENIED
    assert problem("prometheus", guarded, data) == untrusted
    assert problem("prometheus", guarded, data, insecure_skip_verify=True) == ""
    assert problem("prometheus", guarded, insecure_skip_verify=True) == DENIED.message
