"""Lists of weighted backends in routes that users write: where they are, and with other weights."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from burgee.api.manifest import Manifest

EVERY: Final = "*"

Backends: TypeAlias = list[Manifest]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where a kind of route has its backends.

    Attributes:
        group: API group of the kind; others have kinds of the same name.
        lists: paths to the lists of backends in spec; EVERY stands for all items of a list.
        service: path to the name of a backend's Service.
        namespace: path to its namespace.
        unset: the weight of a backend that says none.
        text: weights are strings.
        accepted: it is in force only once its parents have accepted it.
    """

    group: str
    lists: tuple[tuple[str, ...], ...]
    service: tuple[str, ...] = ("name",)
    namespace: tuple[str, ...] = ("namespace",)
    unset: int = 1
    text: bool = False
    accepted: bool = False

    def is_of(self, api_version: str) -> bool:
        """True for a version of the group."""
        return api_version.startswith(f"{self.group}/")

    def weight_of(self, backend: Manifest) -> int:
        """A backend's weight; one that cannot be read counts as all there is."""
        given = backend.get("weight")
        if given is None:
            return self.unset
        return int(given) if str(given).isdecimal() else 100

    def weighed(self, backend: Manifest, weight: int | None) -> Manifest:
        """A backend with that weight; None takes it away."""
        if weight is None:
            return {key: value for key, value in backend.items() if key != "weight"}
        return {**backend, "weight": str(weight) if self.text else weight}


_GATEWAY = Layout(group="gateway.networking.k8s.io", lists=(("rules", EVERY, "backendRefs"),))

LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType(
    {
        "ApisixRoute": Layout(
            group="apisix.apache.org",
            lists=(("http", EVERY, "backends"),),
            service=("serviceName",),
            unset=100,
        ),
        "GRPCRoute": _GATEWAY,
        "HTTPProxy": Layout(
            group="projectcontour.io",
            lists=(("routes", EVERY, "services"), ("tcpproxy", "services")),
            unset=0,
        ),
        "HTTPRoute": _GATEWAY,
        "IngressRoute": Layout(group="traefik.io", lists=(("routes", EVERY, "services"),)),
        "RouteTable": Layout(
            group="gateway.solo.io",
            lists=(("routes", EVERY, "routeAction", "multi", "destinations"),),
            service=("destination", "kube", "ref", "name"),
            namespace=("destination", "kube", "ref", "namespace"),
            unset=0,
        ),
        "TraefikService": Layout(group="traefik.io", lists=(("weighted", "services"),)),
        "TrafficSplit": Layout(
            group="split.smi-spec.io", lists=(("backends",),), service=("service",)
        ),
        "VirtualService": Layout(
            group="networking.istio.io",
            lists=tuple((protocol, EVERY, "route") for protocol in ("http", "tcp", "tls")),
            service=("destination", "host"),
            unset=0,
        ),
    }
)
"""By kind."""


def lists_of(spec: Manifest, layout: Layout) -> Iterator[Backends]:
    """Every list of backends, in a fixed order."""
    for path in layout.lists:
        yield from _lists_at(spec, path)


def mapped(spec: Manifest, layout: Layout, change: Callable[[Backends], Backends]) -> Manifest:
    """The fields of spec that hold lists of backends, with every list changed.

    The lists come in the order of lists_of.
    """
    found: Manifest = {}
    for path in layout.lists:
        if path[0] in spec:
            found[path[0]] = _changed(spec[path[0]], path[1:], change)
    return found


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path, None for nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _lists_at(value: Any, path: tuple[str, ...]) -> Iterator[Backends]:
    if not path:
        if isinstance(value, list):
            yield [item for item in value if isinstance(item, dict)]
    elif path[0] == EVERY:
        for item in value if isinstance(value, list) else ():
            yield from _lists_at(item, path[1:])
    elif isinstance(value, dict):
        yield from _lists_at(value.get(path[0]), path[1:])


def _changed(value: Any, path: tuple[str, ...], change: Callable[[Backends], Backends]) -> Any:
    if not path:
        return change(value) if isinstance(value, list) else value
    if path[0] == EVERY:
        items: list[Any] = value if isinstance(value, list) else []
        return [_changed(item, path[1:], change) for item in items]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _changed(value[path[0]], path[1:], change)}
