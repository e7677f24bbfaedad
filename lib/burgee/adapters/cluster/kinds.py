"""Which path of the API serves which kind.

The kinds that burgee itself reads and writes stand in a table, so that an ordinary sync needs no
discovery; any other kind is asked for once per API group and remembered.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from burgee.errors import NotFound

_FORGET_MISSING_SECONDS = 5.0
_FORGET_SERVED_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plural:
    """How a kind is spelled in a path."""

    word: str
    namespaced: bool = True


_CORE = {
    "ConfigMap": Plural(word="configmaps"),
    "Event": Plural(word="events"),
    "Namespace": Plural(word="namespaces", namespaced=False),
    "Pod": Plural(word="pods"),
    "Secret": Plural(word="secrets"),
    "Service": Plural(word="services"),
}
_APPS = {
    "DaemonSet": Plural(word="daemonsets"),
    "Deployment": Plural(word="deployments"),
    "ReplicaSet": Plural(word="replicasets"),
    "StatefulSet": Plural(word="statefulsets"),
}
_FLAGGER = {
    "AlertProvider": Plural(word="alertproviders"),
    "Canary": Plural(word="canaries"),
    "MetricTemplate": Plural(word="metrictemplates"),
}
_KEDA = {"ScaledObject": Plural(word="scaledobjects")}
_ISTIO = {
    "DestinationRule": Plural(word="destinationrules"),
    "VirtualService": Plural(word="virtualservices"),
}

_TABLE: dict[str, dict[str, Plural]] = {
    "": _CORE,
    "apps": _APPS,
    "autoscaling": {"HorizontalPodAutoscaler": Plural(word="horizontalpodautoscalers")},
    "flagger.app": _FLAGGER,
    "keda.sh": _KEDA,
    "networking.istio.io": _ISTIO,
    "networking.k8s.io": {"Ingress": Plural(word="ingresses")},
}


class Kinds:
    """Spells paths; asks the API server for kinds that are not in the table.

    Args to the constructor: `discover` returns the APIResourceList of one path such as
    `/apis/example.com/v1`, within so many seconds, and raises NotFound where there is none.
    """

    def __init__(
        self,
        discover: Callable[[str, float], Mapping[str, Any]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know the table, have discovered nothing."""
        self._discover = discover
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Plural] = {}
        self._missing: dict[tuple[str, str], float] = {}
        self._listed: dict[str, tuple[float, frozenset[str]]] = {}

    def path(
        self, api_version: str, kind: str, namespace: str, name: str = "", *, seconds: float
    ) -> str:
        """The path of one object, or of the collection where no name is given.

        Raises:
            NotFound: the kind is not served, or no object can have such a name.
        """
        prefix = _prefix(api_version)
        plural = self._plural(api_version, kind, seconds)
        if plural.namespaced and namespace:
            prefix = f"{prefix}/namespaces/{_segment(namespace)}"
        elif plural.namespaced and name:
            raise NotFound(f"{kind} {name} needs a namespace", 404)
        return f"{prefix}/{plural.word}/{_segment(name)}" if name else f"{prefix}/{plural.word}"

    def serves(self, api_version: str, kind: str, *, seconds: float) -> bool:
        """Whether the API server has this kind; a version is asked for again now and then.

        Raises:
            ClusterError: it could not be asked.
        """
        now = self._monotonic()
        with self._lock:
            until, kinds = self._listed.get(api_version, (0.0, frozenset()))
        if now < until:
            return kind in kinds
        kinds = frozenset(self._ask(api_version, kind, seconds))
        keep = _FORGET_SERVED_SECONDS if kind in kinds else _FORGET_MISSING_SECONDS
        with self._lock:
            self._listed[api_version] = (now + keep, kinds)
        return kind in kinds

    def _plural(self, api_version: str, kind: str, seconds: float) -> Plural:
        group = api_version.partition("/")[0] if "/" in api_version else ""
        known = _TABLE.get(group, {}).get(kind)
        if known is not None:
            return known
        key = (api_version, kind)
        with self._lock:
            found = self._found.get(key)
            missing_until = self._missing.get(key, 0.0)
        if found is not None:
            return found
        if self._monotonic() >= missing_until:
            found = self._ask(api_version, kind, seconds).get(kind)
        if found is None:
            raise NotFound(f"{kind} of {api_version} is not served by this cluster", 404)
        return found

    def _ask(self, api_version: str, kind: str, seconds: float) -> dict[str, Plural]:
        """The kinds of one version; `kind` is remembered as missing where it is not among them.

        Discovery is outside the lock: a slow server must not hold up kinds that are known.
        """
        try:
            listed = self._discover(_prefix(api_version), seconds).get("resources")
        except NotFound:
            listed = None
        served = {
            str(item.get("kind")): Plural(
                word=str(item.get("name")), namespaced=bool(item.get("namespaced"))
            )
            for item in (listed if isinstance(listed, list) else [])
            if isinstance(item, dict) and "/" not in str(item.get("name", "/"))
        }
        with self._lock:
            self._found.update({(api_version, name): plural for name, plural in served.items()})
            if kind not in served:
                self._missing[api_version, kind] = self._monotonic() + _FORGET_MISSING_SECONDS
        return served


def _prefix(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _segment(name: str) -> str:
    """A name as one segment of a path: names come from Canaries and may try to climb."""
    if name in {".", ".."} or "/" in name or not name.isprintable():
        raise NotFound("no object can have such a name", 404)
    return quote(name, safe="")
