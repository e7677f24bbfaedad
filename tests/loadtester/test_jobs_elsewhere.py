"""Jobs on servers of Concord and nGrinder: started, waited for, called off."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_http import DROP, HANG, Received, Reply, ScriptedServer

from burgee.adapters.addresses import AddressPolicy
from burgee.loadtester.settings import Settings

Make = Callable[..., Any]
Wait = Callable[..., None]
KEY = "K3Y-of-concord"
PASSWORD = "s3cret ü"
STARTED = {"instanceId": "a-b/c", "ok": True}


def said(content: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


class Elsewhere:
    """A server that answers each request in turn as it was told; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.received: list[Received] = []
        self._lock = threading.Lock()
        self.server = ScriptedServer(self._answer)
        self.url = self.server.url

    def _answer(self, received: Received) -> Reply:
        with self._lock:
            self.received.append(received)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def asked(self) -> list[str]:
        with self._lock:
            return [f"{one.method} {one.path}" for one in self.received]


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    with made.server:
        yield made


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "concord-key"
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture
def concord(elsewhere: Elsewhere, key: Path) -> dict[str, str]:
    """The metadata of a webhook that Flagger's load tester would take."""
    return {
        "type": "concord",
        "server": elsewhere.url,
        "org": "my-org",
        "project": "canary",
        "repo": "acceptance",
        "entrypoint": "default",
        "apiKeyPath": str(key),
        "endpoint": "http://podinfo-canary.test:9898",
        "pollInterval": "1",
        "arguments.env": "prod=1; ü",
    }


@pytest.fixture
def ngrinder(elsewhere: Elsewhere) -> dict[str, str]:
    return {
        "type": "ngrinder",
        "server": f"{elsewhere.url}/",
        "clone": "960",
        "username": "admin",
        "passwd": base64.b64encode(PASSWORD.encode()).decode(),
        "pollInterval": "100ms",
    }


def form(received: Received) -> dict[str, str]:
    """The fields of a multipart body; none of them is a file."""
    assert b"filename" not in received.body
    found = re.findall(
        r'Content-Disposition: form-data; name="([^"]+)"\r\n\r\n(.*?)\r\n--',
        received.body.decode(),
    )
    return dict(found)


# ---- Concord


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


# ---- nGrinder


def test_a_test_of_ngrinder_runs_behind_the_callers_back(
    tester: Any, elsewhere: Elsewhere, ngrinder: dict[str, str]
) -> None:
    elsewhere.answers = [
        said({"id": 961}),
        said({"status": [{"status_id": "TESTING"}]}),
        DROP,
        said({"status": [{"status_id": "FINISHED"}]}),
    ]

    assert tester.answer(**ngrinder) == (202, "")
    tester.wait_idle()

    path = "/perftest/api"
    assert elsewhere.asked() == [
        f"POST {path}/960/clone_and_start",
        *[f"GET {path}/961/status"] * 3,
    ]
    login = elsewhere.received[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(login).decode() == f"admin:{PASSWORD}"
    ended = {"type": "ngrinder", "outcome": "succeeded"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


@pytest.mark.parametrize("status", ["STOP_BY_ERROR", "CANCELED", "UNKNOWN"])
def test_a_test_that_ends_badly_has_failed(
    tester: Any, elsewhere: Elsewhere, ngrinder: dict[str, str], status: str
) -> None:
    elsewhere.answers = [said({"id": 1}), said({"status": [{"status_id": status}]})]

    assert tester.answer(**ngrinder)[0] == 202
    tester.wait_idle()

    ended = {"type": "ngrinder", "outcome": "failed"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


@pytest.mark.parametrize(
    "answer", [said({"success": False, "id": 1}), said({}), said({"id": True}), said([], 403)]
)
def test_a_test_that_is_not_started_has_failed(
    tester: Any, elsewhere: Elsewhere, ngrinder: dict[str, str], answer: Reply
) -> None:
    elsewhere.answers = [answer]

    tester.answer(**ngrinder)
    tester.wait_idle()

    assert len(elsewhere.received) == 1
    ended = {"type": "ngrinder", "outcome": "failed"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


def test_the_same_test_of_a_canary_runs_once_at_a_time(
    tester: Any, elsewhere: Elsewhere, ngrinder: dict[str, str], waiting: Wait
) -> None:
    elsewhere.answers = [said({"id": 1}), said({"status": [{"status_id": "TESTING"}]})]

    for _ in range(3):
        assert tester.answer(**ngrinder) == (202, "")
    waiting(lambda: len(elsewhere.asked()) >= 2)

    assert tester.running == 1
    assert [one for one in elsewhere.asked() if one.startswith("POST")] == [
        "POST /perftest/api/960/clone_and_start"
    ]


def test_a_test_that_takes_too_long_is_stopped_there(
    make: Make, elsewhere: Elsewhere, ngrinder: dict[str, str]
) -> None:
    elsewhere.answers = [said({"id": 7}), said({"status": [{"status_id": "TESTING"}]})]
    tester = make(timeout_seconds=0.5)

    tester.answer(**ngrinder)
    tester.wait_idle()

    assert elsewhere.asked()[-1] == "PUT /perftest/api/7?action=stop"
    ended = {"type": "ngrinder", "outcome": "timed_out"}
    assert tester.metric("burgee_loadtester_tasks_total", **ended) == 1


def test_a_load_tester_that_is_stopped_stops_its_tests(
    tester: Any, elsewhere: Elsewhere, ngrinder: dict[str, str], waiting: Wait
) -> None:
    elsewhere.answers = [said({"id": 7}), said({"status": [{"status_id": "TESTING"}]})]
    tester.answer(**ngrinder)
    waiting(lambda: len(elsewhere.asked()) >= 2)

    tester.runner.close()

    assert elsewhere.asked()[-1] == "PUT /perftest/api/7?action=stop"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        *(
            pytest.param(name, "", f"{name} is required", id=f"no {name}")
            for name in ("server", "clone", "username", "passwd")
        ),
        pytest.param("clone", "../1", "clone must be a number", id="clone"),
        pytest.param("passwd", "pass word", "must be base64", id="password"),
        pytest.param("passwd", "gA==", "must be base64", id="a password that is no text"),
    ],
)
def test_what_is_wrong_with_a_test_is_said(
    tester: Any,
    elsewhere: Elsewhere,
    ngrinder: dict[str, str],
    field: str,
    value: str,
    told: str,
) -> None:
    code, text = tester.answer(**{**ngrinder, field: value})

    assert code == 400
    assert told in text
    assert elsewhere.received == []


# ---- settings


def test_networks_are_opened_and_closed() -> None:
    told = {
        "BURGEE_LOADTESTER_DENY_NETWORKS": "10.0.0.0/8, 127.0.0.0/8",
        "BURGEE_LOADTESTER_ALLOW_NETWORKS": "127.0.0.1",
    }

    found = Settings.from_environment(told).addresses

    assert [str(one) for one in found.deny] == ["10.0.0.0/8", "127.0.0.0/8"]
    assert [str(one) for one in found.allow] == ["127.0.0.1/32"]
    in_a_cluster = Settings.from_environment({"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert "127.0.0.0/8" in {str(one) for one in in_a_cluster.addresses.deny}
