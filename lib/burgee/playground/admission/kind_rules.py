"""Rules of the built-in kinds: those that a controller or a person meets by mistake."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import Cause
from burgee.playground.kinds.object_selectors import InvalidSelector, matches

_Rule: TypeAlias = Callable[[Manifest, Manifest | None], Iterator[Cause]]
_MAX_PORT = 65535


def kind_violations(plural: str, new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    """Every rule of its kind that an object breaks, by itself or as a successor of `old`."""
    rule = _RULES.get(plural)
    if rule is not None:
        yield from rule(new, old)


def _required(field: str) -> Cause:
    return Cause(field=field, message="Required value", reason="FieldValueRequired")


def _invalid(field: str, value: Any, rule: str) -> Cause:
    return Cause(field=field, message=f"Invalid value: {json.dumps(value)}: {rule}")


def _spec(manifest: Manifest | None) -> Manifest:
    found: Manifest | None = (manifest or {}).get("spec")
    return found or {}


def _workload(new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    spec = _spec(new)
    replicas = spec.get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        rule = "must be greater than or equal to 0"
        yield _invalid("spec.replicas", replicas, rule)
    strategy: Manifest = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        message = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        field = "spec.strategy.rollingUpdate"
        yield Cause(field=field, message=message, reason="FieldValueForbidden")
    template: Manifest = spec.get("template") or {}
    yield from _selector(spec, template)
    if old is not None and _spec(old).get("selector") != spec.get("selector"):
        yield _invalid("spec.selector", spec.get("selector"), "field is immutable")
    yield from _pod_spec(_spec(template), "spec.template.spec")


def _selector(spec: Manifest, template: Manifest) -> Iterator[Cause]:
    selector: Manifest | None = spec.get("selector")
    if not selector:
        yield _required("spec.selector")
        return
    meta: Manifest = template.get("metadata") or {}
    labels: dict[str, str] = meta.get("labels") or {}
    try:
        matched = matches(selector, labels)
    except InvalidSelector as e:
        yield _invalid("spec.selector", selector, str(e))
        return
    if not matched:
        rule = "`selector` does not match template `labels`"
        yield _invalid("spec.template.metadata.labels", labels, rule)


def _pod(new: Manifest, _old: Manifest | None) -> Iterator[Cause]:
    yield from _pod_spec(_spec(new), "spec")


def _pod_spec(spec: Manifest, path: str) -> Iterator[Cause]:
    containers: list[Manifest] = spec.get("containers") or []
    if not containers:
        yield _required(f"{path}.containers")
    volumes: list[Manifest] = spec.get("volumes") or []
    known = {volume.get("name") for volume in volumes}
    names: set[str] = set()
    inits: list[Manifest] = spec.get("initContainers") or []
    places = [(c, f"{path}.containers[{i}]") for i, c in enumerate(containers)]
    places += [(c, f"{path}.initContainers[{i}]") for i, c in enumerate(inits)]
    for container, place in places:
        name = str(container.get("name", ""))
        if name in names:
            message = f"Duplicate value: {json.dumps(name)}"
            yield Cause(field=f"{place}.name", message=message, reason="FieldValueDuplicate")
        names.add(name)
        yield from _container(container, place, known)


def _container(container: Manifest, path: str, volumes: set[Any]) -> Iterator[Cause]:
    for field in ("name", "image"):
        if not container.get(field):
            yield _required(f"{path}.{field}")
    env: list[Manifest] = container.get("env") or []
    for index, variable in enumerate(env):
        place = f"{path}.env[{index}]"
        if not variable.get("name"):
            yield _required(f"{place}.name")
        if variable.get("value") and variable.get("valueFrom"):
            rule = "may not be specified when `value` is not empty"
            yield _invalid(f"{place}.valueFrom", "", rule)
    ports: list[Manifest] = container.get("ports") or []
    for index, port in enumerate(ports):
        yield from _port(port.get("containerPort"), f"{path}.ports[{index}].containerPort")
    mounts: list[Manifest] = container.get("volumeMounts") or []
    for index, mount in enumerate(mounts):
        if mount.get("name") not in volumes:
            message = f"Not found: {json.dumps(mount.get('name'))}"
            yield Cause(
                field=f"{path}.volumeMounts[{index}].name",
                message=message,
                reason="FieldValueNotFound",
            )


def _port(port: Any, path: str) -> Iterator[Cause]:
    if not isinstance(port, int) or not 0 < port <= _MAX_PORT:
        yield _invalid(path, port, f"must be between 1 and {_MAX_PORT}, inclusive")


def _service(new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    spec = _spec(new)
    ports: list[Manifest] = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield _required("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        place = f"spec.ports[{index}]"
        yield from _port(port.get("port"), f"{place}.port")
        name = str(port.get("name", ""))
        if not name and len(ports) > 1:
            yield _required(f"{place}.name")
        if name and name in names:
            message = f"Duplicate value: {json.dumps(name)}"
            yield Cause(field=f"{place}.name", message=message, reason="FieldValueDuplicate")
        names.add(name)
    was = _spec(old).get("clusterIP")
    if was and spec.get("clusterIP") != was and spec.get("type") != "ExternalName":
        yield _invalid("spec.clusterIPs[0]", spec.get("clusterIP"), "may not change once set")


def _autoscaler(new: Manifest, _old: Manifest | None) -> Iterator[Cause]:
    spec = _spec(new)
    target: Manifest = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        if not target.get(field):
            yield _required(f"spec.scaleTargetRef.{field}")
    most, least = spec.get("maxReplicas", 0), spec.get("minReplicas", 1)
    if most < 1:
        yield _invalid("spec.maxReplicas", most, "must be greater than 0")
    elif most < least:
        rule = "must be greater than or equal to `minReplicas`"
        yield _invalid("spec.maxReplicas", most, rule)


def _frozen(new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    """ConfigMaps and Secrets may be closed for changes."""
    if not old or not old.get("immutable"):
        return
    for field in ("data", "binaryData", "immutable"):
        if new.get(field) != old.get(field):
            yield Cause(
                field=field,
                message="Forbidden: field is immutable when `immutable` is set",
                reason="FieldValueForbidden",
            )


def _config_map(new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    data: Manifest = new.get("data") or {}
    for key, value in data.items():
        if not isinstance(value, str):
            yield _invalid(f"data[{key}]", value, "must be a string")
    yield from _frozen(new, old)


def _secret(new: Manifest, old: Manifest | None) -> Iterator[Cause]:
    data: Manifest = new.get("data") or {}
    for key, value in data.items():
        try:
            base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            yield Cause(field=f"data[{key}]", message="Invalid value: must be base64")
    if old and new.get("type") != old.get("type"):
        yield _invalid("type", new.get("type"), "field is immutable")
    yield from _frozen(new, old)


def _definition(new: Manifest, _old: Manifest | None) -> Iterator[Cause]:
    spec = _spec(new)
    names: Manifest = spec.get("names") or {}
    for field in ("plural", "kind"):
        if not names.get(field):
            yield _required(f"spec.names.{field}")
    for field in ("group", "versions"):
        if not spec.get(field):
            yield _required(f"spec.{field}")
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    meta: Mapping[str, Any] = new.get("metadata") or {}
    if meta.get("name") != wanted:
        rule = f'must be spec.names.plural+"."+spec.group, that is {wanted}'
        yield _invalid("metadata.name", meta.get("name"), rule)


_RULES: Mapping[str, _Rule] = {
    "configmaps": _config_map,
    "customresourcedefinitions": _definition,
    "daemonsets": _workload,
    "deployments": _workload,
    "horizontalpodautoscalers": _autoscaler,
    "pods": _pod,
    "replicasets": _workload,
    "secrets": _secret,
    "services": _service,
    "statefulsets": _workload,
}
