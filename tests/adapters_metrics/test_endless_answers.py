"""Answers that never end, however they avoid it: who sends them holds no thread."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

import pytest
import requests

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import BoundedSession, reason

LAPTOP = AddressPolicy(deny=())
PATIENCE_SECONDS = 0.3
PIECES = 150
"""So many pieces are sent, twenty milliseconds apart: ten times longer than anybody waits."""

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS = [
    pytest.param(chain([b"HTTP/1.1 200 "], repeat(b"O", PIECES)), id="status line"),
    pytest.param(chain([OK], (b"X-%d: y\r\n" % (n % 90) for n in range(80))), id="headers"),
    pytest.param(chain([OK, b"X: "], repeat(b"y", PIECES)), id="a header"),
    pytest.param(repeat(b"HTTP/1.1 100 Continue\r\n\r\n", PIECES), id="interim answers"),
    pytest.param(repeat(b"HTTP/1.1 100 -\r\n\r\n" * 1000, PIECES), id="many interim answers"),
    pytest.param(chain([CHUNKED + b"0\r\n"], repeat(b"X: y\r\n", PIECES)), id="trailers"),
    pytest.param(chain([CHUNKED + b"5;"], repeat(b"x", PIECES)), id="a chunk's extension"),
    pytest.param(chain([CHUNKED], repeat(b"1\r\nx\r\n", PIECES)), id="small chunks"),
    pytest.param(
        chain(
            [OK + b"Content-Encoding: deflate\r\n\r\n\x78\x9c"],
            repeat(b"\x00\x00\x00\xff\xff" * 100, PIECES),
        ),
        id="compressed nothing",
    ),
]


@pytest.fixture
def sending() -> Iterator[Callable[[Iterable[bytes]], str]]:
    """The address of a server that answers its one request with these pieces, slowly."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(pieces: Iterable[bytes]) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
                if over.wait(0.02):
                    return

    def begin(pieces: Iterable[bytes]) -> str:
        threads.append(threading.Thread(target=serve, args=(pieces,), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield begin
    over.set()
    for thread in threads:
        thread.join(10)
    listening.close()


def get(url: str, *, proxy: str = "", seconds: float = PATIENCE_SECONDS) -> requests.Response:
    with BoundedSession(
        url, limit_bytes=65536, cut=True, policy=LAPTOP, proxy=proxy, verify=False
    ) as session:
        return session.get(url, timeout=seconds)


@pytest.mark.parametrize("pieces", ENDLESS)
def test_an_answer_has_to_end_in_time(
    pieces: Iterable[bytes], sending: Callable[[Iterable[bytes]], str]
) -> None:
    with pytest.raises(requests.RequestException) as caught:
        get(sending(pieces))

    assert reason(caught.value) == "no answer in time"


@pytest.mark.parametrize("head", [OK, OK + b"X: "])
def test_a_proxy_has_to_let_through_in_time(
    head: bytes, sending: Callable[[Iterable[bytes]], str]
) -> None:
    proxy = sending(chain([head], repeat(b"X: y\r\n", PIECES)))

    with pytest.raises(requests.RequestException) as caught:
        get("https://inner.example/", proxy=proxy)

    assert reason(caught.value) in {"no answer in time", "no connection in time"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nor_does_a_proxy_of_the_installation_make_it_endless(
    scheme: str, sending: Callable[[Iterable[bytes]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", sending(chain([OK], repeat(b"X: y\r\n", PIECES))))
    monkeypatch.setenv("no_proxy", "")

    with pytest.raises(requests.RequestException) as caught:
        get(f"{scheme}://inner.example/")

    assert reason(caught.value) in {"no answer in time", "no connection in time"}


def test_an_answer_that_comes_in_pieces_is_whole(
    sending: Callable[[Iterable[bytes]], str],
) -> None:
    found = get(
        sending([b"HTTP/1.1 100 -\r\n\r\n", OK, b"Content-Length: 4\r\n", b"\r\n", b"ab", b"cd"]),
        seconds=5,
    )

    assert found.content == b"abcd"


def test_the_addresses_of_a_name_share_the_time_to_connect() -> None:
    hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    with contextlib.ExitStack() as stack:
        port = 0
        for host in hosts:
            listening = stack.enter_context(socket.socket())
            listening.bind((host, port))
            listening.listen(0)
            port = listening.getsockname()[1]
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        policy = AddressPolicy(deny=(), resolve=lambda _host, _port: hosts)
        began = time.monotonic()
        with (
            BoundedSession("http://x", limit_bytes=10, cut=True, policy=policy) as session,
            pytest.raises(requests.ConnectTimeout),
        ):
            session.get(f"http://many.example:{port}/", timeout=0.6)
        took = time.monotonic() - began

    # Each of them for the whole time would be 2.4 s.
    assert took < 1.8
