"""The ports of the three Services. Source: flagger pkg/canary/util.go, getPorts."""

from collections.abc import Iterable, Mapping
from itertools import chain, count

from burgee.api.canary import Canary, Service
from burgee.api.manifest import Manifest

DEFAULT_PORT_NAME = "http"
_SIDECARS = frozenset({"istio-proxy", "envoy"})


def service_ports(canary: Canary, target: Manifest, observed: Manifest | None) -> list[Manifest]:
    """The ports of a Service: the Canary's own, then the discovered ones in container order.

    Args:
        canary: names the main port and says whether others are discovered.
        target: its containers are looked through.
        observed: the Service as it is; its node ports are kept, by port name.
    """
    service = canary.spec.service
    ports = [_main_port(service)]
    if service.port_discovery:
        ports.extend(_discovered(service, target, ports[0]))
    return _with_node_ports(ports, observed)


def _main_port(service: Service) -> Manifest:
    port: Manifest = {
        "name": service.port_name or DEFAULT_PORT_NAME,
        "protocol": "TCP",
        "port": service.port,
        "targetPort": _target_port(service) or service.port,
    }
    if service.app_protocol:
        port["appProtocol"] = service.app_protocol
    return port


def _target_port(service: Service) -> int | str | None:
    """TargetPort; None where it is unset or 0, in either spelling."""
    given = service.target_port
    return None if given in {None, 0, "", "0"} else given


def _discovered(service: Service, target: Manifest, main: Manifest) -> Iterable[Manifest]:
    """Further container ports.

    A number or a name that the Service has already would make it invalid: such a port is left
    out, or named after its container.
    """
    names: set[str] = {main["name"]}
    numbers: set[int] = {main["port"]}
    for fallback, port in _container_ports(target):
        number: int = port["containerPort"]
        if _is_main(service, port) or number in numbers:
            continue
        candidates = chain(
            (str(port.get("name") or fallback), fallback), (f"{fallback}-{n}" for n in count(1))
        )
        name = next(candidate for candidate in candidates if candidate not in names)
        names.add(name)
        numbers.add(number)
        yield {"name": name, "protocol": "TCP", "port": number, "targetPort": number}


def _container_ports(target: Manifest) -> Iterable[tuple[str, Manifest]]:
    spec: Manifest = target.get("spec") or {}
    template: Manifest = spec.get("template") or {}
    pod_spec: Manifest = template.get("spec") or {}
    containers: list[Manifest] = pod_spec.get("containers") or []
    for container in containers:
        if container.get("name") in _SIDECARS:
            continue
        ports: list[Manifest] = container.get("ports") or []
        for index, port in enumerate(ports):
            yield f"tcp-{container.get('name')}-{index}", port


def _is_main(service: Service, port: Manifest) -> bool:
    """True for the container port behind the Canary's own port."""
    target_port = _target_port(service)
    if target_port is None:
        return bool(port["containerPort"] == service.port)
    if isinstance(target_port, int):
        return bool(port["containerPort"] == target_port)
    return port.get("name") == target_port


def _with_node_ports(ports: list[Manifest], observed: Manifest | None) -> list[Manifest]:
    spec: Manifest = (observed or {}).get("spec") or {}
    existing: list[Manifest] = spec.get("ports") or []
    node_ports: Mapping[str, int] = {
        str(port.get("name", "")): port["nodePort"] for port in existing if port.get("nodePort")
    }
    return [
        {**port, "nodePort": node_ports[port["name"]]} if port["name"] in node_ports else port
        for port in ports
    ]
