"""The objects of a namespace in a dictionary, and the controllers that make workloads of them."""

import copy
import itertools
from dataclasses import dataclass, field

from sample_objects import UID, Manifest, merge, same


@dataclass
class SimulatedCluster:
    """An API server and its controllers, as far as a Canary sees them; nothing takes time.

    Attributes:
        never_ready: images whose pods never become ready.
        stuck: names of Deployments whose controller does nothing.
        slow: names of Deployments whose further pods are not available yet.
    """

    never_ready: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.objects: dict[tuple[str, str], Manifest] = {}
        self.route_history: list[int] = []
        self._rolled: dict[str, Manifest] = {}
        self._versions = itertools.count(100)

    def get(self, kind: str, name: str) -> Manifest:
        return self.objects[kind, name]

    def replicas(self, name: str) -> int:
        return int(self.objects["Deployment", name]["spec"].get("replicas", 1))

    def behind(self, name: str = "podinfo") -> dict[str, int]:
        """Pods that can serve behind a Service, by the Deployment that they are of."""
        selector = self.get("Service", name)["spec"]["selector"]
        return {
            workload: found["status"]["availableReplicas"]
            for (kind, workload), found in self.objects.items()
            if kind == "Deployment"
            and found["status"]["availableReplicas"]
            and selector.items() <= self._rolled[workload]["metadata"]["labels"].items()
        }

    def served_image(self, name: str) -> str:
        """The image that a Deployment's pods run: not that of a template that has to wait."""
        return str(self._rolled[name]["spec"]["containers"][0]["image"])

    def put(self, manifest: Manifest) -> None:
        """Creates or replaces an object of the user."""
        self._put(copy.deepcopy(manifest))

    def delete(self, kind: str, name: str) -> None:
        del self.objects[kind, name]

    def controllers(self) -> None:
        """Workloads roll out at once, unless their image never becomes ready."""
        for (kind, _), found in list(self.objects.items()):
            if kind == "ScaledObject":
                self._keda(found)
        for (kind, _), found in list(self.objects.items()):
            if kind == "DaemonSet":
                self._daemonset(found)
            if kind != "Deployment" or found["metadata"]["name"] in self.stuck:
                continue
            wanted = int(found["spec"].get("replicas", 1))
            name, template = found["metadata"]["name"], found["spec"]["template"]
            old = found.get("status") or {}
            waits = bool(found["spec"].get("paused")) and self._rolled.get(name) != template
            pods = self._rolled.get(name, template) if waits else template
            self._rolled[name] = pods
            ready = pods["spec"]["containers"][0]["image"] not in self.never_ready
            available = wanted if ready else 0
            if name in self.slow:
                available = min(available, old.get("availableReplicas", 0))
            status = {
                "observedGeneration": found["metadata"]["generation"],
                "replicas": wanted,
                "updatedReplicas": 0 if waits else wanted,
                "readyReplicas": available,
                "availableReplicas": available,
                "conditions": [
                    {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},
                ],
            }
            if status != old:
                self._put({**found, "status": status})

    def _applied(self, old: Manifest | None, child: Manifest) -> Manifest:
        merged = merge(old, child) if old else copy.deepcopy(child)
        if child["kind"] == "Deployment":
            replicas = old["spec"].get("replicas", 1) if old else 1
            merged["spec"] = {**copy.deepcopy(child["spec"]), "replicas": replicas}
        elif child["kind"] in {"DaemonSet", "Service"}:
            given = old["spec"] if old else {}
            allocated = {k: given[k] for k in ("clusterIP", "clusterIPs") if k in given}
            merged["spec"] = {**allocated, **copy.deepcopy(child["spec"])}
        meta = merged["metadata"]
        meta["ownerReferences"] = [{"uid": UID, "controller": True, "kind": "Canary"}]
        meta["labels"] = {**(meta.get("labels") or {}), "controller-uid": UID}
        return merged

    def _daemonset(self, found: Manifest) -> None:
        """On every one of three nodes, or on none where the selector asks for another one."""
        pod = found["spec"]["template"]["spec"]
        nodes = 0 if pod.get("nodeSelector") else 3
        ready = 0 if pod["containers"][0]["image"] in self.never_ready else nodes
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "desiredNumberScheduled": nodes,
            "updatedNumberScheduled": nodes,
            "numberAvailable": ready,
        }
        if status != found.get("status"):
            self._put({**found, "status": status})

    def _keda(self, scaler: Manifest) -> None:
        """Holds what it scales at the paused number, or at its minimum at least."""
        head = scaler["metadata"]
        labels = {**(head.get("labels") or {}), "scaledobject.keda.sh/name": head["name"]}
        self._put({**scaler, "metadata": {**head, "labels": labels}})
        found = self.objects.get(("Deployment", scaler["spec"]["scaleTargetRef"]["name"]))
        paused = (head.get("annotations") or {}).get("autoscaling.keda.sh/paused-replicas")
        if found is None:
            return
        least = max(int(found["spec"]["replicas"]), scaler["spec"]["minReplicaCount"])
        replicas = least if paused is None else int(paused)
        self._put({**found, "spec": {**found["spec"], "replicas": replicas}})

    def _allocate(self, manifest: Manifest) -> Manifest:
        """A Service gets an address of its own; one that another has is refused."""
        if manifest["kind"] != "Service":
            return manifest
        spec, name = manifest["spec"], manifest["metadata"]["name"]
        address = spec.get("clusterIP") or f"10.0.0.{next(self._versions)}"
        for (kind, other), found in self.objects.items():
            taken = kind == "Service" and other != name and address != "None"
            assert not (taken and found["spec"]["clusterIP"] == address), "an address twice"
        addresses = spec.get("clusterIPs") or [address]
        assert addresses == [address], "clusterIPs that are not clusterIP"
        return {**manifest, "spec": {**spec, "clusterIP": address, "clusterIPs": addresses}}

    def _put(self, manifest: Manifest) -> None:
        manifest = self._allocate(manifest)
        key = manifest["kind"], manifest["metadata"]["name"]
        old = self.objects.get(key)
        if old is not None and same(old, manifest):
            return
        generation = 1
        if old is not None:
            generation = old["metadata"].get("generation", 1)
            generation += old.get("spec") != manifest.get("spec")
        meta = {
            **manifest["metadata"],
            "resourceVersion": str(next(self._versions)),
            "generation": generation,
        }
        self.objects[key] = {**manifest, "metadata": meta}
        if key[0] == "VirtualService":
            http = manifest["spec"]["http"][0]["route"]
            self.route_history.extend(
                r["weight"] for r in http if r["destination"]["host"].endswith("-canary")
            )
