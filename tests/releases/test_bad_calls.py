"""Calls that are none of Metacontroller's: refused with a clear text, and nothing is done."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hook_process import HookProcess
from release_world import APP, App, Arena

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

LIMIT_BYTES = 200_000


@pytest.fixture(scope="module")
def picky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app at rest, in front of a hook server that takes no large body."""
    told = {"BURGEE_MAX_BODY_BYTES": str(LIMIT_BYTES)}
    with Arena(tmp_path_factory.mktemp("picky"), environment=told) as arena:
        app = arena.app("picky")
        app.wait_phase("Initialized")
        app.wait_scaled(0)
        yield app


def body(app: App, **changed: Any) -> Manifest:
    """A sync that is good, but for what is changed; None leaves a field out."""
    full = {
        "controller": {"kind": "CompositeController"},
        "parent": app.canary,
        "children": {},
        "related": {},
        "finalizing": False,
        **changed,
    }
    return {key: value for key, value in full.items() if value is not None}


def post(
    hook: HookProcess, content: Manifest | bytes, path: str = "sync", **headers: str
) -> requests.Response:
    sent = {"Authorization": f"Bearer {hook.token}", "Content-Type": "application/json", **headers}
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return requests.post(f"{hook.url}/{path}", data=data, headers=sent, timeout=10)


@pytest.mark.parametrize("path", ["sync", "finalize", "customize"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "no JSON", id="empty"),
        pytest.param(b'{"parent": ', "no JSON", id="broken off"),
        pytest.param(b"\xff\xfe\x00", "no JSON", id="bytes"),
        pytest.param(b"[" * 50_000, "no JSON", id="too deep"),
        pytest.param(b"[]", "no JSON object", id="a list"),
        pytest.param(b"null", "no JSON object", id="null"),
        pytest.param({}, "'controller'", id="nothing in it"),
        pytest.param({"parent": None}, "'parent'", id="no parent"),
        pytest.param({"parent": "podinfo"}, "'parent'", id="parent of another shape"),
        pytest.param({"parent": {"kind": "Pod"}}, "no Canary", id="parent of another kind"),
        pytest.param(
            {"parent": {"kind": "Canary", "apiVersion": "flagger.app/v1beta1"}},
            "metadata",
            id="parent without metadata",
        ),
    ],
)
def test_what_is_no_envelope_is_a_400(
    picky: App, path: str, content: Manifest | bytes, says: str
) -> None:
    [hook] = picky.arena.hooks
    sent = content
    if isinstance(content, dict):
        sent = body(picky, **content) if content else {}

    answer = post(hook, sent, path)

    assert answer.status_code == 400
    assert says in answer.text
    assert len(answer.text) < 200


@pytest.mark.parametrize("missing", ["children", "related"])
@pytest.mark.parametrize("path", ["sync", "finalize"])
def test_missing_children_are_not_taken_for_none(picky: App, path: str, missing: str) -> None:
    [hook] = picky.arena.hooks
    before = len(picky.writes)

    values: list[object] = [None, [], "x"]
    for value in values:
        answer = post(hook, body(picky, **{missing: value}), path)
        assert answer.status_code == 400
        assert missing in answer.text
    assert len(picky.writes) == before


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Bearer t\u00f6ken"],
)
@pytest.mark.parametrize("path", ["sync", "finalize", "customize"])
def test_without_the_token_nothing_is_read(picky: App, path: str, credentials: str) -> None:
    [hook] = picky.arena.hooks

    answer = post(hook, body(picky), path, Authorization=credentials.encode().decode("latin-1"))

    assert answer.status_code == 401
    assert APP not in answer.text


def test_a_body_over_the_limit_is_a_413_and_the_server_lives_on(picky: App) -> None:
    [hook] = picky.arena.hooks
    large = body(picky, related={"ConfigMap.v1": {"t/x": {"data": "x" * LIMIT_BYTES}}})

    answer = post(hook, large)

    assert answer.status_code == 413
    assert post(hook, body(picky), "customize").status_code == 200


def test_another_kind_of_content_is_a_400(picky: App) -> None:
    [hook] = picky.arena.hooks

    answer = post(hook, body(picky), **{"Content-Type": "text/plain"})

    assert answer.status_code == 400
    assert "application/json" in answer.text


def test_a_parent_that_the_cluster_does_not_know_writes_nothing(picky: App) -> None:
    [hook] = picky.arena.hooks
    before = len(picky.writes)
    stranger = json.loads(json.dumps(picky.canary))
    stranger["metadata"]["uid"] = "another"

    for parent in (stranger, {**stranger, "metadata": {**stranger["metadata"], "name": "gone"}}):
        answer = post(hook, body(picky, parent=parent))
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
    assert len(picky.writes) == before
