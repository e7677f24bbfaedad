"""Traces of real releases, as a receiver of OpenTelemetry's protocol gets them."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hook_process import HookProcess
from otlp_receiver import OtlpReceiver, Span
from release_world import APP, App, Arena, analysis, deployment
from scripted_peers import vector

pytestmark = pytest.mark.slow

SERVER, CLIENT = 2, 3
SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    made = OtlpReceiver()
    made.start()
    yield made
    made.close()


def environment(receiver: OtlpReceiver, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100", **more}


@pytest.fixture(scope="module")
def traced(receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("traced"), environment=environment(receiver)) as made:
        yield made


@pytest.fixture(scope="module")
def app(traced: Arena) -> App:
    """A good release and a bad one, with webhooks and alerts."""
    url = traced.webhooks.url
    traced.webhooks.says("/gate", 403)
    metric = {"name": "queue", "query": f'{SECRET}{{namespace="traced"}}', "threshold": 200}
    made = traced.app(
        "traced",
        objects=[
            deployment(),
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "AlertProvider",
                "metadata": {"name": "chat"},
                "spec": {"type": "webhook", "address": f"{url}/{SECRET}"},
            },
        ],
        analysis=analysis(
            metrics=[{"name": "request-duration", "thresholdRange": {"max": 500}}, metric],
            alerts=[{"name": "chat", "severity": "info", "providerRef": {"name": "chat"}}],
            webhooks=[
                {"name": "load", "type": "rollout", "url": f"{url}/{SECRET}"},
                {"name": "stop", "type": "rollback", "url": f"{url}/gate"},
            ],
        ),
    )
    made.wait_phase("Initialized")
    made.wait_scaled(0)
    made.release("app:2")
    made.wait_scaled(0)
    traced.prometheus.answers["traced"] = lambda _query: vector(1000)
    made.release("app:3", until="Failed")
    return made


def syncs(spans: list[Span], **attributes: Any) -> list[Span]:
    wanted = {f"burgee.{key.replace('_', '.')}": value for key, value in attributes.items()}
    return [s for s in spans if s.name == "sync" and wanted.items() <= s.attributes.items()]


def within(spans: list[Span], sync: Span) -> dict[str, Span]:
    return {s.name: s for s in spans if s.parent == sync.id and s.trace == sync.trace}


def step_of(spans: list[Span], verdict: str) -> tuple[Span, dict[str, Span]] | None:
    """A whole sync with a check of this verdict and an effect."""
    for sync in syncs(spans):
        parts = within(spans, sync)
        check = parts.get("check prometheus")
        if check and check.attributes["burgee.check.outcome"] == verdict:
            return sync, parts
    return None


@pytest.mark.usefixtures("app")
def test_a_step_of_the_analysis_is_one_trace(receiver: OtlpReceiver) -> None:
    sync, parts = receiver.wait(lambda spans: step_of(spans, "Passed"))

    assert (sync.kind, sync.parent, sync.service, sync.failed) == (SERVER, "", "burgee", False)
    assert sync.attributes == {
        "http.request.method": "POST",
        "http.route": "/sync",
        "http.response.status_code": 200,
        "k8s.namespace.name": "traced",
        "burgee.canary.name": APP,
        "burgee.canary.phase": sync.attributes["burgee.canary.phase"],
        "burgee.outcome": "ok",
    }
    assert sync.attributes["burgee.canary.phase"] in {"Progressing", "Promoting"}
    assert {"check prometheus", "webhook rollout", "webhook rollback", "effect EmitEvent"} <= set(
        parts
    )
    for part in parts.values():
        assert part.kind == CLIENT
        assert sync.began - 0.05 <= part.began <= part.ended <= sync.ended + 0.05
    load, stop = parts["webhook rollout"], parts["webhook rollback"]
    assert load.attributes == {
        "burgee.webhook.type": "rollout",
        "burgee.webhook.name": "load",
        "burgee.webhook.outcome": "succeeded",
    }
    assert stop.attributes["burgee.webhook.outcome"] == "failed"
    assert not stop.failed, "a rollback webhook that does not signal is no error"


@pytest.mark.usefixtures("app")
def test_both_checks_of_a_step_are_there(receiver: OtlpReceiver) -> None:
    def names(spans: list[Span]) -> set[tuple[str, str]]:
        found = step_of(spans, "Failed")
        return {
            (s.attributes["burgee.check.name"], s.attributes["burgee.check.outcome"])
            for s in spans
            if found and s.parent == found[0].id and s.name == "check prometheus"
        }

    receiver.wait(lambda spans: len(names(spans)) == 2)

    assert names(receiver.spans) == {("request-duration", "Failed"), ("queue", "Failed")}


@pytest.mark.usefixtures("app")
def test_an_alert_belongs_to_the_sync_that_sent_it(receiver: OtlpReceiver) -> None:
    delivery = receiver.wait(
        lambda spans: next((s for s in spans if s.name == "delivery webhook"), None)
    )

    sync = receiver.wait(lambda spans: [s for s in syncs(spans) if s.id == delivery.parent])
    assert sync[0].trace == delivery.trace
    assert delivery.attributes["burgee.delivery.name"] == "traced/chat"
    assert delivery.attributes["burgee.delivery.outcome"] == "delivered"


@pytest.mark.usefixtures("app")
def test_answers_from_memory_are_traces_too(receiver: OtlpReceiver) -> None:
    """The Canary rests, so that its resyncs show nothing new."""
    before = len(syncs(receiver.spans, canary_phase="Failed"))

    receiver.wait(lambda spans: len(syncs(spans, canary_phase="Failed")) > before + 2)


def test_what_users_wrote_and_what_secrets_hold_stays_here(
    app: App, receiver: OtlpReceiver
) -> None:
    assert app.status["phase"] == "Failed"
    receiver.wait(lambda spans: step_of(spans, "Failed"))

    assert receiver.bodies
    assert not [body for body in receiver.bodies if SECRET.encode() in body]


def test_a_deletion_is_a_trace(traced: Arena, receiver: OtlpReceiver) -> None:
    app = traced.app("deleted")
    app.wait_phase("Initialized")
    traced.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)

    span = receiver.wait(lambda spans: next((s for s in spans if s.name == "finalize"), None))

    assert span.attributes["k8s.namespace.name"] == "deleted"
    assert span.attributes["http.route"] == "/finalize"


def test_a_call_that_is_not_understood_is_an_error_and_one_without_a_token_nothing(
    traced: Arena, receiver: OtlpReceiver
) -> None:
    hook = traced.hooks[0]
    authorized = {"Authorization": f"Bearer {hook.token}"}
    kind = {"Content-Type": "application/json"}
    assert requests.post(f"{hook.url}/sync", data=b"{", headers=kind, timeout=5).status_code == 401
    bad = requests.post(f"{hook.url}/sync", data=b"{", headers=kind | authorized, timeout=5)
    assert bad.status_code == 400

    (span,) = receiver.wait(lambda spans: syncs(spans, outcome="bad_request"))

    assert span.failed
    assert "burgee.canary.name" not in span.attributes
    assert syncs(receiver.spans, outcome="unauthorized") == []


def test_what_is_left_is_sent_when_the_server_stops(
    receiver: OtlpReceiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stopped")
    told = environment(receiver, OTEL_BSP_SCHEDULE_DELAY="60000", OTEL_SERVICE_NAME="stopped")
    with Arena(folder, environment=told) as arena:
        arena.app("stopped").wait_phase("Initialized")
        assert not [span for span in receiver.spans if span.service == "stopped"]

    assert [span for span in receiver.spans if span.service == "stopped"]


def test_a_receiver_that_is_not_there_costs_no_release_and_no_stop(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("nobody")
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with Arena(folder, environment=told) as arena:
        app = arena.app("nobody")
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        app.release("app:2")
        hook: HookProcess = arena.hooks[0]
        process = hook._process
        assert process is not None
        hook.close()

        assert process.returncode == 0
        assert all("opentelemetry.exporter" in line for line in hook.errors())
