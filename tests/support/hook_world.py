"""A real hook server and a small world around the embedded controller."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.metacontroller.loop import Outcome
from burgee.playground.storage.store import ApiError, Store


@dataclass
class Reply:
    """What the hook answers: `body` is sent as JSON unless it is bytes."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


class HookServer:
    """Answers POSTs by a function of path and decoded body, and remembers them."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Manifest], Reply]] = {}
        self.calls: list[tuple[str, Manifest]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                outer.connections += 1

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = outer.answer(self.path, body, dict(self.headers))
                encoded = (
                    reply.body
                    if isinstance(reply.body, bytes)
                    else json.dumps(reply.body).encode()
                )
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(encoded)))
                    self.end_headers()
                    self.wfile.write(encoded)
                    self.wfile.flush()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A caller that went away is part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def answer(self, path: str, body: Manifest, headers: dict[str, str]) -> Reply:
        with self._lock:
            self.calls.append((path, body))
            self.headers.append(headers)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            hook = self.answers.get(path)
        try:
            reply = hook(body) if hook else Reply(body={})
            time.sleep(reply.delay_seconds)
            return reply
        finally:
            with self._lock:
                self.running -= 1

    def bodies(self, path: str) -> list[Manifest]:
        with self._lock:
            return [body for called, body in self.calls if called == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def crd(
    group: str, kind: str, plural: str, version: str, *, subresources: bool = True
) -> Manifest:
    """A CRD that takes everything."""
    served: Manifest = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        },
    }
    if subresources:
        served["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [served],
        },
    }


MESH = ("networking.istio.io", "VirtualService", "virtualservices", "v1beta1")
CHILDREN = (
    ("apps/v1", "deployments"),
    ("v1", "services"),
    ("v1", "configmaps"),
    ("autoscaling/v2", "horizontalpodautoscalers"),
)


class World:
    """A store with a parent, a hook server, and the controllers made in a test."""

    def __init__(self, hooks: HookServer) -> None:
        self.hooks = hooks
        self.store = Store()
        for group, kind, plural, version in (
            ("flagger.app", "Canary", "canaries", "v1beta1"),
            ("flagger.app", "MetricTemplate", "metrictemplates", "v1beta1"),
        ):
            self.store.register_crd(crd(group, kind, plural, version))
        for name in ("t1", "tmpl"):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._controllers: list[Controller] = []

    def composite(self, **spec: Any) -> Manifest:
        """A CompositeController; `spec` replaces parts of its spec, None leaves one out."""
        hooks = {
            name: {
                "version": "v2",
                "webhook": {"url": f"{self.hooks.url}/{name}", "timeout": "2s"},
            }
            for name in spec.pop("hooks", ("sync",))
        }
        full = {
            "generateSelector": True,
            "parentResource": {"apiVersion": "flagger.app/v1beta1", "resource": "canaries"},
            "childResources": [
                {"apiVersion": v, "resource": r, "updateStrategy": {"method": "InPlace"}}
                for v, r in CHILDREN
            ],
            "hooks": hooks,
            **spec,
        }
        return {
            "apiVersion": "metacontroller.k8s.io/v1alpha1",
            "kind": "CompositeController",
            "metadata": {"name": "canary"},
            "spec": {k: v for k, v in full.items() if v is not None},
        }

    def controller(
        self,
        manifest: Manifest | None = None,
        *,
        workers: int = 0,
        faults: Faults | None = None,
        **options: Any,
    ) -> Controller:
        """A controller that is closed after the test; without workers unless asked."""
        made = Controller(
            self.store, manifest or self.composite(), workers=workers, faults=faults, **options
        )
        self._controllers.append(made)
        return made.start()

    def put(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        resource = self.store.resource(manifest["apiVersion"], manifest["kind"])
        return self.store.create(resource, manifest)

    def parent(self, name: str = "podinfo", **fields: Any) -> Manifest:
        """Create a Canary in t1."""
        meta = {"name": name, "namespace": "t1", **fields.pop("metadata", {})}
        return self.put(
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "metadata": meta,
                "spec": {"targetRef": {"name": name}},
                **fields,
            }
        )

    def get(
        self, api_version: str, kind: str, name: str, namespace: str = "t1"
    ) -> Manifest | None:
        """An object, None where there is none."""
        try:
            return self.store.get(self.store.resource(api_version, kind), namespace, name)
        except ApiError:
            return None

    def canary(self, name: str = "podinfo") -> Manifest:
        """The live parent."""
        found = self.get("flagger.app/v1beta1", "Canary", name)
        assert found is not None
        return found

    def change(self, manifest: Manifest, subresource: str = "", **fields: Any) -> Manifest:
        """Replace top-level fields (metadata fields by `metadata`) of a live object."""
        meta = manifest["metadata"]
        resource = self.store.resource(manifest["apiVersion"], manifest["kind"])
        live = self.store.get(resource, meta.get("namespace", ""), meta["name"])
        new = {**live, **fields, "metadata": {**live["metadata"], **fields.get("metadata", {})}}
        return self.store.update(resource, new, subresource=subresource)

    def events(self) -> list[Manifest]:
        """All Events in t1."""
        return self.store.list(self.store.resource("v1", "events"), "t1")[0]

    def settle(self, controller: Controller, limit: int = 20) -> list[Outcome]:
        """Step until nothing is due; an endless loop fails the test."""
        outcomes: list[Outcome] = []
        while (outcome := controller.step()) is not None:
            outcomes.append(outcome)
            assert len(outcomes) <= limit, "the controller does not come to rest"
        return outcomes

    def wait(self, condition: Callable[[], object], timeout_seconds: float = 5.0) -> None:
        """Until the condition holds."""
        end = time.monotonic() + timeout_seconds
        while not condition():
            assert time.monotonic() < end, "timed out"
            time.sleep(0.003)

    def close(self) -> None:
        for controller in self._controllers:
            controller.close()
