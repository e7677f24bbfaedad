"""One pod as a local process of the sample app."""

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from burgee.api.manifest import Manifest, labels_of, name_of, namespace_of
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION, Endpoint
from burgee.playground.programs.ports import free_port

_PROBE_TIMEOUT_SECONDS = 0.25
_RESTART_PAUSE_SECONDS = 1.0
_KILL_AFTER_SECONDS = 2.0
_DEFAULT_VERSION = "latest"


class PodState(StrEnum):
    """The life of a pod; a process that ends by itself goes back to STARTING."""

    STARTING = "Starting"
    READY = "Ready"
    DRAINING = "Draining"
    STOPPING = "Stopping"
    GONE = "Gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """What a pod template asks of the sample app, as its options take it."""

    version: str
    fail_share: str
    latency_ms: str
    access_log: bool = False

    @classmethod
    def of(cls, template: Manifest) -> "Behaviour":
        """Read the first container: the image's tag, and environment variables."""
        containers: list[Manifest] = (template.get("spec") or {}).get("containers") or [{}]
        image = str(containers[0].get("image", ""))
        _, _, tag = image.rpartition("/")[2].partition(":")
        env: Mapping[str, Any] = {
            str(entry["name"]): entry.get("value") for entry in containers[0].get("env") or []
        }
        return cls(
            version=tag or _DEFAULT_VERSION,
            fail_share=str(env.get("FAIL_SHARE") or "0"),
            latency_ms=str(env.get("LATENCY_MS") or "0"),
            access_log=env.get("ACCESS_LOG") == "true",
        )


class PodProcess:
    """A pod of a Deployment, with the process that plays it."""

    def __init__(self, deployment: Manifest, template_hash: str, log: Path) -> None:
        self.template_hash = template_hash
        self.namespace = namespace_of(deployment)
        self.name = f"{name_of(deployment)}-{template_hash}-{secrets.token_hex(3)[:5]}"
        self.restarts = 0
        self._log = log
        self._owner = deployment
        self._template: Manifest = deployment["spec"]["template"]
        self._behaviour = Behaviour.of(self._template)
        self._spawn_after = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._enter(PodState.STARTING)
        self._spawn()

    @property
    def version(self) -> str:
        """The version that its responses carry."""
        return self._behaviour.version

    @property
    def seconds_in_state(self) -> float:
        """How long ago its state changed."""
        return time.monotonic() - self._since

    def advance(self) -> bool:
        """Look at the process; returns whether the pod's object has to be written again."""
        before = (self.state, self.endpoint)
        ended = self._process is None or self._process.poll() is not None
        match self.state:
            case PodState.STARTING | PodState.READY if ended:
                self._restart()
            case PodState.STARTING if self._answers():
                self._enter(PodState.READY)
            case PodState.STOPPING if ended:
                self._release()
                self._enter(PodState.GONE)
            case PodState.STOPPING if self.seconds_in_state > _KILL_AFTER_SECONDS:
                self._kill()
            case _:
                pass
        return (self.state, self.endpoint) != before

    def drain(self) -> None:
        """Take it out of service; the process goes on answering."""
        if self.state in {PodState.STARTING, PodState.READY}:
            self._enter(PodState.DRAINING)

    def stop(self) -> None:
        """Ask the process to end, which it does once it has answered what it has begun."""
        if self.state not in {PodState.STOPPING, PodState.GONE}:
            self._enter(PodState.STOPPING)
            if self._process is not None:
                self._process.terminate()

    def end(self, timeout_seconds: float) -> None:
        """Wait for the end of a stopped process; kill it when the time is over."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._release()
        self._enter(PodState.GONE)

    def manifest(self) -> Manifest:
        """The Pod object, without its status."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {**labels_of(self._template), "pod-template-hash": self.template_hash},
                "annotations": {
                    **(self._template.get("metadata", {}).get("annotations") or {}),
                    PORT_ANNOTATION: str(self.endpoint.port),
                },
                "ownerReferences": [
                    {
                        "apiVersion": self._owner["apiVersion"],
                        "kind": self._owner["kind"],
                        "name": name_of(self._owner),
                        "uid": self._owner["metadata"]["uid"],
                        "controller": True,
                        "blockOwnerDeletion": True,
                    }
                ],
            },
            "spec": self._template.get("spec") or {},
        }

    def status(self) -> Manifest:
        """The status of the Pod object."""
        ready = self.state is PodState.READY
        containers: list[Manifest] = (self._template.get("spec") or {}).get("containers") or []
        return {
            "phase": "Pending" if self.state is PodState.STARTING else "Running",
            "podIP": self.endpoint.address,
            "hostIP": self.endpoint.address,
            "conditions": [
                {"type": kind, "status": "True" if ready else "False"}
                for kind in ("Ready", "ContainersReady")
            ],
            "containerStatuses": [
                {
                    "name": container.get("name", ""),
                    "image": container.get("image", ""),
                    "ready": ready,
                    "restartCount": self.restarts,
                }
                for container in containers
            ],
        }

    def _enter(self, state: PodState) -> None:
        self.state = state
        self._since = time.monotonic()

    def _spawn(self) -> None:
        self.endpoint = Endpoint(address="127.0.0.1", port=free_port())
        command = [
            *(sys.executable, "-m", "burgee.playground.workloads.sample_app"),
            *("--version", self._behaviour.version),
            *("--pod", self.name),
            *("--port", str(self.endpoint.port)),
            *("--fail-share", self._behaviour.fail_share),
            *("--latency-ms", self._behaviour.latency_ms),
            *(["--access-log"] if self._behaviour.access_log else []),
        ]
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # the app ends when this end of the pipe is gone
                stdout=sink,
                stderr=sink,
                process_group=0,
            )

    def _restart(self) -> None:
        """Start the process again, a while after it ended by itself."""
        if self._process is not None:
            self._release()
            self._spawn_after = time.monotonic() + _RESTART_PAUSE_SECONDS
            self._enter(PodState.STARTING)
        elif time.monotonic() >= self._spawn_after:
            self.restarts += 1
            self._spawn()

    def _answers(self) -> bool:
        address = (self.endpoint.address, self.endpoint.port)
        try:
            with socket.create_connection(address, timeout=_PROBE_TIMEOUT_SECONDS) as probe:
                probe.sendall(b"GET /readyz HTTP/1.1\r\nhost: probe\r\n\r\n")
                return probe.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _release(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
