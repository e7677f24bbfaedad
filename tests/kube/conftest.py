"""A local API server that does exactly what a test tells it, down to the bytes and the socket."""

import contextlib
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from real_servers import program

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess

WAIT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is sent, and what becomes of the connection: keep, close, reset, hang or drip."""

    raw: bytes = b""
    then: str = "keep"


def reply(body: Any, code: int = 200, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return Reply(raw="\r\n".join([*lines, "", ""]).encode() + content)


Answer = Callable[[Request], Reply]


@dataclass
class Server:
    """Serves each connection in a thread; `answer` decides, `requests` remembers."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self._start(self._accept)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._stopped.set()
        # A blocked accept() is woken by a last connection.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            plain, _ = self._listener.accept()
            if self._stopped.is_set():
                plain.close()
                return
            plain.settimeout(WAIT_SECONDS)
            with self._lock:
                self._open.append(plain)
                self.connections += 1
                number = self.connections
            self._start(self._serve, plain, number)

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        try:
            if self.tls:
                connection = self.tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.append(connection)
            with connection.makefile("rb") as reader:
                while request := self._read(reader, number):
                    self.requests.append(request)
                    if not self._send(connection, self.answer(request)):
                        return
        except OSError:
            pass  # the client went away, which some tests are about
        finally:
            with self._lock:
                self._open = [one for one in self._open if one not in {plain, connection}]
            connection.close()
            plain.close()

    def _send(self, connection: socket.socket, answered: Reply) -> bool:
        match answered.then:
            case "drip":
                for byte in answered.raw:
                    if self._stopped.wait(0.02):
                        return False
                    connection.sendall(bytes([byte]))
                return True
            case "hang":
                connection.sendall(answered.raw)
                self._stopped.wait(WAIT_SECONDS)
                return False
            case "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            case "close":
                connection.sendall(answered.raw)
                return False
            case _:
                connection.sendall(answered.raw)
                return True

    @staticmethod
    def _read(reader: Any, number: int) -> Request | None:
        line = reader.readline().decode().split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while (header := reader.readline().decode().strip()) != "":
            key, _, value = header.partition(":")
            headers[key.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", "0")))
        return Request(
            method=line[0], target=line[1], headers=headers, body=body, connection=number
        )


class Api:
    """What a test needs of this module: servers, clients, replies. All close with the test."""

    Reply = Reply
    reply = staticmethod(reply)

    def __init__(self) -> None:
        self._clients: list[KubeClient] = []
        self._servers: list[Server] = []

    def serve(self, answer: Answer, tls: ssl.SSLContext | None = None) -> Server:
        server = Server(answer, tls)
        self._servers.append(server)
        return server

    def connect(self, server: Server | str, **access: Any) -> KubeClient:
        url = server if isinstance(server, str) else server.url
        return self.client(KubeAccess(server=url, **access))

    def client(self, access: KubeAccess) -> KubeClient:
        client = KubeClient(access)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        for server in self._servers:
            server.close()


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.close()


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Files of a private CA, of a server for 127.0.0.1, and of a client."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def server_context(self, *, demand_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if demand_client:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    openssl = program("openssl", package="Debian's openssl")
    folder = tmp_path_factory.mktemp("pki")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def run(*args: str) -> None:
        subprocess.run([openssl, *args], cwd=folder, check=True, capture_output=True, timeout=30)

    run(
        *("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2"),
        *("-subj", "/CN=test ca", "-addext", "keyUsage=critical,keyCertSign"),
    )
    for name, extension in (
        ("server", "subjectAltName=IP:127.0.0.1"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extension, encoding="utf-8")
        run(
            "req",
            *new_key,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        run(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", "2", "-out", f"{name}.crt", "-extfile", f"{name}.ext"),
        )
    return Certificates(
        ca=folder / "ca.crt",
        server=folder / "server.crt",
        server_key=folder / "server.key",
        client=folder / "client.crt",
        client_key=folder / "client.key",
    )
