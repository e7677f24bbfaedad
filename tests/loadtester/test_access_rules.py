"""Who may do what: the token and the rule for namespaces; and the settings."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from burgee.adapters.outside.addresses import AddressPolicy, networks
from burgee.errors import InvalidSettings
from burgee.loadtester.settings import Guarded, Settings, TaskKind

Make = Callable[..., Any]
CHANGES = ["/", "/gate/open", "/gate/close", "/rollback/open", "/rollback/close"]
OPEN = ["/healthz", "/metrics", "/gate/approve"]
TASK = {"type": "bash", "cmd": "true"}


def code(tester: Any, path: str, token: str = "") -> int:
    return int(tester.call(path, token, metadata=TASK).status_code)


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_needs_the_token(make: Make, path: str) -> None:
    tester = make(token="right")

    refused = tester.call(path, metadata=TASK)
    assert (refused.status_code, refused.text) == (401, "the token is missing or wrong")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    for wrong in ("wrong", "righ", "right2", "r\xefght"):
        assert code(tester, path, wrong) == 401
    assert code(tester, path, "right") in {200, 202}


@pytest.mark.parametrize("path", OPEN)
def test_what_changes_nothing_needs_no_token(make: Make, path: str) -> None:
    assert code(make(token="right"), path) == 200


@pytest.mark.parametrize("path", ["/gate/check", "/rollback/check"])
def test_a_check_needs_no_token(make: Make, path: str) -> None:
    assert code(make(token="right"), path) == 403


@pytest.mark.parametrize(
    ("header", "passes"),
    [
        pytest.param("Basic " + base64.b64encode(b"any:right").decode(), True, id="password"),
        pytest.param("basic " + base64.b64encode(b":right").decode(), True, id="no user"),
        pytest.param("Basic " + base64.b64encode(b"right:").decode(), False, id="as the user"),
        pytest.param("Basic " + base64.b64encode(b"right").decode(), False, id="no pair"),
        pytest.param("Basic !", False, id="no base64"),
        pytest.param("Bearer  right ", True, id="blanks"),
        pytest.param("Digest right", False, id="another scheme"),
        pytest.param("right", False, id="no scheme"),
        pytest.param("Bearer", False, id="no token"),
    ],
)
def test_an_address_may_hold_the_token_as_password(make: Make, header: str, passes: bool) -> None:
    answer = make(token="right").send(
        "/gate/open",
        '{"name": "a", "namespace": "b"}',
        headers={"Authorization": header},
    )

    assert answer.status_code == (202 if passes else 401)


@pytest.mark.parametrize(
    ("token_for", "expected"),
    [
        pytest.param({Guarded.GATES}, (401, 200), id="gates"),
        pytest.param({Guarded.TASKS}, (202, 401), id="tasks"),
        pytest.param(set(), (202, 200), id="nothing"),
    ],
)
def test_the_token_may_be_for_one_of_both(
    make: Make, token_for: set[Guarded], expected: tuple[int, int]
) -> None:
    tester = make(token="right", token_for=frozenset(token_for))

    assert (code(tester, "/gate/open"), code(tester, "/")) == expected


def test_a_token_in_a_file_may_be_replaced(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\n")
    tester = make(token_file=file)
    assert code(tester, "/", "one") == 200

    file.write_text("other\n")
    assert code(tester, "/", "one") == 401
    assert code(tester, "/", "other") == 200


def test_a_token_file_that_is_not_there_keeps_it_from_starting(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="nowhere"):
        make(token_file=tmp_path / "nowhere")


@pytest.mark.parametrize("path", ["/", "/gate/check", "/gate/open", "/rollback/close"])
@pytest.mark.parametrize("namespace", ["prod", "", "a-test"])
def test_a_namespace_that_does_not_match_is_forbidden(
    make: Make, path: str, namespace: str
) -> None:
    tester = make(namespaces=re.compile("^test-"))

    answer = tester.call(path, namespace=namespace, metadata=TASK)

    assert (answer.status_code, answer.text) == (403, "Forbidden")


def test_a_namespace_that_matches_is_served(make: Make) -> None:
    tester = make(namespaces=re.compile("^test-"))

    assert tester.call("/", namespace="test-a", metadata=TASK).status_code == 200
    assert tester.call("/gate/open", namespace="test-a").status_code == 202


def test_a_namespace_may_match_anywhere(make: Make) -> None:
    tester = make(namespaces=re.compile("test"))

    assert tester.call("/", namespace="a-test-b", metadata=TASK).status_code == 200


def test_every_setting_has_a_variable() -> None:
    read = Settings.from_environment(
        {
            "BURGEE_LOADTESTER_TOKEN": " t \n",
            "BURGEE_LOADTESTER_TOKEN_FILE": "/f",
            "BURGEE_LOADTESTER_TOKEN_FOR": "gates",
            "BURGEE_LOADTESTER_GATES": "ns/name",
            "BURGEE_LOADTESTER_NAMESPACE_REGEXP": "^a",
            "BURGEE_LOADTESTER_TIMEOUT_SECONDS": "90.5",
            "BURGEE_LOADTESTER_TASKS": "cmd, bash",
            "BURGEE_LOADTESTER_SHELL": "true",
            "BURGEE_LOADTESTER_MAX_TASKS": "3",
            "BURGEE_LOADTESTER_MAX_OUTPUT_BYTES": "0",
            "BURGEE_LOADTESTER_MAX_BODY_BYTES": "2048",
            "BURGEE_LOADTESTER_ALLOW_NETWORKS": "10.1.0.0/16",
            "BURGEE_LOADTESTER_DENY_NETWORKS": "10.0.0.0/8",
            "BURGEE_LOADTESTER_KEYS": "/keys",
            "BURGEE_LOADTESTER_BIND": "127.0.0.1:1",
            "BURGEE_LOADTESTER_LOG_LEVEL": "WARNING",
        }
    )

    assert read == Settings(
        token="t",
        token_file=Path("/f"),
        token_for=frozenset({Guarded.GATES}),
        gates=("ns", "name"),
        namespaces=re.compile("^a"),
        timeout_seconds=90.5,
        tasks=frozenset({TaskKind.CMD, TaskKind.BASH}),
        shell=True,
        max_tasks=3,
        max_output_bytes=0,
        max_body_bytes=2048,
        addresses=AddressPolicy(
            allow=networks("10.1.0.0/16"),
            deny=networks("10.0.0.0/8"),
            setting="BURGEE_LOADTESTER_ALLOW_NETWORKS",
        ),
        keys=Path("/keys"),
        bind="127.0.0.1:1",
        log_level="warning",
    )
    assert set(read.model_dump()) == read.model_fields_set
    assert "token='t'" not in repr(read)
    assert Settings.from_environment({"BURGEE_LOADTESTER_TASKS": "none"}).tasks == frozenset()
    assert Settings.from_environment({"BURGEE_LOADTESTER_TOKEN": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("TOKEN", "\xe4", "ASCII"),
        ("TOKEN_FOR", "all", "gates, tasks"),
        ("GATES", "name", "namespace/name"),
        ("GATES", "a/b/c", "namespace/name"),
        ("NAMESPACE_REGEXP", "(", "regular expression"),
        ("TIMEOUT_SECONDS", "1h", "number"),
        ("TIMEOUT_SECONDS", "nan", "number"),
        ("TIMEOUT_SECONDS", "0", "number"),
        ("TASKS", "cmd,perl", "helmv3"),
        ("SHELL", "yes", "true or false"),
        ("MAX_TASKS", "0", "whole number"),
        ("MAX_BODY_BYTES", "-1", "whole number"),
        ("LOG_LEVEL", "loud", "debug"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, text: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match=f"^BURGEE_LOADTESTER_{name}: .*{says}"):
        Settings.from_environment({f"BURGEE_LOADTESTER_{name}": text})
