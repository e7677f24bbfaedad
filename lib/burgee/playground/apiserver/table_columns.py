"""The columns of the built-in kinds: what `kubectl get` shows of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from burgee.api.manifest import Manifest, metadata
from burgee.playground.apiserver.durations import age

Cells: TypeAlias = Sequence[Any]
MakeCells: TypeAlias = Callable[[Manifest, datetime], Cells]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Columns between Name and the end: `wide` ones are shown by `-o wide` alone."""

    columns: Sequence[str]
    cells: MakeCells
    wide: Sequence[str] = ()


def _part(manifest: Manifest, name: str) -> Manifest:
    found: Manifest | None = manifest.get(name)
    return found or {}


def born(manifest: Manifest, now: datetime) -> str:
    """The age of an object."""
    return age(metadata(manifest).get("creationTimestamp"), now)


def _containers(manifest: Manifest) -> tuple[str, str]:
    template = _part(_part(manifest, "spec"), "template")
    containers: list[Manifest] = _part(template, "spec").get("containers") or []
    names = ",".join(str(c.get("name")) for c in containers)
    return names, ",".join(str(c.get("image")) for c in containers)


def _labels(found: Mapping[str, Any] | None) -> str:
    return ",".join(f"{k}={v}" for k, v in sorted((found or {}).items())) or "<none>"


def _selector(manifest: Manifest) -> str:
    return _labels(_part(_part(manifest, "spec"), "selector").get("matchLabels"))


def _deployment(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return [
        ready,
        updated,
        available,
        born(manifest, now),
        *_containers(manifest),
        _selector(manifest),
    ]


def _replica_set(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    counts = [spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [*counts, born(manifest, now), *_containers(manifest), _selector(manifest)]


def _daemon_set(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    template = _part(_part(spec, "template"), "spec")
    nodes = _labels(template.get("nodeSelector"))
    counts = [status.get(f, 0) for f in fields]
    return [*counts, nodes, born(manifest, now), *_containers(manifest), _selector(manifest)]


def _stateful_set(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [ready, born(manifest, now), *_containers(manifest)]


def _pod(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    states: list[Manifest] = status.get("containerStatuses") or []
    containers: list[Manifest] = spec.get("containers") or []
    ready = f"{sum(bool(s.get('ready')) for s in states)}/{len(containers)}"
    waiting = [_part(_part(s, "state"), "waiting").get("reason") for s in states]
    reason = next((w for w in waiting if w), status.get("reason") or status.get("phase", ""))
    if metadata(manifest).get("deletionTimestamp"):
        reason = "Terminating"
    restarts = str(sum(int(s.get("restartCount", 0)) for s in states))
    address, node = status.get("podIP") or "<none>", spec.get("nodeName") or "<none>"
    return [ready, reason, restarts, born(manifest, now), address, node]


def _service(manifest: Manifest, now: datetime) -> Cells:
    spec = _part(manifest, "spec")
    ports: list[Manifest] = spec.get("ports") or []
    shown = ",".join(f"{p.get('port')}/{p.get('protocol', 'TCP')}" for p in ports) or "<none>"
    kind = spec.get("type", "ClusterIP")
    outside = spec.get("externalName") if kind == "ExternalName" else None
    outside = outside or ("<pending>" if kind == "LoadBalancer" else "<none>")
    address = spec.get("clusterIP") or "<none>"
    return [kind, address, outside, shown, born(manifest, now), _labels(spec.get("selector"))]


def _autoscaler(manifest: Manifest, now: datetime) -> Cells:
    spec, status = _part(manifest, "spec"), _part(manifest, "status")
    target = _part(spec, "scaleTargetRef")
    metrics: list[Manifest] = spec.get("metrics") or []
    targets = ", ".join(_metric(m) for m in metrics) or "<none>"
    replicas = status.get("currentReplicas", 0)
    bounds = [str(spec.get("minReplicas", "<unset>")), spec.get("maxReplicas"), replicas]
    reference = f"{target.get('kind')}/{target.get('name')}"
    return [reference, targets, *bounds, born(manifest, now)]


def _metric(metric: Manifest) -> str:
    resource = _part(metric, "resource")
    target = _part(resource, "target")
    if "averageUtilization" in target:
        return f"{resource.get('name')}: <unknown>/{target['averageUtilization']}%"
    return f"{resource.get('name') or metric.get('type')}: <unknown>"


def _config_map(manifest: Manifest, now: datetime) -> Cells:
    return [len(_part(manifest, "data")) + len(_part(manifest, "binaryData")), born(manifest, now)]


def _secret(manifest: Manifest, now: datetime) -> Cells:
    return [manifest.get("type", "Opaque"), len(_part(manifest, "data")), born(manifest, now)]


def _namespace(manifest: Manifest, now: datetime) -> Cells:
    return [_part(manifest, "status").get("phase", "Active"), born(manifest, now)]


def _event(manifest: Manifest, now: datetime) -> Cells:
    about = _part(manifest, "involvedObject")
    seen = manifest.get("lastTimestamp") or manifest.get("eventTime")
    kind = str(about.get("kind", "")).lower()
    return [
        age(seen or metadata(manifest).get("creationTimestamp"), now),
        manifest.get("type", ""),
        manifest.get("reason", ""),
        f"{kind}/{about.get('name', '')}",
        str(manifest.get("message", "")).strip(),
    ]


def _ingress(manifest: Manifest, now: datetime) -> Cells:
    spec = _part(manifest, "spec")
    rules: list[Manifest] = spec.get("rules") or []
    hosts = ",".join(str(r.get("host") or "*") for r in rules) or "*"
    ports = "80, 443" if spec.get("tls") else "80"
    return [spec.get("ingressClassName") or "<none>", hosts, "", ports, born(manifest, now)]


def _lease(manifest: Manifest, now: datetime) -> Cells:
    return [_part(manifest, "spec").get("holderIdentity") or "", born(manifest, now)]


def _definition(manifest: Manifest, _now: datetime) -> Cells:
    return [metadata(manifest).get("creationTimestamp", "")]


def _plain(manifest: Manifest, now: datetime) -> Cells:
    return [born(manifest, now)]


_IMAGES = ("Containers", "Images", "Selector")

PLAIN = Layout(columns=("Age",), cells=_plain)

LAYOUTS: Mapping[str, Layout] = {
    "configmaps": Layout(columns=("Data", "Age"), cells=_config_map),
    "customresourcedefinitions": Layout(columns=("Created At",), cells=_definition),
    "daemonsets": Layout(
        columns=(
            "Desired",
            "Current",
            "Ready",
            "Up-to-date",
            "Available",
            "Node Selector",
            "Age",
        ),
        cells=_daemon_set,
        wide=_IMAGES,
    ),
    "deployments": Layout(
        columns=("Ready", "Up-to-date", "Available", "Age"), cells=_deployment, wide=_IMAGES
    ),
    "events": Layout(columns=("Last Seen", "Type", "Reason", "Object", "Message"), cells=_event),
    "horizontalpodautoscalers": Layout(
        columns=("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"),
        cells=_autoscaler,
    ),
    "ingresses": Layout(columns=("Class", "Hosts", "Address", "Ports", "Age"), cells=_ingress),
    "leases": Layout(columns=("Holder", "Age"), cells=_lease),
    "namespaces": Layout(columns=("Status", "Age"), cells=_namespace),
    "pods": Layout(
        columns=("Ready", "Status", "Restarts", "Age"), cells=_pod, wide=("IP", "Node")
    ),
    "replicasets": Layout(
        columns=("Desired", "Current", "Ready", "Age"), cells=_replica_set, wide=_IMAGES
    ),
    "secrets": Layout(columns=("Type", "Data", "Age"), cells=_secret),
    "services": Layout(
        columns=("Type", "Cluster-IP", "External-IP", "Port(s)", "Age"),
        cells=_service,
        wide=("Selector",),
    ),
    "statefulsets": Layout(
        columns=("Ready", "Age"), cells=_stateful_set, wide=("Containers", "Images")
    ),
}
