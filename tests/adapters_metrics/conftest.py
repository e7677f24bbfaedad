"""A local server on 127.0.0.1 that answers what a test tells it, well or badly."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from real_servers import program

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.sources.prometheus import Prometheus
from burgee.adapters.sources.registry import Sources
from burgee.metrics.model import (
    Check,
    Limits,
    Measurement,
    Source,
)

HANG_SECONDS = 10
NOW = 1_700_000_000


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def query(self) -> str:
        return parse_qs(urlsplit(self.path).query)["query"][0]

    @property
    def params(self) -> dict[str, str]:
        split = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {name: values[-1] for name, values in split.items()}

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is sent back.

    `hang` sends nothing, `stall` the head and half of the body, `drip` the body a byte at a time;
    `drop` closes the connection instead.
    """

    code: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    stall: bool = False
    drop: bool = False


def answer_of(*series: Any, kind: str = "vector") -> Reply:
    """An answer of Prometheus; a series is its value's text, or the raw entry."""
    entries = [
        {"metric": {}, "value": [1700000000, one]} if isinstance(one, str) else one
        for one in series
    ]
    content = {"status": "success", "data": {"resultType": kind, "result": entries}}
    return Reply(body=json.dumps(content).encode(), headers={"Content-Type": "application/json"})


class Listener(ThreadingHTTPServer):
    """Clients that hang up are part of the tests, and no news."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Server:
    """Answers in turn what `replies` holds; the last one stays."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: list[Reply | Callable[[Seen], Reply]] = [Reply()]
        self.seen: list[Seen] = []
        self.sent_bytes = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._http = Listener(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def reply_to(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply(seen) if callable(reply) else reply

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join(HANG_SECONDS)
        self._http.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = HANG_SECONDS

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            seen = Seen(
                method=self.command,
                path=self.path,
                headers=dict(self.headers.items()),
                body=self.rfile.read(length),
                connection=self.client_address,
            )
            reply = server.reply_to(seen)
            if reply.hang or reply.drop:
                self.close_connection = True
                if reply.hang:
                    server.closing.wait(HANG_SECONDS)
                return
            with contextlib.suppress(OSError):
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.code)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if reply.stall:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                server.closing.wait(HANG_SECONDS)
                self.close_connection = True
                return
            size = 1 if reply.drip else 65536
            for start in range(0, len(reply.body), size):
                self.wfile.write(reply.body[start : start + size])
                server.sent_bytes += size
                if reply.drip and server.closing.wait(0.05):
                    return

    return Handler


@pytest.fixture
def result() -> Callable[..., Reply]:
    return answer_of


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = program("openssl", package="Debian's openssl")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )
    return folder


@pytest.fixture
def tls_server(self_signed: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed / "cert.pem", self_signed / "key.pem")
    running = Server(context)
    yield running
    running.close()


@pytest.fixture
def silent_port() -> Iterator[str]:
    """The address of a server that accepts no connection: its queue is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed_port() -> str:
    """The address of a server that was there a moment ago."""
    gone = Server()
    gone.close()
    return gone.url


@pytest.fixture
def kube(server: Server) -> Iterator[KubeClient]:
    """A client whose API server is the local server."""
    client = KubeClient(KubeAccess(server=server.url, token="of-the-service-account"))
    yield client
    client.close()


@pytest.fixture
def sources(kube: KubeClient) -> Iterator[Sources]:
    made = Sources(kube, now=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def ask(sources: Sources, server: Server) -> Callable[..., Measurement]:
    """Asks the local server as a source of some type."""

    def asked(
        kind: str,
        data: dict[str, str] | None = None,
        *,
        query: str = "up",
        interval_seconds: float = 60,
        seconds: float = 5,
        **source: Any,
    ) -> Measurement:
        fields = {"address": server.url, **source}
        if data is not None:
            fields.setdefault("secret", ("test", "auth"))
        check = Check(
            id="0/template",
            name="mine",
            source=Source(type=kind, **fields),
            query=query,
            limits=Limits(),
            interval_seconds=interval_seconds,
        )
        return sources.measure(check, data, timeout_seconds=seconds)

    return asked


@pytest.fixture
def problem(sources: Sources, server: Server) -> Callable[..., str]:
    """Why the local server is not online, as a source of some type; empty where it is."""

    def asked(kind: str, data: dict[str, str] | None = None, **source: Any) -> str:
        fields = {"address": server.url, **source}
        if data is not None:
            fields.setdefault("secret", ("test", "auth"))
        return sources.problem(Source(type=kind, **fields), data, timeout_seconds=5)

    return asked


@pytest.fixture
def online(problem: Callable[..., str]) -> Callable[..., bool]:
    """Whether the local server is online, as a source of some type."""

    def asked(kind: str, data: dict[str, str] | None = None, **source: Any) -> bool:
        return not problem(kind, data, **source)

    return asked


@pytest.fixture
def json_reply() -> Callable[..., Reply]:
    def made(content: Any, code: int = 200) -> Reply:
        return Reply(code=code, body=json.dumps(content).encode())

    return made


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    client = Prometheus(most_clients=2)
    yield client
    client.close()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as running:
        yield running


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Ends what hangs, at the latest when the test is over."""
    event = threading.Event()
    yield event
    event.set()
