"""Tests of nGrinder."""

import base64
from typing import Any

import pytest
from jobs_elsewhere import PASSWORD, Elsewhere, Make, Wait, said
from scripted_http import DROP, Reply

from burgee.loadtester.settings import Settings


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
