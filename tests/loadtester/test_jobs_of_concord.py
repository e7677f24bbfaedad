"""Processes of Concord."""

from pathlib import Path
from typing import Any

import pytest
from jobs_elsewhere import KEY, STARTED, Elsewhere, Make, form, said
from scripted_http import DROP, HANG, Reply

from burgee.adapters.outside.addresses import AddressPolicy


def test_a_process_of_concord_is_waited_for(
    tester: Any, elsewhere: Elsewhere, concord: dict[str, str]
) -> None:
    elsewhere.answers = [said(STARTED), said({"status": "RUNNING"}), said({"status": "FINISHED"})]

    assert tester.answer(**concord) == (200, "")

    path = "/api/v1/process"
    assert elsewhere.asked() == [f"POST {path}", *[f"GET {path}/a-b%2Fc"] * 2]
    assert {one.headers["authorization"] for one in elsewhere.received} == {KEY}
    assert form(elsewhere.received[0]) == {
        "org": "my-org",
        "project": "canary",
        "repo": "acceptance",
        "entryPoint": "default",
        "arguments.endpoint": "http://podinfo-canary.test:9898",
        "arguments.env": "prod=1; ü",
    }
    ended = {"type": "concord", "outcome": "succeeded"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([said(STARTED), said({"status": "FAILED"})], "the process of Concord ended as FAILED"),
        ([said(STARTED), said({"status": "CANCELLED"})], "the process of Concord ended as CANC"),
        ([said(STARTED), said(["S3CRET"])], "the server's answer makes no sense"),
        ([said(STARTED), said({"x": "S3CRET"}, 500)], "the server answered 500"),
        ([said({"message": "S3CRET"}, 401)], "the server answered 401"),
        ([said({"message": "S3CRET"})], "the server started no process"),
        ([Reply(body=b"<html>S3CRET")], "the server's answer makes no sense"),
        ([Reply(status=302, headers={"Location": "http://127.0.0.1:9/"})], "answered 302"),
        ([DROP], "the server was not reached: the connection was closed without an answer"),
    ],
)
def test_a_process_that_does_not_succeed_fails_the_call(
    tester: Any,
    elsewhere: Elsewhere,
    concord: dict[str, str],
    answers: list[Reply],
    told: str,
) -> None:
    elsewhere.answers = answers

    code, text = tester.answer(**concord, returnCmdOutput="true")

    assert code == 500
    assert told in text
    assert "S3CRET" not in text
    ended = {"type": "concord", "outcome": "failed"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


def test_a_process_that_takes_too_long(
    tester: Any, elsewhere: Elsewhere, concord: dict[str, str]
) -> None:
    elsewhere.answers = [said(STARTED), said({"status": "RUNNING"})]

    answer = tester.answer(**{**concord, "pollTimeout": "2"})

    assert answer == (500, "the process of Concord took longer than 2 s")


def test_every_task_has_a_limit(make: Make, elsewhere: Elsewhere, concord: dict[str, str]) -> None:
    elsewhere.answers = [said(STARTED), said({"status": "RUNNING"})]
    tester = make(timeout_seconds=1.5)

    assert tester.answer(**concord) == (500, "the process of Concord took longer than 1.5 s")


def test_a_server_that_hangs_does_not_hold_a_task_beyond_its_limit(
    make: Make, elsewhere: Elsewhere, concord: dict[str, str]
) -> None:
    elsewhere.answers = [HANG]
    tester = make(timeout_seconds=0.5)

    assert tester.answer(**concord) == (500, "the server was not reached: no answer in time")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        *(
            pytest.param(name, None, f"{name} is required", id=f"no {name}")
            for name in (
                "server",
                "org",
                "project",
                "repo",
                "entrypoint",
                "apiKeyPath",
                "endpoint",
            )
        ),
        pytest.param("arguments.endpoint", "x", "set by endpoint", id="endpoint as argument"),
        pytest.param("pollInterval", "5s", "a number of seconds", id="interval"),
        pytest.param("pollTimeout", "0", "a number of seconds", id="timeout"),
        pytest.param("apiKeyPath", "/nowhere/key", "no file with a key", id="no such file"),
        pytest.param("apiKeyPath", "/", "no file with a key", id="a folder"),
        pytest.param("apiKeyPath", "/dev/zero", "no file with a key", id="a device"),
        pytest.param("apiKeyPath", "/etc/passwd", "no file with a key", id="many lines"),
        pytest.param("apiKeyPath", "/proc/self/environ", "no file with a key", id="environment"),
        pytest.param("apiKeyPath", "a\0b", "no file with a key", id="a zero byte"),
    ],
)
def test_what_is_wrong_with_a_process_is_said(
    tester: Any,
    elsewhere: Elsewhere,
    concord: dict[str, str],
    field: str,
    value: str | None,
    told: str,
) -> None:
    changed = {**concord, field: value}

    code, text = tester.answer(**{name: one for name, one in changed.items() if one is not None})

    assert code == 400
    assert told in text
    assert elsewhere.received == []


def test_keys_may_have_to_be_in_one_folder(
    make: Make, elsewhere: Elsewhere, concord: dict[str, str], tmp_path: Path
) -> None:
    elsewhere.answers = [said(STARTED), said({"status": "FINISHED"})]
    inside, outside = tmp_path / "keys", tmp_path / "concord-key"
    inside.mkdir()
    (inside / "mine").write_text(KEY)
    (inside / "link").symlink_to(outside)
    tester = make(keys=inside)

    for path in (outside, inside / "link", inside / ".." / "concord-key"):
        assert tester.answer(**{**concord, "apiKeyPath": str(path)}) == (
            400,
            "apiKeyPath is not in BURGEE_LOADTESTER_KEYS",
        )
    assert tester.answer(**{**concord, "apiKeyPath": str(inside / "mine")}) == (200, "")


@pytest.mark.parametrize("kind", ["concord", "ngrinder"])
def test_addresses_are_judged(
    request: pytest.FixtureRequest, make: Make, elsewhere: Elsewhere, kind: str
) -> None:
    metadata = request.getfixturevalue(kind)
    closed = make(addresses=AddressPolicy())
    refused = {"type": kind, "outcome": "failed"}

    for server in (elsewhere.url, "http://169.254.169.254/", "file:///etc", "http://[::1", "x"):
        closed.answer(**{**metadata, "server": server})
        closed.wait_idle()

    assert elsewhere.received == []
    assert closed.metric("burgee_loadtester_tasks_total", **refused) == 5


def test_why_an_address_is_refused_is_said(tester: Any, concord: dict[str, str]) -> None:
    code, text = tester.answer(**{**concord, "server": "http://169.254.169.254/"})

    assert code == 500
    assert text == (
        "the server was not reached: the address is refused: its address is link-local, "
        "which is never reached"
    )
