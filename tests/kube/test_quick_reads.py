"""Reads on the short way: what it understands, and what it refuses."""

from typing import Any

import pytest

from burgee.errors import ClusterError

OBJECT = {"kind": "ConfigMap", "data": {"a": "é"}}
CONTENT = '{"kind":"ConfigMap","data":{"a":"é"}}'.encode()


def read(client: Any) -> Any:
    return client.get("v1", "ConfigMap", "t", "x", timeout_seconds=5.0)


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"content-length: %d" % len(CONTENT), CONTENT, id="small letters"),
        pytest.param(b"Transfer-Encoding: chunked", chunked(CONTENT), id="one chunk"),
        pytest.param(
            b"Transfer-Encoding: chunked",
            chunked(*(bytes([byte]) for byte in CONTENT)),
            id="many chunks",
        ),
        pytest.param(
            b"Transfer-Encoding: chunked",
            b"0%X\r\n%b\r\n000\r\n\r\n" % (len(CONTENT), CONTENT),
            id="sizes with leading zeros",
        ),
    ],
)
def test_an_answer_is_read_and_its_connection_used_again(
    api: Any, head: bytes, body: bytes
) -> None:
    raw = b"HTTP/1.1 200 OK\r\nAudit-Id: 1\r\n" + head + b"\r\n\r\n" + body
    server = api.serve(lambda _: api.Reply(raw=raw))
    client = api.connect(server)

    assert [read(client) for _ in range(3)] == [OBJECT] * 3
    assert len(server.requests) == 3
    assert server.connections == 1


@pytest.mark.parametrize(
    ("raw", "then"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT, "close", id="until it closes"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT, "close", id="an older protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x;name=value\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT),
            "keep",
            id="an extension of a chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunked(CONTENT, end=b"0\r\nTrailer: x\r\n\r\n"),
            "keep",
            id="a trailer",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n"
            + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(CONTENT), CONTENT),
            "keep",
            id="a note in advance",
        ),
    ],
)
def test_an_unusual_answer_is_read_as_well(api: Any, raw: bytes, then: str) -> None:
    server = api.serve(lambda _: api.Reply(raw=raw, then=then))

    assert read(api.connect(server)) == OBJECT
    assert len(server.requests) == 1


def test_a_connection_that_the_server_gives_up_is_not_used_again(api: Any) -> None:
    server = api.serve(lambda _: api.reply(OBJECT, Connection="close"))
    client = api.connect(server)

    assert [read(client) for _ in range(2)] == [OBJECT] * 2
    assert server.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1\r\n\r\n", id="no code"),
        pytest.param(b"SMTP ready\r\n\r\n", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", id="no chunk"
        ),
    ],
)
def test_what_is_no_http_is_an_error_and_ends_the_connection(api: Any, raw: bytes) -> None:
    answers = iter([api.Reply(raw=raw), api.reply(OBJECT)])
    server = api.serve(lambda _: next(answers))
    client = api.connect(server)

    with pytest.raises(ClusterError, match=r"the answer (is no HTTP|broke off)"):
        read(client)

    assert read(client) == OBJECT
    assert server.connections == 2


def test_with_tls_the_server_has_to_be_who_it_says(api: Any, certificates: Any) -> None:
    server = api.serve(lambda _: api.reply(OBJECT), certificates.server_context())
    trusting = api.connect(server, verify=str(certificates.ca))
    misled = api.connect(f"https://localhost:{server.port}", verify=str(certificates.ca))

    assert [read(trusting) for _ in range(2)] == [OBJECT] * 2
    assert server.connections == 1
    with pytest.raises(ClusterError, match="TLS failed"):
        read(misled)


def test_with_tls_a_client_certificate_is_shown(api: Any, certificates: Any) -> None:
    context = certificates.server_context(demand_client=True)
    server = api.serve(lambda _: api.reply(OBJECT), context)
    pair = (str(certificates.client), str(certificates.client_key))

    known = api.connect(server, verify=str(certificates.ca), client_certificate=pair)

    assert [read(known) for _ in range(2)] == [OBJECT] * 2
    assert server.connections == 1
    with pytest.raises(ClusterError):
        read(api.connect(server, verify=str(certificates.ca)))
