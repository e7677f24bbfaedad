"""Kinds of ingresses and the like in the embedded cluster, with a Knative that plays along."""

import threading
from collections.abc import Sequence
from itertools import pairwise

from release_journal import Journal
from release_world import APP, App, Arena

from burgee.api.manifest import Manifest, metadata, name_of, namespace_of
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

MERGE = "application/merge-patch+json"
INGRESS = ("networking.k8s.io/v1", "Ingress")
KNATIVE_SERVICE = ("serving.knative.dev/v1", "Service")
TRAFFIC_ROUTE = ("kuma.io/v1alpha1", "TrafficRoute")
CARRIERS = {
    "apisix": ("apisix.apache.org/v2", "ApisixRoute"),
    "contour": ("projectcontour.io/v1", "HTTPProxy"),
    "gloo": ("gateway.solo.io/v1", "RouteTable"),
    "knative": KNATIVE_SERVICE,
    "kuma": TRAFFIC_ROUTE,
    "nginx": INGRESS,
    "skipper": INGRESS,
    "traefik": ("traefik.io/v1alpha1", "TraefikService"),
}
_STATUS = frozenset({"status"})
_NEW = tuple(
    Resource(
        group=group,
        version=version,
        plural=plural,
        kind=kind,
        namespaced=kind != "TrafficRoute",
        subresources=_STATUS,
        generation=True,
        custom=True,
    )
    for group, version, plural, kind in (
        ("apisix.apache.org", "v2", "apisixroutes", "ApisixRoute"),
        ("gateway.solo.io", "v1", "routetables", "RouteTable"),
        ("gloo.solo.io", "v1", "upstreams", "Upstream"),
        ("kuma.io", "v1alpha1", "trafficroutes", "TrafficRoute"),
        ("projectcontour.io", "v1", "httpproxies", "HTTPProxy"),
        ("serving.knative.dev", "v1", "revisions", "Revision"),
        ("serving.knative.dev", "v1", "services", "Service"),
        ("traefik.io", "v1alpha1", "ingressroutes", "IngressRoute"),
        ("traefik.io", "v1alpha1", "traefikservices", "TraefikService"),
    )
)


class ProviderWorld:
    """Registers the kinds, remembers what happens to them, and answers for Knative."""

    def __init__(self, arena: Arena) -> None:
        self.store = arena.cluster.store
        for resource in _NEW:
            self.store.register(resource)
        kinds = [self.store.resource(*kind) for kind in sorted(set(CARRIERS.values()))]
        self._journal = Journal(self.store, kinds)
        self._knative = FakeKnative(self.store)

    def close(self) -> None:
        self._knative.close()

    def weights(self, app: App, provider: str) -> list[int]:
        """The canary's shares that the route had, as they changed."""
        router = router_of(provider)
        names = Names(target=APP, apex=APP, selector_key="app", selector_value=APP)
        namespace = "" if provider == "kuma" else app.namespace
        seen = [
            share
            for written in self._journal.of(namespace)
            if written.new is not None
            and (share := router.canary_weight_seen([written.new], names)) is not None
        ]
        return [*seen[:1], *(b for a, b in pairwise(seen) if a != b)]


class FakeKnative:
    """Makes a revision of each template, and does at once what spec.traffic says.

    A template with the image tag `:broken` has a revision that is never ready.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watch = store.watch(store.resource(*KNATIVE_SERVICE))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._watch.close()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.is_set():
            event = self._watch.next(0.05)
            if event is None or event[0] == "DELETED":
                continue
            try:
                self._answer(event[1])
            except ApiError as error:
                # It changed meanwhile, or is gone: the next event says so.
                if error.status not in {404, 409}:
                    raise

    def _answer(self, service: Manifest) -> None:
        name, namespace = name_of(service), namespace_of(service)
        status = service.get("status") or {}
        template = service["spec"]["template"]
        latest = status.get("latestCreatedRevisionName", "")
        if status.get("template") != template:
            number = int(latest.rpartition("-")[2] or 0) + 1
            latest = f"{name}-{number:05d}"
            self._revise(service, latest, template)
        traffic: list[Manifest] = [
            {
                "latestRevision": bool(entry.get("latestRevision")),
                "revisionName": entry.get("revisionName") or latest,
                "percent": entry["percent"],
            }
            for entry in service["spec"].get("traffic")
            or [{"latestRevision": True, "percent": 100}]
        ]
        wanted = {
            "observedGeneration": metadata(service)["generation"],
            "latestCreatedRevisionName": latest,
            "template": template,
            "traffic": traffic,
        }
        if wanted != status:
            self._patch("Service", namespace, name, {"status": wanted})

    def _revise(self, service: Manifest, name: str, template: Manifest) -> None:
        namespace = namespace_of(service)
        kind = self._store.resource(KNATIVE_SERVICE[0], "Revision")
        broken = template["spec"]["containers"][0]["image"].endswith(":broken")
        self._store.create(
            kind,
            {
                "apiVersion": KNATIVE_SERVICE[0],
                "kind": "Revision",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": {"serving.knative.dev/service": name_of(service)},
                },
                "spec": template["spec"],
            },
        )
        ready = {"type": "Ready", "status": "False" if broken else "True"}
        status = {"observedGeneration": 1, "conditions": [ready]}
        self._patch("Revision", namespace, name, {"status": status})

    def _patch(self, kind: str, namespace: str, name: str, patch: Manifest) -> None:
        self._store.patch(
            self._store.resource(KNATIVE_SERVICE[0], kind),
            namespace,
            name,
            patch,
            content_type=MERGE,
            subresource="status",
        )


def ingress(name: str = "web", *, annotations: Manifest | None = None, **spec: object) -> Manifest:
    """The user's Ingress with one path, to the apex Service."""
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": APP, "port": {"number": 9898}}},
    }
    rules = [{"host": "app.example.com", "http": {"paths": [path]}}]
    return {
        "apiVersion": INGRESS[0],
        "kind": INGRESS[1],
        "metadata": {"name": name, "annotations": annotations or {"mine": "1"}},
        "spec": {"rules": rules, **spec},
    }


def apisix_route() -> Manifest:
    """The user's ApisixRoute with one rule, to the apex Service."""
    rule = {
        "name": "all",
        "match": {"hosts": ["app.example.com"], "paths": ["/*"]},
        "backends": [{"serviceName": APP, "servicePort": 9898}],
    }
    return {
        "apiVersion": "apisix.apache.org/v2",
        "kind": "ApisixRoute",
        "metadata": {"name": "web"},
        "spec": {"http": [rule]},
    }


def ingress_route() -> Manifest:
    """The user's IngressRoute with one rule, to the TraefikService of the apex."""
    service = {"kind": "TraefikService", "name": APP}
    rule = {"kind": "Rule", "match": "Host(`app.example.com`)", "services": [service]}
    return {
        "apiVersion": CARRIERS["traefik"][0],
        "kind": "IngressRoute",
        "metadata": {"name": "web"},
        "spec": {"routes": [rule]},
    }


def knative_service(image: str = "app:1") -> Manifest:
    """The user's Knative Service."""
    return {
        "apiVersion": KNATIVE_SERVICE[0],
        "kind": KNATIVE_SERVICE[1],
        "metadata": {"name": APP},
        "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
    }


def spec_for(provider: str) -> Manifest:
    """The parts of a Canary's spec that the provider asks for."""
    return {
        "nginx": {"ingressRef": {"apiVersion": INGRESS[0], "kind": INGRESS[1], "name": "web"}},
        "skipper": {"ingressRef": {"apiVersion": INGRESS[0], "kind": INGRESS[1], "name": "web"}},
        "apisix": {
            "routeRef": {
                "apiVersion": "apisix.apache.org/v2",
                "kind": "ApisixRoute",
                "name": "web",
            }
        },
        "knative": {
            "targetRef": {
                "apiVersion": KNATIVE_SERVICE[0],
                "kind": KNATIVE_SERVICE[1],
                "name": APP,
            },
            "service": None,
        },
    }.get(provider, {}) | {"provider": provider}


def objects_for(provider: str, deployment: Manifest) -> Sequence[Manifest]:
    """The user's objects that the provider asks for."""
    if provider == "knative":
        return [knative_service()]
    extra = {"nginx": [ingress()], "skipper": [ingress()], "apisix": [apisix_route()]}
    return [deployment, *extra.get(provider, [])]
