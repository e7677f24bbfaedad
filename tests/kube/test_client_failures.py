"""What the client makes of an API server that refuses, hangs, breaks off or talks nonsense."""

import time
from pathlib import Path
from typing import Any

import pytest

from burgee.adapters.cluster.tokens import TokenFile
from burgee.engine.effects import Scale
from burgee.errors import ClusterError, Conflict, InvalidSettings, NotFound

SECRET = "c2VjcmV0LXZhbHVl"
PATH = "/api/v1/namespaces/t/secrets/x"


def read(client: Any, seconds: float = 5.0) -> Any:
    return client.get("v1", "Secret", "t", "x", timeout_seconds=seconds)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(404, NotFound, id="not found"),
        pytest.param(409, Conflict, id="conflict"),
        pytest.param(401, ClusterError, id="unauthorized"),
        pytest.param(403, ClusterError, id="forbidden"),
        pytest.param(422, ClusterError, id="invalid"),
        pytest.param(429, ClusterError, id="asked to slow down"),
        pytest.param(500, ClusterError, id="failed"),
        pytest.param(503, ClusterError, id="down"),
        pytest.param(302, ClusterError, id="a redirect is not followed"),
    ],
)
def test_a_refusal_names_method_path_and_code_and_nothing_of_the_body(
    api: Any, code: int, kind: type[ClusterError]
) -> None:
    server = api.serve(
        lambda _: api.reply({"message": f"bad: {SECRET}"}, code, Location=f"/{SECRET}")
    )

    with pytest.raises(ClusterError) as caught:
        read(api.connect(server))

    assert type(caught.value) is kind
    assert caught.value.status == code
    assert str(caught.value) == f"GET {PATH} answered {code}"
    assert caught.value.__cause__ is None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>" + SECRET.encode(), id="no JSON"),
        pytest.param(b"", id="empty"),
        pytest.param(b'["' + SECRET.encode() + b'"]', id="a list"),
        pytest.param(b'{"a": "\xff\xfe' + SECRET.encode(), id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_garbage_in_a_good_answer_is_an_error_without_the_garbage(api: Any, body: bytes) -> None:
    server = api.serve(lambda _: api.reply(body))

    with pytest.raises(ClusterError) as caught:
        read(api.connect(server))

    assert str(caught.value) == f"GET {PATH} answered 200 without a JSON object"


@pytest.mark.parametrize(
    ("raw", "then"),
    [
        pytest.param(SECRET.encode() + b"\r\n\r\n", "close", id="no HTTP"),
        pytest.param(b"", "close", id="closed without a word"),
        pytest.param(b"", "reset", id="reset"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "close", id="broken off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + SECRET.encode(),
            "close",
            id="broken chunks",
        ),
    ],
)
def test_a_broken_exchange_is_an_error_without_its_bytes(api: Any, raw: bytes, then: str) -> None:
    server = api.serve(lambda _: api.Reply(raw=raw, then=then))

    with pytest.raises(ClusterError) as caught:
        read(api.connect(server))

    assert str(caught.value).startswith(f"GET {PATH}")
    assert SECRET not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("raw", "then"),
    [
        pytest.param(b"", "hang", id="says nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "hang", id="stops in the head"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "hang", id="stops in the body"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b" " * 999,
            "drip",
            id="drips",
        ),
    ],
)
def test_no_call_lasts_much_longer_than_it_may(api: Any, raw: bytes, then: str) -> None:
    server = api.serve(lambda _: api.Reply(raw=raw, then=then))
    client = api.connect(server)
    started = time.monotonic()

    with pytest.raises(ClusterError):
        read(client, seconds=0.3)

    # A drip of one byte each 20 ms delays the head, and a read may begin just before the end.
    assert time.monotonic() - started < 2.5


def test_a_call_without_time_is_not_made(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    with pytest.raises(ClusterError, match="no time is left"):
        read(api.connect(server), seconds=0.0)

    assert server.requests == []


def test_nobody_listens(api: Any) -> None:
    with pytest.raises(ClusterError) as caught:
        read(api.connect("http://127.0.0.1:1"))

    assert caught.value.status is None
    assert str(caught.value).startswith(f"GET {PATH}")


def test_a_get_on_a_kept_connection_that_was_reset_is_sent_once_more(api: Any) -> None:
    def answer(request: Any) -> Any:
        if request.target.endswith("/x") and request.connection == 1:
            return api.Reply(then="reset")
        return api.reply({"connection": request.connection})

    server = api.serve(answer)
    client = api.connect(server)

    assert client.get("v1", "Secret", "t", "warm") == {"connection": 1}
    assert read(client) == {"connection": 2}
    assert [request.target for request in server.requests].count(PATH) == 2


def test_it_is_sent_once_more_only_once(api: Any) -> None:
    server = api.serve(
        lambda r: api.Reply(then="reset") if r.target == PATH else api.reply({"warm": True})
    )
    client = api.connect(server)
    client.get("v1", "Secret", "t", "warm")

    with pytest.raises(ClusterError, match="closed without an answer"):
        read(client)

    assert [request.target for request in server.requests].count(PATH) == 2


def test_a_write_is_never_sent_twice(api: Any) -> None:
    server = api.serve(
        lambda r: api.Reply(then="reset") if r.method != "GET" else api.reply({"warm": True})
    )
    client = api.connect(server)
    client.get("v1", "Secret", "t", "warm")

    with pytest.raises(ClusterError, match="closed without an answer"):
        client.scale(
            Scale(api_version="apps/v1", kind="Deployment", namespace="t", name="a", replicas=1)
        )

    assert [request.method for request in server.requests] == ["GET", "PATCH"]


def test_a_connection_serves_again_after_a_refusal(api: Any) -> None:
    server = api.serve(lambda r: api.reply({}, 404 if r.target == PATH else 200))
    client = api.connect(server)

    with pytest.raises(NotFound):
        read(client)
    client.get("v1", "Secret", "t", "other")

    assert server.connections == 1


def test_an_answer_without_end_is_stopped(api: Any) -> None:
    megabyte = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = api.serve(lambda _: api.Reply(raw=head + megabyte * 70, then="hang"))

    with pytest.raises(ClusterError, match="too large"):
        read(api.connect(server))


def test_a_token_that_cannot_be_sent_is_not_shown(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    with pytest.raises(ClusterError) as caught:
        read(api.connect(server, token=f"{SECRET}\r\nX-Evil: 1"))

    assert SECRET not in str(caught.value)
    assert server.requests == []


def test_a_missing_token_file_is_an_error_of_the_call(api: Any, tmp_path: Path) -> None:
    server = api.serve(lambda _: api.reply({}))

    with pytest.raises(ClusterError, match="cannot read the token file"):
        read(api.connect(server, token_file=TokenFile(tmp_path / "none")))


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe"])
def test_an_unusable_token_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)

    with pytest.raises(InvalidSettings):
        TokenFile(path).read()


@pytest.mark.parametrize(("code", "ready"), [(200, True), (404, True), (401, False), (500, False)])
def test_only_a_usable_answer_makes_ready(api: Any, code: int, ready: bool) -> None:
    server = api.serve(lambda _: api.reply({}, code))
    client = api.connect(server)

    if code == 200:
        client.ping()
    else:
        with pytest.raises(ClusterError):
            client.ping()

    assert client.has_answered is ready
