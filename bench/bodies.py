"""The requests that the hook server is measured with.

The recorded request (bench/data) is what Metacontroller 4.17.2 sent to a hook of the first days,
whose answers were not burgee's: its Canary is in no state that burgee leaves behind. So its
Canary, Deployment and ConfigMap are put into an embedded cluster, where burgee takes them through
a real release, and the request that follows is kept: one of a Canary at rest after a promotion,
one in the middle of an analysis. ConfigMaps that the pods name are added until the request is as
large as wanted; each is there as the user's and as burgee's copy.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

from bench.cluster import CANARY, DEPLOYMENT, METRICS, composite, embedded_cluster, phase_of
from bench.servers import HOOKS, TOKEN, Gunicorn
from burgee.api.manifest import Manifest, metadata
from burgee.playground.apiserver.httpd import Answer, HttpServer, Request
from burgee.playground.cluster import Cluster

RECORDED = Path(__file__).parent / "data" / "recorded-sync-request.json"
LONG_AGO = "2026-01-01T00:00:00Z"
_NAME = "podinfo"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A request, and the Canary that the API server holds while it is answered."""

    body: bytes
    live: Manifest

    @property
    def path(self) -> str:
        """Where the hook reads the Canary."""
        head = metadata(self.live)
        return f"/apis/flagger.app/v1beta1/namespaces/{head['namespace']}/canaries/{head['name']}"

    @property
    def objects(self) -> Mapping[str, Manifest]:
        """What the request shows besides the Canary, by where the hook reads it live."""
        request: Mapping[str, Any] = json.loads(self.body)
        groups = (*request["children"].values(), *request["related"].values())
        return {_path_of(manifest): manifest for group in groups for manifest in group.values()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A scene to be made: its namespace, whether at rest, and how many ConfigMaps."""

    namespace: str
    at_rest: bool
    configs: int


def _path_of(manifest: Manifest) -> str:
    head, version = metadata(manifest), manifest["apiVersion"]
    root = "apis" if "/" in version else "api"
    plural = f"{manifest['kind'].lower()}s"
    return f"/{root}/{version}/namespaces/{head['namespace']}/{plural}/{head['name']}"


def make_scenes(directory: Path, wishes: list[Wish], metrics_url: str) -> dict[str, Scene]:
    """Every wished scene by its namespace."""
    names = [wish.namespace for wish in wishes]
    with embedded_cluster(names) as cluster:
        config = cluster.kubeconfig(directory / "scenes.kubeconfig")
        with Gunicorn(
            HOOKS, directory / "scenes", kubeconfig=config, metrics_url=metrics_url
        ) as hooks:
            cluster.control(composite(), hook_urls=[hooks.url], token=TOKEN)
            for wish in wishes:
                _create(cluster, wish)
            _await(cluster, names, lambda canary, _: phase_of(canary) == "Initialized")
            for wish in wishes:
                cluster.apply(_target(wish, "x:2"))
            _await(cluster, names, _arrived)
            with _Ear(hooks.url) as ear:
                cluster.control(composite(), hook_urls=[ear.url], token=TOKEN)
                ear.wait_for(names)
                return {
                    name: Scene(body=ear.heard[name], live=_live(cluster, name)) for name in names
                }


def _create(cluster: Cluster, wish: Wish) -> None:
    recorded = _recorded()
    for number in range(wish.configs):
        cluster.apply(_config(wish, number, recorded))
    cluster.apply(_target(wish, "x:1"))
    canary = recorded["parent"]
    analysis = {
        **canary["spec"]["analysis"],
        "interval": "1s" if wish.at_rest else "60m",
        "maxWeight": 50,
        "stepWeight": 50 if wish.at_rest else 25,
        "metrics": METRICS,
    }
    cluster.apply(
        {
            "apiVersion": canary["apiVersion"],
            "kind": canary["kind"],
            "metadata": {"name": _NAME, "namespace": wish.namespace},
            "spec": {**canary["spec"], "provider": "istio", "analysis": analysis},
        }
    )


def _recorded() -> Manifest:
    found: Manifest = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def _target(wish: Wish, image: str) -> Manifest:
    """The recorded Deployment with another image and the ConfigMaps of the wish."""
    found = _recorded()["related"]["Deployment.apps/v1"]["t1/podinfo"]
    template = found["spec"]["template"]
    [container] = template["spec"]["containers"]
    sources = [
        {"configMapRef": {"name": f"podinfo-config-{number}"}} for number in range(wish.configs)
    ]
    container = {**container, "image": image, "envFrom": sources}
    spec = {
        **{key: value for key, value in found["spec"].items() if key != "replicas"},
        "template": {
            "metadata": {"labels": template["metadata"]["labels"]},
            "spec": {**template["spec"], "containers": [container]},
        },
    }
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {"name": _NAME, "namespace": wish.namespace, "labels": {"app": _NAME}},
        "spec": spec,
    }


def _config(wish: Wish, number: int, recorded: Manifest) -> Manifest:
    found = recorded["related"]["ConfigMap.v1"]["t1/podinfo-config"]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"podinfo-config-{number}", "namespace": wish.namespace},
        "data": found["data"],
    }


def _await(
    cluster: Cluster, names: list[str], reached: Callable[[Manifest, Cluster], bool]
) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not all(reached(_live(cluster, name), cluster) for name in names):
        if time.monotonic() > deadline:
            states = {name: _live(cluster, name).get("status") for name in names}
            raise TimeoutError(f"the scenes are not made: {states}")
        time.sleep(0.1)


def _arrived(canary: Manifest, cluster: Cluster) -> bool:
    """At rest and scaled down, or waiting for a step with its weight on the route."""
    namespace = metadata(canary)["namespace"]
    target = cluster.get(*DEPLOYMENT, namespace, _NAME) or {}
    if phase_of(canary) == "Succeeded":
        return target["spec"].get("replicas") == 0 and not target["status"].get("replicas")
    waits = phase_of(canary) == "Progressing" and canary["status"].get("canaryWeight") == 25
    route = cluster.get("networking.istio.io/v1beta1", "VirtualService", namespace, _NAME)
    return waits and '"weight": 25' in json.dumps(route)


def _live(cluster: Cluster, namespace: str) -> Manifest:
    found = cluster.get(*CANARY, namespace, _NAME)
    assert found is not None
    return found


def due(scene: Scene) -> Manifest:
    """The live Canary of a scene with its step long due."""
    status: Mapping[str, Any] = scene.live["status"]
    return {**scene.live, "status": {**status, "nextStepTime": LONG_AGO}}


class _Ear:
    """Stands in for a hook server: customize is passed on, sync is kept and fails.

    Attributes:
        heard: the last sync request by namespace.
    """

    def __init__(self, hooks_url: str) -> None:
        self.heard: dict[str, bytes] = {}
        self._hooks_url = hooks_url
        self._server = HttpServer(self._answer)
        self.url = f"http://{self._server.host}:{self._server.port}"

    def _answer(self, request: Request) -> Answer:
        if request.path == "/sync":
            parent = json.loads(request.body)["parent"]
            self.heard[metadata(parent)["namespace"]] = request.body
            return Answer(status=500, body=b"kept")
        headers = {name: request.headers[name] for name in ("authorization", "content-type")}
        passed = requests.post(
            self._hooks_url + request.path, request.body, headers=headers, timeout=10
        )
        return Answer(status=passed.status_code, body=passed.content)

    def wait_for(self, names: list[str]) -> None:
        """Until every namespace was heard of."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while not set(names) <= set(self.heard):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no sync of {set(names) - set(self.heard)}")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
