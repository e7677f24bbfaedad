"""Traces are off unless OpenTelemetry's own variables ask for them."""

import subprocess
import sys
from pathlib import Path

import pytest

from burgee.adapters.tracing import is_wanted
from burgee.errors import InvalidSettings
from hooks.settings import Settings

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
ONE_CALL = """
import sys
{before}
from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from hooks.app import create_app
from hooks.settings import Settings

settings = Settings.from_environment({environment})
app = create_app(settings, kube=KubeClient(KubeAccess(server="http://127.0.0.1:1")))
app.test_client().post("/sync", data=b"{{}}", content_type="application/json")
app.extensions["burgee"].close()
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry", "google"))))
"""


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param(ENDPOINT, True, id="an endpoint"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector/v1/traces"},
            True,
            id="an endpoint for traces",
        ),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, True, id="the default endpoint"),
        pytest.param({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False, id="metrics alone"),
        pytest.param({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, False, id="switched off"),
        pytest.param(
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True, id="by HTTP"
        ),
        pytest.param(
            {
                **ENDPOINT,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            True,
            id="traces by HTTP, other things otherwise",
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SERVICE_NAME": "burgee"},
            False,
            id="no endpoint",
        ),
    ],
)
def test_what_asks_for_traces(environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environ) is wanted
    settings = Settings.from_environment({"BURGEE_INSECURE": "true", **environ})
    assert settings.tracing is wanted


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER: must be otlp or none"),
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf",
        ),
    ],
)
def test_what_cannot_be_done_is_said_at_the_start(environ: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidSettings, match=said):
        Settings.from_environment({"BURGEE_INSECURE": "true", **environ})


def one_call(environment: dict[str, str], before: str = "") -> subprocess.CompletedProcess[str]:
    told = {"BURGEE_INSECURE": "true", **environment}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", ONE_CALL.format(environment=told, before=before)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_them_nothing_of_it_is_imported() -> None:
    done = one_call({})

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_with_them_it_is() -> None:
    done = one_call({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})

    assert done.returncode == 0, done.stderr
    assert "'opentelemetry.sdk.trace'" in done.stdout.splitlines()[-1]


def test_where_it_is_not_installed_the_server_says_which_extra_to_install() -> None:
    done = one_call(ENDPOINT, before='sys.modules["opentelemetry"] = None')

    assert done.returncode != 0
    assert "traces need burgee[otel]" in done.stderr
