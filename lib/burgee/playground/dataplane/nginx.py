"""A real nginx as a local process, which reads its configuration again at every change.

At a reload new workers take all new connections, and the old ones end once they have answered
what they were asked. Connections that are kept idle are closed then: a client sends its next
request on a new one, as HTTP asks of it.
"""

import hashlib
import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

from burgee.playground.dataplane.endpoints import Endpoint
from burgee.playground.dataplane.nginx_conf import Setting, configuration
from burgee.playground.dataplane.plane import Plan
from burgee.playground.programs.leash import Child
from burgee.playground.programs.ports import free_port

_START_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.02
_WORKER = "nginx: worker process"
_MANY = 2
_EXTRA_PATH = "/usr/sbin"


def find_nginx() -> str:
    """The nginx on the PATH, or where Debian keeps it from users.

    Raises:
        FileNotFoundError: there is none.
    """
    path = os.pathsep.join((os.environ.get("PATH", ""), _EXTRA_PATH))
    found = shutil.which("nginx", path=path)
    if not found:
        raise FileNotFoundError("no nginx is on the PATH: install it (Debian: apt install nginx)")
    return found


class Nginx:
    """One port for clients; the routes of a plan are the servers of `nginx_model`.

    Attributes:
        url: of the port for clients.
        description: for a person.
        access_log: one line for each request.
    """

    description = "nginx"

    def __init__(self, directory: Path, *, binary: str) -> None:
        """Prepare.

        Args:
            directory: for its files.
            binary: of nginx.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._binary = binary
        self._directory = directory
        self._setting = Setting(
            directory=directory,
            port=free_port(),
            status_port=free_port(),
            user="root root" if os.geteuid() == 0 else "",
        )
        self._file = directory / "nginx.conf"
        self._lock = threading.Lock()
        self._asked = self._version = ""
        self._serving: frozenset[Endpoint] = frozenset()
        self._wanted: frozenset[Endpoint] = frozenset()
        self._process: Child | None = None
        self.url = f"http://127.0.0.1:{self._setting.port}"
        self.access_log = self._setting.access_log

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it does not come up.
        """
        self._write(Plan(endpoints={}, config=[], rules={}))
        self._process = Child(
            [
                self._binary,
                *("-p", str(self._directory), "-c", str(self._file)),
                *("-e", str(self._directory / "error.log")),
            ],
            log=self._directory / "nginx.log",
        )
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while self._answer() != self._asked:
            self._process.demand_running()
            if time.monotonic() > deadline:
                raise RuntimeError("nginx did not come up")
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.close()

    def serve(self, plan: Plan) -> None:
        """Write the configuration, and have it read where it is another."""
        if self._write(plan) and self._process is not None:
            self._process.send(signal.SIGHUP)

    def serves(self, plan: Plan) -> bool:
        """Whether new connections are answered by the configuration of this plan."""
        return self._text(plan)[1] == self._asked and self._took()

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether new requests may still be sent to an endpoint."""
        self._took()
        with self._lock:
            return endpoint in self._serving | self._wanted

    def _took(self) -> bool:
        """Whether it serves what it was asked for last."""
        with self._lock:
            asked, wanted = self._asked, self._wanted
        if self._version != asked:
            if self._answer() != asked or self._workers() > 1:
                return False
            with self._lock:
                self._version, self._serving = asked, wanted
        return True

    def _write(self, plan: Plan) -> bool:
        """Returns whether it is another configuration than before."""
        text, version = self._text(plan)
        if version == self._asked:
            return False
        fresh = self._file.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self._file)
        with self._lock:
            self._asked = version
            self._serving |= self._wanted  # perhaps it came as far as that
            self._wanted = frozenset(one for there in plan.endpoints.values() for one in there)
        return True

    def _text(self, plan: Plan) -> tuple[str, str]:
        """The configuration, and the version that it shows."""
        bare = configuration(self._setting, plan.config, plan.endpoints, version="")
        version = hashlib.sha256(bare.encode()).hexdigest()[:16]
        text = configuration(self._setting, plan.config, plan.endpoints, version=version)
        return text, version

    def _workers(self) -> int:
        """How many workers take new connections.

        For a tenth of a second after a reload there are two. One that takes none any more says
        so in its title.
        """
        if self._process is None or not Path("/proc/self").exists():
            return 1
        master = self._process.pid
        try:
            children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
            titles = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
        except OSError:
            return _MANY  # one has just ended; look again
        return sum(title.rstrip(b"\0 ") == _WORKER.encode() for title in titles)

    def _answer(self) -> str:
        """The version that one new connection is answered with; empty for no answer."""
        try:
            address = ("127.0.0.1", self._setting.status_port)
            with socket.create_connection(address, timeout=1) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b""
                while chunk := connection.recv(4096):
                    answer += chunk
        except OSError:
            return ""
        return answer.partition(b"\r\n\r\n")[2].decode("latin-1")
