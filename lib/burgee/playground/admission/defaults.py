"""What the API server fills in for the built-in kinds.

Clients compare what they sent with what they get back, so these have to be real: a controller
that does not expect them loops.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from burgee.api.manifest import Manifest, labels_of, metadata, name_of

_Filler = Callable[[Manifest], None]


_OMITTED_WHEN_EMPTY = frozenset(
    {
        "annotations",
        "binaryData",
        "data",
        "labels",
        "limits",
        "matchLabels",
        "nodeSelector",
        "requests",
        "selector",
    }
)


def compact(value: Any) -> Any:
    """A copy without what the server's types leave out: nulls, empty lists, some empty maps."""
    if isinstance(value, dict):
        return {
            k: compact(v)
            for k, v in value.items()
            if v is not None and v != [] and not (v == {} and k in _OMITTED_WHEN_EMPTY)
        }
    if isinstance(value, list):
        return [compact(v) for v in value]
    return value


def compact_metadata(manifest: Manifest) -> Manifest:
    """The object without empty parts of metadata, which is typed for every kind."""
    meta = metadata(manifest)
    if all(meta.values()):
        return manifest
    return {**manifest, "metadata": {k: v for k, v in meta.items() if v or v == 0}}


def fill(manifest: Manifest, plural: str) -> None:
    """Fill the defaults of a built-in kind in. Changed in place.

    Args:
        manifest: owned by the caller, down to its leaves, except for metadata.
        plural: which kind.
    """
    filler = _FILLERS.get(plural)
    if filler is not None:
        filler(manifest)


def _spec(manifest: Manifest) -> Manifest:
    found: Manifest = manifest.setdefault("spec", {})
    return found


def _set(target: Manifest, **values: Any) -> None:
    """Set what is missing or null."""
    for name, value in values.items():
        if target.get(name) is None:
            target[name] = value


def _namespace(manifest: Manifest) -> None:
    labels = {**labels_of(manifest), "kubernetes.io/metadata.name": name_of(manifest)}
    manifest["metadata"] = {**metadata(manifest), "labels": labels}
    _set(_spec(manifest), finalizers=["kubernetes"])
    _set(manifest, status={"phase": "Active"})


def _config_map(manifest: Manifest) -> None:
    for field in ("data", "binaryData"):
        if field in manifest and manifest[field] is None:
            del manifest[field]


def _secret(manifest: Manifest) -> None:
    _set(manifest, type="Opaque")
    plain: Mapping[str, str] | None = manifest.pop("stringData", None)
    if plain:
        data: Manifest = manifest.get("data") or {}
        for key, text in plain.items():
            data[key] = base64.b64encode(text.encode()).decode()
        manifest["data"] = data


def _service(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName":
        return
    _set(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", internalTrafficPolicy="Cluster")
    if spec["type"] in {"LoadBalancer", "NodePort"}:
        _set(spec, externalTrafficPolicy="Cluster")
    ports: list[Manifest] = spec.get("ports") or []
    for port in ports:
        _set(port, protocol="TCP", targetPort=port.get("port"))
    _set(manifest, status={"loadBalancer": {}})


def _pod_spec(spec: Manifest) -> None:
    _set(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        # The old name of the field is kept in step with the new one.
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for kind in ("containers", "initContainers"):
        containers: list[Manifest] = spec.get(kind) or []
        for container in containers:
            _container(container)
    volumes: list[Manifest] = spec.get("volumes") or []
    for volume in volumes:
        _volume(volume)


def _container(container: Manifest) -> None:
    _set(
        container,
        imagePullPolicy=_pull_policy(str(container.get("image", ""))),
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    ports: list[Manifest] = container.get("ports") or []
    for port in ports:
        _set(port, protocol="TCP")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe: Manifest | None = container.get(kind)
        if probe is not None:
            _probe(probe)
    env: list[Manifest] = container.get("env") or []
    for variable in env:
        source: Manifest = variable.get("valueFrom") or {}
        if source.get("fieldRef"):
            _set(source["fieldRef"], apiVersion="v1")


def _pull_policy(image: str) -> str:
    tail = image.rpartition("/")[2]
    tag = tail.partition(":")[2] if "@" not in tail else "digest"
    return "Always" if tag in {"", "latest"} else "IfNotPresent"


def _probe(probe: Manifest) -> None:
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if probe.get("httpGet"):
        _set(probe["httpGet"], path="/", scheme="HTTP")
    if probe.get("grpc"):
        _set(probe["grpc"], service="")


def _volume(volume: Manifest) -> None:
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        source: Manifest | None = volume.get(kind)
        if source is not None:
            _set(source, defaultMode=0o644)
    if volume.get("hostPath"):
        _set(volume["hostPath"], type="")


def _template(spec: Manifest) -> None:
    template: Manifest = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    _pod_spec(_spec(template))


def _rolling(spec: Manifest, field: str, **rolling: Any) -> None:
    strategy: Manifest = spec.setdefault(field, {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), **rolling)


def _deployment(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    _rolling(spec, "strategy", maxUnavailable="25%", maxSurge="25%")
    _template(spec)


def _replica_set(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, replicas=1)
    _template(spec)


def _daemon_set(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, revisionHistoryLimit=10)
    _rolling(spec, "updateStrategy", maxSurge=0, maxUnavailable=1)
    _template(spec)


def _stateful_set(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    _rolling(spec, "updateStrategy", partition=0)
    retention: Manifest = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    _set(retention, whenDeleted="Retain", whenScaled="Retain")
    _template(spec)


def _autoscaler(manifest: Manifest) -> None:
    spec = _spec(manifest)
    _set(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior: Manifest | None = spec.get("behavior")
    if behavior is not None:
        percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
        pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
        up, down = behavior.setdefault("scaleUp", {}), behavior.setdefault("scaleDown", {})
        _set(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[pods, percent])
        _set(down, selectPolicy="Max", policies=[percent])


def _pod(manifest: Manifest) -> None:
    _pod_spec(_spec(manifest))
    _set(_spec(manifest), enableServiceLinks=True)
    _set(manifest, status={"phase": "Pending", "qosClass": "BestEffort"})


_FILLERS: Mapping[str, _Filler] = {
    "configmaps": _config_map,
    "daemonsets": _daemon_set,
    "deployments": _deployment,
    "horizontalpodautoscalers": _autoscaler,
    "namespaces": _namespace,
    "pods": _pod,
    "replicasets": _replica_set,
    "secrets": _secret,
    "services": _service,
    "statefulsets": _stateful_set,
}
