"""One webhook call against real receivers: what is sent, what counts, what is tried again."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from burgee.adapters.outside.webhooks import call
from burgee.engine.effects import HookCall, HookResult

PAYLOAD = {
    "name": "podinfo",
    "namespace": "test",
    "phase": "Progressing",
    "checksum": "758df7c9fc",
    "metadata": {"cmd": "hey ü"},
}


def hook(url: str, **fields: Any) -> HookCall:
    return HookCall(
        **{
            "name": "gate",
            "type": "rollout",
            "url": url,
            "payload": PAYLOAD,
            "timeout_seconds": 5.0,
            "retries": 0,
            "verify_tls": True,
            "key": "uid/b1-0123/Progressing/50/0",
            **fields,
        }
    )


def test_request_is_flaggers_with_a_key(server: Any) -> None:
    called = call(hook(f"{server.url}/gate?x=1"), deadline_seconds=5)

    (seen,) = server.seen
    assert called == HookResult(succeeded=True, message="answered 200", status_code=200)
    assert (seen.method, seen.path) == ("POST", "/gate?x=1")
    assert seen.json() == PAYLOAD
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Idempotency-Key"] == "uid/b1-0123/Progressing/50/0"


def test_credentials_in_the_address_are_refused(server: Any) -> None:
    called = call(hook(server.url.replace("://", "://u:p@"), retries=3), deadline_seconds=5)

    assert called.message == (
        "the address is refused: it holds credentials, which belong in a Secret"
    )
    assert server.seen == []


@pytest.mark.parametrize(
    ("code", "succeeded"),
    [
        (200, True),
        (201, True),
        (202, True),
        (203, False),
        (204, False),
        (206, False),
        (301, False),
        (302, False),
        (307, False),
        (400, False),
        (403, False),
        (404, False),
        (500, False),
        (501, False),
    ],
)
def test_only_codes_up_to_202_are_success(
    code: int, succeeded: bool, server: Any, reply: Any
) -> None:
    headers = {"Location": f"{server.url}/elsewhere"} if 300 <= code < 400 else {}
    server.replies = [reply(code=code, headers=headers), reply()]

    called = call(hook(server.url), deadline_seconds=5)

    assert called == HookResult(succeeded=succeeded, message=f"answered {code}", status_code=code)
    assert len(server.seen) == 1


@pytest.mark.parametrize("code", [301, 400, 403, 404, 501])
def test_answers_that_stay_are_not_tried_again(code: int, server: Any, reply: Any) -> None:
    server.replies = [reply(code=code), reply()]

    called = call(hook(server.url, retries=3), deadline_seconds=5, first_wait_seconds=0.01)

    assert called == HookResult(succeeded=False, message=f"answered {code}", status_code=code)
    assert len(server.seen) == 1


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_answers_that_may_pass_are_tried_again(code: int, server: Any, reply: Any) -> None:
    server.replies = [reply(code=code), reply(code=code), reply()]

    called = call(hook(server.url, retries=2), deadline_seconds=5, first_wait_seconds=0.01)

    assert called == HookResult(
        succeeded=True, message="answered 200 (3 attempts)", status_code=200
    )
    assert len({seen.headers["Idempotency-Key"] for seen in server.seen}) == 1


def test_retries_end(server: Any, reply: Any) -> None:
    server.replies = [reply(code=500)]

    called = call(hook(server.url, retries=2), deadline_seconds=5, first_wait_seconds=0.01)

    assert called == HookResult(
        succeeded=False, message="answered 500 (3 attempts)", status_code=500
    )
    assert len(server.seen) == 3


def test_a_dropped_connection_is_tried_again(server: Any, reply: Any) -> None:
    server.replies = [reply(drop=True), reply()]

    called = call(hook(server.url, retries=1), deadline_seconds=5, first_wait_seconds=0.01)

    assert called.succeeded
    assert len(server.seen) == 2


def test_waits_double(server: Any, reply: Any) -> None:
    server.replies = [reply(code=500)]

    began = time.monotonic()
    call(hook(server.url, retries=3), deadline_seconds=5, first_wait_seconds=0.05)

    assert 0.35 <= time.monotonic() - began < 2


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_is_asked_for_is_waited(code: int, form: str, server: Any, reply: Any) -> None:
    # A date has whole seconds, so that it may mean anything above one.
    due = datetime.now(UTC) + timedelta(seconds=2)
    asked = "1" if form == "seconds" else format_datetime(due, usegmt=True)
    server.replies = [reply(code=code, headers={"Retry-After": asked}), reply()]

    began = time.monotonic()
    called = call(hook(server.url, retries=1), deadline_seconds=8, first_wait_seconds=5)

    assert called.succeeded
    assert 0.5 <= time.monotonic() - began < 4


@pytest.mark.parametrize("asked", ["soon", "", "-1", "²"])
def test_a_wait_that_makes_no_sense_is_none(asked: str, server: Any, reply: Any) -> None:
    headers = {"Retry-After": asked.encode().decode("latin-1")}
    server.replies = [reply(code=429, headers=headers), reply()]

    called = call(hook(server.url, retries=1), deadline_seconds=5, first_wait_seconds=0.01)

    assert called.succeeded


def test_a_date_in_the_past_is_no_wait(server: Any, reply: Any) -> None:
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}
    server.replies = [reply(code=503, headers=headers), reply()]

    assert call(hook(server.url, retries=1), deadline_seconds=5, first_wait_seconds=9).succeeded


def test_a_wait_that_does_not_fit_is_not_begun(server: Any, reply: Any) -> None:
    server.replies = [reply(code=429, headers={"Retry-After": "3600"}), reply()]

    began = time.monotonic()
    called = call(hook(server.url, retries=5), deadline_seconds=5)

    assert called == HookResult(
        succeeded=False,
        message="answered 429, and no time is left for another attempt",
        status_code=429,
    )
    assert time.monotonic() - began < 2


def test_the_deadline_ends_retries(server: Any, reply: Any) -> None:
    server.replies = [reply(code=500)]

    began = time.monotonic()
    called = call(hook(server.url, retries=99), deadline_seconds=0.5, first_wait_seconds=0.1)

    assert not called.succeeded
    assert "no time is left for another attempt" in called.message
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("timeout_seconds", "deadline_seconds"),
    [pytest.param(0.3, 5, id="time-out"), pytest.param(5, 0.3, id="deadline")],
)
@pytest.mark.parametrize("kind", ["hang", "stall", "drip"])
def test_a_slow_receiver_ends_with_the_time(
    kind: str, timeout_seconds: float, deadline_seconds: float, server: Any, reply: Any
) -> None:
    server.replies = [reply(body=b" " * 1000, **{kind: True})]

    began = time.monotonic()
    called = call(
        hook(server.url, timeout_seconds=timeout_seconds), deadline_seconds=deadline_seconds
    )

    assert called == HookResult(succeeded=False, message="no answer in time")
    assert time.monotonic() - began < 3


def test_a_slow_receiver_is_tried_again(server: Any, reply: Any) -> None:
    server.replies = [reply(hang=True), reply()]

    called = call(
        hook(server.url, timeout_seconds=0.2, retries=1),
        deadline_seconds=5,
        first_wait_seconds=0.01,
    )

    assert called.succeeded


def test_a_huge_answer_is_cut_and_no_harm(server: Any, reply: Any) -> None:
    server.replies = [reply(body=b"x" * 10 * 1024 * 1024)]

    called = call(hook(server.url), deadline_seconds=5)

    assert called == HookResult(succeeded=True, message="answered 200", status_code=200)


@pytest.mark.parametrize(("timeout_seconds", "deadline_seconds"), [(0, 5), (5, 0), (5, -1)])
def test_without_time_nothing_is_sent(
    timeout_seconds: float, deadline_seconds: float, server: Any
) -> None:
    called = call(
        hook(server.url, timeout_seconds=timeout_seconds), deadline_seconds=deadline_seconds
    )

    assert called == HookResult(succeeded=False, message="no time was left to call it")
    assert server.seen == []


def test_nobody_there_is_tried_again_and_told(closed_port: str) -> None:
    called = call(hook(closed_port, retries=1), deadline_seconds=5, first_wait_seconds=0.01)

    assert called == HookResult(succeeded=False, message="connection refused (2 attempts)")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("gate/", "the address is refused: it begins with neither http:// nor https://"),
        (
            "ftp://127.0.0.1/",
            "the address is refused: it begins with neither http:// nor https://",
        ),
        ("", "the address is refused: it begins with neither http:// nor https://"),
        ("http://", "the address is refused: it is no URL with a host"),
        ("http://[::1", "the address or a header cannot be sent"),
    ],
)
def test_a_useless_address_is_a_failure(url: str, told: str) -> None:
    called = call(hook(url, retries=3), deadline_seconds=5)

    assert called == HookResult(succeeded=False, message=told)


@pytest.mark.parametrize("key", ["a\nb", "é", "☃"])
def test_a_key_that_cannot_be_sent_does_no_worse_than_fail(key: str, server: Any) -> None:
    assert isinstance(call(hook(server.url, key=key), deadline_seconds=5), HookResult)


def test_a_payload_that_is_no_json_is_a_failure(server: Any) -> None:
    called = call(hook(server.url, payload={"x": float("nan")}), deadline_seconds=5)

    assert not called.succeeded
    assert server.seen == []


def test_an_unknown_certificate_is_refused_at_once(tls_server: Any) -> None:
    called = call(hook(tls_server.url, retries=3), deadline_seconds=5)

    assert called == HookResult(succeeded=False, message="TLS failed (certificate or protocol)")


def test_an_unknown_certificate_can_be_accepted(tls_server: Any) -> None:
    called = call(hook(tls_server.url, verify_tls=False), deadline_seconds=5)

    assert called.succeeded
