"""Two VirtualServices for one host.

Inside the mesh the oldest one has a host to itself, the others are dropped for it. On a gateway
the rules of all are put one after the other, by age, those that match every request last; so both
hold unless the older one leaves nothing over. There is no status that says so. Source: istio,
pilot/pkg/networking/core: httproute.go (duplicate domains), gateway.go (buildGatewayHTTPRouteConfig),
route/route.go (SortVHostRoutes); pilot/pkg/model: config.go (names), push_context.go (exportTo).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.routers.istio.rules import MESH_GATEWAY
from burgee.routers.rivals import REMEDY, Clash, comes_first, without

# They choose clients, ports and gateways; no request is looked at for them.
_CLIENTS = ("port", "sourceLabels", "sourceNamespace")
_NO_CONDITION = frozenset({*_CLIENTS, "gateways", "name", "statPrefix", "ignoreUriCase"})
_NAMED = ("headers", "queryParams", "withoutHeaders")
CLUSTER = ".svc.cluster.local"
_EVERYWHERE = frozenset({"*", "."})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One host at one gateway: what two routes may meet at."""

    host: str
    gateway: str


def claim(route: Manifest) -> object:
    """Hosts, gateways, and the conditions of the last rule, which is for everybody else."""
    spec: Manifest = route.get("spec") or {}
    if not spec.get("hosts"):
        return None
    rules: list[Manifest] = spec.get("http") or spec.get("tcp") or [{}]
    return sorted(_hosts(route)), sorted(_gateways(route)), rules[-1].get("match") or []


def clashes(
    canary: Canary, wanted: Manifest, mine: Manifest | None, others: Sequence[Manifest]
) -> Iterator[Clash]:
    """VirtualServices of the namespace for a host and a gateway that the Canary's has too."""
    hosts, gateways = _hosts(wanted), _gateways(wanted)
    for other in without(others, name_of(wanted)):
        theirs = {
            _Place(host=host, gateway=gateway)
            for host in _hosts(other)
            for gateway in _gateways(other)
        }
        for host, written in hosts.items():
            shared = [
                gateway for gateway in gateways if _Place(host=host, gateway=gateway) in theirs
            ]
            for gateway in shared:
                # A name of the outside is asked for at a gateway, and hardly ever inside.
                inside = shared == [MESH_GATEWAY] or host.endswith(CLUSTER)
                found = _meet(wanted, other, gateway, mine, inside=inside)
                if found is not None:
                    ours_first, certain, text = found
                    yield Clash(
                        other=other,
                        ours_first=ours_first,
                        certain=certain,
                        field=_field(canary, written),
                        text=f"has the host {written} at the gateway {gateway} as well, and {text}",
                        remedy=REMEDY,
                    )


def _meet(
    wanted: Manifest,
    other: Manifest,
    gateway: str,
    mine: Manifest | None,
    *,
    inside: bool,
) -> tuple[bool, bool, str] | None:
    """Whether ours comes first, whether the second gets nothing, and what Istio does.

    None where both hold. `inside` is for a host that clients of the mesh ask for.
    """
    ours_first = comes_first(mine, other)
    exported = {str(where) for where in other.get("spec", {}).get("exportTo") or ["*"]}
    if "~" in exported:
        return None
    family = "http" if wanted["spec"].get("http") else "tcp"
    ours, theirs = (_rules(route, family, gateway) for route in (wanted, other))
    if not (ours and theirs):
        return None
    if family == "tcp":
        return ours_first, False, "Istio takes the first of them that fits a connection"
    if gateway == MESH_GATEWAY:
        seen = bool(exported & {*_EVERYWHERE, namespace_of(other)})
        always = any(not _limits(match, _CLIENTS) for rule in theirs for match in rule)
        certain = seen and always and inside
        return ours_first, certain, "inside the mesh Istio takes one VirtualService for a host"
    first, second = (ours, theirs) if ours_first else (theirs, ours)
    covered = [[_is_covered(match, first) for match in rule] for rule in second]
    if not any(any(rule) for rule in covered):
        return None
    certain = any(all(rule) for rule in covered) and "*" in exported
    return ours_first, certain, "the older of the two takes the requests that both ask for"


def _rules(route: Manifest, family: str, gateway: str) -> list[list[Manifest]]:
    """The conditions of each rule that holds at a gateway; an empty one is always met."""
    rules: list[Manifest] = (route.get("spec") or {}).get(family) or []
    held = [
        [match for match in rule.get("match") or [{}] if _is_at(match, gateway, route)]
        for rule in rules
    ]
    return [matches for matches in held if matches]


def _is_at(match: Manifest, gateway: str, route: Manifest) -> bool:
    given: list[str] = match.get("gateways") or []
    return not given or gateway in {_gateway(name, namespace_of(route)) for name in given}


def _is_covered(match: Manifest, first: Sequence[Sequence[Manifest]]) -> bool:
    """True where a condition of the first route takes all requests that meet this one."""
    return any(_covers(earlier, match) for rule in first for earlier in rule)


def _covers(earlier: Manifest, match: Manifest) -> bool:
    if any(earlier.get(field) != match.get(field) for field in _limits(earlier, _CLIENTS)):
        return False
    if _is_catch_all(earlier):
        # Istio moves it behind all conditions of both.
        return _is_catch_all(match)
    if match.get("ignoreUriCase") and not earlier.get("ignoreUriCase"):
        return False
    for field, wanted in earlier.items():
        given = match.get(field)
        if field in _NO_CONDITION or not wanted:
            continue
        if field == "uri":
            if not _path_covers(wanted, given or {}):
                return False
        elif field in _NAMED:
            if any((given or {}).get(name) != value for name, value in wanted.items()):
                return False
        elif given != wanted:
            return False
    return True


def _path_covers(earlier: Manifest, path: Manifest) -> bool:
    prefix = str(earlier.get("prefix") or "").rstrip("/")
    if not earlier.get("prefix"):
        return earlier == path
    found = str(path.get("prefix") or path.get("exact") or "")
    return found == prefix or found.startswith(f"{prefix}/")


def _is_catch_all(match: Manifest) -> bool:
    conditions = {field for field, value in match.items() if value} - _NO_CONDITION
    if conditions - {"uri"}:
        return False
    uri: Manifest = match.get("uri") or {}
    return not uri or uri.get("prefix") == "/" or uri.get("regex") == ".*"


def _limits(match: Manifest, fields: Sequence[str]) -> list[str]:
    return [field for field in fields if match.get(field)]


def _hosts(route: Manifest) -> dict[str, str]:
    """Full names, with the words in which the route has them."""
    namespace = namespace_of(route)
    hosts: list[str] = (route.get("spec") or {}).get("hosts") or []
    return {_host(host, namespace): host for host in hosts}


def _host(host: str, namespace: str) -> str:
    """A name without a dot is that of a Service of the namespace."""
    short = host != "*" and "." not in host and ":" not in host
    return f"{host}.{namespace}{CLUSTER}" if short else host.lower()


def _gateways(route: Manifest) -> list[str]:
    given: list[str] = (route.get("spec") or {}).get("gateways") or [MESH_GATEWAY]
    return list(dict.fromkeys(_gateway(name, namespace_of(route)) for name in given))


def _gateway(name: str, namespace: str) -> str:
    """`namespace/name`; the mesh is called as it is."""
    if name == MESH_GATEWAY:
        return name
    if "/" in name:
        where, _, rest = name.partition("/")
        return f"{namespace if where == '.' else where}/{rest}"
    if "." not in name:
        return f"{namespace}/{name}"
    short, where, *_ = name.split(".")
    return f"{where}/{short}"


def _field(canary: Canary, host: str) -> str:
    """The entry of hosts; the apex Service's own name is added without being asked for."""
    hosts = canary.spec.service.hosts
    return f"spec.service.hosts[{hosts.index(host)}]" if host in hosts else "spec.service.name"
