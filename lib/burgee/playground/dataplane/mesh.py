"""The mesh's control plane: programs Envoy from the objects in the cluster, as istiod does.

Services and the pods behind them become clusters and endpoints, VirtualServices become routes.
Nothing here knows of releases: what moves traffic in the demo is the VirtualService that burgee
returned.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import requests

from burgee.api.manifest import (
    Manifest,
    annotations_of,
    labels_of,
    metadata,
    name_of,
    namespace_of,
)
from burgee.playground.dataplane import virtual_service
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION, Endpoint
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.steering import Rule, rules_of
from burgee.playground.dataplane.xds import Config, ServicePort
from burgee.playground.machinery.changes import ChangeSignal
from burgee.playground.storage.store import Resource, Store

_ISTIO = "networking.istio.io"
VIRTUAL_SERVICE = Resource(
    group=_ISTIO,
    version="v1beta1",
    plural="virtualservices",
    kind="VirtualService",
    short_names=("vs",),
    generation=True,
)
DESTINATION_RULE = Resource(
    group=_ISTIO,
    version="v1beta1",
    plural="destinationrules",
    kind="DestinationRule",
    short_names=("dr",),
    generation=True,
)
_CONFIRM_TIMEOUT_SECONDS = 2.0
_CONFIRM_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What Envoy should serve."""

    endpoints: Mapping[ServicePort, Sequence[Endpoint]]
    virtual_hosts: Sequence[Config]


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteChange:
    """A moment at which Envoy was seen to steer requests otherwise.

    Attributes:
        asked: `time.monotonic()` before the routes were written.
        served: likewise, once Envoy showed them.
        rules: of each VirtualService (namespace/name), in their order.
    """

    asked: float
    served: float
    rules: Mapping[str, Sequence[Rule]]

    @property
    def weights(self) -> dict[str, Mapping[str, int]]:
        """Percent by Service for those whom no earlier rule takes: the last rule's."""
        return {name: rules[-1].weights for name, rules in self.rules.items()}


class Mesh:
    """Follows the store and keeps one Envoy in step with it."""

    def __init__(self, store: Store, envoy: Envoy) -> None:
        self._store = store
        self._envoy = envoy
        self._history: list[RouteChange] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        for resource in (VIRTUAL_SERVICE, DESTINATION_RULE):
            store.register(resource)
        self._services = store.resource("v1", "services")
        self._pods = store.resource("v1", "pods")
        self._signal = ChangeSignal(store, (self._services, self._pods, VIRTUAL_SERVICE))
        self._thread = threading.Thread(target=self._run, name="mesh")

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """Stop; Envoy keeps what it has."""
        self._closed.set()
        self._signal.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._signal.close()

    def history(self) -> list[RouteChange]:
        """Every change of the rules since the start, oldest first."""
        with self._lock:
            return list(self._history)

    def uses(self, endpoint: Endpoint) -> bool:
        """Whether Envoy still sends new requests to an endpoint."""
        try:
            return any(endpoint in known for known in self._envoy.addresses().values())
        except requests.RequestException:
            return False  # Envoy is gone, and with it all traffic

    def _run(self) -> None:
        while not self._closed.is_set():
            self._signal.wait()
            if not self._closed.is_set():
                self._apply(self._plan())

    def _plan(self) -> Plan:
        services, _ = self._store.list(self._services)
        pods, _ = self._store.list(self._pods)
        routes, _ = self._store.list(VIRTUAL_SERVICE)
        return plan(services, pods, routes)

    def _apply(self, wanted: Plan) -> None:
        asked = time.monotonic()
        self._envoy.route(wanted.endpoints, wanted.virtual_hosts)
        rules = rules_of(wanted.virtual_hosts)
        if self._history and self._history[-1].rules == rules:
            return
        if not self._served(wanted):
            return  # the next change, or the same again, will tell
        change = RouteChange(asked=asked, served=time.monotonic(), rules=rules)
        with self._lock:
            self._history.append(change)

    def _served(self, wanted: Plan) -> bool:
        """Wait until Envoy shows the routes."""
        deadline = time.monotonic() + _CONFIRM_TIMEOUT_SECONDS
        while time.monotonic() < deadline and not self._closed.is_set():
            try:
                if self._envoy.has_routes(wanted.virtual_hosts):
                    return True
            except requests.RequestException:
                return False
            time.sleep(_CONFIRM_PAUSE_SECONDS)
        return False


def plan(
    services: Sequence[Manifest], pods: Sequence[Manifest], routes: Sequence[Manifest]
) -> Plan:
    """What Envoy should serve for these objects.

    A Service that no VirtualService speaks for is reached by its own name. A single
    VirtualService answers for every other host as well, so that a bare `curl` reaches it.
    """
    endpoints = {
        ServicePort(
            namespace=namespace_of(service), service=name_of(service), port=int(port["port"])
        ): _behind(service, pods)
        for service in services
        for port in (service.get("spec") or {}).get("ports") or []
    }
    hosts = [virtual_service.virtual_host(route, endpoints) for route in routes]
    if len(hosts) == 1 and "*" not in hosts[0]["domains"]:
        hosts[0]["domains"].append("*")
    taken = {domain for host in hosts for domain in host["domains"]}
    firsts = {(port.namespace, port.service): port for port in sorted(endpoints, reverse=True)}
    for port in sorted(firsts.values()):
        host = virtual_service.plain_host(port)
        host["domains"] = [name for name in host["domains"] if name not in taken]
        if host["domains"]:
            hosts.append(host)
    return Plan(endpoints=endpoints, virtual_hosts=hosts)


def _behind(service: Manifest, pods: Sequence[Manifest]) -> list[Endpoint]:
    """The ready pods that a Service selects."""
    selector: Mapping[str, str] = (service.get("spec") or {}).get("selector") or {}
    return [
        Endpoint(address=pod["status"]["podIP"], port=int(annotations_of(pod)[PORT_ANNOTATION]))
        for pod in pods
        if selector
        and namespace_of(pod) == namespace_of(service)
        and selector.items() <= labels_of(pod).items()
        and _is_ready(pod)
    ]


def _is_ready(pod: Manifest) -> bool:
    if metadata(pod).get("deletionTimestamp") or PORT_ANNOTATION not in annotations_of(pod):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
