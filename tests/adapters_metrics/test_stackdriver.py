"""Google Cloud Monitoring: MQL over REST, with tokens that a service account's key signs."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_servers import program

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.sources.registry import Sources
from burgee.adapters.sources.stackdriver import Tokens, provider
from burgee.metrics.model import Check, Limits, Measurement, NoData, Sample, Source, SourceError

QUERY = "fetch k8s_container\n| metric 'istio.io/x'\n| within 1m\n"
SECRET = ("test", "google")


@pytest.fixture(scope="session")
def service_account(tmp_path_factory: pytest.TempPathFactory) -> str:
    openssl = program("openssl", package="Debian's openssl")
    key = tmp_path_factory.mktemp("google") / "key.pem"
    subprocess.run(
        [openssl, "genpkey", "-algorithm", "RSA", "-out", str(key)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "other",
            "private_key_id": "k1",
            "private_key": key.read_text(),
            "client_email": "burgee@example.iam.gserviceaccount.com",
            "token_uri": "http://169.254.169.254/token",
        }
    )


@pytest.fixture
def sources(kube: KubeClient, server: Any) -> Iterator[Sources]:
    google = provider(Tokens(), address=server.url)
    made = Sources(kube, providers={"stackdriver": google})
    yield made
    made.close()


def ask(sources: Sources, data: dict[str, str] | None, seconds: float = 5) -> Measurement:
    source = Source(type="stackdriver", address="http://127.0.0.1:1", secret=SECRET)
    check = Check(id="0", name="m", source=source, query=QUERY, limits=Limits())
    return sources.measure(check, data, timeout_seconds=seconds)


def answer(*points: dict[str, Any]) -> dict[str, Any]:
    data = [{"values": [value], "timeInterval": {}} for value in points]
    return {"timeSeriesDescriptor": {}, "timeSeriesData": [{"pointData": data}]}


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.parametrize(
    ("content", "measurement"),
    [
        pytest.param(answer({"doubleValue": 0.5}), Sample(value=0.5), id="double"),
        pytest.param(answer({"doubleValue": 0}), Sample(value=0), id="nought is a value"),
        pytest.param(answer({"int64Value": "42"}), Sample(value=42), id="a whole number"),
        pytest.param(
            answer({"doubleValue": 1}, {"doubleValue": 2}), Sample(value=1), id="the first point"
        ),
        pytest.param(answer({"doubleValue": "NaN"}), NoData(), id="not a number"),
        pytest.param(answer(), NoData(), id="no points"),
        pytest.param({"timeSeriesData": []}, NoData(), id="no series"),
        pytest.param({}, NoData(), id="nothing"),
        pytest.param(
            [], SourceError(message="the metrics server's answer makes no sense"), id="garbage"
        ),
    ],
)
def test_answers(
    content: Any,
    measurement: Measurement,
    sources: Sources,
    service_account: str,
    server: Any,
    json_reply: Any,
) -> None:
    server.replies = [json_reply(content)]

    data = {"project": "my-project", "serviceAccountKey": service_account}
    assert ask(sources, data) == measurement


def test_request(sources: Sources, service_account: str, server: Any, json_reply: Any) -> None:
    server.replies = [json_reply(answer({"doubleValue": 1}))]
    data = {"project": "my-project", "serviceAccountKey": service_account}

    ask(sources, data)
    ask(sources, data)

    first, second = server.seen
    assert (first.method, first.path) == ("POST", "/v3/projects/my-project/timeSeries:query")
    assert first.json() == {"query": QUERY}
    scheme, token = first.headers["Authorization"].split()
    assert scheme == "Bearer"
    claimed = claims(token)
    assert claimed["aud"] == "https://monitoring.googleapis.com/"
    assert claimed["iss"] == "burgee@example.iam.gserviceaccount.com"
    assert claimed["exp"] > time.time()
    assert second.headers["Authorization"] == first.headers["Authorization"]
    assert second.connection == first.connection


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "Secret test/google was not found"),
        ({}, "Secret test/google has no project"),
        (
            {"project": "p", "serviceAccountKey": "S3CRET"},
            "serviceAccountKey is no key of a service account",
        ),
        (
            {"project": "p", "serviceAccountKey": '{"type": "service_account"}'},
            "serviceAccountKey is no key of a service account",
        ),
    ],
)
def test_secrets_that_do_not_do(
    data: dict[str, str] | None, says: str, sources: Sources, server: Any
) -> None:
    assert ask(sources, data) == SourceError(message=says)
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (400, "cannot evaluate the query (HTTP 400)"),
        (401, "does not accept the credentials (HTTP 401)"),
        (429, "is overloaded or not ready (HTTP 429)"),
        (500, "failed (HTTP 500)"),
    ],
)
def test_refusals(
    code: int, says: str, sources: Sources, service_account: str, server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({"error": {"message": "S3CRET"}}, code)]

    data = {"project": "p", "serviceAccountKey": service_account}
    assert ask(sources, data) == SourceError(message=f"the metrics server {says}")


def test_time_is_over(sources: Sources, service_account: str, server: Any, reply: Any) -> None:
    server.replies = [reply(hang=True)]

    data = {"project": "p", "serviceAccountKey": service_account}
    assert ask(sources, data, seconds=0.3) == SourceError(
        message="the metrics server was not reached: no answer in time"
    )


def test_credentials_of_the_place(
    sources: Sources,
    service_account: str,
    server: Any,
    json_reply: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gives = {"access_token": "of-the-place", "expires_in": 3600, "token_type": "Bearer"}
    server.replies = [json_reply(gives), json_reply(answer({"doubleValue": 1}))]
    info = {**json.loads(service_account), "token_uri": f"{server.url}/token"}
    key = tmp_path / "key.json"
    key.write_text(json.dumps(info))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))

    assert ask(sources, {"project": "p"}) == Sample(value=1)
    assert server.seen[-1].headers["Authorization"] == "Bearer of-the-place"


def test_no_credentials_at_the_place(
    sources: Sources, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    assert ask(sources, {"project": "p"}) == SourceError(
        message=("there are no credentials for Google where burgee runs (DefaultCredentialsError)")
    )
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (400, ""),
        (403, "the metrics server does not accept the credentials (HTTP 403)"),
        (500, "the metrics server failed (HTTP 500)"),
    ],
)
def test_online(
    code: int,
    problem: str,
    sources: Sources,
    service_account: str,
    server: Any,
    json_reply: Any,
) -> None:
    server.replies = [json_reply({}, code)]
    source = Source(type="stackdriver", address="", secret=SECRET)
    data = {"project": "p", "serviceAccountKey": service_account}

    assert sources.problem(source, data, timeout_seconds=5) == problem
    assert server.seen[0].json() == {"query": ""}


def test_without_the_library(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "burgee.adapters.sources.google_tokens", raising=False)
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)

    assert ask(sources, {"project": "p", "serviceAccountKey": "{}"}) == SourceError(
        message=("stackdriver needs burgee[stackdriver], which is not installed where burgee runs")
    )
