"""Everything that the demo needs, brought up in order and taken down in reverse."""

import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import yaml

from burgee.playground.apiserver.server import ApiServer
from burgee.playground.dataplane.load import Load
from burgee.playground.dataplane.plane import DataPlane
from burgee.playground.demo.gate import Gate
from burgee.playground.demo.objects import APP, NAMESPACE, PREVIEW_HOST
from burgee.playground.demo.providers.base import Ground, Part, Provider
from burgee.playground.demo.tester import SmokeTester
from burgee.playground.demo.timeline import Timeline
from burgee.playground.metacontroller.controller import Controller
from burgee.playground.metrics.server import MetricsServer, metrics_server
from burgee.playground.programs.hook_server import HookServer
from burgee.playground.storage.store import Store
from burgee.playground.workloads.processes import Processes

MANIFESTS = Path(__file__).parents[4] / "manifests"
_REMEMBERED = 500_000
"""Of the crowd's requests: all of them, in the longest scenario."""

P = TypeVar("P", bound=Part)


@dataclass(kw_only=True)
class DemoCluster:
    """The parts of a running demo.

    Attributes:
        directory: for files and logs.
        provider: of the traffic.
        prometheus: path of a Prometheus to use, empty for the in-process engine.
    """

    directory: Path
    provider: Provider
    prometheus: str = ""
    store: Store = field(init=False)
    kubeconfig: Path = field(init=False)
    pods_log: Path = field(init=False)
    plane: DataPlane = field(init=False)
    metrics: MetricsServer = field(init=False)
    hooks: HookServer = field(init=False)
    gate: Gate = field(init=False)
    tester: SmokeTester = field(init=False)
    load: Load = field(init=False)
    timeline: Timeline = field(init=False)
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

    def __enter__(self) -> Self:
        try:
            self._bring_up()
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._take_down()

    def _take_down(self) -> None:
        with _undisturbed():
            self._stack.close()

    def _bring_up(self) -> None:
        self.store = Store()
        self.store.create(
            self.store.resource("v1", "namespaces"),
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        )
        for crd in sorted((MANIFESTS / "crds").glob("*.yaml")):
            for document in _documents(crd):
                if document.get("kind") == "CustomResourceDefinition":
                    self.store.register_crd(document)
        api = self.started(ApiServer(self.store))
        self.kubeconfig = self.directory / "kubeconfig"
        api.kubeconfig(self.kubeconfig)
        apparatus = self.provider.build(
            Ground(store=self.store, api_url=api.url, directory=self.directory)
        )
        self.plane = self.started(apparatus.plane)
        processes = self.started(
            Processes(self.store, self.directory / "pods", in_use=self.plane.uses)
        )
        self.pods_log = processes.log
        for exporter in apparatus.exporters:
            self.started(exporter)
        self.metrics = self.started(
            metrics_server(
                apparatus.targets(), self.directory / "prometheus", binary=self.prometheus
            )
        )
        self.timeline = self.started(Timeline(self.store))
        self.gate = self.started(Gate())
        self.gate.open()
        self.tester = self.started(SmokeTester(self.plane.url, host=PREVIEW_HOST))
        self.hooks = self.started(
            HookServer(
                self.directory / "hooks",
                kubeconfig=self.kubeconfig,
                metrics_url=self.metrics.url,
            )
        )
        [composite] = _documents(MANIFESTS / "composite-controller" / "compositecontroller.yaml")
        self.started(
            Controller(self.store, composite, hook_urls=[self.hooks.url], token=self.hooks.token)
        )
        self.load = Load(
            self.plane.url,
            host=APP,
            requests_per_second=self.provider.climb.requests_per_second,
            remember=_REMEMBERED,
        )
        self._stack.callback(self.load.close)

    def started(self, part: P) -> P:
        """Start a part, which is closed with the rest."""
        self._stack.callback(part.close)
        part.start()
        return part


@contextmanager
def _undisturbed() -> Generator[None]:
    """Taking down is not interrupted half-way by an impatient Ctrl-C."""
    previous = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file.

    Raises:
        FileNotFoundError: the manifests are not beside the code, as in a checkout.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the demo runs from a checkout of burgee")
    return [document for document in yaml.safe_load_all(path.read_text()) if document]
