"""The server around small handlers: every way a call can end."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.errors import (
    BadRequest,
    ClusterError,
    Conflict,
    InvalidAnswer,
    InvalidCanary,
    NotFound,
    ProviderError,
    Stale,
)
from hooks.app import create_app
from hooks.context import ContextExecutor, HookContext, HookRequest

RECORDED = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fine(_body: Any, _context: HookContext) -> bytes:
    return b'{"status":{"phase":"Initialized"}}'


def raising(error: Exception) -> Any:
    def handler(_body: Any, _context: HookContext) -> bytes:
        raise error

    return handler


def test_the_handlers_bytes_are_the_answer(shop: Any) -> None:
    response = shop.post(shop.app(fine))

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.data == b'{"status":{"phase":"Initialized"}}'


def test_a_handler_gets_the_body_and_what_it_may_use(shop: Any) -> None:
    seen: list[Any] = []

    def handler(request: HookRequest, context: HookContext) -> bytes:
        seen.append((request.body, context))
        return b"{}"

    app = shop.app(handler, budget_seconds=3.0)
    shop.post(app)

    ((body, context),) = seen
    assert body == shop.envelope()
    assert context is app.extensions["burgee"]
    assert context.now().utcoffset().total_seconds() == 0
    assert 2.5 < context.deadline() - context.monotonic() <= 3.0


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        pytest.param(BadRequest("no uid"), 400, "no uid", id="bad request"),
        pytest.param(Stale("it changed"), 429, "Stale: it changed", id="stale"),
        pytest.param(
            ClusterError("GET /x answered 500", 500),
            500,
            "ClusterError: GET /x answered 500",
            id="cluster",
        ),
        pytest.param(
            NotFound("GET /x answered 404", 404),
            500,
            "NotFound: GET /x answered 404",
            id="not found",
        ),
        pytest.param(Conflict("x"), 500, "Conflict: x", id="conflict"),
        pytest.param(InvalidAnswer("no kind"), 500, "InvalidAnswer: no kind", id="answer"),
        pytest.param(InvalidCanary("NoTarget", "none"), 500, "InvalidCanary: none", id="canary"),
        pytest.param(ProviderError("down"), 500, "ProviderError: down", id="provider"),
        pytest.param(ValueError("S3CRET"), 500, "ValueError", id="value error"),
        pytest.param(KeyError("S3CRET"), 500, "KeyError", id="key error"),
        pytest.param(RecursionError("S3CRET"), 500, "RecursionError", id="recursion"),
        pytest.param(MemoryError("S3CRET"), 500, "MemoryError", id="memory"),
    ],
)
def test_what_is_raised_decides_the_code(
    shop: Any, error: Exception, code: int, text: str
) -> None:
    app = shop.app(raising(error))

    with capture_logs() as lines:
        response = shop.post(app)

    assert response.status_code == code
    assert response.text == f"{text}\n"
    assert response.mimetype == "text/plain"
    assert response.headers.get("Retry-After") == ("1" if code == 429 else None)
    assert len(lines) == 1
    assert "S3CRET" not in str({**lines[0], "exc_info": None})


@pytest.mark.parametrize("hook", ["sync", "finalize", "customize"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"{", "the body is no JSON", id="no JSON"),
        pytest.param(b"\xff\xfe", "the body is no JSON", id="no text"),
        pytest.param(b"[" * 100_000, "the body is no JSON", id="too deep"),
        pytest.param("[]", "the body is no JSON object", id="a list"),
        pytest.param("null", "the body is no JSON object", id="null"),
        pytest.param("{}", "no object 'controller'", id="empty"),
        pytest.param({"controller": None}, "no object 'controller'", id="null controller"),
        pytest.param({"parent": []}, "no object 'parent'", id="a list as parent"),
        pytest.param({"parent": {}}, "no Canary", id="empty parent"),
        pytest.param(
            {"parent": {"kind": "Canary", "apiVersion": "example.com/v1"}},
            "no Canary",
            id="a canary of others",
        ),
        pytest.param(
            {"parent": {"kind": "Deployment", "apiVersion": "apps/v1"}},
            "no Canary",
            id="other kind",
        ),
        pytest.param(
            {"parent": {"kind": "Canary", "apiVersion": "flagger.app/v1beta1"}},
            "no metadata",
            id="no metadata",
        ),
        pytest.param(
            {
                "parent": {
                    "kind": "Canary",
                    "apiVersion": "flagger.app/v1beta1",
                    "metadata": {"name": "a", "namespace": "t"},
                }
            },
            "no metadata.uid",
            id="no uid",
        ),
    ],
)
def test_what_is_no_envelope_is_refused(shop: Any, hook: str, body: Any, text: str) -> None:
    app = shop.app(raising(AssertionError("must not be called")))

    response = shop.post(app, hook, shop.envelope(**body) if isinstance(body, dict) else body)

    assert response.status_code == 400
    assert text in response.text


@pytest.mark.parametrize("key", ["children", "related"])
@pytest.mark.parametrize("value", [None, [], "x"])
def test_children_that_are_missing_are_not_taken_for_none(shop: Any, key: str, value: Any) -> None:
    app = shop.app(fine)
    body = shop.envelope(**{key: value})

    assert shop.post(app, "sync", body).status_code == 400
    assert shop.post(app, "finalize", body).status_code == 400
    assert shop.post(app, "customize", body).status_code == 200


def test_the_content_type_has_to_be_json(shop: Any) -> None:
    client = shop.app(fine).test_client()
    data = json.dumps(shop.envelope())

    with_charset = client.post("/sync", data=data, content_type="application/json; charset=utf-8")

    assert client.post("/sync", data=data, content_type="text/plain").status_code == 400
    assert client.post("/sync", data=data).status_code == 400
    assert with_charset.status_code == 200


def test_a_body_over_the_limit_is_not_read(shop: Any) -> None:
    app = shop.app(fine, max_body_bytes=2000)

    assert shop.post(app).status_code == 200
    response = shop.post(app, body=shop.envelope(padding="x" * 2000))
    assert response.status_code == 413
    assert "BURGEE_MAX_BODY_BYTES" in response.text


def test_a_body_that_breaks_off_is_refused(shop: Any) -> None:
    response = (
        shop.app(fine)
        .test_client()
        .post(
            "/sync",
            content_type="application/json",
            environ_overrides={"wsgi.input": io.BytesIO(b'{"contr'), "CONTENT_LENGTH": "99"},
        )
    )

    assert (response.status_code, response.text) == (400, "the body could not be read\n")


@pytest.mark.parametrize("hook", ["sync", "finalize", "customize"])
def test_hooks_demand_the_token(shop: Any, hook: str) -> None:
    app = shop.app(fine, token="right")

    assert shop.post(app, hook, token="right").status_code == 200
    for wrong in ("wrong", "", None):
        response = shop.post(app, hook, token=wrong)
        assert response.status_code == 401
        assert response.text == "a valid bearer token is required\n"


def test_probes_and_metrics_demand_none(shop: Any) -> None:
    client = shop.app(fine, token="right").test_client()

    assert client.get("/healthz").data == b"ok\n"
    assert client.get("/metrics").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_hooks_are_posted_to_only(shop: Any) -> None:
    client = shop.app(fine).test_client()

    assert client.get("/sync").status_code == 405
    assert client.post("/healthz").status_code == 405
    assert client.get("/").status_code == 404


def test_ready_once_the_api_server_has_answered(shop: Any, api_server: str) -> None:
    client = shop.app(fine, server=api_server).test_client()

    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz").data == b"ok\n"


def test_not_ready_says_why_only_in_the_log(shop: Any) -> None:
    app = shop.app(fine)

    with capture_logs() as lines:
        response = app.test_client().get("/readyz")

    assert (response.status_code, response.text) == (503, "the API server does not answer\n")
    assert lines[0]["reason"].startswith("GET /version")


def test_calls_are_metered_by_their_outcome(shop: Any) -> None:
    app = shop.app(raising(Stale("x")), token="right")
    shop.post(app, token="right")
    shop.post(app, token="wrong")
    shop.post(app, body="{", token="right")

    text = app.test_client().get("/metrics").text
    for outcome in ("stale", "unauthorized", "bad_request"):
        assert f'burgee_syncs_total{{hook="sync",outcome="{outcome}"}} 1.0' in text


def test_every_line_of_a_call_names_its_canary_even_from_other_threads(
    shop: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log = structlog.get_logger("test.app")

    def handler(_body: Any, context: HookContext) -> bytes:
        log.info("here")
        context.executor.submit(log.info, "there").result(10)
        raise ValueError("S3CRET")

    app = shop.app(handler)
    capsys.readouterr()
    shop.post(app)
    shop.post(app, body="{")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line.get("canary")) for line in lines] == [
        ("here", "t/app"),
        ("there", "t/app"),
        ("failed", "t/app"),
        ("refused", None),
    ]
    assert "S3CRET" not in str(lines)


def test_an_executor_carries_the_context_of_the_caller() -> None:
    with ContextExecutor(1) as executor:
        structlog.contextvars.bind_contextvars(canary="t/one")
        first = executor.submit(structlog.contextvars.get_contextvars)
        structlog.contextvars.bind_contextvars(canary="t/two")
        second = executor.submit(structlog.contextvars.get_contextvars)

        assert first.result(10) == {"canary": "t/one"}
        assert second.result(10) == {"canary": "t/two"}


def test_without_arguments_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "current-context: a\n"
        "contexts: [{name: a, context: {cluster: a}}]\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setenv("BURGEE_TOKEN", "right")
    monkeypatch.setenv("FLAGGER_FLAGS", "-mesh-provider=nginx -port 9")

    app = create_app(handlers=dict.fromkeys(("sync", "finalize", "customize"), fine))

    context = app.extensions["burgee"]
    assert context.settings.engine.mesh_provider == "nginx"
    assert context.settings.ignored_flags == ("port",)
    assert 'mesh_provider="nginx"' in app.test_client().get("/metrics").text
    context.close()


def test_closing_lets_go_of_what_was_made_for_the_client(tmp_path: Path) -> None:
    client = KubeClient(KubeAccess(server="http://127.0.0.1:1"))

    client.close()
    client.close()

    assert list(tmp_path.iterdir()) == []
