"""A store, its HTTP face, and objects to put into it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from applied_fields import Apply
from gadget_api import Client

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.server import ApiServer
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store

APPLY = "application/apply-patch+yaml"
JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

GADGET_CRD: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {
                        "name": "Ready",
                        "type": "string",
                        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
                    },
                    {
                        "name": "Mode",
                        "type": "string",
                        "jsonPath": ".spec.mode",
                        "priority": 1,
                    },
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 0, "maximum": 9},
                                    "mode": {
                                        "type": "string",
                                        "enum": ["fast", "slow"],
                                        "default": "slow",
                                    },
                                    "interval": {"type": "string", "pattern": "^[0-9]+(m|s)"},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "tags": {
                                        "type": "array",
                                        "maxItems": 2,
                                        "items": {"type": "string"},
                                    },
                                    "labels": {
                                        "type": "object",
                                        "additionalProperties": {"type": "string"},
                                    },
                                    "free": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    },
                                    "parts": {
                                        "type": "array",
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                        "items": {
                                            "type": "object",
                                            "required": ["name"],
                                            "properties": {
                                                "name": {"type": "string"},
                                                "weight": {"type": "integer", "default": 1},
                                                "note": {"type": "string"},
                                            },
                                        },
                                    },
                                    "either": {
                                        "type": "object",
                                        "properties": {
                                            "a": {"type": "string"},
                                            "b": {"type": "string"},
                                        },
                                        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                                    },
                                    "maybe": {"type": "string", "nullable": True},
                                    "when": {"type": "string", "format": "date-time"},
                                },
                            },
                            "status": {
                                "type": "object",
                                "properties": {
                                    "phase": {"type": "string", "enum": ["New", "Done"]},
                                    "count": {"type": "integer"},
                                    "conditions": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "properties": {
                                                "type": {"type": "string"},
                                                "status": {"type": "string"},
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    found = Store(now=clock)
    found.register_crd(GADGET_CRD)
    return found


@pytest.fixture
def gadgets(store: Store) -> Resource:
    return store.resource("example.com/v1", "Gadget")


@pytest.fixture
def deployments(store: Store) -> Resource:
    return store.resource("apps/v1", "deployments")


@pytest.fixture
def config_maps(store: Store) -> Resource:
    return store.resource("v1", "ConfigMap")


@pytest.fixture
def server(store: Store) -> Iterator[ApiServer]:
    with ApiServer(store) as found:
        yield found


@pytest.fixture
def gadget() -> Callable[..., Manifest]:
    def make(name: str = "g", status: Mapping[str, Any] | None = None, **spec: Any) -> Manifest:
        found: Manifest = {
            "apiVersion": "example.com/v1",
            "kind": "Gadget",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"size": 1, **spec},
        }
        return found | ({"status": dict(status)} if status is not None else {})

    return make


@pytest.fixture
def config_map() -> Callable[..., Manifest]:
    def make(name: str = "c", owner: Manifest | None = None, **metadata: Any) -> Manifest:
        meta: Manifest = {"name": name, "namespace": "default", **metadata}
        if owner is not None:
            meta["ownerReferences"] = [reference(owner)]
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": "v"}}

    return make


def reference(owner: Manifest, **more: Any) -> Manifest:
    meta = owner["metadata"]
    found = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    return {**found, "name": meta["name"], "uid": meta["uid"], **more}


_DEPLOYMENT: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.example/web:1",
                        "ports": [{"containerPort": 80}],
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    }
                ]
            },
        },
    },
}


@pytest.fixture
def deployment() -> Manifest:
    return clone(_DEPLOYMENT)


@pytest.fixture
def apply(store: Store) -> Apply:
    def perform(
        manifest: Manifest, manager: str = "one", *, force: bool = False, **options: Any
    ) -> Manifest:
        resource = store.resource(manifest["apiVersion"], manifest["kind"])
        meta = manifest["metadata"]
        return store.patch(
            resource,
            meta.get("namespace", "default"),
            meta["name"],
            manifest,
            content_type=APPLY,
            manager=manager,
            force=force,
            **options,
        )

    return perform


@pytest.fixture
def client(server: ApiServer) -> Iterator[Client]:
    found = Client(server.url)
    with found.session:
        yield found
